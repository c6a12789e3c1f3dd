//! Which plugin works with a new credential, and what its fields are.

mod opaque;
mod replace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use claviger_runtime::catalogue::Catalogue;
use claviger_runtime::manifest::position::takes_secrets;
use claviger_runtime::manifest::{FieldRule, Kind, Position};
use claviger_runtime::origin::{Origin, OriginPattern};
use claviger_runtime::plugin::Plugin;
use claviger_runtime::secret::Secret;
use claviger_runtime::subject::{Field, FieldValue};
use url::Url;

use super::rules::Problems;
use opaque::{opaque_fields, require_one_of};
pub(crate) use replace::{New, replace};

/// The shortest secret, in bytes: answers are scrubbed of secrets, and a shorter one would eat ordinary text.
const SHORTEST_SECRET: usize = 8;
/// The longest value of a field, in bytes.
const LONGEST_VALUE: usize = 64 * 1024;
/// The field of an opaque secret that came as a bare value.
const VALUE: &str = "value";
/// The provider that is none in particular.
const ANY_PROVIDER: &str = "api";

/// A new secret as a caller gave it: a bare value, fields, or both.
#[derive(Clone, Copy)]
pub(super) struct Given<'g> {
    pub(super) kind: &'g str,
    pub(super) provider: Option<&'g str>,
    pub(super) value: Option<&'g Secret>,
    pub(super) fields: &'g [(String, Secret)],
    pub(super) secretless: bool,
}

/// What it is.
pub(super) struct Resolved {
    pub(super) plugin: Option<Arc<Plugin>>,
    pub(super) fields: Vec<Field>,
    /// Where its secrets may go, from now on.
    pub(super) origins: Vec<Origin>,
}

/// Finds the plugin and checks the fields by its rules; what breaks one is added to the problems.
pub(super) fn resolve(
    catalogue: &Catalogue,
    given: Given<'_>,
    problems: &mut Problems,
) -> Resolved {
    if given.secretless && given.value.is_none() && given.fields.is_empty() {
        return Resolved {
            plugin: None,
            fields: Vec::new(),
            origins: Vec::new(),
        };
    }
    let plugin = find_plugin(catalogue, given).cloned();
    let kind = plugin
        .as_ref()
        .and_then(|plugin| plugin.manifest().kind(given.kind));
    let fields = if let Some(kind) = kind {
        known_fields(kind, given, problems)
    } else {
        // What the kind's plugins ask for is needed with any provider, else a misspelt field leaves it empty.
        let declaring = catalogue.routing_kind(given.kind);
        let kinds: Vec<_> = declaring
            .into_iter()
            .filter_map(|plugin| plugin.manifest().kind(given.kind))
            .collect();
        require_one_of(&kinds, given, problems);
        opaque_fields(&kinds, given, problems)
    };
    if let Some(kind) = kind {
        check_headers(kind, &fields, problems);
    }
    let origins = kind
        .map(|kind| origins(kind, &fields, problems))
        .unwrap_or_default();
    Resolved {
        plugin,
        fields,
        origins,
    }
}

/// The plugin that bears the provider's name. Where no provider is named, or `api`, which names none in particular: the one
/// that recognises the main value; else, for `api`, the plugin of that name, which works with any HTTP service; else,
/// without any name, the only one that declares the kind. A file that was dropped into the plugin directory gets only what
/// is meant for it by name, or is of a kind that it alone declares, unless the operator lets it recognise values.
///
/// Whoever writes fields that only `api` has (where a key is tested, say) means `api`, whatever the key looks like.
///
/// A provider that no plugin bears stays opaque, whatever its value looks like: `sk-…` begins the keys of several
/// providers, and a secret is never sent to another one than its owner named.
fn find_plugin<'c>(catalogue: &'c Catalogue, given: Given<'_>) -> Option<&'c Arc<Plugin>> {
    let declares = |plugin: &&Arc<Plugin>| plugin.manifest().kind(given.kind).is_some();
    let named = given.provider.and_then(|name| catalogue.by_name(name));
    // A dropped file that calls itself `api` is named by those who name nobody.
    let meant = |plugin: &&Arc<Plugin>| !names_nobody(given.provider) || plugin.routes_openly();
    let named = named.filter(declares).filter(meant);
    if !names_nobody(given.provider) {
        return named;
    }
    let has_all = |plugin: &&Arc<Plugin>| {
        let kind = plugin.manifest().kind(given.kind);
        let has = |name: &str| kind.is_some_and(|kind| kind.field(name).is_some());
        given.fields.iter().all(|(name, _)| has(name))
    };
    let only = match catalogue.routing_kind(given.kind)[..] {
        [only] => Some(only),
        _ => None,
    };
    let recognised = match given.value {
        Some(value) => catalogue.recognise(given.kind, value),
        None => given.fields.iter().find_map(|(name, value)| {
            // The field that a bare value would mean to the plugin that recognises it.
            let is_main = |plugin: &&Arc<Plugin>| {
                let kind = plugin.manifest().kind(given.kind);
                let main = kind.and_then(Kind::main_field);
                main.is_some_and(|rule| rule.name == *name)
            };
            catalogue.recognise(given.kind, value).filter(is_main)
        }),
    };
    let recognised =
        recognised.filter(|plugin| has_all(plugin) || !named.is_some_and(|it| has_all(&it)));
    recognised
        .or(named)
        .or_else(|| only.filter(|_| given.provider.is_none()))
}

