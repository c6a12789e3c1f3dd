//! What Anthropic's answers say of a key (platform.claude.com, "Errors").

use claviger_sdk::http::Response;
use claviger_sdk::{Context, Failure, Report};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A list, as far as it shows that it is Anthropic who answered.
#[derive(Deserialize)]
struct Models {
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

/// What the answer says of the key.
pub fn read(answer: &Response, context: &Context) -> Result<Report, Failure> {
    if answer.status() == 200 {
        return answer.json::<Models>().map(|_| report(answer));
    }
    // A proxy on the way may answer 401 too; only Anthropic's own words are held against a key.
    let Ok(Bad { error }) = answer.json::<Bad>() else {
        return Err(answer.unexpected(context));
    };
    let failure = match (answer.status(), error.kind.as_str()) {
        (401, "authentication_error") => {
            Failure::rejected("Anthropic says that the key is not valid")
        }
        // The key is good; its account owes something.
        (402, _) => {
            let report = Report {
                quota_remaining: Some(0),
                ..report(answer)
            };
            let report = report.with_detail("provider-code", error.kind);
            return Ok(report.with_detail("quota", "the account has a problem with its billing"));
        }
        (403, "permission_error") => {
            Failure::restricted("Anthropic knows the key and does not allow it to list models")
        }
        (529, _) => Failure {
            retry_after_ms: answer.retry_after_ms(context),
            ..Failure::unreachable("HTTP 529: Anthropic is overloaded")
        },
        _ => answer.unexpected(context),
    };
    Err(failure.with_detail("provider-code", error.kind))
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
