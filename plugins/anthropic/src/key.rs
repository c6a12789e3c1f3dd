//! A key's status at Anthropic, which an admin key reads and sets (platform.claude.com, "Admin API: API keys").
//!
//! `active`, `inactive` and `archived`: an inactive key can be made active again, an archived one can't.

use claviger_sdk::http::{self, Request, Response};
use claviger_sdk::{Context, Credential, Failure};
use serde::Deserialize;
use serde_json::json;

use crate::{API, VERSION, answer};

/// A key, and the admin key that opens it.
pub struct Key<'k> {
    admin_key: &'k str,
    url: String,
}

/// What came of setting a key's status.
pub enum Set {
    /// It has that status.
    Done,
    /// Anthropic didn't do it: the key has this one.
    Refused(String),
    /// There is no such key.
    Gone,
}

#[derive(Deserialize)]
struct Shown {
    status: String,
}

impl<'k> Key<'k> {
    /// The key of a version.
    pub fn of(context: &'k Context, version: &Credential) -> Result<Self, Failure> {
        let id = version.external_id.as_deref().ok_or_else(|| {
            Failure::unsupported(
                "nobody knows this key's id at Anthropic; store it with the key as `provider_credential_id` (`apikey_…`), \
                 or change the key in the console",
            )
        })?;
        let id = http::percent(id);
        Ok(Self {
            admin_key: context.connection()?.secret("admin_key")?,
            url: format!("{API}/organizations/api_keys/{id}"),
        })
    }

    /// Sets the status. It is the same to do so twice.
    pub fn set(&self, context: &Context, status: &str) -> Result<Set, Failure> {
        let answer = self.send(http::post(&self.url).json(&json!({ "status": status })))?;
        if answer::is_gone(&answer) {
            return Ok(Set::Gone);
        }
        // An archived key can't be changed: what it is says whether that matters.
        if matches!(answer.status(), 400 | 409) && answer::problem(&answer).is_some() {
            return self.status(context);
        }
        if answer.status() != 200 {
            return Err(answer::refusal(&answer, answer.unexpected_change(context)));
        }
        let shown = answer.json::<Shown>();
        let shown = shown.map_err(|_| answer.unexpected_change(context))?;
        Ok(if shown.status == status {
            Set::Done
        } else {
            Set::Refused(shown.status)
        })
    }

    /// Which status it has, where it can't be set.
    fn status(&self, context: &Context) -> Result<Set, Failure> {
        let answer = self.send(http::get(&self.url))?;
        match answer.status() {
            200 => Ok(Set::Refused(answer.json::<Shown>()?.status)),
            _ if answer::is_gone(&answer) => Ok(Set::Gone),
            _ => Err(answer::refusal(&answer, answer.unexpected(context))),
        }
    }

    fn send(&self, request: Request) -> Result<Response, Failure> {
        request
            .header("x-api-key", self.admin_key)
            .header("anthropic-version", VERSION)
            .send()
    }
}
