//! Anthropic: models for API keys, the status of API keys for admin keys (platform.claude.com, "Admin API").

use serde_json::{Value, json};

use super::super::providers::anthropic::{error, good, revoked};
use super::super::upstream::{Recorded, Reply};
use super::Service;

/// The admin key.
pub const ADMIN_KEY: &str = "sk-ant-admin01-first-0123456789abcdef";

/// An organization.
#[derive(Default)]
pub struct Anthropic {
    keys: Vec<Key>,
}

struct Key {
    value: String,
    /// `active`, `inactive` or `archived`
    status: String,
}

impl Anthropic {
    /// A person makes a key in the console. Its id.
    pub fn make(&mut self, value: &str) -> String {
        self.keys.push(Key {
            value: value.to_owned(),
            status: "active".to_owned(),
        });
        id(self.keys.len() - 1)
    }

    /// A person archives a key in the console, for good.
    pub fn archive(&mut self, value: &str) {
        let key = self.keys.iter_mut().find(|key| key.value == value);
        "archived".clone_into(&mut key.expect("a key").status);
    }

    /// The keys that work.
    pub fn working(&self) -> Vec<&str> {
        let active = self.keys.iter().filter(|key| key.status == "active");
        active.map(|key| key.value.as_str()).collect()
    }

    fn models(&self, token: &str) -> Reply {
        if self.working().contains(&token) {
            good()
        } else {
            revoked()
        }
    }

    fn list(&self) -> Reply {
        let data: Vec<Value> = (0..self.keys.len()).map(|at| self.shown(at)).collect();
        Reply::json(
            200,
            &json!({"first_id": data.first().map(|it| &it["id"]), "last_id": data.last().map(|it| &it["id"]),
                "data": data, "has_more": false}),
        )
    }

    fn change(&mut self, at: usize, request: &Recorded) -> Reply {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let status = body["status"].as_str().unwrap_or_default();
        if !matches!(status, "active" | "inactive" | "archived") {
            return error(
                400,
                "invalid_request_error",
                "status: Input should be 'active', 'inactive' or 'archived'",
            );
        }
        if self.keys[at].status == "archived" && status != "archived" {
            return error(
                400,
                "invalid_request_error",
                "Archived API keys cannot be updated.",
            );
        }
        status.clone_into(&mut self.keys[at].status);
        Reply::json(200, &self.shown(at))
    }

    fn shown(&self, at: usize) -> Value {
        json!({"id": id(at), "type": "api_key", "name": "made by a person", "workspace_id": null,
            "created_at": "2025-09-29T00:00:00Z", "created_by": {"id": "user_1", "type": "user"},
            "partial_key_hint": "sk-ant-api03-R2D...igAA", "status": self.keys[at].status})
    }
}

impl Service for Anthropic {
    const PLUGIN: &'static str = "anthropic";
    const ORIGIN: Option<&'static str> = Some("https://api.anthropic.com");

    fn answer(&mut self, request: &Recorded) -> Reply {
        let Some(token) = request.header("x-api-key") else {
            return revoked();
        };
        if request.header("anthropic-version") != Some("2023-06-01") {
            return error(
                400,
                "invalid_request_error",
                "anthropic-version: header is required",
            );
        }
        let path: Vec<&str> = request.path().split('/').skip(1).collect();
        if (request.method.as_str(), &path[..]) == ("GET", &["v1", "models"]) {
            return self.models(token);
        }
        if token != ADMIN_KEY {
            return revoked();
        }
        let method = request.method.as_str();
        match (method, &path[..]) {
            ("GET", ["v1", "organizations", "api_keys"]) => self.list(),
            ("GET" | "POST", ["v1", "organizations", "api_keys", wanted]) => {
                match (0..self.keys.len()).find(|at| id(*at) == *wanted) {
                    Some(at) if method == "GET" => Reply::json(200, &self.shown(at)),
                    Some(at) => self.change(at, request),
                    None => error(404, "not_found_error", "API key not found"),
                }
            }
            _ => {
                let message = format!("not found: {}", request.path());
                error(404, "not_found_error", &message)
            }
        }
    }
}

fn id(at: usize) -> String {
    format!("apikey_01made{at}")
}