/// Whether it is left open whose a secret is. `api` is what callers write who don't care.
fn names_nobody(provider: Option<&str>) -> bool {
    provider.is_none_or(|name| name == ANY_PROVIDER)
}

fn known_fields(kind: &Kind, given: Given<'_>, problems: &mut Problems) -> Vec<Field> {
    // By the name of the field, with the name that the caller gave it.
    let mut values: BTreeMap<&str, (&str, &Secret)> = BTreeMap::new();
    for (name, value) in given.fields {
        if kind.field(name).is_none() {
            let known: Vec<_> = kind.fields.iter().map(|rule| rule.name.as_str()).collect();
            problems.add(
                name,
                format!(
                    "is not a field of `{}`; its fields are {}",
                    kind.name,
                    known.join(", ")
                ),
            );
        } else if values.insert(name, (name, value)).is_some() {
            problems.add(name, "is given twice");
        }
    }
    if let Some(value) = given.value {
        match kind.main_field() {
            None => problems.add(
                VALUE,
                format!(
                    "`{}` has several secret fields; give them in `fields`",
                    kind.name
                ),
            ),
            Some(rule) => {
                if values.insert(&rule.name, (VALUE, value)).is_some() {
                    problems.add(
                        VALUE,
                        format!("means the field `{}`, which is given, too", rule.name),
                    );
                }
            }
        }
    }
    let mut fields = Vec::with_capacity(values.len());
    for rule in &kind.fields {
        match values.get(rule.name.as_str()) {
            Some((given_as, value)) => fields.extend(known_field(rule, given_as, value, problems)),
            None if rule.required => {
                problems.add(&rule.name, format!("is missing: {}", rule.label));
            }
            None => {}
        }
    }
    fields
}

fn known_field(
    rule: &FieldRule,
    given_as: &str,
    value: &Secret,
    problems: &mut Problems,
) -> Option<Field> {
    let Some(text) = value.expose_str() else {
        problems.add(given_as, "is not text");
        return None;
    };
    let refused = if value.len() > LONGEST_VALUE {
        Some("is longer than 64 KiB".to_owned())
    } else if rule.secret && value.len() < SHORTEST_SECRET {
        Some("is shorter than 8 bytes, which is too short for a secret".to_owned())
    } else if text.is_empty() {
        Some("is empty; leave it out".to_owned())
    } else if !rule.secret && text.chars().any(char::is_control) {
        Some("has a control character, such as a line break; leave it out".to_owned())
    } else if rule
        .pattern
        .as_ref()
        .is_some_and(|pattern| !pattern.matches_whole(text))
    {
        let example = rule
            .example
            .as_ref()
            .map(|example| format!(", such as `{example}`"))
            .unwrap_or_default();
        Some(format!(
            "does not look like what it should be: {}{example}",
            rule.label
        ))
    } else {
        None
    };
    if let Some(message) = refused {
        problems.add(given_as, message);
        return None;
    }
    let value = if rule.secret {
        FieldValue::Secret(value.clone())
    } else {
        FieldValue::Text(text.to_owned())
    };
    Some(Field {
        name: rule.name.clone(),
        value,
    })
}

/// Where the secrets of a kind may go: its places' origins, templates filled from the text fields. They are fixed now;
/// whoever changes where a secret goes gives the secret again. A pattern of sub-domains names no origin that could be
/// fixed, so a credential gets none from it.
fn origins(kind: &Kind, fields: &[Field], problems: &mut Problems) -> Vec<Origin> {
    let mut origins = Vec::new();
    for pattern in kind.places().map(|place| &place.origin) {
        let origin = match pattern {
            OriginPattern::Exact(origin) => Some(origin.clone()),
            OriginPattern::SubDomains(_) => None,
            OriginPattern::Field(name) => {
                let origin = text_of(fields, name).map(|text| {
                    let url = Url::parse(text).ok();
                    url.as_ref().and_then(Origin::of)
                });
                if origin == Some(None) {
                    problems.add(name, "is not a URL with https:// or http://");
                }
                origin.flatten()
            }
        };
        if let Some(origin) = origin
            && !origins.contains(&origin)
        {
            origins.push(origin);
        }
    }
    origins
}

