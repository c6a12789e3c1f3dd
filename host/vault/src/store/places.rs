//! The rows of applications, and of the places where credentials are in use.

use sqlx::FromRow;

use super::claims::Claims;
use super::{Database, StoreError, Transaction};

/// A credential as a target keeps it.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ApplicationRow {
    pub(crate) id: String,
    pub(crate) workspace: String,
    pub(crate) credential: String,
    pub(crate) plugin: String,
    pub(crate) connection: String,
    pub(crate) external_id: Option<String>,
    pub(crate) details: String,
    pub(crate) version: i64,
    pub(crate) attempts: i64,
    pub(crate) fence: i64,
}

/// A place of an application.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct PlaceRow {
    pub(crate) container: String,
    pub(crate) slot: String,
    pub(crate) parameters: String,
    pub(crate) state: String,
    pub(crate) error: Option<String>,
    pub(crate) requested_by: Option<String>,
    /// 0 while it isn't known whether the credential was ever put there.
    pub(crate) applied_at: i64,
}

/// A place, with what it is a place of.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct UsedRow {
    pub(crate) plugin: String,
    /// The connection's name.
    pub(crate) connection: String,
    #[sqlx(flatten)]
    pub(crate) place: PlaceRow,
}

const APPLICATION: &str =
    "id, workspace, credential, plugin, connection, external_id, details, version, attempts, fence";
const PLACE: &str =
    "p.container, p.slot, p.parameters, p.state, p.error, p.requested_by, p.applied_at";

/// Whether a credential is in use in a place, or another one is in a place that is reached through this one.
pub(crate) async fn holds_back(
    transaction: &mut Transaction,
    credential: &str,
) -> Result<bool, StoreError> {
    let text = "SELECT a.id FROM applications a JOIN places p ON p.application = a.id \
         WHERE a.credential = $1 OR a.connection = $1 LIMIT 1";
    let found = fetch_optional!(transaction, (String,), text, credential)?;
    Ok(found.is_some())
}

/// How many other credentials are in use in places that are reached through this one.
pub(crate) async fn through(database: &Database, connection: &str) -> Result<i64, StoreError> {
    let text = "SELECT COUNT(DISTINCT a.credential) FROM applications a JOIN places p ON p.application = a.id \
         WHERE a.connection = $1 AND a.credential <> $1";
    let mut reader = database.read().await?;
    let counted = fetch_optional!(reader, (i64,), text, connection)?;
    Ok(counted.map_or(0, |row| row.0))
}

/// The application of a credential by a plugin through a connection, if there is one.
pub(crate) async fn application(
    database: &Database,
    credential: &str,
    plugin: &str,
    connection: &str,
) -> Result<Option<ApplicationRow>, StoreError> {
    let text = format!(
        "SELECT {APPLICATION} FROM applications WHERE credential = $1 AND plugin = $2 AND connection = $3"
    );
    let values = vec![credential.into(), plugin.into(), connection.into()];
    let mut reader = database.read().await?;
    let rows = fetch_all!(reader, ApplicationRow, values values, text)?;
    Ok(rows.into_iter().next())
}

/// An application by its id.
pub(crate) async fn application_by_id(
    database: &Database,
    id: &str,
) -> Result<Option<ApplicationRow>, StoreError> {
    let text = format!("SELECT {APPLICATION} FROM applications WHERE id = $1");
    let mut reader = database.read().await?;
    let rows = fetch_all!(reader, ApplicationRow, values vec![id.into()], text)?;
    Ok(rows.into_iter().next())
}

/// All applications of a credential.
pub(crate) async fn applications(
    database: &Database,
    credential: &str,
) -> Result<Vec<ApplicationRow>, StoreError> {
    let text = format!("SELECT {APPLICATION} FROM applications WHERE credential = $1 ORDER BY id");
    let mut reader = database.read().await?;
    fetch_all!(reader, ApplicationRow, values vec![credential.into()], text)
}

