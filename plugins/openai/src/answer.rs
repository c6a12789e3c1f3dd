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

/// What the answer says of the key that it was asked with.
pub fn read(answer: &Response, context: &Context) -> Result<Report, Failure> {
    if answer.status() == 200 {
        return answer.json::<Good>().map(|_| report(answer));
    }
    match code(answer) {
        // The key is good and its account is out of credit: more requests would not help, another key would not either.
        Some(code) if answer.status() == 429 && code == "insufficient_quota" => {
            let report = Report {
                quota_remaining: Some(0),
                ..report(answer)
            };
            Ok(report
                .with_detail("provider-code", code)
                .with_detail("quota", "the account is out of credit"))
        }
        _ => Err(refusal(answer, answer.unexpected(context))),
    }
}

/// Why OpenAI refused what it was asked for. What isn't a refusal of its own is `otherwise`.
pub fn refusal(answer: &Response, otherwise: Failure) -> Failure {
    // A proxy on the way may answer 401 too; only OpenAI's own words are held against a key.
    let Ok(Bad { error }) = answer.json::<Bad>() else {
        return otherwise;
    };
    let code = error.code.as_deref().unwrap_or("no code");
    let failure = match (answer.status(), code) {
        (401 | 403, "ip_not_authorized") => Failure::restricted(
            "OpenAI takes this key only from other addresses than this server's",
        ),
        (401 | 403, _)
            if error
                .message
                .to_ascii_lowercase()
                .contains("missing scopes") =>
        {
            Failure::restricted("OpenAI knows the key, which lacks the permission for this")
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
        _ => otherwise,
    };
    failure.with_detail("provider-code", code)
}

/// Whether OpenAI itself says that there is no such thing.
pub fn is_gone(answer: &Response) -> bool {
    answer.status() == 404 && answer.json::<Bad>().is_ok()
}

fn code(answer: &Response) -> Option<String> {
    answer.json::<Bad>().ok()?.error.code
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
