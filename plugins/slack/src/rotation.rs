//! New tokens for an app with token rotation (docs.slack.dev, "Using token rotation").
//!
//! A refresh token is good for one `oauth.v2.access`, which answers with the next pair. So the plugin sends that one request
//! and never a second: where its answer is lost, or isn't one, nobody knows whether the refresh token is spent. The access
//! token before goes on working until its twelve hours are over, and ends by itself. `auth.revoke` would end it at once,
//! and with it the app's whole authorization in the workspace: it is never called.

use claviger_sdk::http::{self, CaptureSource, Response};
use claviger_sdk::{Context, Credential, Failure, Recovery, Replacement, Rotation};
use serde::Deserialize;

use crate::Slack;

/// What `oauth.v2.access` answers, save the tokens, which the host has taken out.
#[derive(Deserialize)]
struct Refreshed {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
    /// In seconds from now.
    #[serde(default)]
    expires_in: Option<u64>,
    /// `bot` or `user`.
    #[serde(default)]
    token_type: Option<String>,
}

impl Rotation for Slack {
    fn create(context: Context, current: Credential) -> Result<Replacement, Failure> {
        let Some(refresh_token) = current.field("refresh_token") else {
            return Err(cannot_rotate(&current));
        };
        let answer = http::post("https://slack.com/api/oauth.v2.access")
            .form(&[
                ("client_id", current.secret("client_id")?),
                ("client_secret", current.secret("client_secret")?),
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token),
            ])
            .capture("bot_token", from("/access_token"))
            .capture("refresh_token", from("/refresh_token"))
            // Given up in time to say so.
            .timeout_ms(context.deadline_ms / 10 * 9)
            .send()?;
        let refreshed = read(&answer, &context)?;
        let replacement = Replacement {
            expires_at_ms: refreshed
                .expires_in
                .map(|seconds| context.now_ms.saturating_add(seconds.saturating_mul(1000))),
            ..Replacement::default()
        };
        let replacement = replacement
            .with_field("bot_token", answer.captured("bot_token")?)
            .with_field("refresh_token", answer.captured("refresh_token")?);
        Ok(match refreshed.token_type {
            Some(token) => replacement.with_detail("token-type", token),
            None => replacement,
        })
    }

    fn retire(_: Context, _: Credential) -> Result<(), Failure> {
        Ok(())
    }
}

impl Recovery for Slack {
    fn abandon(_: Context, _: Credential) -> Result<(), Failure> {
        Err(Failure::unsupported(
            "Slack takes a refresh token once and can't give it back; if no token works any more, install the app again",
        ))
    }
}

fn from(pointer: &str) -> CaptureSource {
    CaptureSource::JsonPointer(pointer.to_owned())
}

fn cannot_rotate(current: &Credential) -> Failure {
    Failure::unsupported(if current.field("client_secret").is_some() {
        "Slack rotates only the tokens of an app with token rotation: turn it on for the app, exchange the token once \
         (oauth.v2.exchange) and store the refresh token with it, or bring the new token"
    } else {
        "Slack can't rotate this token: bring the new one, or turn token rotation on for the app and store its client_id, \
         client_secret and refresh_token"
    })
}

/// The answer where Slack gave new tokens, or why it didn't. Whatever may have spent the refresh token is
/// `unknown-outcome`.
fn read(answer: &Response, context: &Context) -> Result<Refreshed, Failure> {
    match answer.status() {
        200..=299 => {}
        status @ 500.. => {
            return Err(unknown(&format!("HTTP {status}")));
        }
        _ => return Err(answer.unexpected(context)),
    }
    let refreshed: Refreshed = answer
        .json()
        .map_err(|_| unknown("the answer isn't Slack's"))?;
    if refreshed.ok {
        return Ok(refreshed);
    }
    let code = refreshed.error.as_deref().unwrap_or("no code");
    Err(failure(code, answer, context).with_detail("provider-code", code))
}

fn failure(code: &str, answer: &Response, context: &Context) -> Failure {
    match code {
        "invalid_refresh_token" | "token_revoked" | "token_expired" | "invalid_auth" => {
            Failure::rejected(format!(
                "Slack says that the refresh token is not valid: it is spent or was revoked ({code})"
            ))
        }
        "bad_client_secret" | "invalid_client_id" | "invalid_client" => Failure::rejected(format!(
            "Slack says that client_id and client_secret are not the app's ({code})"
        )),
        "account_inactive" | "team_not_found" => Failure::rejected(format!(
            "Slack says that the app's account or workspace is gone ({code})"
        )),
        "access_denied"
        | "accesslimited"
        | "ekm_access_denied"
        | "enterprise_is_restricted"
        | "no_permission"
        | "not_allowed_token_type"
        | "org_login_required"
        | "team_access_not_granted"
        | "token_rotation_not_enabled" => {
            Failure::restricted(format!("Slack does not allow this app to refresh ({code})"))
        }
        "ratelimited" | "rate_limited" => {
            Failure::rate_limited("Slack: too many requests", answer.retry_after_ms(context))
        }
        // Told before anything is looked at.
        "request_timeout" | "service_unavailable" | "team_added_to_org" => {
            Failure::unreachable(format!("Slack could not refresh the token now ({code})"))
        }
        "invalid_grant_type" | "invalid_arguments" | "invalid_form_data" | "missing_post_type" => {
            Failure::invalid_input(format!("Slack does not understand the request ({code})"))
        }
        // Of `internal_error` and `fatal_error` Slack itself says that some of it may have happened.
        _ => unknown(code),
    }
}

fn unknown(what: &str) -> Failure {
    Failure::unknown_outcome(format!(
        "Slack may have refreshed the token and did not say so ({what})"
    ))
}
