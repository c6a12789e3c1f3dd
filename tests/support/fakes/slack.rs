//! Slack, of one app in one workspace (docs.slack.dev, "Using token rotation"). Errors come with HTTP 200 and `ok: false`.
//!
//! A refresh token is good once. Two access tokens live at a time, each for twelve hours: a third ends the oldest.

use std::collections::VecDeque;

use serde_json::{Value, json};
use url::form_urlencoded;

use super::Service;
use crate::support::upstream::{Recorded, Reply};

/// How long an access token lives, in seconds.
pub const LIFE: u64 = 12 * 60 * 60;

/// The most access tokens that live at a time.
const MOST_LIVE: usize = 2;

/// The app, in one workspace.
pub struct Slack {
    /// Seconds since its tokens were made; tests set it.
    pub now: u64,
    /// The client id.
    pub client_id: &'static str,
    /// The client secret.
    pub client_secret: &'static str,
    /// Answers `oauth.v2.access` with this error, whatever is asked.
    pub refuses: Option<&'static str>,
    /// `xoxb` or `xoxp`.
    prefix: &'static str,
    /// The refresh token that is good.
    refresh: String,
    /// The access tokens that live, with when they end; the oldest first.
    live: VecDeque<(String, u64)>,
    made: usize,
}

impl Slack {
    /// An app whose bot has a token and a refresh token.
    pub fn bot() -> Self {
        Self::with("xoxb")
    }

    /// An app that has a user's token and refresh token.
    pub fn user() -> Self {
        Self::with("xoxp")
    }

    fn with(prefix: &'static str) -> Self {
        let mut slack = Self {
            now: 0,
            client_id: "1234567890.9876543210",
            client_secret: "slack-client-secret-0123456789",
            refuses: None,
            prefix,
            refresh: String::new(),
            live: VecDeque::new(),
            made: 0,
        };
        slack.make();
        slack
    }

    /// The newest access token.
    pub fn token(&self) -> String {
        self.live
            .back()
            .map(|(token, _)| token.clone())
            .unwrap_or_default()
    }

    /// The refresh token that is good now.
    pub fn refresh_token(&self) -> String {
        self.refresh.clone()
    }

    /// Whether an access token works now.
    pub fn takes(&self, token: &str) -> bool {
        self.live
            .iter()
            .any(|(live, end)| live == token && *end > self.now)
    }

    /// How often new tokens were made.
    pub fn made(&self) -> usize {
        self.made
    }

    /// Makes the next pair.
    fn make(&mut self) {
        self.made += 1;
        let (made, prefix) = (self.made, self.prefix);
        self.refresh = format!("xoxe-1-refresh-{made}-0123456789abcdef");
        self.live.push_back((
            format!("xoxe.{prefix}-1-access-{made}-0123456789abcdef"),
            self.now + LIFE,
        ));
        while self.live.len() > MOST_LIVE {
            self.live.pop_front();
        }
    }

    fn test(&self, request: &Recorded) -> Value {
        let token = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        match token {
            None => error("not_authed"),
            Some(token) if self.takes(token) => json!({
                "ok": true, "url": "https://acme.slack.com/", "team": "Acme", "user": "bot", "team_id": "T1",
                "user_id": "U1", "bot_id": "B1", "is_enterprise_install": false
            }),
            Some(token) if self.live.iter().any(|(live, _)| live == token) => {
                error("token_expired")
            }
            Some(_) => error("invalid_auth"),
        }
    }

    fn refreshed(&mut self, request: &Recorded) -> Value {
        let is_form = request
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            return error("invalid_post_type");
        }
        let field = |wanted: &str| {
            let mut fields = form_urlencoded::parse(&request.body);
            fields
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        if let Some(code) = self.refuses {
            return error(code);
        }
        if field("client_id").as_deref() != Some(self.client_id) {
            return error("invalid_client_id");
        }
        if field("client_secret").as_deref() != Some(self.client_secret) {
            return error("bad_client_secret");
        }
        if field("grant_type").as_deref() != Some("refresh_token") {
            return error("invalid_grant_type");
        }
        if field("refresh_token").as_ref() != Some(&self.refresh) {
            return error("invalid_refresh_token");
        }
        self.make();
        json!({
            "ok": true, "app_id": "A1", "access_token": self.token(), "refresh_token": self.refresh, "expires_in": LIFE,
            "token_type": if self.prefix == "xoxb" { "bot" } else { "user" }, "scope": "chat:write",
            "bot_user_id": "U1", "team": {"id": "T1", "name": "Acme"}, "enterprise": null, "is_enterprise_install": false
        })
    }
}

impl Service for Slack {
    const PLUGIN: &'static str = "slack";
    const ORIGIN: Option<&'static str> = Some("https://slack.com");

    fn answer(&mut self, request: &Recorded) -> Reply {
        let body = match (request.method.as_str(), request.path()) {
            ("POST", "/api/auth.test") => self.test(request),
            ("POST", "/api/oauth.v2.access") => self.refreshed(request),
            _ => error("unknown_method"),
        };
        Reply::json(200, &body)
    }
}

fn error(code: &str) -> Value {
    json!({"ok": false, "error": code})
}
