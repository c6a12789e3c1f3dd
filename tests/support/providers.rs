//! Upstreams that answer as the providers do, by the key that a request brings.
//!
//! The answers are those of the providers' public specifications: `OpenAI`'s openapi.yaml, Slack's method pages,
//! Anthropic's API reference. An unknown key gets the provider's own refusal, a wrong method or path its own error, so a
//! plugin that asks the wrong thing can't pass.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::upstream::{Recorded, Reply, Upstream};

/// One of the providers, running locally.
pub struct Provider {
    /// Where it listens, and what it was asked.
    pub upstream: Upstream,
    keys: Arc<Mutex<HashMap<String, Reply>>>,
    /// `openai`
    pub plugin: &'static str,
    /// The provider's true origin, which this one stands in for.
    pub origin: &'static str,
}

impl Provider {
    async fn start(
        plugin: &'static str,
        origin: &'static str,
        service: fn(&Recorded) -> Result<String, Reply>,
        unknown: fn(&str) -> Reply,
    ) -> Self {
        let keys: Arc<Mutex<HashMap<String, Reply>>> = Arc::default();
        let known = Arc::clone(&keys);
        let upstream = Upstream::start(move |request| match service(request) {
            Ok(key) => known
                .lock()
                .expect("no test panics with it")
                .get(&key)
                .cloned()
                .unwrap_or_else(|| unknown(&key)),
            Err(reply) => reply,
        })
        .await;
        Self {
            upstream,
            keys,
            plugin,
            origin,
        }
    }

    /// From now on, a request with that key gets this answer.
    pub fn answers(&self, key: &str, reply: Reply) {
        self.keys
            .lock()
            .expect("no test panics with it")
            .insert(key.to_owned(), reply);
    }

    /// From now on, the provider doesn't know that key.
    pub fn revokes(&self, key: &str) {
        self.keys
            .lock()
            .expect("no test panics with it")
            .remove(key);
    }
}

/// The token of `Authorization: Bearer …`.
pub fn bearer(request: &Recorded) -> Option<String> {
    request
        .header("authorization")?
        .strip_prefix("Bearer ")
        .map(ToOwned::to_owned)
}

/// `OpenAI`: `GET /v1/models`.
pub mod openai {
    use super::{Provider, Recorded, Reply, Value, bearer, json};

    /// Starts it.
    pub async fn start() -> Provider {
        Provider::start("openai", "https://api.openai.com", service, revoked).await
    }

    fn service(request: &Recorded) -> Result<String, Reply> {
        let key = bearer(request).ok_or_else(|| {
            error(401, "You didn't provide an API key. You need to provide your API key in an Authorization header.", "invalid_request_error", Value::Null)
        })?;
        match (request.method.as_str(), request.path()) {
            ("GET", "/v1/models") => Ok(key),
            (method, path) => Err(error(
                404,
                &format!("Invalid URL ({method} {path})"),
                "invalid_request_error",
                Value::Null,
            )),
        }
    }

    /// Any of `OpenAI`'s errors.
    pub fn error(status: u16, message: &str, kind: &str, code: impl Into<Value>) -> Reply {
        let body = json!({"error": {"message": message, "type": kind, "param": null, "code": code.into()}});
        Reply::json(status, &body)
            .header("x-request-id", "req_5e2c1e0d")
            .header("openai-version", "2020-10-01")
    }

    /// The key works. The provider tells no rate limit on this path.
    pub fn good() -> Reply {
        let model = |id: &str| json!({"id": id, "object": "model", "created": 1_686_935_002, "owned_by": "openai"});
        Reply::json(200, &json!({"object": "list", "data": [model("gpt-4o-mini"), model("text-embedding-3-small")]}))
            .header("openai-organization", "org-example")
            .header("openai-version", "2020-10-01")
            .header("openai-processing-ms", "41")
    }

    /// The key works, and the provider tells the limit as on model calls.
    pub fn good_with_limit(remaining: u64) -> Reply {
        good()
            .header("x-ratelimit-limit-requests", "5000")
            .header("x-ratelimit-remaining-requests", &remaining.to_string())
            .header("x-ratelimit-reset-requests", "12ms")
            .header("x-ratelimit-reset-tokens", "6m0s")
    }

    /// No such key. As the provider does, the text shows the key's ends.
    pub fn revoked(key: &str) -> Reply {
        let masked = if key.len() > 12 {
            format!("{}***{}", &key[..8], &key[key.len() - 4..])
        } else {
            key.to_owned()
        };
        let message = format!(
            "Incorrect API key provided: {masked}. You can find your API key at https://platform.openai.com/account/api-keys."
        );
        error(
            401,
            &message,
            "invalid_request_error",
            json!("invalid_api_key"),
        )
    }

    /// No such key, and a provider that repeats all of it.
    pub fn revoked_echoing(key: &str) -> Reply {
        error(
            401,
            &format!("Incorrect API key provided: {key}."),
            "invalid_request_error",
            json!("invalid_api_key"),
        )
    }

    /// The key works, but not for this.
    pub fn restricted() -> Reply {
        error(
            403,
            "You have insufficient permissions for this operation. Missing scopes: api.model.read.",
            "invalid_request_error",
            Value::Null,
        )
    }

    /// The key is good, its account's money is spent.
    pub fn quota() -> Reply {
        error(
            429,
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
            json!("insufficient_quota"),
        )
    }

    /// Too many requests.
    pub fn rate_limited(seconds: u32) -> Reply {
        error(
            429,
            "Rate limit reached for requests.",
            "requests",
            json!("rate_limit_exceeded"),
        )
        .header("retry-after", &seconds.to_string())
    }

