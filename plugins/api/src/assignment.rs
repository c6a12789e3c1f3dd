//! A new key, set by the service's own webhook.
//!
//! `rotation_webhook` gets a `POST` with the current key in its header and the JSON
//! `{"value": "<the new key>", "idempotency_key": "<the same for each repeat>"}`. A 2xx means that the new key is set; it has
//! to work from then on. Where an answer gets lost the same request comes again. A service that has set the key by then may
//! answer 401 to the old one: it is asked once more with the new one in the header, and a 2xx to that says that it is set.

use claviger_sdk::http::{self, Response};
use claviger_sdk::{Assignment, Context, Credential, Failure};
use serde_json::json;

use crate::Api;
use crate::header::with_key;

impl Assignment for Api {
    fn assign(context: Context, current: Credential, proposed: Credential) -> Result<(), Failure> {
        let url = current.field("rotation_webhook").ok_or_else(|| {
            Failure::unsupported(
                "nobody knows how to set a new key: bring the new value, or store the credential with a rotation_webhook",
            )
        })?;
        let tell = |known: &Credential| -> Result<Response, Failure> {
            let told = json!({
                "value": proposed.secret("api_key")?,
                "idempotency_key": context.idempotency_key,
            });
            // Half of the time each, so that the second one can be told of, too.
            let request = http::post(url)
                .json(&told)
                .timeout_ms(context.deadline_ms / 10 * 4);
            with_key(request, &current, known)?.send()
        };
        let mut answer = tell(&current)?;
        if answer.status() == 401 {
            answer = tell(&proposed)?;
        }
        read(&answer, &context)
    }
}

fn read(answer: &Response, context: &Context) -> Result<(), Failure> {
    match answer.status() {
        200..=299 => Ok(()),
        401 => Err(Failure::rejected(
            "the webhook takes neither the current key nor the new one (HTTP 401)",
        )),
        403 => Err(Failure::restricted(
            "the webhook knows the key and does not allow it to set a new one (HTTP 403)",
        )),
        404 | 410 => Err(Failure::not_found(
            "there is no such webhook at the service",
        )),
        409 => Err(Failure::conflict(
            "the service can't set a key now (HTTP 409)",
        )),
        status @ (400 | 413 | 415 | 422) => Err(Failure::invalid_input(format!(
            "the webhook does not take the new key (HTTP {status})"
        ))),
        status @ 500.. => Err(Failure::unknown_outcome(format!(
            "the service may have set the new key and did not say so (HTTP {status})"
        ))),
        _ => Err(answer.unexpected(context)),
    }
}
