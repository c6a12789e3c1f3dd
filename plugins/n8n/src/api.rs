//! n8n's public API as one instance answers it.

use std::cell::Cell;

use claviger_sdk::http::{Request, Response, percent};
use claviger_sdk::{Context, Credential, Failure};
use serde::Deserialize;
use serde_json::Value;

/// The requests that one call may send, a few less than the host allows: a call that stops by itself can say how far it got.
const MOST_REQUESTS: u32 = 96;

/// A request takes at most this part of the call's time: after one that isn't answered there is time to put things right.
const SHARE: u32 = 3;

/// The longest of n8n's own texts that is passed on, in characters: they name fields, not values.
const LONGEST: usize = 200;

/// An instance, and the key that opens it.
pub struct Api<'c> {
    base: String,
    key: &'c str,
    context: &'c Context,
    sent: Cell<u32>,
}

#[derive(Deserialize)]
struct Problem {
    message: String,
}

impl<'c> Api<'c> {
    /// The instance that a credential of kind `n8n` is for.
    pub fn of(context: &'c Context, credential: &'c Credential) -> Result<Self, Failure> {
        let base = credential.secret("base_url")?;
        let base = base.strip_suffix('/').unwrap_or(base);
        // What was approved is an origin's own API: below another path it would be somebody else's.
        let host = base.split_once("://").map_or(base, |(_, host)| host);
        if host.contains(['/', '\\']) {
            return Err(Failure::invalid_input(
                "`base_url` has a path; give the address of an n8n that is at the root of its host",
            ));
        }
        Ok(Self {
            base: format!("{base}/api/v1"),
            key: credential.secret("api_key")?,
            context,
            sent: Cell::new(0),
        })
    }

    /// The instance that the call's connection opens.
    pub fn connected(context: &'c Context) -> Result<Self, Failure> {
        Self::of(context, context.connection()?)
    }

    /// Whether so many more requests fit into this call.
    pub fn has_room(&self, requests: u32) -> bool {
        self.sent.get() + requests <= MOST_REQUESTS
    }

    /// Asks for something. `path` begins with a slash.
    pub fn get(&self, path: &str) -> Result<Response, Failure> {
        self.send("GET", path, None)
    }

    /// Sends a request. `path` begins with a slash.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, Failure> {
        self.sent.set(self.sent.get() + 1);
        let request = Request::new(method, format!("{}{path}", self.base))
            .header("accept", "application/json")
            .header("x-n8n-api-key", self.key);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        request.timeout_ms(self.context.deadline_ms / SHARE).send()
    }

    /// What an answer means that is none of those that were hoped for. `scope` is what the request needs of the key.
    ///
    /// A key that n8n doesn't take is `restricted` here: `rejected` would be said of what the call is about.
    pub fn refusal(&self, what: &str, scope: &str, answer: &Response) -> Failure {
        let said = said(answer).unwrap_or_default();
        match answer.status() {
            401 if is_unauthorized(answer) => Failure::restricted(format!(
                "{what}: n8n does not take the connection's API key"
            )),
            403 if !said.is_empty() => {
                Failure::restricted(format!("{what}: the API key lacks {scope}"))
            }
            404 if !said.is_empty() => Failure::not_found(format!("{what}: n8n has no such thing")),
            405 if !said.is_empty() => {
                Failure::unsupported(format!("{what}: this n8n can't do it"))
            }
            409 if !said.is_empty() => Failure::conflict(format!("{what}: {said}")),
            400 | 415 | 422 if !said.is_empty() => {
                Failure::invalid_input(format!("{what}: {said}"))
            }
            _ => {
                let unexpected = answer.unexpected(self.context);
                Failure {
                    message: format!("{what}: {}", unexpected.message),
                    ..unexpected
                }
            }
        }
    }
}

/// The message of an error of n8n's; none where the answer isn't one, as a proxy's.
pub fn said(answer: &Response) -> Option<String> {
    let problem: Problem = serde_json::from_slice(answer.body()).ok()?;
    Some(problem.message.chars().take(LONGEST).collect())
}

/// Whether n8n itself says that the key is none of its own.
pub fn is_unauthorized(answer: &Response) -> bool {
    let said = said(answer).unwrap_or_default();
    answer.status() == 401
        && (said.eq_ignore_ascii_case("unauthorized") || said.contains("X-N8N-API-KEY"))
}

/// A path of an id.
pub fn path(collection: &str, id: &str) -> String {
    format!("/{collection}/{}", percent(id))
}
