//! Plugins that the tests drive: hostile ones, broken ones, and a few that do what the test tells them.
//!
//! Each example of this crate is one component, made with the same SDK as real plugins. `tests/bundle` builds them all and
//! gives the tests their bytes. What they share is here: a manifest that asks for one origin, `https://upstream.example`,
//! with one kind, `test`, whose secret field `secret` goes into the header `authorization` of `/allowed`.

pub mod script;

use claviger_sdk::http::Response;
use claviger_sdk::{Failure, Report};

/// The one origin that guests are granted.
pub const UPSTREAM: &str = "https://upstream.example";

/// The manifest of a guest that asks for [`UPSTREAM`] alone.
#[must_use]
pub fn manifest(name: &str) -> String {
    manifest_asking(name, &[])
}

/// The manifest of a guest that asks for more origins. Of kind `test` are the fields `secret` and, as text, `what`, with
/// which tests tell a guest what to do.
#[must_use]
pub fn manifest_asking(name: &str, origins: &[&str]) -> String {
    let origins: Vec<String> = [UPSTREAM]
        .iter()
        .chain(origins)
        .map(|origin| format!("{origin:?}"))
        .collect();
    format!(
        r#"{{
            "name": "{name}",
            "version": "0.1.0",
            "description": "A test plugin.",
            "origins": [{origins}],
            "kinds": [{{
                "name": "test",
                "label": "Test",
                "fields": [
                    {{
                        "name": "secret", "label": "Secret", "secret": true, "required": true,
                        "places": [{{
                            "origin": "{UPSTREAM}", "methods": ["GET", "POST"], "path-prefix": "/allowed",
                            "at": "header:authorization"
                        }}]
                    }},
                    {{ "name": "what", "label": "What to do" }}
                ]
            }}]
        }}"#,
        origins = origins.join(", ")
    )
}

/// What came of a request, in a line: `200 body`, or `denied: why`.
#[must_use]
pub fn outcome(result: &Result<Response, Failure>) -> String {
    match result {
        Ok(answer) => format!(
            "{} {}",
            answer.status(),
            String::from_utf8_lossy(answer.body())
        ),
        Err(failure) => format!("{}: {}", failure.code, failure.message),
    }
}

/// A report of one detail per attempt.
#[must_use]
pub fn report(attempts: impl IntoIterator<Item = (String, String)>) -> Report {
    attempts
        .into_iter()
        .fold(Report::default(), |report, (key, value)| {
            report.with_detail(&key, value)
        })
}

/// Makes a type a plugin that validates, with a manifest made at run time.
#[macro_export]
macro_rules! guest {
    ($guest:ident, $manifest:expr) => {
        impl claviger_sdk::manifest::Describe for $guest {
            fn describe() -> String {
                $manifest
            }
        }
        claviger_sdk::bindings::manifest::export!($guest with_types_in claviger_sdk::bindings::manifest);
        claviger_sdk::bindings::validation::export!($guest with_types_in claviger_sdk::bindings::validation);
    };
}
