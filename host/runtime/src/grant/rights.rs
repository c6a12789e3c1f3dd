//! What a manifest asks for, one right at a time, so that a request can be compared with what was granted before.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::manifest::{CaptureRule, FieldRule, Manifest, Place, SubjectKind};
use crate::origin::{Origin, OriginPattern, Scheme};

/// One thing that a plugin asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// To reach an origin.
    Origin(OriginPattern),
    /// To reach an origin that the manifest itself writes with an address or in plain `http`, private or not. It takes an
    /// operator who approves it.
    Unprotected(Origin),
    /// To be shown a field as it is. A field that was a secret before must not become text because a file was replaced.
    Shown {
        /// The kind of credential.
        kind: String,
        /// Its text field.
        field: String,
    },
    /// To have a secret put into requests.
    Place {
        /// The kind of credential.
        kind: String,
        /// Its secret field.
        field: String,
        /// Where it goes.
        place: Place,
    },
    /// To have messages signed.
    Signs {
        /// The kind of credential.
        kind: String,
        /// Its secret field.
        field: String,
        /// The scheme, such as `rs256`.
        scheme: String,
    },
    /// To have signatures put into requests.
    SignaturePlace {
        /// The kind of credential.
        kind: String,
        /// The secret field that signs.
        field: String,
        /// Where its signatures go.
        place: Place,
    },
    /// To be given a field of other plugins' credentials that are put to use: text as it is, of a secret a stand-in.
    Subject {
        /// The kind of credential.
        kind: String,
        /// Its field.
        field: String,
    },
    /// To have a secret of such a credential put into requests.
    SubjectPlace {
        /// The kind of credential.
        kind: String,
        /// Its secret field.
        field: String,
        /// Where it goes.
        place: Place,
    },
    /// To have new secrets taken out of answers.
    Capture(CaptureRule),
    /// To be shown secrets themselves.
    Reveal,
}

impl Right {
    /// Whether this one, granted, allows all that `asked` would.
    #[must_use]
    pub fn covers(&self, asked: &Self) -> bool {
        match (self, asked) {
            (
                Self::Place { kind, field, place },
                Self::Place {
                    kind: k,
                    field: f,
                    place: asked,
                },
            )
            | (
                Self::SignaturePlace { kind, field, place },
                Self::SignaturePlace {
                    kind: k,
                    field: f,
                    place: asked,
                },
            )
            | (
                Self::SubjectPlace { kind, field, place },
                Self::SubjectPlace {
                    kind: k,
                    field: f,
                    place: asked,
                },
            ) => kind == k && field == f && place_covers(place, asked),
            (granted, asked) => granted == asked,
        }
    }

    /// Whether only an operator's approval grants it, whatever the settings say.
    #[must_use]
    pub fn takes_approval(&self) -> bool {
        matches!(self, Self::Reveal | Self::Unprotected(_))
    }
}

/// The same position at the same origin, for no more methods and under no shorter a path.
fn place_covers(granted: &Place, asked: &Place) -> bool {
    let under = |prefix: &str, path: &str| {
        let rest = path.strip_prefix(prefix.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    granted.origin == asked.origin
        && granted.at == asked.at
        && asked.methods.is_subset(&granted.methods)
        && under(&granted.path_prefix, &asked.path_prefix)
}

/// As an operator reads it: `the origin https://evil.example`.
impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods = |place: &Place| {
            let methods: Vec<&str> = place.methods.iter().map(String::as_str).collect();
            methods.join(" and ")
        };
        match self {
            Self::Origin(origin) => write!(f, "the origin {origin}"),
            Self::Unprotected(origin) => {
                write!(f, "the origin {origin}, which is private or without TLS")
            }
            Self::Shown { kind, field } => write!(f, "to be shown `{field}` of `{kind}`"),
            Self::Place { kind, field, place } => write!(
                f,
                "`{field}` of `{kind}` in {} of {} {}{}",
                place.at,
                methods(place),
                place.origin,
                place.path_prefix
            ),
            Self::Signs {
                kind,
                field,
                scheme,
            } => {
                write!(f, "signatures ({scheme}) with `{field}` of `{kind}`")
            }
            Self::SignaturePlace { kind, field, place } => write!(
                f,
                "signatures with `{field}` of `{kind}` in {} of {} {}{}",
                place.at,
                methods(place),
                place.origin,
                place.path_prefix
            ),
            Self::Subject { kind, field } => {
                write!(f, "to put `{field}` of `{kind}` credentials to use")
            }
            Self::SubjectPlace { kind, field, place } => write!(
                f,
                "`{field}` of `{kind}` credentials that are put to use in {} of {} {}{}",
                place.at,
                methods(place),
                place.origin,
                place.path_prefix
            ),
            Self::Capture(rule) => {
                write!(
                    f,
                    "the new secret `{}` out of answers of {}{}",
                    rule.name, rule.origin, rule.path_prefix
                )?;
                rule.places.iter().try_for_each(|place| {
                    write!(
                        f,
                        ", to be ended in {} of {} {}{}",
                        place.at,
                        methods(place),
                        place.origin,
                        place.path_prefix
                    )
                })
            }
            Self::Reveal => f.write_str("to be shown secrets themselves"),
        }
    }
}

