//! What a test tells a guest to do, step by step.
//!
//! A script is a JSON array of steps, done in order. A step either sends a request:
//!
//! ```json
//! { "name": "one", "method": "POST", "url": "https://upstream.example/json",
//!   "headers": [["content-type", "application/json"]], "body": "{\"auth\":{\"key\":\"{secret}\"}}",
//!   "captures": [["token", "json-pointer", "/token"]], "timeout-ms": 500,
//!   "signature": { "scheme": "aws-sigv4", "secret": "{signing_key}", "parameters": [["region", "eu-west-1"]] } }
//! ```
//!
//! or signs: `{ "name": "two", "sign": "{signing_key}", "scheme": "hmac-sha256", "encoding": "hex", "message": "text" }`.
//! All but `name` and `url`, or `name` and `sign`, may be left out; `method` is then `GET`.
//!
//! In every text of a step these stand for something else: `{secret}`, `{second}`, … (any field of the credential: a
//! secret field's stand-in, a text field's text), `{connection.<field>}`, `{captured.<capture>}`, `{signed.<step>}`; each
//! may be transformed: `{secret|base64}`, `{secret|percent}`, `{secret|reverse}`, `{secret|upper}`, `{secret|half}`, and
//! `{secret|basic}`, which is the base64 of `user:` and the value.
//!
//! The report's details tell what came of each step: `<name>.status`, `<name>.body`, `<name>.header.<header>`,
//! `<name>.captured.<capture>`, `<name>.signed`, or `<name>.failure` (the code), `<name>.message` and
//! `<name>.retry-after-ms`. The guest itself fails only when the script isn't one.

use claviger_sdk::http::{CaptureSource, Request, Response, Signature, percent};
use claviger_sdk::{Attribute, Context, Credential, Failure, Report, signing};
use serde::Deserialize;

/// One step.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// Sends a request.
    Send(Send),
    /// Signs a message.
    Sign(Sign),
}

/// A request to send.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Send {
    name: String,
    #[serde(default)]
    method: Option<String>,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    captures: Vec<(String, String, String)>,
    #[serde(default)]
    timeout_ms: Option<u32>,
    #[serde(default)]
    signature: Option<SignatureStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureStep {
    scheme: String,
    secret: String,
    #[serde(default)]
    parameters: Vec<(String, String)>,
}

/// A message to sign.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    name: String,
    #[serde(rename = "sign")]
    key: String,
    scheme: String,
    encoding: String,
    message: String,
}

/// Does the steps, and adds to the report what came of each.
pub fn run(steps: Vec<Step>, words: &mut Words, mut report: Report) -> Result<Report, Failure> {
    for step in steps {
        report = match step {
            Step::Send(step) => step.run(words, report)?,
            Step::Sign(step) => step.run(words, report)?,
        };
    }
    Ok(report)
}

impl Send {
    fn run(self, words: &mut Words, report: Report) -> Result<Report, Failure> {
        let name = &self.name;
        let method = words.fill(self.method.as_deref().unwrap_or("GET"));
        let mut request = Request::new(&method, words.fill(&self.url));
        for (header, value) in &self.headers {
            request = request.header(&words.fill(header), words.fill(value));
        }
        for (capture, kind, source) in &self.captures {
            request = request.capture(capture, capture_source(kind, source.clone())?);
        }
        if let Some(body) = &self.body {
            request = request.body(words.fill(body));
        }
        if let Some(timeout) = self.timeout_ms {
            request = request.timeout_ms(timeout);
        }
        if let Some(signature) = &self.signature {
            let parameters = signature.parameters.iter();
            let parameters = parameters.map(|(key, value)| Attribute {
                key: key.clone(),
                value: words.fill(value),
            });
            request = request.signed(Signature {
                scheme: signature.scheme.clone(),
                secret: words.fill(&signature.secret),
                parameters: parameters.collect(),
            });
        }
        Ok(match request.send() {
            Ok(answer) => answered(name, &answer, &self.captures, words, report),
            Err(failure) => failed(name, failure, report),
        })
    }
}

