//! What the host tells a guest.

use std::time::Duration;

use crate::contract::told::Credential;
use crate::egress::{Role, Session, Target};
use crate::subject::Subject;

/// A credential as the guest sees it: a stand-in in each secret's place.
pub(super) fn credential(session: &mut Session, role: Role, subject: &Subject) -> Credential {
    let fields = session.admit(role, subject);
    told(subject, fields)
}

/// A credential that is put to use in a target, likewise: the guest sees those of its fields that it asked for, and nothing
/// that is its provider's matter.
pub(super) fn applied(session: &mut Session, subject: &Subject, target: Target) -> Credential {
    let fields = session.admit_applied(subject, target);
    Credential {
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        ..told(subject, fields)
    }
}

fn told(subject: &Subject, fields: Vec<(String, String)>) -> Credential {
    Credential {
        id: subject.id.clone(),
        name: subject.name.clone(),
        kind: subject.kind.clone(),
        version: subject.version,
        fields,
        metadata: subject.metadata.clone(),
        external_id: subject.external_id.clone(),
        handle: subject.handle.clone(),
        expires_at_ms: subject.expires_at_ms,
    }
}

pub(super) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
