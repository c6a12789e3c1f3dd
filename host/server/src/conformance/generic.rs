//! The script of a plugin that has none: credentials as its manifest's examples say, and a provider that nothing is known
//! of. What a provider in trouble brings about can be seen without knowing what a good answer is.

use std::collections::BTreeMap;

use claviger_runtime::Manifest;
use claviger_runtime::manifest::{FieldRule, Kind};

use super::script::{Credential, Script};

/// A credential of each kind of which one can be made up.
pub(crate) fn script(manifest: &Manifest) -> Script {
    Script {
        credentials: manifest.kinds.iter().filter_map(credential).collect(),
        ..Script::default()
    }
}

fn credential(kind: &Kind) -> Option<Credential> {
    let required = kind.fields.iter().filter(|field| field.required);
    let fields: Option<BTreeMap<String, String>> = required
        .map(|field| Some((field.name.clone(), value(field)?)))
        .collect();
    Some(Credential {
        kind: kind.name.clone(),
        provider: None,
        fields: fields?,
        works: true,
        external_id: None,
        handle: None,
    })
}

/// The field's example, else any text that its pattern lets be.
fn value(field: &FieldRule) -> Option<String> {
    let made_up = format!("claviger-test-{}", field.name.replace('_', "-"));
    let value = field.example.clone().unwrap_or(made_up);
    let fits = (field.pattern.as_ref()).is_none_or(|pattern| pattern.matches_whole(&value));
    (fits && (!field.secret || value.len() >= 8)).then_some(value)
}