/// Several rights, as asked for or as granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rights(Vec<Right>);

impl Rights {
    /// All that a manifest asks for.
    #[must_use]
    pub fn asked(manifest: &Manifest) -> Self {
        let mut rights: Vec<Right> = manifest.origins.iter().map(origin).collect();
        for kind in &manifest.kinds {
            for field in &kind.fields {
                if field.secret {
                    rights.extend(of_field(&kind.name, field));
                } else {
                    rights.push(Right::Shown {
                        kind: kind.name.clone(),
                        field: field.name.clone(),
                    });
                }
            }
        }
        rights.extend(manifest.subjects.iter().flat_map(of_subject));
        rights.extend(manifest.captures.iter().cloned().map(Right::Capture));
        if manifest.reveal.is_some() {
            rights.push(Right::Reveal);
        }
        Self(rights)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Right> {
        self.0.iter()
    }

    /// What of these goes beyond what was granted.
    pub fn beyond<'a>(&'a self, granted: &'a Self) -> impl Iterator<Item = &'a Right> {
        self.0
            .iter()
            .filter(|asked| !granted.0.iter().any(|right| right.covers(asked)))
    }

    /// Those that nobody has to approve.
    #[must_use]
    pub fn without_approval(&self) -> Self {
        let rights = self.0.iter().filter(|right| !right.takes_approval());
        Self(rights.cloned().collect())
    }

    pub(super) fn has(&self, right: &Right) -> bool {
        self.0.contains(right)
    }
}

fn origin(pattern: &OriginPattern) -> Right {
    match pattern {
        OriginPattern::Exact(origin) if is_unprotected(origin) => {
            Right::Unprotected(origin.clone())
        }
        other => Right::Origin(other.clone()),
    }
}

/// Plain `http`, or an address in place of a name: what a manifest can't be granted because somebody dropped a file.
fn is_unprotected(origin: &Origin) -> bool {
    let host = origin.host().trim_start_matches('[').trim_end_matches(']');
    origin.scheme() == Scheme::Http
        || host.parse::<std::net::IpAddr>().is_ok()
        || host == "localhost"
        || host.ends_with(".localhost")
}

fn of_field<'f>(kind: &'f str, field: &'f FieldRule) -> impl Iterator<Item = Right> + 'f {
    let named = move || (kind.to_owned(), field.name.clone());
    let places = field.places.iter().map(move |place| {
        let (kind, field) = named();
        Right::Place {
            kind,
            field,
            place: place.clone(),
        }
    });
    let schemes = field.signs.iter().map(move |scheme| {
        let (kind, field) = named();
        Right::Signs {
            kind,
            field,
            scheme: scheme.clone(),
        }
    });
    let signatures = field.signature_places.iter().map(move |place| {
        let (kind, field) = named();
        Right::SignaturePlace {
            kind,
            field,
            place: place.clone(),
        }
    });
    places.chain(schemes).chain(signatures)
}

fn of_subject(subject: &SubjectKind) -> impl Iterator<Item = Right> + '_ {
    subject.fields.iter().flat_map(|field| {
        let named = || (subject.kind.clone(), field.name.clone());
        let (kind, name) = named();
        let given = Right::Subject { kind, field: name };
        let places = field.places.iter().map(move |place| {
            let (kind, field) = named();
            let place = place.clone();
            Right::SubjectPlace { kind, field, place }
        });
        [given].into_iter().chain(places)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(origins: &str, path: &str, methods: &str, reveal: bool) -> Rights {
        let reveal = if reveal {
            r#", "reveal": "No other way.""#
        } else {
            ""
        };
        let manifest = Manifest::parse(&format!(
            r#"{{"name": "a", "version": "1.0.0", "description": "For tests.", "origins": {origins}{reveal},
                "kinds": [{{"name": "k", "label": "K", "fields": [
                    {{"name": "s", "label": "S", "secret": true, "places": [{{"origin": "https://a.example",
                      "methods": {methods}, "path-prefix": "{path}", "at": "header:authorization"}}]}}]}}]}}"#
        ));
        Rights::asked(&manifest.expect("a manifest"))
    }

    const A: &str = r#"["https://a.example"]"#;
    const BOTH: &str = r#"["https://a.example", "https://b.example"]"#;

    fn more(granted: &Rights, asked: &Rights) -> Vec<String> {
        asked.beyond(granted).map(ToString::to_string).collect()
    }

