//! Credentials: made, and from 2.x on listed, read and changed.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::recorded::entries;
use super::{N8n, Refusal, page, refused};

/// A credential.
#[derive(Debug, Clone)]
pub struct Stored {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub data: Map<String, Value>,
    created: String,
    updated: String,
}

impl Stored {
    /// What a node that uses it sends.
    pub fn secret(&self) -> String {
        let fields = ["apiKey", "accessToken", "secretAccessKey", "token", "value"];
        let mut found = fields
            .iter()
            .filter_map(|field| self.data.get(*field)?.as_str());
        found.next().unwrap_or_default().to_owned()
    }

    fn told(&self, is_new: bool) -> Value {
        let mut told = json!({
            "id": self.id, "name": self.name, "type": self.kind, "isManaged": false, "isGlobal": false,
            "createdAt": self.created, "updatedAt": self.updated,
        });
        if is_new {
            told["isResolvable"] = false.into();
            told["resolvableAllowFallback"] = false.into();
            told["resolverId"] = Value::Null;
        }
        told
    }

    fn listed(&self) -> Value {
        let project = json!({
            "id": "project", "name": "Owner", "role": "credential:owner",
            "createdAt": self.created, "updatedAt": self.created,
        });
        json!({
            "id": self.id, "name": self.name, "type": self.kind, "shared": [project],
            "createdAt": self.created, "updatedAt": self.updated,
        })
    }
}

impl N8n {
    /// The data that a credential type wants, as the recorded answers say.
    pub(super) fn schema(&self, kind: &str) -> Option<Value> {
        let path = format!("/api/v1/credentials/schema/{kind}");
        let entry = entries(self.version)
            .into_iter()
            .find(|it| it["path"] == path.as_str())?;
        entry.get("answer").cloned()
    }

    pub(super) fn credential(
        &mut self,
        method: &str,
        path: &[&str],
        body: &Map<String, Value>,
        query: &BTreeMap<&str, String>,
    ) -> Result<Value, Refusal> {
        let is_new = self.version.is_new();
        let found = |id: &str| self.credentials.iter().position(|it| it.id == id);
        match (method, path) {
            ("GET", []) => {
                let newest_first = self.credentials.iter().rev().map(Stored::listed);
                Ok(page(&newest_first.collect::<Vec<_>>(), query))
            }
            ("POST", []) => self.make(body),
            ("POST", [_, _]) => Ok(json!({
                "status": "Error", "message": "No testing function found for this credential.",
            })),
            ("DELETE", [id]) => match found(id) {
                Some(at) => Ok(self.credentials.remove(at).told(is_new)),
                None => refused(404, "Not Found"),
            },
            (_, [id]) => match found(id) {
                Some(at) if method == "PATCH" => self.patch(at, body),
                Some(at) => Ok(self.credentials[at].told(is_new)),
                None => refused(404, "Credential not found"),
            },
            _ => refused(404, "not found"),
        }
    }

    fn make(&mut self, body: &Map<String, Value>) -> Result<Value, Refusal> {
        let is_new = self.version.is_new();
        for name in ["name", "type", "data"] {
            if !body.contains_key(name) {
                return refused(
                    400,
                    format!("request/body must have required property '{name}'"),
                );
            }
        }
        let own = body.get("id").and_then(Value::as_str);
        match own {
            Some(_) if !is_new => return refused(400, "request/body/id is read-only"),
            Some(id) if id.len() > 16 => {
                return refused(
                    400,
                    "request/body/id String must contain at most 16 character(s)",
                );
            }
            Some(id) if self.credentials.iter().any(|it| it.id == id) => {
                return refused(409, "A credential with this ID already exists");
            }
            _ => {}
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let data = body["data"].as_object().cloned().unwrap_or_default();
        self.check_data(&text("type"), &data)?;
        if is_new && body.contains_key("projectId") {
            return refused(404, "Project not found");
        }
        let (id, now) = (format!("credential{:06}", self.next()), self.now());
        let stored = Stored {
            id: own.map_or(id, str::to_owned),
            name: text("name"),
            kind: text("type"),
            data,
            created: now.clone(),
            updated: now,
        };
        let told = stored.told(is_new);
        self.credentials.push(stored);
        Ok(told)
    }

    fn check_data(&self, kind: &str, data: &Map<String, Value>) -> Result<(), Refusal> {
        let Some(schema) = self.schema(kind) else {
            return refused(400, "req.body.type is not a known type");
        };
        for (name, value) in data {
            let Some(rule) = schema["properties"].get(name) else {
                return refused(
                    400,
                    format!(
                        "request.body.data is not allowed to have the additional property \"{name}\""
                    ),
                );
            };
            if rule["type"] == "string" && !value.is_string() {
                return refused(400, "request.body.data is not of a type(s) string");
            }
        }
        let names = |list: &Value| -> Vec<String> {
            let names = list.as_array().into_iter().flatten();
            names
                .filter_map(|it| Some(it.as_str()?.to_owned()))
                .collect()
        };
        let mut required = names(&schema["required"]);
        for condition in schema["allOf"].as_array().into_iter().flatten() {
            let fields = condition["if"]["properties"]
                .as_object()
                .into_iter()
                .flatten();
            // A field that isn't there meets any condition.
            let is_met = fields.clone().all(|(name, rule)| {
                let options = rule["enum"].as_array();
                data.get(name)
                    .is_none_or(|value| options.is_some_and(|it| it.contains(value)))
            });
            if is_met {
                let then = condition["then"]["allOf"].as_array().into_iter().flatten();
                required.extend(then.flat_map(|it| names(&it["required"])));
            }
        }
        match required.iter().find(|name| !data.contains_key(*name)) {
            Some(name) => refused(
                400,
                format!("request.body.data requires property \"{name}\""),
            ),
            None => Ok(()),
        }
    }

    fn patch(&mut self, at: usize, body: &Map<String, Value>) -> Result<Value, Refusal> {
        let kind = body.get("type").and_then(Value::as_str);
        let is_other = kind.is_some_and(|kind| kind != self.credentials[at].kind);
        if is_other && !body.contains_key("data") {
            return refused(
                400,
                "req.body.data is required when changing credential type. \
                                 The existing data cannot be used with the new type.",
            );
        }
        let now = self.now();
        let stored = &mut self.credentials[at];
        stored.updated = now;
        if let Some(kind) = kind {
            kind.clone_into(&mut stored.kind);
        }
        if let Some(name) = body.get("name").and_then(Value::as_str) {
            name.clone_into(&mut stored.name);
        }
        if let Some(data) = body.get("data").and_then(Value::as_object) {
            if body.get("isPartialData") != Some(&Value::Bool(true)) {
                stored.data.clear();
            }
            stored.data.extend(data.clone());
        }
        Ok(stored.told(true))
    }
}
