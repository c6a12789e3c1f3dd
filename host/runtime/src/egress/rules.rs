//! What a plugin may do on its way out: its grant, in the shape that the way out needs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustls_pki_types::CertificateDer;

use super::keyring::Keyring;
use super::private::PrivateGrant;
use crate::manifest::{CaptureRule, Place};
use crate::origin::{Origin, OriginPattern, Scheme};

/// What one plugin may do on its way out.
#[derive(Debug, Clone, Default)]
pub struct EgressRules {
    /// The origins that it may reach: its manifest's, as far as they are granted, and the operator's own.
    pub origins: Vec<OriginPattern>,
    /// By kind, by field: where secrets go. A kind or a field that isn't here has stand-ins that go nowhere.
    pub kinds: BTreeMap<String, BTreeMap<String, FieldGrant>>,
    /// By kind, by field: where the secrets of credentials that are put to use go, in what the connection opens. A kind or
    /// a field that isn't here is never shown to the guest.
    pub subjects: BTreeMap<String, BTreeMap<String, Vec<Place>>>,
    /// The new secrets that it may have taken out of answers.
    pub captures: Vec<CaptureRule>,
    /// Whether it may be shown secrets themselves.
    pub reveal: bool,
    /// The addresses that aren't public and that it may reach all the same.
    pub private: Vec<PrivateGrant>,
    /// Which origins the operator serves from elsewhere. The targets are granted, private or not.
    pub replace_origins: BTreeMap<Origin, Origin>,
    /// Roots of trust beside the system's own.
    pub roots: Vec<CertificateDer<'static>>,
    /// How much and how long.
    pub limits: Limits,
}

/// What may be done with one secret field.
#[derive(Debug, Clone, Default)]
pub struct FieldGrant {
    /// Where the secret goes.
    pub places: Vec<Place>,
    /// The schemes that the host signs with it.
    pub signs: BTreeSet<String>,
    /// Where signatures made with it go.
    pub signature_places: Vec<Place>,
}

/// How much and how long. A call's deadline bounds each of the times as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the first look-up of a name to a connection that can be written to, TLS included.
    pub connect: Duration,
    /// From handing the request over to the answer's head, the connection included.
    pub first_byte: Duration,
    /// The whole exchange.
    pub total: Duration,
    /// The longest request body, in bytes.
    pub request_body: usize,
    /// The longest response body, in bytes.
    pub response_body: usize,
}

impl EgressRules {
    /// Whether requests may go to an origin. A template means the text field of any credential of the call.
    pub(crate) fn grants(&self, origin: &Origin, keyring: &Keyring) -> bool {
        self.origins
            .iter()
            .any(|pattern| Self::means(pattern, origin, keyring))
    }

    /// Whether a pattern means an origin in this call.
    pub(crate) fn means(pattern: &OriginPattern, origin: &Origin, keyring: &Keyring) -> bool {
        pattern.matches(origin, |_| None)
            || keyring
                .credentials()
                .iter()
                .any(|credential| pattern.matches(origin, |name| credential.text(name)))
    }

    /// Where requests to an origin really go.
    pub(crate) fn target<'a>(&'a self, origin: &'a Origin) -> &'a Origin {
        self.replace_origins.get(origin).unwrap_or(origin)
    }

    /// Whether the operator named this very origin, so that it may be anywhere.
    pub(crate) fn has_written_out(&self, origin: &Origin) -> bool {
        self.private.iter().any(|grant| grant.is_origin(origin))
            || self.replace_origins.values().any(|target| target == origin)
    }

    /// Whether plain HTTP over public networks is granted: it has to be written with its scheme, which a template that a
    /// credential fills never is.
    pub(crate) fn grants_plain(&self, origin: &Origin) -> bool {
        let plain = |pattern: &OriginPattern| {
            origin.scheme() == Scheme::Http && pattern.matches(origin, |_| None)
        };
        self.origins.iter().any(plain) || self.has_written_out(origin)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            total: Duration::from_mins(1),
            request_body: 1024 * 1024,
            response_body: 4 * 1024 * 1024,
        }
    }
}
