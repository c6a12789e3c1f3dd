//! A project's keys at the Management API.

use claviger_sdk::http::{self, CaptureSource, Request, Response};
use claviger_sdk::{Context, Credential, Failure};
use serde::Deserialize;
use serde_json::Value;

use crate::answer;

/// A project, and the access token that opens it.
pub struct Project<'p> {
    access_token: &'p str,
    url: String,
}

/// A key, as it is listed. Legacy ones lack some of it.
#[derive(Deserialize)]
pub struct Key {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
    /// `publishable`, `secret` or `legacy`
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// What requests with it may do in the database: the claims of the token that it stands for.
    #[serde(default)]
    pub secret_jwt_template: Option<Value>,
}

/// A key that was made.
pub struct Made {
    pub id: String,
    /// The stand-in of the key.
    pub secret: String,
}

#[derive(Deserialize)]
struct New {
    id: String,
}

impl Key {
    pub fn is_legacy(&self) -> bool {
        self.kind.as_deref() == Some("legacy")
    }

    pub fn is_named(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }

    /// Whether it is the credential's own: by its id, or, where that isn't known, by its name.
    pub fn is_of(&self, credential: &Credential) -> bool {
        match (&credential.external_id, credential.field("key_name")) {
            (Some(id), _) => self.id.as_ref() == Some(id),
            (None, Some(name)) => self.is_named(name),
            (None, None) => false,
        }
    }
}

impl<'p> Project<'p> {
    /// The project that the credential is for.
    pub fn of(credential: &'p Credential) -> Result<Self, Failure> {
        let access_token = credential.field("access_token").ok_or_else(|| {
            Failure::invalid_input(
                "the credential has no `access_token`, without which Supabase can't be asked about its key",
            )
        })?;
        let reference = credential
            .field("project_ref")
            .ok_or_else(|| Failure::invalid_input("the credential has no `project_ref`"))?;
        Ok(Self {
            access_token,
            url: format!(
                "https://api.supabase.com/v1/projects/{}/api-keys",
                http::percent(reference)
            ),
        })
    }

    /// All its keys, without the keys themselves. The list comes as a whole.
    pub fn keys(&self, context: &Context) -> Result<Vec<Key>, Failure> {
        let answer = self.send(http::get(&self.url).query("reveal", "false"))?;
        match answer.status() {
            200 => answer.json(),
            _ => Err(answer::refusal(&answer, answer.unexpected(context))),
        }
    }

    /// Makes a key. Without `reveal` nobody would ever see it.
    pub fn make(&self, context: &Context, key: &Value) -> Result<Made, Failure> {
        let request = http::post(&self.url).query("reveal", "true").json(key);
        let source = CaptureSource::JsonPointer("/api_key".to_owned());
        let answer = self.send(request.capture("api_key", source))?;
        let unexpected = || answer.unexpected_change(context);
        if !matches!(answer.status(), 200 | 201) {
            return Err(answer::refusal(&answer, unexpected()));
        }
        Ok(Made {
            id: answer.json::<New>().map_err(|_| unexpected())?.id,
            secret: answer.captured("api_key")?.to_owned(),
        })
    }

    /// Ends a key; that it is gone already is fine.
    pub fn remove(&self, context: &Context, id: &str) -> Result<(), Failure> {
        let answer = self.send(http::delete(format!("{}/{}", self.url, http::percent(id))))?;
        match answer.status() {
            200 | 204 => Ok(()),
            _ if answer::is_gone(&answer) => Ok(()),
            _ => Err(answer::refusal(&answer, answer.unexpected_change(context))),
        }
    }

    fn send(&self, request: Request) -> Result<Response, Failure> {
        request.bearer(self.access_token).send()
    }
}
