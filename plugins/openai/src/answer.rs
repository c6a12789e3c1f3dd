//! What OpenAI's answers say of a key (platform.openai.com, "Error codes").
//!
//! OpenAI puts a masked copy of the key into its error messages, so none of its texts is passed on: only its codes are.

use claviger_sdk::http::Response;
use claviger_sdk::{Context, Failure, Report};
use serde::Deserialize;

/// The shape of every good answer, as far as it shows that it is OpenAI who answered.
#[derive(Deserialize)]
struct Good {
    #[serde(rename = "object")]
    _object: String,
}

#[derive(Deserialize)]
struct Bad {
    error: Problem,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: String,
}

/// What the answer says of the key.
pub fn read(answer: &Response, context: &Context) -> Result<Report, Failure> {
    if answer.status() == 200 {
        return answer.json::<Good>().map(|_| report(answer));
    }
    // A proxy on the way may answer 401 too; only OpenAI's own words are held against a key.
    let Ok(Bad { error }) = answer.json::<Bad>() else {
        return Err(answer.unexpected(context));
    };
    let code = error.code.as_deref().unwrap_or("no code");
    let failure = match (answer.status(), code) {
        // The key is good and its account is out of credit: more requests would not help, another key would not either.
        (429, "insufficient_quota") => {
            let report = Report {
                quota_remaining: Some(0),
                ..report(answer)
            };
            return Ok(report
                .with_detail("provider-code", code)
                .with_detail("quota", "the account is out of credit"));
        }
        (401 | 403, "ip_not_authorized") => Failure::restricted(
            "OpenAI takes this key only from other addresses than this server's",
        ),
        (401 | 403, _)
            if error
                .message
                .to_ascii_lowercase()
                .contains("missing scopes") =>
        {
            Failure::restricted(
                "OpenAI knows the key, which lacks the permission to list what it is checked with",
            )
        }
        (401, _) => Failure::rejected(format!("OpenAI says that the key is not valid ({code})")),
        // It is this server that OpenAI doesn't serve, whatever the key.
        (403, "unsupported_country_region_territory") => {
            Failure::unreachable("OpenAI does not serve the country that this server is in")
        }
        (403, _) => Failure::restricted(format!(
            "OpenAI knows the key and does not allow it this ({code})"
        )),
        (404, _) => Failure::restricted("OpenAI knows the key, but it has no such project"),
        _ => answer.unexpected(context),
    };
    Err(failure.with_detail("provider-code", code))
}

fn report(answer: &Response) -> Report {
    let remaining = answer
        .header("x-ratelimit-remaining-requests")
        .and_then(|count| count.parse().ok());
    let report = Report {
        account: answer.header("openai-organization").map(str::to_owned),
        rate_limit_remaining: remaining,
        ..Report::default()
    };
    match answer.header("x-request-id") {
        Some(id) => report.with_detail("request-id", id),
        None => report,
    }
}
