//! Requests to GitHub, and what it says when it doesn't do what it was asked for.

use claviger_sdk::http::{self, Request, Response};
use claviger_sdk::signing::{Encoding, sign};
use claviger_sdk::{Context, Credential, Failure};
use serde::Deserialize;
use serde_json::json;

const API: &str = "https://api.github.com";

/// How long before now a JWT begins and how long after now it ends, in seconds: GitHub takes ten minutes in all, and its
/// clock may be a little behind.
const BEFORE: u64 = 60;
const AFTER: u64 = 540;

/// The longest text of GitHub's that is passed on, in bytes.
const LONGEST_TEXT: usize = 400;

/// An App, as its own requests need it.
pub struct App<'c> {
    credential: &'c Credential,
    now: u64,
}

#[derive(Deserialize)]
struct Problem {
    message: String,
}

impl<'c> App<'c> {
    pub fn of(context: &Context, credential: &'c Credential) -> Result<Self, Failure> {
        if credential.kind != "github_app" {
            let kind = &credential.kind;
            return Err(Failure::unsupported(format!(
                "GitHub has no credentials of kind `{kind}`"
            )));
        }
        Ok(Self {
            credential,
            now: context.now_ms / 1000,
        })
    }

    /// The installation's id.
    pub fn installation(&self) -> Result<&'c str, Failure> {
        self.credential.secret("installation_id")
    }

    /// `GET`, as the App.
    pub fn get(&self, path: &str) -> Result<Request, Failure> {
        Ok(request("GET", path).bearer(&self.jwt()?))
    }

    /// `POST`, as the App.
    pub fn post(&self, path: &str) -> Result<Request, Failure> {
        Ok(request("POST", path).bearer(&self.jwt()?))
    }

    /// RFC 7519, RS256. Its signature is a stand-in.
    fn jwt(&self) -> Result<String, Failure> {
        let header = json!({ "alg": "RS256", "typ": "JWT" });
        let claims = json!({
            "iat": self.now.saturating_sub(BEFORE),
            "exp": self.now + AFTER,
            "iss": self.credential.secret("app_id")?,
        });
        let part = |part: &serde_json::Value| http::base64url(part.to_string().as_bytes());
        let message = format!("{}.{}", part(&header), part(&claims));
        let key = self.credential.secret("private_key")?;
        let signature = sign(key, "rs256", Encoding::Base64url, message.as_bytes())?;
        Ok(format!("{message}.{signature}"))
    }
}

/// A request with the headers that GitHub wants of all.
pub fn request(method: &str, path: &str) -> Request {
    Request::new(method, format!("{API}{path}"))
        .header("accept", "application/vnd.github+json")
        .header("x-github-api-version", "2022-11-28")
        .header("user-agent", "claviger-github/0.1")
}

/// What an answer means that isn't the one hoped for.
pub fn failure(answer: &Response, context: &Context) -> Failure {
    // A proxy on the way may answer 401 too; only GitHub's own words are held against a key.
    let Ok(Problem { message }) = answer.json::<Problem>() else {
        return answer.unexpected(context);
    };
    let said = &message[..message.floor_char_boundary(LONGEST_TEXT)];
    let lower = message.to_ascii_lowercase();
    match answer.status() {
        // Of a JWT that is too old or too new GitHub names the claim.
        401 if ["'exp'", "'iat'", "expiration time", "issued at"]
            .iter()
            .any(|claim| lower.contains(claim)) =>
        {
            Failure::unreachable(
                "GitHub finds the time of the App's JWT off; set this server's clock",
            )
        }
        401 => Failure::rejected(format!(
            "GitHub says that the App's key is not valid: {said}"
        )),
        403 | 429 if is_limited(answer, &lower) => Failure::rate_limited(
            "GitHub has had too many requests",
            answer
                .retry_after_ms(context)
                .or_else(|| reset_ms(answer, context)),
        ),
        403 => Failure::restricted(format!("GitHub knows the App and forbids it this: {said}")),
        404 if lower.contains("integration not found") => {
            Failure::rejected("GitHub knows no App of this id")
        }
        404 => Failure::not_found("GitHub knows the App, which has no such installation"),
        422 => Failure::invalid_input(format!("GitHub doesn't take it: {said}")),
        _ => answer.unexpected(context),
    }
}

/// GitHub answers 403 where others answer 429, too (docs.github.com, "Rate limits for the REST API").
fn is_limited(answer: &Response, message: &str) -> bool {
    answer.status() == 429
        || answer.header("x-ratelimit-remaining") == Some("0")
        || answer.header("retry-after").is_some()
        || message.contains("rate limit")
}

/// When the limit ends, in milliseconds from now.
fn reset_ms(answer: &Response, context: &Context) -> Option<u32> {
    let reset: u64 = answer.header("x-ratelimit-reset")?.parse().ok()?;
    let wait = reset.saturating_mul(1000).saturating_sub(context.now_ms);
    u32::try_from(wait).ok()
}
