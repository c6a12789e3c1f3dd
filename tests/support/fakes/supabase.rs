//! Supabase: the API keys of a project, at the Management API (supabase/cli, packages/api/src/generated/openapi.json).

use serde_json::{Value, json};

use super::super::providers::bearer;
use super::super::upstream::{Recorded, Reply};
use super::Service;

/// The only project.
pub const PROJECT: &str = "abcdefghijklmnopqrst";
/// The access token.
pub const ACCESS_TOKEN: &str = "sbp_first-0123456789abcdef";
/// The secret key `default` that is there from the beginning, and its id.
pub const FIRST_KEY: &str = "sb_secret_first-0123456789abcdef";
/// See [`FIRST_KEY`].
pub const FIRST_KEY_ID: &str = "00000000-0000-4000-8000-000000000000";

/// A project.
pub struct Supabase {
    keys: Vec<Key>,
    /// How many keys were ever made: no id is given twice.
    made: usize,
}

/// A key.
struct Key {
    id: String,
    name: String,
    kind: String,
    value: String,
    rights: Value,
}

impl Default for Supabase {
    fn default() -> Self {
        let key = |id: &str, name: &str, kind: &str, value: &str, role: &str| Key {
            id: id.to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            value: value.to_owned(),
            rights: json!({"role": role}),
        };
        Self {
            keys: vec![
                key(
                    "anon",
                    "anon",
                    "legacy",
                    "eyJhbGciOi.anon.0123456789",
                    "anon",
                ),
                key(FIRST_KEY_ID, "default", "secret", FIRST_KEY, "reporting"),
            ],
            made: 0,
        }
    }
}

impl Supabase {
    /// The keys that work, legacy ones aside.
    pub fn working(&self) -> Vec<&str> {
        let own = self.keys.iter().filter(|key| key.kind != "legacy");
        own.map(|key| key.value.as_str()).collect()
    }

    /// The names of all keys, in the order in which they were made.
    pub fn names(&self) -> Vec<&str> {
        self.keys.iter().map(|key| key.name.as_str()).collect()
    }

    /// What a key may do in the database.
    pub fn rights(&self, value: &str) -> &Value {
        let key = self.keys.iter().find(|key| key.value == value);
        &key.expect("a key").rights
    }

    /// A person deletes a key in the dashboard.
    pub fn delete(&mut self, value: &str) {
        self.keys.retain(|key| key.value != value);
    }

    /// A person makes a further secret key in the dashboard.
    pub fn make(&mut self, name: &str, rights: Value) -> usize {
        self.made += 1;
        self.keys.push(Key {
            id: format!("00000000-0000-4000-8000-{:012}", self.made),
            name: name.to_owned(),
            kind: "secret".to_owned(),
            value: format!("sb_secret_made-{:08}-0123456789", self.made),
            rights,
        });
        self.keys.len() - 1
    }

    fn create(&mut self, request: &Recorded) -> Reply {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let name = body["name"].as_str().unwrap_or_default();
        let letter = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        let fits = (4..=64).contains(&name.len())
            && name.starts_with(letter)
            && name.chars().all(|it| letter(it) || it.is_ascii_digit());
        if !fits {
            return refused(400, "name must match /^[a-z_][a-z0-9_]+$/");
        }
        if body["type"] != "secret" {
            return refused(400, "type must be one of publishable, secret");
        }
        if self.names().contains(&name) {
            return refused(409, "An API key with this name already exists");
        }
        let at = self.make(name, body["secret_jwt_template"].clone());
        Reply::json(201, &shown(&self.keys[at], is_revealed(request)))
    }

    fn remove(&mut self, id: &str) -> Reply {
        let Some(at) = self.keys.iter().position(|key| key.id == id) else {
            return refused(404, "API key not found");
        };
        if self.keys[at].kind == "legacy" {
            return refused(400, "Legacy API keys cannot be deleted");
        }
        Reply::json(200, &shown(&self.keys.remove(at), false))
    }
}

impl Service for Supabase {
    const PLUGIN: &'static str = "supabase";
    const ORIGIN: Option<&'static str> = Some("https://api.supabase.com");

    fn answer(&mut self, request: &Recorded) -> Reply {
        if bearer(request).as_deref() != Some(ACCESS_TOKEN) {
            return refused(401, "Unauthorized");
        }
        let path: Vec<&str> = request.path().split('/').skip(1).collect();
        let ["v1", "projects", project, "api-keys", rest @ ..] = &path[..] else {
            return refused(404, "Cannot find this path");
        };
        if *project != PROJECT {
            return refused(404, "Project not found");
        }
        match (request.method.as_str(), rest) {
            ("GET", []) => {
                let revealed = is_revealed(request);
                let keys = self.keys.iter().map(|key| shown(key, revealed)).collect();
                Reply::json(200, &Value::Array(keys))
            }
            ("POST", []) => self.create(request),
            ("DELETE", [id]) => self.remove(id),
            _ => refused(404, "Cannot find this path"),
        }
    }
}

fn is_revealed(request: &Recorded) -> bool {
    request.target.ends_with("?reveal=true")
}

fn shown(key: &Key, revealed: bool) -> Value {
    json!({"api_key": revealed.then_some(&key.value), "id": key.id, "type": key.kind, "name": key.name,
        "prefix": key.value.get(..12), "description": "", "hash": "5f0c", "secret_jwt_template": key.rights,
        "inserted_at": "2025-09-29T00:00:00Z", "updated_at": "2025-09-29T00:00:00Z"})
}

fn refused(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({"message": message}))
}
