//! What a plugin may do: its manifest's requests, as far as the operator grants them.
//!
//! The way out and the imports ask the grant and never the manifest, so that a request alone is worth nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::{CaptureRule, FieldRule, Manifest, Place};
use crate::origin::{Origin, OriginPattern};
use crate::settings::{PluginSettings, PrivateGrant};

/// What a plugin may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// The origins that it may reach: the manifest's and the operator's.
    pub origins: Vec<OriginPattern>,
    /// Of those, what the operator wrote out: only these may be plain `http`.
    pub written_out: Vec<OriginPattern>,
    /// Where requests to an origin go instead. The secrets' places stay those of the origin that is replaced.
    pub replace_origins: BTreeMap<Origin, Origin>,
    /// The private addresses that it may reach: the targets of `replace_origins`, and what the operator allowed.
    pub private: Vec<PrivateGrant>,
    /// What may be done with the secret fields of each kind, by kind and field.
    pub kinds: BTreeMap<String, BTreeMap<String, FieldGrant>>,
    /// The new secrets that the host takes out of answers for it.
    pub captures: Vec<CaptureRule>,
    /// Whether it may be shown secrets themselves.
    pub reveal: bool,
}

/// What may be done with a secret field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldGrant {
    /// Where it may be sent.
    pub places: Vec<Place>,
    /// The schemes that the host signs with it.
    pub signs: BTreeSet<String>,
    /// Where signatures made with it may be sent.
    pub signature_places: Vec<Place>,
}

impl Grant {
    /// Grants all that the manifest asks for, and what the operator's settings add; to reveal takes both.
    #[must_use]
    pub fn of(manifest: &Manifest, settings: &PluginSettings) -> Self {
        let mut origins = manifest.origins.clone();
        origins.extend(
            settings
                .origins
                .iter()
                .filter(|origin| !manifest.origins.contains(origin))
                .cloned(),
        );
        let targets = settings
            .replace_origins
            .values()
            .cloned()
            .map(PrivateGrant::Origin);
        let secret_fields = |fields: &[FieldRule]| {
            fields
                .iter()
                .filter(|field| field.secret)
                .map(|field| (field.name.clone(), field.into()))
                .collect()
        };
        Self {
            origins,
            written_out: settings.origins.clone(),
            replace_origins: settings.replace_origins.clone(),
            private: targets
                .chain(settings.allow_private.iter().cloned())
                .collect(),
            kinds: manifest
                .kinds
                .iter()
                .map(|kind| (kind.name.clone(), secret_fields(&kind.fields)))
                .collect(),
            captures: manifest.captures.clone(),
            reveal: manifest.reveal.is_some() && settings.reveal,
        }
    }

    /// What may be done with a secret field; nothing, where the plugin's manifest doesn't declare it.
    #[must_use]
    pub fn field(&self, kind: &str, field: &str) -> Option<&FieldGrant> {
        self.kinds.get(kind)?.get(field)
    }
}

impl From<&FieldRule> for FieldGrant {
    fn from(rule: &FieldRule) -> Self {
        Self {
            places: rule.places.clone(),
            signs: rule.signs.clone(),
            signature_places: rule.signature_places.clone(),
        }
    }
}