    /// The provider has a bad day.
    pub fn down() -> Reply {
        error(
            500,
            "The server had an error while processing your request.",
            "server_error",
            Value::Null,
        )
    }
}

/// Anthropic: `GET /v1/models`.
pub mod anthropic {
    use super::{Provider, Recorded, Reply, json};

    /// Starts it.
    pub async fn start() -> Provider {
        Provider::start("anthropic", "https://api.anthropic.com", service, |_| {
            revoked()
        })
        .await
    }

    fn service(request: &Recorded) -> Result<String, Reply> {
        let key = request.header("x-api-key").ok_or_else(revoked)?;
        if request.header("anthropic-version").is_none() {
            return Err(error(
                400,
                "invalid_request_error",
                "anthropic-version: header is required",
            ));
        }
        match (request.method.as_str(), request.path()) {
            ("GET", "/v1/models") => Ok(key.to_owned()),
            (_, path) => Err(error(404, "not_found_error", &format!("not found: {path}"))),
        }
    }

    /// Any of Anthropic's errors.
    pub fn error(status: u16, kind: &str, message: &str) -> Reply {
        let body = json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"});
        Reply::json(status, &body).header("request-id", "req_011CSHoEeqs5C35K2UUqR7Fy")
    }

    /// The key works.
    pub fn good() -> Reply {
        Reply::json(
            200,
            &json!({"data": [{"type": "model", "id": "claude-sonnet-4-5", "display_name": "Claude Sonnet 4.5", "created_at": "2025-09-29T00:00:00Z"}],
                "has_more": false, "first_id": "claude-sonnet-4-5", "last_id": "claude-sonnet-4-5"}),
        )
    }

    /// The key works, and the provider tells the limit.
    pub fn good_with_limit(remaining: u64) -> Reply {
        good()
            .header("anthropic-ratelimit-requests-limit", "4000")
            .header(
                "anthropic-ratelimit-requests-remaining",
                &remaining.to_string(),
            )
            .header("anthropic-ratelimit-requests-reset", "2026-01-27T11:31:00Z")
    }

    /// No such key.
    pub fn revoked() -> Reply {
        error(401, "authentication_error", "invalid x-api-key")
    }

    /// The key works, but not for this.
    pub fn restricted() -> Reply {
        error(
            403,
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        )
    }

    /// The key is good, the money is spent.
    pub fn quota() -> Reply {
        error(
            402,
            "billing_error",
            "Your credit balance is too low to access the Anthropic API.",
        )
    }

    /// Too many requests.
    pub fn rate_limited(seconds: u32) -> Reply {
        error(
            429,
            "rate_limit_error",
            "This request would exceed your organization's rate limit.",
        )
        .header("retry-after", &seconds.to_string())
    }

    /// The provider has a bad day.
    pub fn down() -> Reply {
        error(500, "api_error", "Internal server error")
    }

    /// The provider has too much to do.
    pub fn overloaded() -> Reply {
        error(529, "overloaded_error", "Overloaded")
    }
}

/// Slack: `POST /api/auth.test`, and `POST /api/apps.connections.open` for app-level tokens. Errors come with status 200.
pub mod slack {
    use super::{Provider, Recorded, Reply, bearer, json};

    /// Starts it.
    pub async fn start() -> Provider {
        Provider::start("slack", "https://slack.com", service, |_| {
            refused("invalid_auth")
        })
        .await
    }

    fn service(request: &Recorded) -> Result<String, Reply> {
        let token = bearer(request).ok_or_else(|| refused("not_authed"))?;
        match (request.method.as_str(), request.path()) {
            ("POST" | "GET", "/api/auth.test") | ("POST", "/api/apps.connections.open") => {
                Ok(token)
            }
            ("GET", "/api/apps.connections.open") => Err(refused("insecure_request")),
            _ => Err(refused("unknown_method")),
        }
    }

    /// The bot token works.
    pub fn good() -> Reply {
        Reply::json(
            200,
            &json!({"ok": true, "url": "https://example.slack.com/", "team": "Example", "user": "claviger", "team_id": "T12345678",
                "user_id": "U12345678", "bot_id": "B12345678", "is_enterprise_install": false}),
        )
        .header("x-oauth-scopes", "chat:write,channels:read")
    }

    /// The app-level token works.
    pub fn good_app() -> Reply {
        Reply::json(
            200,
            &json!({"ok": true, "url": "wss://wss-primary.slack.com/link/?ticket=abc&app_id=A12345678"}),
        )
    }

    /// Any of Slack's errors, with status 200.
    pub fn refused(error: &str) -> Reply {
        Reply::json(200, &json!({"ok": false, "error": error}))
    }

    /// Too many requests.
    pub fn rate_limited(seconds: u32) -> Reply {
        Reply::json(429, &json!({"ok": false, "error": "ratelimited"}))
            .header("Retry-After", &seconds.to_string())
    }
}

/// Not HTTP at all.
pub fn garbage() -> Reply {
    Reply::Raw(
        b"\x16\x03\x01\x02\x00 this is not the protocol that you are looking for\r\n\r\n".to_vec(),
    )
}

/// A proper head and a body that is no JSON.
pub fn not_json() -> Reply {
    Reply::body(
        200,
        "application/json",
        "<html><body>It works!</body></html>",
    )
}

/// A body that ends before it is over.
pub fn cut_off() -> Reply {
    Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{\"object\":\"list\",\"da".to_vec())
}

/// More than the host takes: 5 MiB.
pub fn too_large() -> Reply {
    Reply::body(200, "application/json", vec![b' '; 5 * 1024 * 1024])
}
