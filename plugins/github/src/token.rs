//! Installation tokens.

use claviger_sdk::http::{CaptureSource, Response};
use claviger_sdk::issuance::{Issued, Outcome, Request};
use claviger_sdk::{Context, Credential, Failure, time};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::{self, App};
use crate::permissions::Permissions;

/// How long GitHub lets a token live, in seconds: always, and no longer. A lease that is to end sooner is revoked.
const LIFE: u32 = 3_600;

/// The most repositories that GitHub takes.
const MOST_REPOSITORIES: usize = 500;

#[derive(Deserialize)]
struct Made {
    expires_at: String,
    #[serde(default)]
    permissions: Permissions,
    #[serde(default)]
    repository_selection: Option<String>,
    #[serde(default)]
    repositories: Vec<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    name: String,
}

pub fn issue(context: &Context, root: &Credential, request: Request) -> Result<Issued, Failure> {
    if request.ttl_seconds > LIFE {
        return Err(Failure::invalid_input(
            "GitHub's tokens live for at most 1h (3600 s)",
        ));
    }
    let asked = Permissions::asked(&request.scopes)?;
    let repositories = repositories(&request)?;
    // Without either, GitHub gives all that the installation has; who asks for neither asks for that.
    let mut body = Map::new();
    if !asked.is_empty() {
        body.insert("permissions".to_owned(), json!(asked));
    }
    if let Some(names) = &repositories {
        body.insert("repositories".to_owned(), json!(names));
    }
    let app = App::of(context, root)?;
    let path = format!("/app/installations/{}/access_tokens", app.installation()?);
    let answer = app
        .post(&path)?
        .json(&Value::Object(body))
        .capture("token", CaptureSource::JsonPointer("/token".to_owned()))
        .send()?;
    if answer.status() != 201 {
        return Err(refusal(&answer, context, &request));
    }
    let token = answer.captured("token")?;
    let made = read(&answer).filter(|(made, _)| {
        let fits = asked.is_empty() || !made.permissions.beyond(&asked);
        fits && repositories
            .as_ref()
            .is_none_or(|asked| made.is_within(asked))
    });
    let Some((made, expires_at_ms)) = made else {
        // Nobody gets it. Whatever comes of that, it ends within the hour.
        let ended = match revoke(context, token) {
            Ok(_) => "it is revoked",
            Err(_) => "it ends by itself within the hour",
        };
        return Err(Failure::unreachable(format!(
            "GitHub made a token that may do more than was asked for, or doesn't say what it may do; {ended}"
        )));
    };
    let issued = Issued {
        scopes: made.permissions.of(request.scopes),
        expires_at_ms: Some(expires_at_ms),
        ..Issued::default()
    };
    let permissions = made.permissions.scopes().join(", ");
    let issued = issued
        .with_field("token", token)
        .with_detail("permissions", permissions);
    Ok(match made.repository_selection {
        Some(selection) => issued.with_detail("repositories", selection),
        None => issued,
    })
}

/// A token ends itself. One that GitHub doesn't know is gone.
pub fn revoke(context: &Context, token: &str) -> Result<Outcome, Failure> {
    let request = api::request("DELETE", "/installation/token").bearer(token);
    let answer = request.send().map_err(|failure| {
        // To end it once more is the same as to end it once.
        if failure.code == "unknown-outcome" {
            Failure::unreachable(failure.message)
        } else {
            failure
        }
    })?;
    match answer.status() {
        204 => Ok(Outcome::Revoked),
        401 | 404 if is_githubs(&answer) => Ok(Outcome::AlreadyGone),
        _ => Err(api::failure(&answer, context)),
    }
}

/// A proxy on the way may answer 401 or 404 too, and the token would live on.
fn is_githubs(answer: &Response) -> bool {
    answer
        .json::<Value>()
        .is_ok_and(|body| body["message"].is_string())
}

fn read(answer: &Response) -> Option<(Made, u64)> {
    let made: Made = answer.json().ok()?;
    let expires = time::rfc3339_ms(&made.expires_at)?;
    Some((made, expires))
}

fn refusal(answer: &Response, context: &Context, request: &Request) -> Failure {
    let failure = api::failure(answer, context);
    match failure.code.as_str() {
        "invalid-input" => failure
            .with_detail("scopes", request.scopes.join(", "))
            .with_detail(
                "repositories",
                request.parameter("repositories").unwrap_or("all"),
            ),
        // GitHub was in the middle of it: a token may have been made, which nobody has.
        "unreachable" if answer.status() >= 500 || answer.status() < 300 => {
            Failure::unknown_outcome(failure.message)
        }
        _ => failure,
    }
}

/// The repositories that are asked for. An empty list would mean all of them to GitHub, so it is refused.
fn repositories(request: &Request) -> Result<Option<Vec<&str>>, Failure> {
    if let Some(other) = request
        .parameters
        .iter()
        .find(|it| it.key != "repositories")
    {
        return Err(Failure::invalid_input(format!(
            "GitHub issues with the parameter `repositories`, and not with `{}`",
            other.key
        )));
    }
    let Some(text) = request.parameter("repositories") else {
        return Ok(None);
    };
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_name = |name: &&str| (1..=100).contains(&name.len()) && name.bytes().all(plain);
    if !names.iter().all(is_name) {
        return Err(Failure::invalid_input(
            "`repositories` are names with commas between them, without their owner: `site, docs`",
        ));
    }
    if names.len() > MOST_REPOSITORIES {
        return Err(Failure::invalid_input(format!(
            "`repositories` are at most {MOST_REPOSITORIES}"
        )));
    }
    Ok(Some(names))
}

impl Made {
    /// Whether the token is for no other repositories than these.
    fn is_within(&self, asked: &[&str]) -> bool {
        let is_asked =
            |made: &Repository| asked.iter().any(|it| made.name.eq_ignore_ascii_case(it));
        self.repository_selection.as_deref() != Some("all")
            && self.repositories.iter().all(is_asked)
    }
}