/// What a plugin keeps in the target that a connection opens: those of which the target's own id is known.
pub(crate) async fn kept_through(
    database: &Database,
    plugin: &str,
    connection: &str,
) -> Result<Vec<ApplicationRow>, StoreError> {
    let text = format!(
        "SELECT {APPLICATION} FROM applications WHERE plugin = $1 AND connection = $2 AND external_id IS NOT NULL"
    );
    let mut reader = database.read().await?;
    fetch_all!(reader, ApplicationRow, values vec![plugin.into(), connection.into()], text)
}

/// The places of an application, in an order of their own.
pub(crate) async fn places(
    database: &Database,
    application: &str,
) -> Result<Vec<PlaceRow>, StoreError> {
    let text = format!(
        "SELECT {PLACE} FROM places p WHERE p.application = $1 ORDER BY p.container, p.slot"
    );
    let mut reader = database.read().await?;
    fetch_all!(reader, PlaceRow, values vec![application.into()], text)
}

/// Where a credential is in use.
pub(crate) async fn used(
    database: &Database,
    credential: &str,
) -> Result<Vec<UsedRow>, StoreError> {
    let text = format!(
        "SELECT a.plugin, c.name AS connection, {PLACE} FROM places p JOIN applications a ON a.id = p.application \
         JOIN credentials c ON c.id = a.connection WHERE a.credential = $1 \
         ORDER BY a.plugin, c.name, p.container, p.slot"
    );
    let mut reader = database.read().await?;
    fetch_all!(reader, UsedRow, values vec![credential.into()], text)
}

/// Applications with stale places that are to be refreshed by now: their ids and plugins. Those of a credential that is
/// rotating or isn't active wait.
pub(crate) async fn due(
    database: &Database,
    now: i64,
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    let text = "SELECT a.id, a.plugin FROM applications a JOIN credentials c ON c.id = a.credential \
         WHERE a.next_at <= $1 AND c.rotating = 0 AND c.active = 1 ORDER BY a.next_at, a.id LIMIT $2";
    let mut reader = database.read().await?;
    fetch_all!(reader, (String, String), text, now, limit)
}

/// Whether a credential is active, isn't rotating, and has this version.
pub(crate) async fn settled(
    transaction: &mut Transaction,
    credential: &str,
    version: i64,
) -> Result<bool, StoreError> {
    let text = "SELECT version FROM credentials WHERE id = $1 AND version = $2 AND active = 1 AND rotating = 0";
    let found = fetch_optional!(transaction, (i64,), text, credential, version)?;
    Ok(found.is_some())
}

/// Who works on an application, and for how long they may.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) claims: Claims,
    /// In milliseconds.
    pub(crate) lasts: i64,
    /// The vault's own time.
    pub(crate) now: i64,
}

/// Makes an application, claimed. False where there is one of this credential, plugin and connection already, or the
/// credential or the connection is gone.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    row: &ApplicationRow,
    claim: &Claim,
) -> Result<bool, StoreError> {
    let claims = &claim.claims;
    let text = "INSERT INTO applications (id, workspace, credential, plugin, connection, external_id, details, version, \
         attempts, next_at, claimed_by, claimed_until, fence, updated_at) \
         SELECT $1, $2, $3, $4, $5, NULL, $6, $7, 0, $8, $9, $10, 1, $11 \
         WHERE EXISTS (SELECT 1 FROM credentials WHERE id = $3 AND workspace = $2) \
         AND EXISTS (SELECT 1 FROM credentials WHERE id = $5 AND workspace = $2) ON CONFLICT DO NOTHING";
    let inserted = execute!(
        transaction,
        text,
        &row.id,
        &row.workspace,
        &row.credential,
        &row.plugin,
        &row.connection,
        &row.details,
        row.version,
        claim.now + claim.lasts,
        &*claims.host,
        claims.now + claim.lasts,
        claim.now
    )?;
    Ok(inserted == 1)
}

