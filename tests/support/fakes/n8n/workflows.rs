//! Workflows: written whole, and running as they were published.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{N8n, Refusal, page, refused, rules};

/// A workflow.
#[derive(Debug, Clone)]
pub struct Flow {
    pub id: String,
    pub name: String,
    pub nodes: Vec<Value>,
    pub connections: Value,
    pub settings: Value,
    /// What runs, where it is active, and of which version it is.
    published: Option<(String, Vec<Value>)>,
    version: String,
    counter: u64,
    created: String,
    updated: String,
}

impl Flow {
    /// The nodes that run; those that would, if it were active.
    pub fn running(&self) -> &[Value] {
        let published = self.published.as_ref().map(|(_, nodes)| nodes);
        published.unwrap_or(&self.nodes)
    }

    fn told(&self, is_new: bool) -> Value {
        let active = self.published.as_ref().map(|(version, _)| version);
        let published = self.published.as_ref().map(|(version, nodes)| {
            json!({ "versionId": version, "workflowId": self.id, "nodes": nodes, "connections": self.connections })
        });
        let mut told = json!({
            "id": self.id, "name": self.name, "description": null, "active": active.is_some(),
            "activeVersionId": active, "createdAt": self.created, "updatedAt": self.updated, "isArchived": false,
            "versionId": self.version, "versionCounter": self.counter, "triggerCount": u8::from(active.is_some()),
            "nodes": self.nodes, "connections": self.connections, "settings": self.settings, "staticData": null,
            "pinData": null, "meta": null, "tags": [], "shared": [{ "role": "workflow:owner", "project": { "id": "project" } }],
            "activeVersion": published,
        });
        if is_new {
            told["nodeGroups"] = json!([]);
            told["sourceWorkflowId"] = Value::Null;
        }
        told
    }
}

impl N8n {
    /// A workflow with one node of that name and type, active or not, which uses what `credentials` says.
    pub fn flow(&mut self, node: &str, kind: &str, credentials: &Value, active: bool) -> String {
        let (path, options) = (format!("hook-{}", self.next()), json!({}));
        let nodes = json!([
            { "id": "w", "name": "Webhook", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "position": [0, 0],
              "webhookId": path, "parameters": { "path": path, "options": options } },
            { "id": "n", "name": node, "type": kind, "typeVersion": 4.2, "position": [220, 0],
              "parameters": { "options": options }, "credentials": credentials },
        ]);
        let body = json!({
            "name": format!("flow {path}"), "nodes": nodes, "settings": { "executionOrder": "v1" },
            "connections": { "Webhook": { "main": [[{ "node": node, "type": "main", "index": 0 }]] } },
        });
        let Value::Object(body) = body else {
            unreachable!("an object is written above")
        };
        let flow = self.add(&body);
        if active {
            self.publish(self.workflows.len() - 1);
        }
        flow
    }

    /// Somebody else edits a workflow in n8n's own editor: without publishing, where it is a draft.
    pub fn edit(&mut self, id: &str, is_draft: bool, edit: impl FnOnce(&mut Flow)) {
        let at = self
            .workflows
            .iter()
            .position(|flow| flow.id == id)
            .expect("a workflow");
        let (version, now) = (format!("version-{:06}", self.next()), self.now());
        let flow = &mut self.workflows[at];
        edit(flow);
        flow.version = version;
        flow.updated = now;
        if !is_draft && flow.published.is_some() {
            self.publish(at);
        }
    }