    #[test]
    fn the_same_and_less_are_covered() {
        let granted = asked(BOTH, "/v1", r#"["GET", "POST"]"#, false);
        assert!(more(&granted, &granted).is_empty());
        let less = asked(A, "/v1/me", r#"["GET"]"#, false);
        assert!(more(&granted, &less).is_empty());
    }

    #[test]
    fn one_more_of_anything_is_named() {
        let granted = asked(A, "/v1", r#"["GET"]"#, false);
        for (wider, text) in [
            (
                asked(BOTH, "/v1", r#"["GET"]"#, false),
                "the origin https://b.example",
            ),
            (
                asked(A, "/", r#"["GET"]"#, false),
                "`s` of `k` in header:authorization of GET https://a.example/",
            ),
            (
                asked(A, "/v1x", r#"["GET"]"#, false),
                "`s` of `k` in header:authorization of GET https://a.example/v1x",
            ),
            (
                asked(A, "/v1", r#"["GET", "PUT"]"#, false),
                "`s` of `k` in header:authorization of GET and PUT https://a.example/v1",
            ),
            (
                asked(A, "/v1", r#"["GET"]"#, true),
                "to be shown secrets themselves",
            ),
        ] {
            assert_eq!(more(&granted, &wider), [text]);
        }
    }

    #[test]
    fn a_place_of_a_capture_is_one_more() {
        let asked = |places: &str| {
            let manifest = Manifest::parse(&format!(
                r#"{{"name": "a", "version": "1.0.0", "description": "For tests.", "origins": {A}, "kinds": [],
                    "captures": [{{"name": "token", "origin": "https://a.example", "methods": ["POST"],
                      "path-prefix": "/v1", "source": {{"json-pointer": "/token"}}, "places": {places}}}]}}"#
            ));
            manifest.map(|manifest| Rights::asked(&manifest))
        };
        let place = r#"[{"origin": "https://a.example", "methods": ["DELETE"], "path-prefix": "/v1/token", "at": "header:authorization"}]"#;
        let (without, with) = (asked("[]"), asked(place));
        let (without, with) = (without.expect("a manifest"), with.expect("a manifest"));
        assert!(more(&with, &with).is_empty());
        assert_eq!(
            more(&without, &with),
            [
                "the new secret `token` out of answers of https://a.example/v1, \
              to be ended in header:authorization of DELETE https://a.example/v1/token"
            ]
        );
        // Its origin has to be asked for, as any place's.
        assert!(asked(&place.replace("a.example", "b.example")).is_err());
    }

    #[test]
    fn one_more_of_what_is_put_to_use_is_named() {
        let asked = |subjects: &str| {
            let manifest = Manifest::parse(&format!(
                r#"{{"name": "a", "version": "1.0.0", "description": "For tests.", "origins": ["{{url}}"], "kinds": [],
                    "connection": "k", "subjects": [{subjects}]}}"#
            ));
            Rights::asked(&manifest.expect("a manifest"))
        };
        let subject = |kind: &str, field: &str, at: &str| {
            let place = format!(
                r#"{{"origin": "{{url}}", "methods": ["POST"], "path-prefix": "/", "at": "{at}"}}"#
            );
            format!(
                r#"{{"kind": "{kind}", "fields": [{{"name": "{field}", "places": [{place}]}}]}}"#
            )
        };
        let (key, slack) = (
            subject("api_key", "api_key", "json:/data/key"),
            subject("slack", "token", "json:/data/key"),
        );
        let granted = asked(&key);
        assert!(more(&granted, &granted).is_empty());
        assert!(more(&asked(&format!("{key}, {slack}")), &granted).is_empty());
        assert_eq!(
            more(&granted, &asked(&format!("{key}, {slack}"))),
            [
                "to put `token` of `slack` credentials to use",
                "`token` of `slack` credentials that are put to use in json:/data/key of POST {url}/"
            ]
        );
        assert_eq!(
            more(
                &granted,
                &asked(&subject("api_key", "api_key", "json:/name"))
            ),
            ["`api_key` of `api_key` credentials that are put to use in json:/name of POST {url}/"]
        );
    }

    #[test]
    fn a_secret_that_becomes_text_is_named() {
        let of = |secret: bool| {
            let manifest = Manifest::parse(&format!(
                r#"{{"name": "a", "version": "1.0.0", "description": "For tests.", "origins": [],
                    "kinds": [{{"name": "k", "label": "K", "fields": [{{"name": "s", "label": "S", "secret": {secret}}}]}}]}}"#
            ));
            Rights::asked(&manifest.expect("a manifest"))
        };
        assert_eq!(more(&of(true), &of(false)), ["to be shown `s` of `k`"]);
        assert!(more(&of(false), &of(true)).is_empty());
    }

    #[test]
    fn private_and_plain_origins_take_approval() {
        for origins in [
            r#"["https://a.example", "http://a.example"]"#,
            r#"["https://a.example", "https://10.0.0.1"]"#,
            r#"["https://a.example", "https://[::1]:8443"]"#,
            r#"["https://a.example", "https://localhost:1"]"#,
        ] {
            let rights = asked(origins, "/v1", r#"["GET"]"#, false);
            assert!(rights.iter().any(Right::takes_approval), "{origins}");
            assert!(!rights.without_approval().iter().any(Right::takes_approval));
        }
        assert!(
            !asked(A, "/", r#"["GET"]"#, false)
                .iter()
                .any(Right::takes_approval)
        );
    }

    #[test]
    fn rights_survive_being_stored() {
        let rights = asked(BOTH, "/v1", r#"["GET"]"#, true);
        let text = serde_json::to_string(&rights).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Rights>(&text).expect("rights"),
            rights
        );
    }
}