/// Claims an application that is as it was when it was read. Should this host end, it is due again when the claim is over.
/// False where somebody works on it or did so since.
pub(crate) async fn claim(
    transaction: &mut Transaction,
    row: &ApplicationRow,
    claim: &Claim,
) -> Result<bool, StoreError> {
    let claims = &claim.claims;
    let text = "UPDATE applications SET claimed_by = $3, claimed_until = $4, fence = fence + 1, next_at = $5 \
         WHERE id = $1 AND fence = $2 \
         AND (claimed_by IS NULL OR claimed_until <= $6 OR (claimed_by <> $3 AND $7 = 1))";
    let claimed = execute!(
        transaction,
        text,
        &row.id,
        row.fence,
        &*claims.host,
        claims.now + claim.lasts,
        claim.now + claim.lasts,
        claims.now,
        claims.alone
    )?;
    Ok(claimed == 1)
}

/// Whether there is such an application.
pub(crate) async fn is_there(
    transaction: &mut Transaction,
    application: &str,
) -> Result<bool, StoreError> {
    let text = "SELECT fence FROM applications WHERE id = $1";
    Ok(fetch_optional!(transaction, (i64,), text, application)?.is_some())
}

/// Whether a claim that was the `fence`th still stands: nobody has claimed it since.
pub(crate) async fn holds(
    transaction: &mut Transaction,
    application: &str,
    fence: i64,
) -> Result<bool, StoreError> {
    let text = "SELECT fence FROM applications WHERE id = $1 AND fence = $2";
    let found = fetch_optional!(transaction, (i64,), text, application, fence)?;
    Ok(found.is_some())
}

/// Ends a claim. The application is due at `next_at` where a place of it is stale; where it has no place, and the target
/// keeps nothing of it, it goes.
pub(crate) async fn release(
    transaction: &mut Transaction,
    application: &str,
    fence: i64,
    attempts: i64,
    next_at: i64,
) -> Result<(), StoreError> {
    let text = "UPDATE applications SET claimed_by = NULL, claimed_until = 0, attempts = $3, next_at = CASE WHEN EXISTS \
         (SELECT 1 FROM places p WHERE p.application = $1 AND p.state = 'stale') THEN $4 ELSE NULL END \
         WHERE id = $1 AND fence = $2";
    execute!(transaction, text, application, fence, attempts, next_at)?;
    sweep(transaction, application).await
}

/// Deletes an application that nobody works on and that is good for nothing.
async fn sweep(transaction: &mut Transaction, application: &str) -> Result<(), StoreError> {
    let text = "DELETE FROM applications WHERE id = $1 AND external_id IS NULL AND claimed_by IS NULL \
         AND NOT EXISTS (SELECT 1 FROM places p WHERE p.application = $1)";
    execute!(transaction, text, application)?;
    Ok(())
}

/// Writes what the target answered. An id that it doesn't tell again is kept.
pub(crate) async fn set_receipt(
    transaction: &mut Transaction,
    application: &str,
    external_id: Option<&str>,
    details: &str,
    version: i64,
    now: i64,
) -> Result<(), StoreError> {
    let text = "UPDATE applications SET external_id = COALESCE($2, external_id), details = $3, version = $4, \
         updated_at = $5 WHERE id = $1";
    execute!(
        transaction,
        text,
        application,
        external_id,
        details,
        version,
        now
    )?;
    Ok(())
}

/// Takes note of a place before the credential is put there. Whether it is a new one.
pub(crate) async fn plan_place(
    transaction: &mut Transaction,
    application: &str,
    place: &PlaceRow,
    now: i64,
) -> Result<bool, StoreError> {
    let text = "INSERT INTO places (application, container, slot, parameters, state, error, requested_by, applied_at, \
         updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let inserted = execute!(
        transaction,
        text,
        application,
        &place.container,
        &place.slot,
        &place.parameters,
        &place.state,
        &place.error,
        &place.requested_by,
        place.applied_at,
        now
    )?;
    Ok(inserted == 1)
}