    pub(super) fn workflow(
        &mut self,
        method: &str,
        path: &[&str],
        body: &Map<String, Value>,
        query: &BTreeMap<&str, String>,
    ) -> Result<Value, Refusal> {
        let is_new = self.version.is_new();
        let found = |id: &str| self.workflows.iter().position(|it| it.id == id);
        match (method, path) {
            ("GET", []) => {
                let named = |flow: &&Flow| query.get("name").is_none_or(|name| flow.name == *name);
                let flows = self
                    .workflows
                    .iter()
                    .filter(named)
                    .map(|it| it.told(is_new));
                Ok(page(&flows.collect::<Vec<_>>(), query))
            }
            ("POST", []) => {
                rules::check(self.version, body)?;
                self.add(body);
                Ok(self.workflows.last().expect("it was added").told(is_new))
            }
            ("PUT", [id]) => {
                rules::check(self.version, body)?;
                match found(id) {
                    Some(at) => Ok(self.put(at, body)),
                    None if is_new => refused(
                        404,
                        "You do not have permission to update this workflow. Ask the owner to share it with you.",
                    ),
                    None => refused(404, "Not Found"),
                }
            }
            (_, [id, rest @ ..]) => {
                let Some(at) = found(id) else {
                    return refused(404, "Not Found");
                };
                match (method, rest) {
                    ("POST", ["activate"]) => self.publish(at),
                    ("POST", _) => self.workflows[at].published = None,
                    ("DELETE", _) if is_new && self.workflows[at].published.is_some() => {
                        return refused(
                            409,
                            "Cannot delete a published workflow. Unpublish it before deleting.",
                        );
                    }
                    ("DELETE", _) => return Ok(self.workflows.remove(at).told(is_new)),
                    _ => {}
                }
                Ok(self.workflows[at].told(is_new))
            }
            _ => refused(404, "not found"),
        }
    }

    fn add(&mut self, body: &Map<String, Value>) -> String {
        let (id, version, now) = (self.next(), self.next(), self.now());
        let mut settings = body["settings"].clone();
        if !self.version.is_new() {
            settings["callerPolicy"] = "workflowsFromSameOwner".into();
            settings["availableInMCP"] = false.into();
        }
        let flow = Flow {
            id: format!("workflow{id:08}"),
            name: body["name"].as_str().unwrap_or_default().to_owned(),
            nodes: self.resolved(body),
            connections: body["connections"].clone(),
            settings,
            published: None,
            version: format!("version-{version:06}"),
            counter: 1,
            created: now.clone(),
            updated: now,
        };
        let id = flow.id.clone();
        self.workflows.push(flow);
        id
    }

    fn put(&mut self, at: usize, body: &Map<String, Value>) -> Value {
        let nodes = self.resolved(body);
        let (version, now) = (format!("version-{:06}", self.next()), self.now());
        let is_new = self.version.is_new();
        let flow = &mut self.workflows[at];
        let is_changed = flow.nodes != nodes || flow.connections != body["connections"];
        if is_changed {
            flow.version = version;
        }
        flow.counter += u64::from(is_changed || !is_new);
        flow.updated = now;
        flow.nodes = nodes;
        flow.connections = body["connections"].clone();
        body["name"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut flow.name);
        // What is left out stays as it is.
        for (name, value) in body["settings"].as_object().into_iter().flatten() {
            flow.settings[name] = value.clone();
        }
        if flow.published.is_some() {
            self.publish(at);
        }
        self.workflows[at].told(is_new)
    }

    fn publish(&mut self, at: usize) {
        let flow = &mut self.workflows[at];
        flow.published = Some((flow.version.clone(), flow.nodes.clone()));
    }

    /// The nodes with their credentials as n8n keeps them: an id that it knows has its name, and 2.x finds one that it
    /// doesn't know by a name that only one has.
    fn resolved(&self, body: &Map<String, Value>) -> Vec<Value> {
        let mut nodes = body["nodes"].as_array().cloned().unwrap_or_default();
        let references = nodes
            .iter_mut()
            .filter_map(|node| node["credentials"].as_object_mut());
        for (kind, reference) in references.flatten() {
            let by_id = self.credentials.iter().find(|it| reference["id"] == *it.id);
            let mut named = self.credentials.iter();
            let mut named = named
                .by_ref()
                .filter(|it| reference["name"] == *it.name && it.kind == *kind);
            let by_name = named.next().filter(|_| named.next().is_none());
            let by_name = by_name.filter(|_| self.version.is_new());
            if let Some(found) = by_id.or(by_name) {
                *reference = json!({ "id": found.id, "name": found.name });
            }
        }
        for node in &mut nodes {
            if let Some(node) = node.as_object_mut()
                && node.get("credentials").is_some_and(Value::is_null)
            {
                node.remove("credentials");
            }
        }
        nodes
    }
}
