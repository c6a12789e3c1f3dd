//! GitHub, as an App with one installation sees it (docs.github.com, "REST API endpoints for GitHub Apps").
//!
//! JWTs are verified with the App's public key, by another library than the server signs with.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use claviger_runtime::{Clock as _, SystemClock};
use jiff::Timestamp;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use super::super::upstream::{Recorded, Reply};
use super::Service;

/// The App's private key, as GitHub hands it out (PKCS#1).
pub const PRIVATE_KEY: &str = include_str!("../../../host/runtime/src/egress/sign/rsa.pkcs1.pem");

/// The App's id, and its installation's.
pub const APP: &str = "123456";
/// The installation's id.
pub const INSTALLATION: &str = "7654321";

/// An App with one installation.
pub struct GitHub {
    /// What the installation may do.
    pub permissions: BTreeMap<&'static str, &'static str>,
    /// Its repositories.
    pub repositories: Vec<&'static str>,
    /// The tokens that work.
    pub tokens: Vec<Token>,
    /// Whether tokens get all that the installation has, whatever is asked for.
    pub is_generous: bool,
    /// Whether the installation is suspended.
    pub suspended: bool,
    /// How far this provider's clock is ahead, in seconds.
    pub ahead: i64,
    /// Whether the App has used up its requests.
    pub limited: bool,
    made: u32,
}

/// A token that works.
#[derive(Clone)]
pub struct Token {
    /// `ghs_…`
    pub value: String,
    /// What it permits.
    pub permissions: Value,
    /// The repositories that it is for; all of the installation's where none are named.
    pub repositories: Option<Vec<String>>,
}

impl Default for GitHub {
    fn default() -> Self {
        Self {
            permissions: BTreeMap::from([
                ("contents", "write"),
                ("issues", "write"),
                ("metadata", "read"),
            ]),
            repositories: vec!["site", "docs"],
            tokens: Vec::new(),
            is_generous: false,
            suspended: false,
            ahead: 0,
            limited: false,
            made: 0,
        }
    }
}

impl GitHub {
    fn now(&self) -> i64 {
        let now = i64::try_from(SystemClock.now_ms()).expect("not so late");
        now / 1000 + self.ahead
    }

