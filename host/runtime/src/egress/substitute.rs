//! Puts secrets in the places of their stand-ins, in one pass over the whole request.
//!
//! Each part of the request accounts for every stand-in in it: one that is at a position that its secret may go to is
//! replaced, and any other, encoded ones included, ends the request. What holds no stand-in is sent as it came.

use bytes::Bytes;
use http::HeaderMap;
use zeroize::Zeroizing;

use super::failure::SendFailure;
use super::keyring::{Held, Keyring};
use super::matcher::Hit;
use super::places::{self, Destination, Spot};
use super::request::{self, Parsed};
use super::rules::EgressRules;

mod body;
mod headers;
mod json;
mod pairs;
mod url;

/// A request with its secrets in place.
pub(crate) struct Substituted {
    pub(crate) path_and_query: Bytes,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether a secret of the subject is in it.
    pub(crate) has_subjects: bool,
}

/// The most stand-ins in one part of a request: each costs a look at what is around it.
const MOST_STAND_INS: usize = 64;

/// Replaces all stand-ins, or says which one may not be where it is.
pub(crate) fn substitute(
    mut parsed: Parsed,
    keyring: &Keyring,
    rules: &EgressRules,
) -> Result<Substituted, SendFailure> {
    let body = std::mem::take(&mut parsed.body);
    let mut pass = Pass {
        keyring,
        rules,
        parsed: &parsed,
        has_subjects: false,
    };
    let path_and_query = url::path_and_query(&mut pass)?;
    let mut headers = headers::headers(&mut pass)?;
    let body = body::body(&mut pass, body)?;
    request::own_headers(&mut headers);
    Ok(Substituted {
        path_and_query,
        headers,
        body,
        has_subjects: pass.has_subjects,
    })
}

/// One pass over one request.
struct Pass<'a> {
    keyring: &'a Keyring,
    rules: &'a EgressRules,
    parsed: &'a Parsed,
    has_subjects: bool,
}

impl<'a> Pass<'a> {
    /// The stand-ins in a part of the request. Nothing where there is none, which is the common case; an error where one
    /// is disguised.
    fn stand_ins(&self, text: &[u8], part: &str) -> Result<Vec<Hit>, SendFailure> {
        let hits: Vec<Hit> = self
            .keyring
            .stand_ins_in(text)
            .take(MOST_STAND_INS + 1)
            .collect::<Result<_, _>>()
            .map_err(|_| {
                SendFailure::denied(format!("the {part} repeats parts of stand-ins too often"))
            })?;
        if hits.len() > MOST_STAND_INS {
            return Err(SendFailure::denied(format!(
                "more than {MOST_STAND_INS} stand-ins in the {part}"
            )));
        }
        match hits.iter().find(|hit| !self.keyring.is_plain(hit, text)) {
            Some(_) => Err(SendFailure::denied(format!(
                "a stand-in in the {part} is encoded or changed: write it as it was given, the host encodes the secret"
            ))),
            None => Ok(hits),
        }
    }

    /// Refuses a part of the request that no secret goes to.
    fn none_in(&self, text: &[u8], part: &str) -> Result<(), SendFailure> {
        if self.keyring.has_stand_in(text) {
            Err(SendFailure::denied(format!(
                "no secret goes into the {part}"
            )))
        } else {
            Ok(())
        }
    }

    /// The secret that a stand-in at a spot means, where it may go there.
    fn secret(&mut self, hit: &Hit, spot: &Spot<'_>) -> Result<&'a Held, SendFailure> {
        let held = self.keyring.held(hit);
        let Parsed {
            origin,
            method,
            url,
            ..
        } = self.parsed;
        let destination = Destination {
            origin,
            method: method.as_str(),
            path: url.path(),
        };
        if let Some(reason) =
            places::refusal(self.keyring, self.rules, &held.source, &destination, spot)
        {
            return Err(SendFailure::denied(reason));
        }
        self.has_subjects |= self.keyring.is_subjects(&held.source);
        Ok(held)
    }

    /// The same, where the stand-in has to be the whole of what is at the spot.
    fn whole(&mut self, text: &[u8], spot: &Spot<'_>) -> Result<Option<&'a Held>, SendFailure> {
        let hits = self.stand_ins(text, &spot.to_string())?;
        match &*hits {
            [] => Ok(None),
            [hit] if hit.range == (0..text.len()) => self.secret(hit, spot).map(Some),
            _ => Err(SendFailure::denied(format!(
                "a stand-in has to be the whole of the {spot}"
            ))),
        }
    }
}

/// Bytes that are zeroed once they have been sent.
fn zeroing(bytes: Zeroizing<Vec<u8>>) -> Bytes {
    Bytes::from_owner(bytes)
}

/// The text with each of `hits` replaced.
fn spliced<T: AsRef<[u8]>>(text: &[u8], replaced: &[(Hit, T)]) -> Zeroizing<Vec<u8>> {
    let longest = text.len()
        + replaced
            .iter()
            .map(|(_, secret)| secret.as_ref().len())
            .sum::<usize>();
    // Room for all of it from the start: a buffer that grows leaves copies behind.
    let mut spliced = Zeroizing::new(Vec::with_capacity(longest));
    let mut from = 0;
    for (hit, secret) in replaced {
        spliced.extend_from_slice(&text[from..hit.range.start]);
        spliced.extend_from_slice(secret.as_ref());
        from = hit.range.end;
    }
    spliced.extend_from_slice(&text[from..]);
    spliced
}
