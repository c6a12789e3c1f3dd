//! `OpenAI`: models for API keys; service accounts, project keys and admin keys for admin keys (openai-openapi's
//! openapi.yaml).

use serde_json::{Value, json};

use super::super::providers::bearer;
use super::super::providers::openai::{error, good, revoked};
use super::super::upstream::{Recorded, Reply};
use super::Service;

/// The organization's only project.
pub const PROJECT: &str = "proj_abc123";
/// The admin key that is there from the beginning.
pub const ADMIN_KEY: &str = "sk-admin-first-0123456789abcdef";
/// The API key that a person made in the dashboard, and its id.
pub const PERSONS_KEY: &str = "sk-proj-person-0123456789abcdef";
/// See [`PERSONS_KEY`].
pub const PERSONS_KEY_ID: &str = "key_person1";

/// An organization with one project.
pub struct OpenAi {
    /// How many requests with a new API key are refused before it works.
    propagation: usize,
    api_keys: Vec<Key>,
    accounts: Vec<Account>,
    admin_keys: Vec<Key>,
    /// How many things were ever made: no id is given twice.
    made: usize,
}

struct Key {
    id: String,
    name: String,
    value: String,
    /// The service account that it belongs to, if it is no person's.
    account: Option<String>,
    /// Requests that are still refused.
    refusals: usize,
}

struct Account {
    id: String,
    name: String,
}

impl Default for OpenAi {
    fn default() -> Self {
        let first = |id: &str, value: &str| Key {
            id: id.to_owned(),
            name: "made by a person".to_owned(),
            value: value.to_owned(),
            account: None,
            refusals: 0,
        };
        Self {
            propagation: 0,
            api_keys: vec![first(PERSONS_KEY_ID, PERSONS_KEY)],
            accounts: Vec::new(),
            admin_keys: vec![first("key_admin1", ADMIN_KEY)],
            made: 0,
        }
    }
}

impl OpenAi {
    /// With so many service accounts that others made, each with a key.
    #[must_use]
    pub fn with_accounts(count: usize) -> Self {
        let mut service = Self::default();
        for number in 0..count {
            service.make_account(&format!("other-{number}"));
        }
        service
    }

    /// With new API keys that work only after so many requests were refused.
    #[must_use]
    pub fn with_propagation(refusals: usize) -> Self {
        Self {
            propagation: refusals,
            ..Self::default()
        }
    }

    /// The API keys that work, or will soon.
    pub fn api_keys(&self) -> Vec<&str> {
        self.api_keys.iter().map(|key| key.value.as_str()).collect()
    }

    /// The admin keys that work.
    pub fn admin_keys(&self) -> Vec<&str> {
        let keys = self.admin_keys.iter();
        keys.map(|key| key.value.as_str()).collect()
    }

    /// The names of the service accounts, in the order in which they were made.
    pub fn account_names(&self) -> Vec<&str> {
        let accounts = self.accounts.iter();
        accounts.map(|account| account.name.as_str()).collect()
    }

    fn make_account(&mut self, name: &str) -> (String, String, String) {
        self.made += 1;
        let (id, key_id) = (
            format!("svc_acct_{}", self.made),
            format!("key_{}", self.made),
        );
        let value = format!("sk-svcacct-made-{:08}-0123456789", self.made);
        self.accounts.push(Account {
            id: id.clone(),
            name: name.to_owned(),
        });
        self.api_keys.push(Key {
            id: key_id.clone(),
            name: "Secret Key".to_owned(),
            value: value.clone(),
            account: Some(id.clone()),
            refusals: self.propagation,
        });
        (id, key_id, value)
    }

    fn models(&mut self, token: &str) -> Reply {
        match self.api_keys.iter_mut().find(|key| key.value == token) {
            Some(key) if key.refusals > 0 => {
                key.refusals -= 1;
                revoked(token)
            }
            Some(_) => good(),
            None => revoked(token),
        }
    }

    fn make_service_account(&mut self, request: &Recorded) -> Reply {
        let Some(name) = name(request) else {
            return missing("name");
        };
        let (id, key_id, value) = self.make_account(&name);
        let key = json!({"object": "organization.project.service_account.api_key", "value": value, "name": "Secret Key",
            "created_at": 1_711_471_533, "id": key_id});
        Reply::json(
            200,
            &json!({"object": "organization.project.service_account", "id": id, "name": name, "role": "member",
                "created_at": 1_711_471_533, "api_key": key}),
        )
    }

    fn remove_service_account(&mut self, id: &str) -> Reply {
        let before = self.accounts.len();
        self.accounts.retain(|account| account.id != id);
        if self.accounts.len() == before {
            return not_found(&format!("No service account found with id '{id}'."));
        }
        self.api_keys
            .retain(|key| key.account.as_deref() != Some(id));
        deleted("organization.project.service_account.deleted", id)
    }

    fn remove_project_key(&mut self, id: &str) -> Reply {
        let Some(at) = self.api_keys.iter().position(|key| key.id == id) else {
            return not_found(&format!("No API key found with id '{id}'."));
        };
        if self.api_keys[at].account.is_some() {
            return error(
                400,
                "This API key belongs to a service account and cannot be deleted by itself.",
                "invalid_request_error",
                Value::Null,
            );
        }
        self.api_keys.remove(at);
        deleted("organization.project.api_key.deleted", id)
    }

