//! What Anthropic's answers say of a key (platform.claude.com, "Errors").

use claviger_sdk::http::Response;
use claviger_sdk::{Context, Failure, Report};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A list of models or keys, as far as it shows that it is Anthropic who answered.
#[derive(Deserialize)]
struct List {
    #[serde(rename = "data")]
    _data: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Bad {
    error: Problem,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
}

/// What the answer says of the key that it was asked with.
pub fn read(answer: &Response, context: &Context) -> Result<Report, Failure> {
    if answer.status() == 200 {
        return answer.json::<List>().map(|_| report(answer));
    }
    match answer.json::<Bad>() {
        // The key is good; its account owes something.
        Ok(Bad { error }) if answer.status() == 402 => {
            let report = Report {
                quota_remaining: Some(0),
                ..report(answer)
            };
            let report = report.with_detail("provider-code", error.kind);
            Ok(report.with_detail("quota", "the account has a problem with its billing"))
        }
        _ => Err(refusal(answer, answer.unexpected(context))),
    }
}

/// Why Anthropic refused what it was asked for. What isn't a refusal of its own is `otherwise`.
pub fn refusal(answer: &Response, otherwise: Failure) -> Failure {
    // A proxy on the way may answer 401 too; only Anthropic's own words are held against a key.
    let Ok(Bad { error }) = answer.json::<Bad>() else {
        return otherwise;
    };
    let failure = match (answer.status(), error.kind.as_str()) {
        (401, "authentication_error") => {
            Failure::rejected("Anthropic says that the key is not valid")
        }
        (403, "permission_error") => {
            Failure::restricted("Anthropic knows the key and does not allow it this")
        }
        _ => otherwise,
    };
    failure.with_detail("provider-code", error.kind)
}

/// Whether Anthropic itself says that there is no such thing.
pub fn is_gone(answer: &Response) -> bool {
    let kind = problem(answer);
    answer.status() == 404 && kind.as_deref() == Some("not_found_error")
}

/// The type of the error, where it is one of Anthropic's own.
pub fn problem(answer: &Response) -> Option<String> {
    Some(answer.json::<Bad>().ok()?.error.kind)
}

fn report(answer: &Response) -> Report {
    let remaining = answer
        .header("anthropic-ratelimit-requests-remaining")
        .and_then(|count| count.parse().ok());
    let report = Report {
        account: answer
            .header("anthropic-organization-id")
            .map(str::to_owned),
        rate_limit_remaining: remaining,
        ..Report::default()
    };
    match answer.header("request-id") {
        Some(id) => report.with_detail("request-id", id),
        None => report,
    }
}
