//! n8n's public API, as two versions of it answer: 1.123.81, which can't change or list credentials, and 2.41.1.
//!
//! What was seen of the real ones is in `recorded`, one request a line, and [`recorded`] tells which of it the fake leaves
//! out. Not recorded, and taken from the schemas that n8n publishes: that 1.x refuses an `id` of the caller's as read-only,
//! and what its conditional schemas (`if`/`then`) require of data.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::upstream::{Recorded, Reply};
use super::Service;

mod credentials;
pub mod recorded;
mod rules;
mod workflows;

pub use credentials::Stored;
pub use workflows::Flow;

/// The API key that may do everything.
pub const KEY: &str = "n8n_api_0123456789abcdef";

/// Which n8n it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The last of the 1.x line.
    V1_123_81,
    /// A 2.x.
    V2_41_1,
}

impl Version {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V1_123_81, Self::V2_41_1];

    /// Whether it has what came with 2.x.
    pub fn is_new(self) -> bool {
        self == Self::V2_41_1
    }
}

/// An instance.
pub struct N8n {
    pub version: Version,
    /// Its credentials, the oldest first.
    pub credentials: Vec<Stored>,
    /// Its workflows, the oldest first.
    pub workflows: Vec<Flow>,
    keys: BTreeMap<String, Option<BTreeSet<&'static str>>>,
    count: u64,
}

impl Service for N8n {
    const PLUGIN: &'static str = "n8n";
    const ORIGIN: Option<&'static str> = None;

    fn answer(&mut self, request: &Recorded) -> Reply {
        match self.answered(request) {
            Ok(body) => Reply::json(200, &body),
            Err(Refusal(status, message)) => Reply::json(status, &json!({ "message": message })),
        }
    }
}

/// An error of n8n's.
pub(super) struct Refusal(u16, String);

fn refused<T>(status: u16, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(status, message.into()))
}

impl N8n {
    /// An empty instance.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            credentials: Vec::new(),
            workflows: Vec::new(),
            keys: BTreeMap::from([(KEY.to_owned(), None)]),
            count: 0,
        }
    }

    /// A further API key, with these scopes alone.
    pub fn key(&mut self, key: &str, scopes: &[&'static str]) {
        let scopes = scopes.iter().copied().collect();
        self.keys.insert(key.to_owned(), Some(scopes));
    }

    /// What the node would send if its workflow ran now: the secret of the credential that it refers to.
    pub fn secret_in_use(&self, workflow: &str, node: &str) -> Option<String> {
        let flow = self.workflows.iter().find(|flow| flow.id == workflow)?;
        let node = flow.running().iter().find(|it| it["name"] == node)?;
        let (kind, reference) = node["credentials"].as_object()?.iter().next()?;
        let used = self.credentials.iter();
        let used = used.filter(|it| reference["id"] == *it.id && it.kind == *kind);
        used.map(Stored::secret).next()
    }

    fn answered(&mut self, request: &Recorded) -> Result<Value, Refusal> {
        let target = request.target.as_str();
        let Some(path) = request.path().split_once("/api/v1/").map(|(_, path)| path) else {
            return refused(404, "not found");
        };
        let query: BTreeMap<&str, String> = target
            .split_once('?')
            .into_iter()
            .flat_map(|(_, query)| query.split('&'))
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, decoded(value)))
            .collect();
        let segments: Vec<String> = path.split('/').map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let key = self.authenticated(request)?;
        let (scope, allowed) = match (&*segments, self.version.is_new()) {
            (["credentials"], true) => ("credential", "GET POST"),
            (["credentials"], false) => ("credential", "POST"),
            (["credentials", "schema", _], _) => ("", "GET"),
            (["credentials", _], true) => ("credential", "DELETE GET PATCH"),
            (["credentials", _], false) => ("credential", "DELETE"),
            (["workflows"], _) => ("workflow", "GET POST"),
            (["workflows", _], _) => ("workflow", "DELETE GET PUT"),
            (["credentials", _, "test"], true)
            | (["workflows", _, "activate" | "deactivate"], _) => ("", "POST"),
            _ => return refused(404, "not found"),
        };
        let method = request.method.as_str();
        if !allowed.split(' ').any(|it| it == method) {
            return refused(405, format!("{method} method not allowed"));
        }
        let verb = match (method, segments.len()) {
            ("GET", 1) => "list",
            ("GET", _) => "read",
            ("POST", _) => "create",
            ("DELETE", _) => "delete",
            _ => "update",
        };
        if let Some(scopes) = &self.keys[&key]
            && !scope.is_empty()
            && !scopes.contains(format!("{scope}:{verb}").as_str())
        {
            return refused(403, "Forbidden");
        }
        let body = read_body(request)?;
        match (method, &*segments) {
            ("GET", ["credentials", "schema", kind]) => match self.schema(kind) {
                Some(schema) => Ok(schema),
                None => refused(404, "Not Found"),
            },
            (_, ["credentials", rest @ ..]) => self.credential(method, rest, &body, &query),
            (_, [_, rest @ ..]) => self.workflow(method, rest, &body, &query),
            _ => refused(404, "not found"),
        }
    }

    fn authenticated(&self, request: &Recorded) -> Result<String, Refusal> {
        let key = request.header("x-n8n-api-key").unwrap_or_default();
        match (self.keys.contains_key(key), self.version.is_new()) {
            (true, _) => Ok(key.to_owned()),
            (false, true) => refused(401, "Unauthorized"),
            (false, false) if key.is_empty() => refused(401, "'X-N8N-API-KEY' header required"),
            (false, false) => refused(401, "unauthorized"),
        }
    }

    /// A number that was never given out before.
    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// The time of a change: each is another.
    fn now(&mut self) -> String {
        let now = self.next();
        format!(
            "2026-01-01T{:02}:{:02}:00.{:03}Z",
            now / 60_000,
            now / 1000 % 60,
            now % 1000
        )
    }
}

/// A page of a list, in the order in which its items are given.
fn page(items: &[Value], query: &BTreeMap<&str, String>) -> Value {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let limit = number("limit").unwrap_or(100).min(250);
    let offset = query
        .get("cursor")
        .and_then(|cursor| cursor.strip_prefix("after-"));
    let offset = offset.and_then(|it| it.parse().ok()).unwrap_or(0);
    let end = (offset + limit).min(items.len());
    let next = (end < items.len()).then(|| format!("after-{end}"));
    json!({ "data": items[offset.min(end)..end], "nextCursor": next })
}

fn read_body(request: &Recorded) -> Result<Map<String, Value>, Refusal> {
    if request.body.is_empty() {
        return Ok(Map::new());
    }
    let content_type = request.header("content-type").unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return refused(415, format!("unsupported media type {content_type}"));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(body)) => Ok(body),
        // The real one answers with a page of HTML.
        _ => refused(500, "Failed to parse request body"),
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}