    fn make_admin_key(&mut self, request: &Recorded) -> Reply {
        let Some(name) = name(request) else {
            return missing("name");
        };
        self.made += 1;
        let (id, value) = (
            format!("key_admin_{}", self.made),
            format!("sk-admin-made-{:08}-0123456789", self.made),
        );
        self.admin_keys.push(Key {
            id: id.clone(),
            name: name.clone(),
            value: value.clone(),
            account: None,
            refusals: 0,
        });
        Reply::json(
            200,
            &json!({"object": "organization.admin_api_key", "id": id, "name": name, "redacted_value": "sk-admin...789",
                "created_at": 1_711_471_533, "owner": {"type": "user"}, "value": value}),
        )
    }

    fn remove_admin_key(&mut self, id: &str) -> Reply {
        let before = self.admin_keys.len();
        self.admin_keys.retain(|key| key.id != id);
        if self.admin_keys.len() == before {
            return not_found(&format!("No admin API key found with id '{id}'."));
        }
        deleted("organization.admin_api_key.deleted", id)
    }

    fn list_accounts(&self, request: &Recorded) -> Reply {
        let shown = |account: &Account| {
            json!({"object": "organization.project.service_account", "id": account.id, "name": account.name,
                "role": "member", "created_at": 1_711_471_533})
        };
        let shown: Vec<Value> = self.accounts.iter().map(shown).collect();
        page(request, &shown)
    }

    fn list_admin_keys(&self, request: &Recorded) -> Reply {
        let shown = |key: &Key| {
            json!({"object": "organization.admin_api_key", "id": key.id, "name": key.name,
                "redacted_value": "sk-admin...789", "created_at": 1_711_471_533})
        };
        let shown: Vec<Value> = self.admin_keys.iter().map(shown).collect();
        page(request, &shown)
    }
}

impl Service for OpenAi {
    const PLUGIN: &'static str = "openai";
    const ORIGIN: Option<&'static str> = Some("https://api.openai.com");

    fn answer(&mut self, request: &Recorded) -> Reply {
        let Some(token) = bearer(request) else {
            return error(
                401,
                "You didn't provide an API key. You need to provide your API key in an Authorization header.",
                "invalid_request_error",
                Value::Null,
            );
        };
        let path: Vec<&str> = request.path().split('/').skip(1).collect();
        if (request.method.as_str(), &path[..]) == ("GET", &["v1", "models"]) {
            return self.models(&token);
        }
        if !self.admin_keys.iter().any(|key| key.value == token) {
            return revoked(&token);
        }
        let ["v1", "organization", what @ ..] = &path[..] else {
            return unknown_url(request);
        };
        match (request.method.as_str(), what) {
            ("GET", ["projects"]) => page(request, &[project()]),
            ("GET", ["admin_api_keys"]) => self.list_admin_keys(request),
            ("POST", ["admin_api_keys"]) => self.make_admin_key(request),
            ("DELETE", ["admin_api_keys", id]) => self.remove_admin_key(id),
            (_, ["projects", id, ..]) if *id != PROJECT => {
                not_found(&format!("No project found with id '{id}'."))
            }
            ("GET", ["projects", _]) => Reply::json(200, &project()),
            ("GET", ["projects", _, "service_accounts"]) => self.list_accounts(request),
            ("POST", ["projects", _, "service_accounts"]) => self.make_service_account(request),
            ("DELETE", ["projects", _, "service_accounts", id]) => self.remove_service_account(id),
            ("DELETE", ["projects", _, "api_keys", id]) => self.remove_project_key(id),
            _ => unknown_url(request),
        }
    }
}

/// What of a list `limit` and `after` ask for.
fn page(request: &Recorded, all: &[Value]) -> Reply {
    let query = request
        .target
        .split_once('?')
        .map_or("", |(_, query)| query);
    let parameter = |wanted: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|pair| pair.1)
    };
    let limit: usize = parameter("limit").map_or(20, |limit| limit.parse().expect("a number"));
    assert!((1..=100).contains(&limit), "limit={limit}");
    let first = parameter("after").map_or(0, |after| {
        let at = all.iter().position(|it| it["id"] == *after);
        at.map_or(all.len(), |at| at + 1)
    });
    let rest = &all[first..];
    let data = &rest[..rest.len().min(limit)];
    Reply::json(
        200,
        &json!({"object": "list", "data": data, "first_id": data.first().map(|it| &it["id"]),
            "last_id": data.last().map(|it| &it["id"]), "has_more": data.len() < rest.len()}),
    )
}

fn project() -> Value {
    json!({"id": PROJECT, "object": "organization.project", "name": "Acme", "created_at": 1_711_471_533,
        "archived_at": null, "status": "active"})
}

fn name(request: &Recorded) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    Some(body["name"].as_str()?.to_owned())
}

fn deleted(object: &str, id: &str) -> Reply {
    Reply::json(200, &json!({"object": object, "id": id, "deleted": true}))
}

fn missing(parameter: &str) -> Reply {
    let message = format!("Missing required parameter: '{parameter}'.");
    error(
        400,
        &message,
        "invalid_request_error",
        "missing_required_parameter",
    )
}

fn not_found(message: &str) -> Reply {
    error(404, message, "invalid_request_error", Value::Null)
}

fn unknown_url(request: &Recorded) -> Reply {
    not_found(&format!(
        "Invalid URL ({} {})",
        request.method,
        request.path()
    ))
}
