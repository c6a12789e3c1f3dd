//! What an entry's MAC goes over.

use serde::Serialize;

use super::entry::NewEntry;
use super::writer::AuditKey;
use crate::store::StoreError;
use crate::store::audit::AuditRow;

/// All that an entry says, in the order in which it is chained. A change here breaks every chain there is.
#[derive(Serialize)]
struct Chained<'r> {
    number: i64,
    at: i64,
    workspace: Option<&'r str>,
    actor_kind: &'r str,
    actor_id: Option<&'r str>,
    actor: &'r str,
    action: &'r str,
    credential: Option<&'r str>,
    credential_name: Option<&'r str>,
    target: Option<&'r str>,
    success: i64,
    trace_id: &'r str,
    address: Option<&'r str>,
    detail: &'r str,
    mac_key: &'r str,
}

/// The row of an entry that follows the one whose MAC is `previous`.
pub(super) fn link(
    key: &AuditKey,
    previous: &[u8],
    number: i64,
    at: i64,
    entry: &NewEntry,
) -> Result<AuditRow, StoreError> {
    let mut row = AuditRow {
        number,
        at,
        mac_key: key.id.clone(),
        ..AuditRow::from(entry)
    };
    row.mac = mac(&key.key, previous, &row)?.to_vec();
    Ok(row)
}

/// The MAC of a row that follows the one whose MAC is `previous`.
pub(super) fn mac(key: &[u8; 32], previous: &[u8], row: &AuditRow) -> Result<[u8; 32], StoreError> {
    let chained = Chained {
        number: row.number,
        at: row.at,
        workspace: row.workspace.as_deref(),
        actor_kind: &row.actor_kind,
        actor_id: row.actor_id.as_deref(),
        actor: &row.actor,
        action: &row.action,
        credential: row.credential.as_deref(),
        credential_name: row.credential_name.as_deref(),
        target: row.target.as_deref(),
        success: row.success,
        trace_id: &row.trace_id,
        address: row.address.as_deref(),
        detail: &row.detail,
        mac_key: &row.mac_key,
    };
    let bytes =
        postcard::to_stdvec(&chained).map_err(|error| StoreError::damaged("audit entry", error))?;
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(previous).update(&bytes);
    Ok(*hasher.finalize().as_bytes())
}