impl Sign {
    fn run(self, words: &mut Words, report: Report) -> Result<Report, Failure> {
        let encoding = match self.encoding.as_str() {
            "base64" => signing::Encoding::Base64,
            "base64url" => signing::Encoding::Base64url,
            "hex" => signing::Encoding::Hex,
            other => return Err(Failure::invalid_input(format!("no such encoding: {other}"))),
        };
        let message = words.fill(&self.message).into_bytes();
        Ok(
            match signing::sign(&words.fill(&self.key), &self.scheme, encoding, &message) {
                Ok(signed) => {
                    words.learn(format!("signed.{}", self.name), signed.clone());
                    report.with_detail(&format!("{}.signed", self.name), signed)
                }
                Err(failure) => failed(&self.name, failure, report),
            },
        )
    }
}

fn answered(
    name: &str,
    answer: &Response,
    captures: &[(String, String, String)],
    words: &mut Words,
    report: Report,
) -> Report {
    let mut report = report
        .with_detail(&format!("{name}.status"), answer.status().to_string())
        .with_detail(
            &format!("{name}.body"),
            String::from_utf8_lossy(answer.body()),
        );
    for (header, value) in answer.headers() {
        report = report.with_detail(&format!("{name}.header.{header}"), value);
    }
    for (capture, _, _) in captures {
        if let Ok(stand_in) = answer.captured(capture) {
            words.learn(format!("captured.{capture}"), stand_in.to_owned());
            report = report.with_detail(&format!("{name}.captured.{capture}"), stand_in);
        }
    }
    report
}

fn failed(name: &str, failure: Failure, report: Report) -> Report {
    let report = report
        .with_detail(&format!("{name}.failure"), failure.code)
        .with_detail(&format!("{name}.message"), failure.message);
    match failure.retry_after_ms {
        Some(wait) => report.with_detail(&format!("{name}.retry-after-ms"), wait.to_string()),
        None => report,
    }
}

fn capture_source(kind: &str, source: String) -> Result<CaptureSource, Failure> {
    match kind {
        "json-pointer" => Ok(CaptureSource::JsonPointer(source)),
        "pattern" => Ok(CaptureSource::Pattern(source)),
        "header" => Ok(CaptureSource::Header(source)),
        other => Err(Failure::invalid_input(format!(
            "no such capture source: {other}"
        ))),
    }
}

/// What stands for what in a script.
pub struct Words(Vec<(String, String)>);

impl Words {
    /// The fields of the credential, and of the connection where there is one.
    #[must_use]
    pub fn of(context: &Context, credential: &Credential) -> Self {
        let own = credential
            .fields
            .iter()
            .map(|field| (field.key.clone(), field.value.clone()));
        let connection = context
            .connection
            .iter()
            .flat_map(|connection| &connection.fields);
        let connection =
            connection.map(|field| (format!("connection.{}", field.key), field.value.clone()));
        Self(
            own.chain(connection)
                .filter(|(name, _)| name != "script")
                .collect(),
        )
    }

    /// One more word.
    pub fn learn(&mut self, name: String, value: String) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value));
    }

    /// A text with what its words stand for.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.0 {
            filled = filled.replace(&format!("{{{name}}}"), value);
            for (transformation, transform) in TRANSFORMATIONS {
                let word = format!("{{{name}|{transformation}}}");
                if filled.contains(&word) {
                    filled = filled.replace(&word, &transform(value));
                }
            }
        }
        filled
    }
}

type Transform = fn(&str) -> String;

const TRANSFORMATIONS: [(&str, Transform); 6] = [
    ("base64", |value| {
        claviger_sdk::http::base64(value.as_bytes())
    }),
    ("basic", |value| {
        claviger_sdk::http::base64(format!("user:{value}").as_bytes())
    }),
    ("percent", percent),
    ("reverse", |value| value.chars().rev().collect()),
    ("upper", str::to_ascii_uppercase),
    ("half", |value| value[..value.len() / 2].to_owned()),
];
