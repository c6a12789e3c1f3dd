//! What an admin key makes, lists and ends at OpenAI, by name: the service accounts of a project, and admin keys.

use claviger_sdk::http::{self, CaptureSource, Request, Response};
use claviger_sdk::{Context, Failure};
use serde::Deserialize;
use serde_json::json;

use crate::{API, answer};

/// How many pages of a list are read. A page has 100 names, and a call may send as many requests.
const MOST_PAGES: usize = 50;

/// Things of one sort, and the admin key that opens them.
pub struct Collection<'c> {
    admin_key: &'c str,
    /// One of the things is below it, by its id.
    url: String,
    /// The field that the secret of a new one is for, and where in the answer it is.
    field: &'static str,
    pointer: &'static str,
}

/// What was made.
pub struct Made {
    pub id: String,
    /// The id of the key, where that isn't the thing itself.
    pub key_id: Option<String>,
    /// The stand-in of the new secret.
    pub secret: String,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Thing>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Deserialize)]
struct Thing {
    id: String,
    #[serde(default)]
    name: Option<String>,
    /// Of a new service account.
    #[serde(default)]
    api_key: Option<Key>,
}

#[derive(Deserialize)]
struct Key {
    id: String,
}

impl<'c> Collection<'c> {
    /// The service accounts of a project. Each is made with a key.
    pub fn service_accounts(admin_key: &'c str, project: &str) -> Self {
        let project = http::percent(project);
        Self {
            admin_key,
            url: format!("{API}/organization/projects/{project}/service_accounts"),
            field: "api_key",
            pointer: "/api_key/value",
        }
    }

    /// The organization's admin keys.
    pub fn admin_keys(admin_key: &'c str) -> Self {
        Self {
            admin_key,
            url: format!("{API}/organization/admin_api_keys"),
            field: "admin_key",
            pointer: "/value",
        }
    }

    /// Makes one of that name. If there is one, an earlier try made it: OpenAI shows a key once, so nobody has it, and it
    /// goes first.
    pub fn make(&self, context: &Context, name: &str) -> Result<Made, Failure> {
        self.remove_named(context, name)?;
        let request = http::post(&self.url).json(&json!({ "name": name }));
        let source = CaptureSource::JsonPointer(self.pointer.to_owned());
        let answer = self.send(request.capture(self.field, source))?;
        let unexpected = || answer.unexpected_change(context);
        if answer.status() != 200 {
            return Err(answer::refusal(&answer, unexpected()));
        }
        let thing = answer.json::<Thing>().map_err(|_| unexpected())?;
        Ok(Made {
            id: thing.id,
            key_id: thing.api_key.map(|key| key.id),
            secret: answer.captured(self.field)?.to_owned(),
        })
    }

    /// Ends all of that name; none is fine.
    pub fn remove_named(&self, context: &Context, name: &str) -> Result<(), Failure> {
        let ids = self.named(context, name)?;
        ids.iter().try_for_each(|id| self.remove(context, id))
    }

    /// Ends one; that it is gone already is fine.
    pub fn remove(&self, context: &Context, id: &str) -> Result<(), Failure> {
        let url = format!("{}/{}", self.url, http::percent(id));
        let answer = self.send(http::delete(url))?;
        if answer.status() == 200 || answer::is_gone(&answer) {
            return Ok(());
        }
        Err(answer::refusal(&answer, answer.unexpected_change(context)))
    }

    /// The ids of all of that name.
    fn named(&self, context: &Context, name: &str) -> Result<Vec<String>, Failure> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let request = http::get(&self.url).query("limit", "100");
            let answer = self.send(match &after {
                Some(id) => request.query("after", id),
                None => request,
            })?;
            if answer.status() != 200 {
                return Err(answer::refusal(&answer, answer.unexpected(context)));
            }
            let page: Page = answer.json()?;
            after = page.data.last().map(|thing| thing.id.clone());
            let is_named = |thing: &Thing| thing.name.as_deref() == Some(name);
            found.extend(page.data.into_iter().filter(is_named).map(|it| it.id));
            if !page.has_more || after.is_none() {
                return Ok(found);
            }
        }
        Err(Failure::conflict(
            "OpenAI's list is longer than 5000 names, too long to look for one; delete what is no longer in use",
        ))
    }

    fn send(&self, request: Request) -> Result<Response, Failure> {
        request.bearer(self.admin_key).send()
    }
}
