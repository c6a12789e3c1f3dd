//! Replacing a credential's secret by a new one, whatever happens meanwhile.
//!
//! A rotation is a row, the journal: it is there before the provider is asked for anything, and each step writes where the
//! rotation stands together with its entry of the audit log. A host that ends in the middle of one leaves a row that
//! another host, or the same one after its start, takes up:
//!
//! ```text
//! creating ──▶ verifying ──▶ pushing ──▶ done
//!     │            │
//!     └────────────┴──▶ undoing ──▶ failed          creating ──▶ outcome-unknown
//! ```
//!
//! - [`RotationMode`] says where the new secret comes from, and with it what can be lost. Where the host makes it
//!   (`assignment`) it is sealed before the provider hears of it. Where the provider makes it (`rotation`) and both work for
//!   a while, what an answer that got lost left behind is found by the rotation's id and undone. Where making the new one
//!   ends the old one, a lost answer may cost both: that is never tried again by itself, and is an alert.
//! - A version is `pending` until it was tested and given to all places where the credential is in use; then one transaction
//!   makes it the current one. There is never more than one current version, and never none.
//! - A failed rotation says nothing of the credential's health: what was current still is.
//!
//! The modules: `begin` checks all that can be checked here and writes the journal's first line; `journal` is that row and
//! its changes; `run` goes from phase to phase, `make`, `verify`, `undo` and `promote` are the phases, `ask` is what they
//! have in common; `rollback` goes back to an earlier version; `resume` takes up what was interrupted; `retire` ends earlier
//! versions; `schedule` says when a credential is due, and begins it; `give_up` ends one that an operator doesn't wait for; `generate` makes values; `list` tells.

mod ask;
mod begin;
mod generate;
mod give_up;
mod journal;
mod list;
mod make;
mod options;
mod promote;
mod resume;
mod retire;
mod rollback;
mod run;
pub(crate) mod schedule;
#[cfg(test)]
mod tests;
mod undo;
mod verify;
mod words;

use std::sync::Arc;
use std::time::Duration;

use claviger_runtime::secret::Secret;
use jiff::Timestamp;

use crate::credentials::Credential;
use crate::error::VaultError;
use crate::ids::RotationId;
use crate::places::Refreshed;

pub use give_up::GivenUp;
pub use list::{ListedRotation, RotationFilter, RotationSchedule, ScheduledRotation};
pub use options::{RotationOptions, Waits};
pub use words::{RotationCause, RotationMode, RotationPhase};

/// When to try again what another rotation is in the way of.
const RETRY_MS: u64 = 5000;

/// What a rotation is asked for with.
#[derive(Default)]
pub struct RotateRequest {
    /// The id that it gets. Where there is a rotation of this id, its result is the answer, and nothing begins.
    pub id: Option<RotationId>,
    /// Whether somebody wants a new secret, or every older one ended at once.
    pub cause: RotationCause,
    /// Why, for people.
    pub reason: Option<String>,
    /// The connection to reach the provider through.
    pub connection: Option<String>,
    /// The new secret, where the caller brings it.
    pub given: Option<GivenSecret>,
    /// How the new secret is made, where the host makes it.
    pub generate: Option<Generate>,
}

/// A new secret that the caller brings.
#[derive(Default)]
pub struct GivenSecret {
    /// The kind's one required secret field, or the whole of an opaque secret.
    pub value: Option<Secret>,
    /// Fields by name; those that are left out stay.
    pub fields: Vec<(String, Secret)>,
    /// The provider's own id of it.
    pub provider_credential_id: Option<String>,
}

/// What a value that the host makes is like.
#[derive(Debug, Clone, Default)]
pub struct Generate {
    /// In characters: 8 to 1024, 32 where nothing is said.
    pub length: Option<u32>,
    /// The characters that it is made of, `A` to `Z`, `a` to `z` and `0` to `9` where nothing is said.
    pub alphabet: Option<String>,
}

/// What going back to an earlier version is asked for with.
#[derive(Debug, Default)]
pub struct RollbackRequest {
    /// As with a rotation.
    pub id: Option<RotationId>,
    /// The version; none: the latest before the current one.
    pub version: Option<u32>,
    /// The connection to reach the provider through.
    pub connection: Option<String>,
}

/// A secret that was replaced.
#[derive(Debug)]
pub struct Rotated {
    /// The credential, as it is now.
    pub credential: Arc<Credential>,
    /// The version that was current.
    pub from_version: u32,
    /// The version that is.
    pub to_version: u32,
    /// How long it took.
    pub duration: Duration,
    /// What became of each place where the credential is in use. Of a rotation that was asked for before, nothing is told.
    pub places: Vec<Refreshed>,
    /// When the new one became current.
    pub rotated_at: Timestamp,
}

/// That another rotation is in the way.
pub(crate) fn rotating() -> VaultError {
    VaultError::Conflict {
        message: "Credential is currently being rotated".to_owned(),
        retry_after_ms: Some(RETRY_MS),
    }
}
