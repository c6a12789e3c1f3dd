//! Slack: checks an app's tokens, and rotates those of an app with token rotation.
//!
//! The bot token is checked with `auth.test`, which needs no scope. An app-level token has one cheap check:
//! `apps.connections.open` makes an address for Socket Mode, which costs nothing as long as nobody connects to it. Slack
//! has no way to ask whether a signing secret, a client secret or a refresh token is right.

mod answer;
mod rotation;

use claviger_sdk::http::{self, Response};
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

use answer::{Token, read};

struct Slack;

claviger_sdk::export!(Slack, manifest: "../manifest.json", capabilities: [validation, rotation, recovery]);

impl Validation for Slack {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let answer = ask("auth.test", credential.secret("bot_token")?)?;
        let report = read(Token::Bot, &answer, &context)?.report(&answer);
        let Some(token) = credential.field("app_token") else {
            return Ok(report);
        };
        let checked = ask("apps.connections.open", token)
            .and_then(|answer| read(Token::App, &answer, &context));
        match checked {
            Ok(_) => Ok(report.with_detail("app-token", "valid")),
            Err(failure) if failure.code == "rejected" => Err(failure),
            // The bot token is good, and nothing is known against the other one.
            Err(failure) => Ok(report.with_detail(
                "app-token",
                format!("{}: {}", failure.code, failure.message),
            )),
        }
    }
}

fn ask(method: &str, token: &str) -> Result<Response, Failure> {
    http::post(format!("https://slack.com/api/{method}"))
        .bearer(token)
        .form(&[])
        .send()
}
