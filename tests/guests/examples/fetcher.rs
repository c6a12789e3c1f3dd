//! Sends what a test tells it to, as `sender` does, but with `wasi:http` as a language's own client does.
//!
//! The credential's text field `script` is a JSON array of groups, done in order; the requests of a group are under way at
//! the same time:
//!
//! ```json
//! [[{ "name": "one", "method": "POST", "url": "https://upstream.example/json",
//!     "headers": [["content-type", "application/json"]], "body": "{\"auth\":{\"key\":\"{secret}\"}}",
//!     "timeout-ms": 500, "filler": 1000, "give-up": true }]]
//! ```
//!
//! All but `name` and `url` may be left out. With `filler` so many bytes of `x` follow the body, and one with `give-up` is
//! given up once the others of its group have an answer. What stands for what is in `claviger_guests::words`.
//!
//! The report's details tell what came of each: `<name>.status`, `<name>.body`, `<name>.size` of the body,
//! `<name>.header.<header>`, `<name>.captured.<capture>`, or `<name>.failure`.
//!
//! Where its secrets may go is in `sender.json`.

use claviger_guests::script::Words;
use claviger_sdk::{Context, Credential, Failure, Report, Validation};
use fetch::{Fetch, Fetched, UnderWay};
use serde::Deserialize;

#[path = "fetcher/fetch.rs"]
mod fetch;

struct Fetcher;

claviger_sdk::export!(Fetcher, manifest: "sender.json", capabilities: [validation]);

/// What of a body goes into the report, in bytes.
const SHOWN: usize = 2000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Step {
    name: String,
    #[serde(default)]
    method: Option<String>,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    filler: usize,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    give_up: bool,
}

impl Validation for Fetcher {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let script = credential.field("script").unwrap_or("[]");
        let groups: Vec<Vec<Step>> = serde_json::from_str(script)
            .map_err(|error| Failure::invalid_input(format!("the script is none: {error}")))?;
        let mut words = Words::of(&context, &credential);
        let mut report = Report::default();
        for group in groups {
            let under_way: Vec<_> = group.iter().map(|step| step.start(&words)).collect();
            let mut given_up = Vec::new();
            for (step, under_way) in group.iter().zip(under_way) {
                if step.give_up {
                    given_up.push(under_way);
                    continue;
                }
                report = match under_way.and_then(UnderWay::finish) {
                    Ok(fetched) => answered(&step.name, &fetched, &mut words, report),
                    Err(error) => report.with_detail(&format!("{}.failure", step.name), error),
                };
            }
        }
        Ok(report)
    }
}

impl Step {
    fn start(&self, words: &Words) -> Result<UnderWay, String> {
        let mut body = words.fill(&self.body).into_bytes();
        body.resize(body.len() + self.filler, b'x');
        let header = |(name, value): &(String, String)| (words.fill(name), words.fill(value));
        let fetch = Fetch {
            method: words.fill(self.method.as_deref().unwrap_or("GET")),
            url: words.fill(&self.url),
            headers: self.headers.iter().map(header).collect(),
            body,
            timeout_ms: self.timeout_ms,
        };
        fetch.start()
    }
}

fn answered(name: &str, answer: &Fetched, words: &mut Words, report: Report) -> Report {
    let body = &answer.body[..answer.body.len().min(SHOWN)];
    let mut report = report
        .with_detail(&format!("{name}.status"), answer.status.to_string())
        .with_detail(&format!("{name}.size"), answer.body.len().to_string())
        .with_detail(&format!("{name}.body"), String::from_utf8_lossy(body));
    for (header, value) in &answer.headers {
        report = report.with_detail(&format!("{name}.header.{header}"), value);
        let captured = value
            .split_once('=')
            .filter(|_| header == "claviger-captured");
        if let Some((capture, stand_in)) = captured {
            words.learn(format!("captured.{capture}"), stand_in.to_owned());
            report = report.with_detail(&format!("{name}.captured.{capture}"), stand_in);
        }
    }
    report
}
