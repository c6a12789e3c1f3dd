//! Whether a secret may go to a position of a request, and if not, by which rule.

use std::fmt;

use super::keyring::{Credential, Keyring, Source};
use super::path;
use super::rules::EgressRules;
use super::session::Role;
use crate::manifest::position::takes_secrets;
use crate::manifest::{Place, Position};
use crate::origin::Origin;

/// Where a request goes.
pub(crate) struct Destination<'a> {
    /// The origin that the guest named, before the operator's replacement.
    pub(crate) origin: &'a Origin,
    pub(crate) method: &'a str,
    /// As it is sent, stand-ins still in it.
    pub(crate) path: &'a str,
}

/// Where in a request a stand-in was found.
pub(crate) enum Spot<'a> {
    /// The value of a header, its name in lower case.
    Header(&'a str),
    /// The value of a query parameter.
    Query(&'a str),
    /// The value of a field of a form.
    Form(&'a str),
    /// A string of a JSON body, by the keys and indices that lead to it.
    Json(&'a [String]),
    /// The password of Basic authentication.
    BasicPassword,
    /// A whole segment of the path.
    Path,
}

/// Says why a secret may not go to a spot; nothing where it may.
pub(crate) fn refusal(
    keyring: &Keyring,
    rules: &EgressRules,
    source: &Source,
    destination: &Destination<'_>,
    spot: &Spot<'_>,
) -> Option<String> {
    let of_capture = |name: &str| {
        let captures = rules.captures.iter().filter(|rule| rule.name == *name);
        captures.flat_map(|it| &it.places).collect::<Vec<_>>()
    };
    let (what, name, credential, places): (_, _, _, Vec<&Place>) = match source {
        // What was just made may be ended by the call that made it, where it could be ended later.
        Source::Captured(name) => match (keyring.subject(), of_capture(name)) {
            (Some(subject), places) if !places.is_empty() => {
                ("the captured", name, subject, places)
            }
            _ => {
                return Some(
                    "a captured secret has no declared place: it can be returned, not sent"
                        .to_owned(),
                );
            }
        },
        Source::Stored(field) | Source::Signature(field) => {
            let credential = keyring.credential(field);
            let grant = rules
                .kinds
                .get(&credential.kind)
                .and_then(|fields| fields.get(&field.name));
            let (what, places) = match source {
                Source::Signature(_) => (
                    "a signature by",
                    grant.iter().flat_map(|it| &it.signature_places).collect(),
                ),
                _ if credential.role == Role::Issued => ("the issued", of_capture(&field.name)),
                _ if credential.role == Role::Applied => {
                    let fields = rules.subjects.get(&credential.kind);
                    let places = fields.and_then(|fields| fields.get(&field.name));
                    ("the applied", places.into_iter().flatten().collect())
                }
                _ => (
                    "the secret of",
                    grant.iter().flat_map(|it| &it.places).collect(),
                ),
            };
            (what, &field.name, credential, places)
        }
    };
    let origin = destination.origin;
    let rule = if !credential.origins.contains(origin) {
        match credential.role {
            Role::Applied => {
                "goes only to the origins that the connection was stored for, and this is none of them"
            }
            _ => {
                "goes only to the origins that the credential was stored for, and this is none of them"
            }
        }
    } else if !places
        .iter()
        .any(|place| goes_to(place, credential, origin))
    {
        "has no declared place at this origin"
    } else if !places
        .iter()
        .any(|place| goes_to(place, credential, origin) && is_at(place, credential, spot))
    {
        "has no declared place there at this origin"
    } else if !places
        .iter()
        .any(|place| fits(place, credential, destination, spot))
    {
        "has a declared place there, but not with this method and path"
    } else {
        return None;
    };
    Some(format!("{what} `{name}` {rule}: {spot}"))
}

fn fits(
    place: &Place,
    credential: &Credential,
    destination: &Destination<'_>,
    spot: &Spot<'_>,
) -> bool {
    goes_to(place, credential, destination.origin)
        && place.methods.contains(destination.method)
        && is_at(place, credential, spot)
        && path::is_below(destination.path, &place.path_prefix)
}

/// A template in a place means the credential's own text field: whoever stored the secret wrote that text with it. Of what
/// is put to use it means the connection's.
fn goes_to(place: &Place, credential: &Credential, origin: &Origin) -> bool {
    place.origin.matches(origin, |name| credential.text(name))
}

fn is_at(place: &Place, credential: &Credential, spot: &Spot<'_>) -> bool {
    match (&place.at, spot) {
        // As with origins: whoever stored the secret wrote the header's name with it.
        (Position::HeaderOf(field), Spot::Header(name)) => credential
            .text(field)
            .is_some_and(|named| takes_secrets(named) && named.eq_ignore_ascii_case(name)),
        (Position::Header(declared), Spot::Header(name))
        | (Position::Query(declared), Spot::Query(name))
        | (Position::Form(declared), Spot::Form(name)) => declared == name,
        (Position::Json(pointer), Spot::Json(segments)) => {
            let declared = pointer.split('/').skip(1);
            declared.clone().count() == segments.len()
                && declared
                    .zip(*segments)
                    .all(|(wanted, found)| wanted == "*" || unescape(wanted) == *found)
        }
        (Position::BasicPassword, Spot::BasicPassword) | (Position::Path, Spot::Path) => true,
        _ => false,
    }
}

/// Reads a segment of a JSON pointer (RFC 6901, section 4).
fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// What sort of spot it is, and not which: names and keys are the guest's own words. Were they to come back to it in a
/// failure, scrubbed as all texts are, it could try out guesses at a secret there without anyone seeing them.
impl fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header(_) => "header",
            Self::Query(_) => "query parameter",
            Self::Form(_) => "form field",
            Self::Json(_) => "JSON string",
            Self::BasicPassword => "Basic password",
            Self::Path => "path segment",
        })
    }
}