/// That what a field names as the header for a secret is one that secrets may go into. Each is told once.
fn check_headers(kind: &Kind, fields: &[Field], problems: &mut Problems) {
    let named: BTreeSet<&str> = kind
        .places()
        .filter_map(|place| match &place.at {
            Position::HeaderOf(field) => Some(field.as_str()),
            _ => None,
        })
        .collect();
    for name in named {
        if text_of(fields, name).is_some_and(|header| !takes_secrets(header)) {
            problems.add(
                name,
                "is no header that a secret may go into, such as `authorization` or `x-api-key`",
            );
        }
    }
}

fn text_of<'f>(fields: &'f [Field], name: &str) -> Option<&'f str> {
    fields
        .iter()
        .find(|field| field.name == name)
        .and_then(|field| match &field.value {
            FieldValue::Text(text) => Some(text.as_str()),
            FieldValue::Secret(_) => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn kind() -> Kind {
        serde_json::from_value(serde_json::json!({
            "name": "n8n",
            "label": "n8n",
            "fields": [
                { "name": "base_url", "label": "Address", "required": true },
                {
                    "name": "api_key",
                    "label": "API key",
                    "secret": true,
                    "required": true,
                    "pattern": "n8n_[a-z0-9]+",
                    "example": "n8n_abc123",
                    "places": [
                        { "origin": "{base_url}", "methods": ["GET"], "path-prefix": "/", "at": "header:x-key" },
                        { "origin": "https://n8n.io", "methods": ["GET"], "path-prefix": "/", "at": "header:x-key" },
                    ],
                },
                { "name": "webhook", "label": "Webhook" },
            ],
        }))
        .unwrap()
    }

    pub(super) fn secret(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    /// Names of fields and origins.
    type Accepted = (Vec<String>, Vec<String>);
    /// A field, and what is wrong with it.
    type Told = Vec<(String, String)>;
    /// A bare value, fields, and the fields that are to be told.
    type Case<'c> = (Option<&'c str>, &'c [(&'c str, &'c str)], &'c [&'c str]);

    fn check(value: Option<&str>, fields: &[(&str, &str)]) -> Result<Accepted, Told> {
        let value = value.map(secret);
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), secret(value)))
            .collect();
        let given = Given {
            kind: "n8n",
            provider: None,
            value: value.as_ref(),
            fields: &fields,
            secretless: false,
        };
        let mut problems = Problems::default();
        let fields = known_fields(&kind(), given, &mut problems);
        let origins = origins(&kind(), &fields, &mut problems);
        match problems.settle() {
            Ok(()) => Ok((
                fields.into_iter().map(|field| field.name).collect(),
                origins.iter().map(Origin::to_string).collect(),
            )),
            Err(crate::error::VaultError::Invalid(problems)) => Err(problems
                .into_iter()
                .map(|problem| (problem.field, problem.message))
                .collect()),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_bare_value_is_the_one_required_secret_and_origins_are_fixed() {
        let fields = [("base_url", "https://n8n.example/home")];
        let (names, origins) = check(Some("n8n_0123456789"), &fields).unwrap();
        assert_eq!(names, ["base_url", "api_key"]);
        assert_eq!(origins, ["https://n8n.example", "https://n8n.io"]);
    }

    #[test]
    fn only_a_value_whose_provider_is_left_open_is_recognised() {
        assert!(names_nobody(None) && names_nobody(Some("api")));
        for provider in ["deepseek", "acme", "openai2", ""] {
            assert!(!names_nobody(Some(provider)), "{provider}");
        }
    }

    #[test]
    fn each_broken_rule_is_told_with_the_callers_own_name_for_the_field() {
        let cases: [Case<'_>; 6] = [
            (None, &[], &["base_url", "api_key"]),
            (
                Some("n8n_0123456789"),
                &[("base_url", "gopher://x")],
                &["base_url"],
            ),
            (
                Some("wrong-0123456789"),
                &[("base_url", "https://x.example")],
                &["value"],
            ),
            (
                Some("n8n_0"),
                &[("base_url", "https://x.example"), ("webhook", "")],
                &["value", "webhook"],
            ),
            (
                Some("n8n_0123456789"),
                &[("base_url", "https://x.example"), ("colour", "red")],
                &["colour"],
            ),
            (
                Some("n8n_0123456789"),
                &[("base_url", "https://x.example"), ("api_key", "n8n_123456")],
                &["value"],
            ),
        ];
        for (value, fields, told) in cases {
            let problems = check(value, fields).unwrap_err();
            let names: Vec<_> = problems.iter().map(|(field, _)| field.as_str()).collect();
            assert_eq!(names, told);
            let echoed = |message: &str| value.is_some_and(|value| message.contains(value));
            assert!(problems.iter().all(|(_, message)| !echoed(message)));
        }
    }
}
