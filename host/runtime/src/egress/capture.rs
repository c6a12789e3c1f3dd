//! Takes new secrets out of an answer before the guest sees it.
//!
//! It works on what the scrubber left. An answer that echoes a stored secret has a stand-in in its place by then, so no
//! pattern can be made to tell something about that secret.

use rand::CryptoRng;
use serde_json::Value;
use zeroize::Zeroizing;

use super::failure::SendFailure;
use super::keyring::{Keyring, Source};
use super::path;
use super::request::{Capture, Parsed};
use super::response::InboundResponse;
use super::rules::EgressRules;
use crate::manifest::{CaptureRule, CaptureSource};
use crate::secret::Secret;

/// The shortest value that is taken out: anything shorter would be ordinary text in the next answer.
const SHORTEST: usize = 8;

/// The longest value that is taken out, in bytes.
const LONGEST: usize = 64 * 1024;

/// Refuses captures that the manifest doesn't declare for this origin, method and path.
pub(crate) fn check(
    request: &[Capture],
    parsed: &Parsed,
    keyring: &Keyring,
    rules: &EgressRules,
) -> Result<(), SendFailure> {
    for capture in request {
        let declared = |rule: &CaptureRule| {
            rule.name == capture.name
                && rule.source == capture.source
                && rule.methods.contains(parsed.method.as_str())
                && EgressRules::means(&rule.origin, &parsed.origin, keyring)
                && path::is_below(parsed.url.path(), &rule.path_prefix)
        };
        if !rules.captures.iter().any(declared) {
            return Err(SendFailure::denied(format!(
                "the capture `{}` is not declared with this source for {} of this origin and path",
                capture.name, parsed.method
            )));
        }
    }
    Ok(())
}

/// Takes the captures that match out of a scrubbed answer, and says of the others why not.
pub(crate) fn take(
    captures: &[Capture],
    answer: &mut InboundResponse,
    keyring: &mut Keyring,
    random: &mut dyn CryptoRng,
) {
    let found: Vec<_> = captures
        .iter()
        .map(|capture| (capture, find(&capture.source, answer, keyring)))
        .collect();
    for (capture, found) in found {
        let held = found.and_then(|value| hold(&value, keyring, random));
        match held {
            Ok(stand_in) => answer.captured.push((capture.name.clone(), stand_in)),
            Err(reason) => answer
                .details
                .push((format!("capture:{}", capture.name), reason.to_owned())),
        }
    }
    if !answer.captured.is_empty() {
        answer.scrub(keyring);
    }
}

fn find(
    source: &CaptureSource,
    answer: &InboundResponse,
    keyring: &Keyring,
) -> Result<Zeroizing<String>, &'static str> {
    if !(200..300).contains(&answer.status) {
        return Err("not captured: only a 2xx answer has new secrets");
    }
    let value = match source {
        CaptureSource::JsonPointer(pointer) => {
            let document: Value = serde_json::from_slice(&answer.body)
                .map_err(|_| "not captured: the body isn't JSON")?;
            let value = document
                .pointer(pointer)
                .ok_or("not captured: nothing is at the pointer")?;
            value
                .as_str()
                .ok_or("not captured: what is at the pointer isn't a string")?
                .to_owned()
        }
        CaptureSource::Pattern(pattern) => {
            let text = std::str::from_utf8(&answer.body)
                .map_err(|_| "not captured: the body isn't text")?;
            pattern
                .group(text)
                .ok_or("not captured: the pattern doesn't match")?
                .as_str()
                .to_owned()
        }
        CaptureSource::Header(name) => {
            let header = answer.headers.iter().find(|(found, _)| found == name);
            header
                .ok_or("not captured: there is no such header")?
                .1
                .clone()
        }
    };
    let value = Zeroizing::new(value);
    if value.len() < SHORTEST {
        return Err("not captured: it has fewer than 8 bytes");
    }
    if value.len() > LONGEST {
        return Err("not captured: it has more than 65536 bytes");
    }
    if keyring.has_stand_in(value.as_bytes()) {
        return Err("not captured: it has a secret in it that the call had before");
    }
    Ok(value)
}

fn hold(
    value: &str,
    keyring: &mut Keyring,
    random: &mut dyn CryptoRng,
) -> Result<String, &'static str> {
    // The same value under two names, in one answer.
    if let Some(held) = keyring
        .iter()
        .find(|held| held.secret.expose() == value.as_bytes())
    {
        return Ok(held.stand_in.to_string());
    }
    if !keyring.has_room() {
        return Err("not captured: the call has too many new secrets already");
    }
    Ok(keyring
        .hold(
            Secret::new(value.as_bytes().to_vec()),
            Source::Captured,
            random,
        )
        .to_string())
}
