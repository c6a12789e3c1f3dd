//! Any HTTP service: everything about it is a text field of the credential.
//!
//! `test_url` is asked whether the key works, with `test_method` (`GET` unless said). 401 means that it doesn't, 403 that it
//! does and may not do this, `test_status` (any 2xx unless said) that it does; nothing else says anything of the key. The
//! key stands in `header` (`authorization`), as `header_template` writes it: `Bearer {value}` in `authorization`, `{value}`
//! in any other header. `rotation_webhook` is told a new key; see [`assignment`].

mod assignment;
mod header;

use claviger_sdk::http::Request;
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

use header::with_key;

struct Api;

claviger_sdk::export!(Api, manifest: "../manifest.json", capabilities: [validation, assignment]);

impl Validation for Api {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let url = credential.field("test_url").ok_or_else(|| {
            Failure::unsupported("nobody knows how to test it: the credential has no test_url")
        })?;
        let request = Request::new(credential.field("test_method").unwrap_or("GET"), url)
            // Given up in time to say so.
            .timeout_ms(context.deadline_ms / 10 * 9);
        let answer = with_key(request, &credential, &credential)?.send()?;
        let status = answer.status();
        let expected = match credential.field("test_status") {
            Some(expected) => status.to_string() == expected,
            None => (200..=299).contains(&status),
        };
        match status {
            401 => Err(Failure::rejected(
                "the service says that the key is not valid (HTTP 401)",
            )),
            403 => Err(Failure::restricted(
                "the service knows the key and does not allow it this (HTTP 403)",
            )),
            429 => Err(answer.unexpected(&context)),
            _ if expected => Ok(Report::default().with_detail("status", status.to_string())),
            _ => Err(answer.unexpected(&context)),
        }
    }
}
