//! What a plugin may do: its manifest's requests, as far as the operator grants them.
//!
//! The way out and the imports ask the grant and never the manifest, so that a request alone is worth nothing.

use std::collections::BTreeMap;

use rustls_pki_types::CertificateDer;

use crate::egress::{EgressRules, FieldGrant, Limits, PrivateGrant};
use crate::manifest::{CaptureRule, FieldRule, Manifest, Place, SubjectField};
use crate::origin::{Origin, OriginPattern, Scheme};
use crate::settings::PluginSettings;

mod rights;

pub use rights::{Right, Rights};

/// What a plugin may do.
#[derive(Debug, Clone, Default)]
pub struct Grant {
    /// The origins that it may reach: the manifest's and the operator's. Plain `http` only where the operator wrote it.
    pub origins: Vec<OriginPattern>,
    /// Where requests to an origin go instead. The secrets' places stay those of the origin that is replaced.
    pub replace_origins: BTreeMap<Origin, Origin>,
    /// The addresses that aren't public and that it may reach all the same.
    pub private: Vec<PrivateGrant>,
    /// What may be done with the secret fields of each kind, by kind and field.
    pub kinds: BTreeMap<String, BTreeMap<String, FieldGrant>>,
    /// Where the secrets of other plugins' credentials go when they are put to use, by kind and field.
    pub subjects: BTreeMap<String, BTreeMap<String, Vec<Place>>>,
    /// The new secrets that the host takes out of answers for it.
    pub captures: Vec<CaptureRule>,
    /// Whether it may be shown secrets themselves.
    pub reveal: bool,
}

impl Grant {
    /// Grants what the manifest asks for and what the operator's settings add. What takes an approval (to reveal, plain
    /// `http`, private addresses) is granted where it is among the `approved` or the settings say so.
    #[must_use]
    pub fn of(manifest: &Manifest, settings: &PluginSettings, approved: &Rights) -> Self {
        let mut origins = settings.origins.clone();
        let mut private = settings.allow_private.clone();
        let asked = Rights::asked(manifest);
        for right in asked.iter() {
            match right {
                Right::Origin(pattern)
                    if is_plain(pattern) && !settings.origins.contains(pattern) =>
                {
                    tracing::warn!(plugin = manifest.name, origin = %pattern, "plain http is not granted; add it to `origins`");
                }
                Right::Origin(pattern) if !origins.contains(pattern) => {
                    origins.push(pattern.clone());
                }
                Right::Unprotected(origin) => {
                    let pattern = OriginPattern::Exact(origin.clone());
                    let is_approved = approved.has(right);
                    if is_approved {
                        private.push(PrivateGrant::Origin(origin.clone()));
                    }
                    let granted = is_approved
                        || origin.scheme() == Scheme::Https
                        || written_out(origin, settings);
                    if granted && !origins.contains(&pattern) {
                        origins.push(pattern);
                    } else if !granted {
                        tracing::warn!(plugin = manifest.name, %origin, "plain http is not granted; add it to `origins`");
                    }
                }
                _ => {}
            }
        }
        Self {
            origins,
            replace_origins: settings.replace_origins.clone(),
            private,
            kinds: manifest
                .kinds
                .iter()
                .map(|kind| (kind.name.clone(), field_grants(&kind.fields)))
                .collect(),
            subjects: manifest
                .subjects
                .iter()
                .map(|subject| (subject.kind.clone(), subject_places(&subject.fields)))
                .collect(),
            captures: manifest.captures.clone(),
            reveal: manifest.reveal.is_some() && (settings.reveal || approved.has(&Right::Reveal)),
        }
    }

    /// The grant as the way out needs it.
    pub(crate) fn rules(&self, roots: Vec<CertificateDer<'static>>, limits: Limits) -> EgressRules {
        EgressRules {
            origins: self.origins.clone(),
            kinds: self.kinds.clone(),
            subjects: self.subjects.clone(),
            captures: self.captures.clone(),
            reveal: self.reveal,
            private: self.private.clone(),
            replace_origins: self.replace_origins.clone(),
            roots,
            limits,
        }
    }
}

fn subject_places(fields: &[SubjectField]) -> BTreeMap<String, Vec<Place>> {
    let places = |field: &SubjectField| (field.name.clone(), field.places.clone());
    fields.iter().map(places).collect()
}

fn field_grants(fields: &[FieldRule]) -> BTreeMap<String, FieldGrant> {
    let secret = fields.iter().filter(|field| field.secret);
    let grant = |field: &FieldRule| FieldGrant {
        places: field.places.clone(),
        signs: field.signs.clone(),
        signature_places: field.signature_places.clone(),
    };
    secret
        .map(|field| (field.name.clone(), grant(field)))
        .collect()
}

fn is_plain(pattern: &OriginPattern) -> bool {
    match pattern {
        OriginPattern::Exact(origin) | OriginPattern::SubDomains(origin) => {
            origin.scheme() == Scheme::Http
        }
        OriginPattern::Field(_) => false,
    }
}

fn written_out(origin: &Origin, settings: &PluginSettings) -> bool {
    settings
        .origins
        .contains(&OriginPattern::Exact(origin.clone()))
        || settings.replace_origins.contains_key(origin)
        || settings
            .allow_private
            .iter()
            .any(|private| private.is_origin(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(origins: &str, reveal: &str) -> Manifest {
        Manifest::parse(&format!(
            r#"{{"name": "a", "version": "1.0.0", "description": "For tests.", "origins": {origins}{reveal},
                "kinds": [{{"name": "k", "label": "K", "fields": [
                    {{"name": "text", "label": "T"}}, {{"name": "secret", "label": "S", "secret": true}}]}}]}}"#
        ))
        .expect("a manifest")
    }

    fn settings(json: &str) -> PluginSettings {
        serde_json::from_str(json).expect("settings")
    }

    #[test]
    fn to_reveal_takes_the_manifest_and_the_operator() {
        let asks = manifest("[]", r#", "reveal": "The protocol has no other way.""#);
        let none = Rights::default();
        assert!(!Grant::of(&asks, &PluginSettings::default(), &none).reveal);
        assert!(Grant::of(&asks, &settings(r#"{"reveal": true}"#), &none).reveal);
        assert!(Grant::of(&asks, &PluginSettings::default(), &Rights::asked(&asks)).reveal);
        assert!(!Grant::of(&manifest("[]", ""), &settings(r#"{"reveal": true}"#), &none).reveal);
    }

    #[test]
    fn plain_http_takes_the_operator() {
        let asks = manifest(r#"["https://a.example", "http://b.example"]"#, "");
        let origins = |written: &str| {
            Grant::of(&asks, &settings(written), &Rights::default())
                .origins
                .len()
        };
        assert_eq!(origins("{}"), 1);
        assert_eq!(origins(r#"{"origins": ["http://b.example"]}"#), 2);
        assert_eq!(
            origins(r#"{"replace-origins": {"http://b.example": "http://127.0.0.1:1"}}"#),
            2
        );
        assert_eq!(origins(r#"{"origins": ["https://c.example"]}"#), 2);
        let approved = Grant::of(&asks, &PluginSettings::default(), &Rights::asked(&asks));
        assert_eq!((approved.origins.len(), approved.private.len()), (2, 1));
    }

    #[test]
    fn only_secret_fields_have_grants() {
        let grant = Grant::of(
            &manifest("[]", ""),
            &PluginSettings::default(),
            &Rights::default(),
        );
        assert_eq!(grant.kinds["k"].keys().collect::<Vec<_>>(), ["secret"]);
    }
}