/// Writes a place as it now is, be it known already or not.
pub(crate) async fn put_place(
    transaction: &mut Transaction,
    application: &str,
    place: &PlaceRow,
    now: i64,
) -> Result<(), StoreError> {
    let text = "INSERT INTO places (application, container, slot, parameters, state, error, requested_by, applied_at, \
         updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (application, container, slot) DO UPDATE SET \
         parameters = excluded.parameters, state = excluded.state, error = excluded.error, \
         requested_by = excluded.requested_by, applied_at = excluded.applied_at, updated_at = excluded.updated_at";
    execute!(
        transaction,
        text,
        application,
        &place.container,
        &place.slot,
        &place.parameters,
        &place.state,
        &place.error,
        &place.requested_by,
        place.applied_at,
        now
    )?;
    Ok(())
}

/// Writes how a place stands that is known.
pub(crate) async fn set_state(
    transaction: &mut Transaction,
    application: &str,
    place: &PlaceRow,
    now: i64,
) -> Result<(), StoreError> {
    let text = "UPDATE places SET state = $4, error = $5, applied_at = $6, updated_at = $7 \
         WHERE application = $1 AND container = $2 AND slot = $3";
    execute!(
        transaction,
        text,
        application,
        &place.container,
        &place.slot,
        &place.state,
        &place.error,
        place.applied_at,
        now
    )?;
    Ok(())
}

/// Takes all places of an application for stale, whoever works on it, and has it refreshed at `next_at` at the latest.
pub(crate) async fn set_all_stale(
    transaction: &mut Transaction,
    application: &str,
    error: &str,
    next_at: i64,
    now: i64,
) -> Result<(), StoreError> {
    let text =
        "UPDATE places SET state = 'stale', error = $2, updated_at = $3 WHERE application = $1";
    execute!(transaction, text, application, error, now)?;
    let text = "UPDATE applications SET attempts = attempts + 1, \
         next_at = CASE WHEN next_at <= $2 THEN next_at ELSE $2 END WHERE id = $1";
    execute!(transaction, text, application, next_at)?;
    Ok(())
}

/// Takes a place off an application's record. Whether it was there.
pub(crate) async fn remove_place(
    transaction: &mut Transaction,
    application: &str,
    container: &str,
    slot: &str,
) -> Result<bool, StoreError> {
    let text = "DELETE FROM places WHERE application = $1 AND container = $2 AND slot = $3";
    Ok(execute!(transaction, text, application, container, slot)? == 1)
}

/// Takes a place off the record of all applications of a credential. Whether there was one.
pub(crate) async fn forget(
    transaction: &mut Transaction,
    credential: &str,
    container: &str,
    slot: &str,
) -> Result<bool, StoreError> {
    let text = "SELECT id FROM applications WHERE credential = $1";
    let mut forgotten = false;
    for (application,) in fetch_all!(transaction, (String,), text, credential)? {
        if !remove_place(transaction, &application, container, slot).await? {
            continue;
        }
        forgotten = true;
        // Nothing is due any more where that was the last stale one; a claim that stands goes on.
        let text = "UPDATE applications SET next_at = NULL WHERE id = $1 AND claimed_by IS NULL AND NOT EXISTS \
             (SELECT 1 FROM places p WHERE p.application = $1 AND p.state = 'stale')";
        execute!(transaction, text, &application)?;
        sweep(transaction, &application).await?;
    }
    Ok(forgotten)
}

/// Has an application refreshed at that time.
pub(crate) async fn set_due(
    transaction: &mut Transaction,
    application: &str,
    next_at: i64,
) -> Result<(), StoreError> {
    let text = "UPDATE applications SET next_at = $2 WHERE id = $1 AND claimed_by IS NULL";
    execute!(transaction, text, application, next_at)?;
    Ok(())
}