    /// The App, where the request has a JWT of it.
    fn app(&self, bearer: &str) -> Result<(), Reply> {
        let parts: Vec<&str> = bearer.split('.').collect();
        let &[header, claims, signature] = parts.as_slice() else {
            return Err(problem(401, "A JSON web token could not be decoded"));
        };
        let decoded = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
            serde_json::from_slice::<Value>(&bytes).unwrap_or_default()
        };
        let (head, said) = (decoded(header), decoded(claims));
        if head["alg"] != "RS256" {
            return Err(problem(401, "A JSON web token could not be decoded"));
        }
        if said["iss"].as_str() != Some(APP) {
            return Err(problem(404, "Integration not found"));
        }
        let message = format!("{header}.{claims}");
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        let public = public_key();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public);
        if public.verify(message.as_bytes(), &signature).is_err() {
            return Err(problem(401, "A JSON web token could not be decoded"));
        }
        let (Some(issued), Some(ends)) = (said["iat"].as_i64(), said["exp"].as_i64()) else {
            return Err(problem(
                401,
                "Missing 'issued at' claim ('iat') in assertion",
            ));
        };
        if issued > self.now() {
            return Err(problem(
                401,
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            ));
        }
        if ends <= self.now() {
            return Err(problem(
                401,
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
            ));
        }
        if ends > self.now() + 600 {
            return Err(problem(
                401,
                "'Expiration time' claim ('exp') is too far in the future",
            ));
        }
        Ok(())
    }

    fn act(&mut self, request: &Recorded) -> Result<Reply, Reply> {
        if request.header("user-agent").is_none_or(str::is_empty) {
            return Err(problem(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
            ));
        }
        let bearer = request
            .header("authorization")
            .and_then(|it| it.strip_prefix("Bearer "));
        let Some(bearer) = bearer else {
            return Err(problem(401, "Requires authentication"));
        };
        let installation = format!("/app/installations/{INSTALLATION}");
        let tokens = format!("{installation}/access_tokens");
        let path = request.path();
        if path == "/app" || path.starts_with("/app/") {
            self.app(bearer)?;
            if self.limited {
                let reset = (self.now() + 90).to_string();
                return Err(problem(403, "API rate limit exceeded for installation.")
                    .header("x-ratelimit-remaining", "0")
                    .header("x-ratelimit-reset", &reset));
            }
        }
        match (request.method.as_str(), path) {
            ("GET", "/app") => Ok(Reply::json(
                200,
                &json!({ "id": 123_456, "slug": "claviger-tests", "name": "Claviger's tests" }),
            )),
            ("GET", path) if path == installation => Ok(Reply::json(
                200,
                &json!({
                    "id": 7_654_321, "account": { "login": "acme", "type": "Organization" }, "permissions": self.permissions,
                    "repository_selection": "selected", "suspended_at": self.suspended.then_some("2026-01-01T00:00:00Z")
                }),
            )),
            ("POST", path) if path == tokens => self.make(request),
            ("GET", "/installation/repositories") if self.position(bearer).is_some() => {
                Ok(Reply::json(200, &json!({ "repositories": [] })))
            }
            ("DELETE", "/installation/token") if self.position(bearer).is_some() => {
                self.tokens.retain(|token| token.value != bearer);
                Ok(Reply::body(204, "application/json", ""))
            }
            (_, path) if path.starts_with("/installation/") => Err(problem(401, "Bad credentials")),
            _ => Err(problem(404, "Not Found")),
        }
    }

    fn position(&self, bearer: &str) -> Option<usize> {
        self.tokens.iter().position(|token| token.value == bearer)
    }

    fn make(&mut self, request: &Recorded) -> Result<Reply, Reply> {
        if self.suspended {
            return Err(problem(403, "This installation has been suspended"));
        }
        let asked: Value = serde_json::from_slice(&request.body)
            .map_err(|_| problem(400, "Problems parsing JSON"))?;
        let level = |name: &str| ["read", "write", "admin"].iter().position(|it| *it == name);
        let granted = |(name, asked): (&String, &Value)| {
            let has = self
                .permissions
                .get(name.as_str())
                .and_then(|has| level(has));
            let asked = asked.as_str().and_then(level);
            asked.is_some() && has >= asked
        };
        let mut permissions = json!(self.permissions);
        if let Some(wanted) = asked["permissions"]
            .as_object()
            .filter(|_| !self.is_generous)
        {
            if !wanted.iter().all(granted) {
                return Err(problem(
                    422,
                    "The permissions requested are not granted to this installation.",
                ));
            }
            permissions = json!(wanted);
            permissions["metadata"] = "read".into();
        }
        let names = asked["repositories"]
            .as_array()
            .filter(|names| !names.is_empty() && !self.is_generous);
        let names = names.map(|names| {
            names
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        if names
            .iter()
            .flatten()
            .any(|name| !self.repositories.contains(&name.as_str()))
        {
            return Err(problem(
                422,
                "There is at least one repository that does not exist or is not accessible to the parent installation.",
            ));
        }
        self.made += 1;
        let part = "eyJhbGciOiJFUzI1NiJ9aB3_-x".repeat(7);
        let value = format!("ghs_{APP}_{part}.{part}.{part}{:06}", self.made);
        let expires = Timestamp::from_second(self.now() + 3600).expect("not so late");
        let mut answer = json!({ "token": value, "expires_at": expires.to_string(), "permissions": permissions, "repository_selection": "all" });
        if let Some(names) = &names {
            let repository = |name: &String| json!({ "id": 1, "name": name, "full_name": format!("acme/{name}") });
            answer["repository_selection"] = "selected".into();
            answer["repositories"] = names.iter().map(repository).collect();
        }
        self.tokens.push(Token {
            value,
            permissions,
            repositories: names,
        });
        Ok(Reply::json(201, &answer))
    }
}

impl Service for GitHub {
    const PLUGIN: &'static str = "github";
    const ORIGIN: Option<&'static str> = Some("https://api.github.com");

    fn answer(&mut self, request: &Recorded) -> Reply {
        self.act(request).unwrap_or_else(|problem| problem)
    }
}

fn problem(status: u16, message: &str) -> Reply {
    let url = "https://docs.github.com/rest";
    let body =
        json!({ "message": message, "documentation_url": url, "status": status.to_string() });
    Reply::json(status, &body)
}

fn public_key() -> Vec<u8> {
    let der = PRIVATE_KEY.lines().filter(|line| !line.starts_with('-'));
    let der = STANDARD.decode(der.collect::<String>()).expect("base64");
    let pair = RsaKeyPair::from_der(&der).expect("a key");
    pair.public_key().as_ref().to_vec()
}
