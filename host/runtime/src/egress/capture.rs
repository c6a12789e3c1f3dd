//! Takes new secrets out of an answer before the guest sees it.
//!
//! It works on what the scrubber left. An answer that echoes a stored secret has a stand-in in its place by then, so no
//! pattern can be made to tell something about that secret.

use rand::CryptoRng;
use zeroize::Zeroizing;

use super::failure::SendFailure;
use super::keyring::{Keyring, Source};
use super::matcher::TooMuchWork;
use super::path;
use super::pointer::{self, Found};
use super::request::{Capture, Parsed};
use super::response::InboundResponse;
use super::rules::EgressRules;
use crate::manifest::{CaptureRule, CaptureSource};
use crate::secret::Secret;

/// The shortest value that is taken out: anything shorter would be ordinary text in the next answer.
const SHORTEST: usize = 8;

/// The longest value that is taken out, in bytes. Each later scan compares with it.
const LONGEST: usize = 4 * 1024;

/// How much of a body an expression is matched with, in bytes: that takes the time of each with each of its states.
const SEARCHED: usize = 256 * 1024;

/// The rules that a request's captures are declared by, in their order and by their number; an error where one isn't declared for this origin,
/// method and path. What is made is what the rule says: nothing that a guest writes is compiled.
pub(crate) fn check(
    request: &[Capture],
    parsed: &Parsed,
    keyring: &Keyring,
    rules: &EgressRules,
) -> Result<Vec<usize>, SendFailure> {
    let declared = |capture: &Capture| {
        rules.captures.iter().position(|rule| {
            rule.name == capture.name
                && capture.source.is(&rule.source)
                && rule.methods.contains(parsed.method.as_str())
                && EgressRules::means(&rule.origin, &parsed.origin, keyring)
                && path::is_below(parsed.url.path(), &rule.path_prefix)
        })
    };
    let declared: Option<Vec<_>> = request.iter().map(declared).collect();
    declared.ok_or_else(|| {
        SendFailure::denied(
            "a capture is not declared with this name and source for the method, origin and path of the request",
        )
    })
}

/// Takes the captures that match out of a scrubbed answer, and says of the others why not.
pub(crate) async fn take(
    captures: &[&CaptureRule],
    answer: &mut InboundResponse,
    keyring: &mut Keyring,
    random: &mut impl CryptoRng,
) -> Result<(), TooMuchWork> {
    let found: Vec<_> = captures
        .iter()
        .map(|capture| (capture, find(&capture.source, answer, keyring)))
        .collect();
    for (capture, found) in found {
        let held = found.and_then(|value| hold(&value, &capture.name, keyring, random));
        match held {
            Ok(stand_in) => answer.captured.push((capture.name.clone(), stand_in)),
            Err(reason) => answer
                .details
                .push((format!("capture:{}", capture.name), reason.to_owned())),
        }
    }
    if !answer.captured.is_empty() {
        answer.scrub(keyring).await?;
    }
    Ok(())
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
        CaptureSource::JsonPointer(pointer) => match pointer::at(pointer, &answer.body) {
            Ok(Found::Text(text)) => text,
            Ok(Found::SomethingElse) => {
                return Err("not captured: what is at the pointer isn't a string");
            }
            Ok(Found::Nothing) => return Err("not captured: nothing is at the pointer"),
            Err(_) => return Err("not captured: the body isn't JSON"),
        },
        CaptureSource::Pattern(pattern) => {
            let text = std::str::from_utf8(&answer.body)
                .map_err(|_| "not captured: the body isn't text")?;
            let group = pattern.group(&text[..text.floor_char_boundary(SEARCHED)]);
            let group =
                group.ok_or("not captured: the pattern doesn't match in the first 256 KiB")?;
            Zeroizing::new(group.as_str().to_owned())
        }
        CaptureSource::Header(name) => {
            let header = answer.headers.iter().find(|(found, _)| found == name);
            let (_, value) = header.ok_or("not captured: there is no such header")?;
            Zeroizing::new(value.clone())
        }
    };
    if value.len() < SHORTEST {
        return Err("not captured: it has fewer than 8 bytes");
    }
    if value.len() > LONGEST {
        return Err("not captured: it has more than 4096 bytes");
    }
    if keyring.has_stand_in(value.as_bytes()) {
        return Err("not captured: it has a secret in it that the call had before");
    }
    Ok(value)
}

fn hold(
    value: &str,
    name: &str,
    keyring: &mut Keyring,
    random: &mut dyn CryptoRng,
) -> Result<String, &'static str> {
    // The same value under two names, or in two answers. No other secret counts: that would tell of a guess at one.
    if let Some(held) = keyring.iter().find(|held| {
        matches!(held.source, Source::Captured(_)) && held.secret.expose() == value.as_bytes()
    }) {
        return Ok(held.stand_in.to_string());
    }
    if !keyring.has_room() {
        return Err("not captured: the call has too many new secrets already");
    }
    Ok(keyring
        .hold(
            Secret::new(value.as_bytes().to_vec()),
            Source::Captured(name.to_owned()),
            random,
        )
        .to_string())
}
