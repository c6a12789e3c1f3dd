//! What wants somebody's attention, read out of the tables that it stands in.

use sqlx::FromRow;

use super::{Database, StoreError};

/// Something that wants attention.
#[derive(Debug, FromRow)]
pub(crate) struct AlertRow {
    /// The credential's name.
    pub(crate) credential: String,
    /// Since when.
    pub(crate) at: i64,
    /// What of the credential's it is about: a place, a lease.
    pub(crate) subject: Option<String>,
    /// A time, a version or a number, as the sort has it.
    pub(crate) number: Option<i64>,
    /// What was said about it.
    pub(crate) why: Option<String>,
}

/// A credential that ends.
#[derive(Debug, FromRow)]
pub(crate) struct EndingRow {
    pub(crate) name: String,
    pub(crate) expires_at: i64,
    pub(crate) rotation_enabled: i64,
}

/// The sorts of alerts. Each text takes the workspace, the time and how many are wanted at most, the most pressing first.
pub(crate) mod sorts {
    /// Its end is near; the number is when.
    pub(crate) const EXPIRING: &str = "SELECT name AS credential, alert_at AS at, CAST(NULL AS TEXT) AS subject, \
         expires_at AS number, CAST(NULL AS TEXT) AS why FROM credentials \
         WHERE workspace = $1 AND active = 1 AND alert_at <= $2 AND expires_at > $2 ORDER BY expires_at, id LIMIT $3";
    /// It has ended; the number is when.
    pub(crate) const EXPIRED: &str = "SELECT name AS credential, expires_at AS at, CAST(NULL AS TEXT) AS subject, \
         expires_at AS number, CAST(NULL AS TEXT) AS why FROM credentials \
         WHERE workspace = $1 AND active = 1 AND expires_at <= $2 ORDER BY expires_at DESC, id LIMIT $3";
    /// Its provider doesn't take it.
    pub(crate) const FAILED: &str = "SELECT name AS credential, COALESCE(health_checked_at, updated_at) AS at, \
         CAST(NULL AS TEXT) AS subject, CAST(NULL AS BIGINT) AS number, health_reason AS why FROM credentials \
         WHERE workspace = $1 AND active = 1 AND health = 'invalid' AND $2 IS NOT NULL ORDER BY 2 DESC, id LIMIT $3";
    /// Its last rotation failed; the number is how many did since one didn't.
    pub(crate) const ROTATION_FAILED: &str = "SELECT c.name AS credential, \
         COALESCE((SELECT MAX(r.finished_at) FROM rotations r WHERE r.credential = c.id), c.updated_at) AS at, \
         CAST(NULL AS TEXT) AS subject, c.rotation_failures AS number, c.rotation_error AS why FROM credentials c \
         WHERE c.workspace = $1 AND c.active = 1 AND c.rotation_error IS NOT NULL AND $2 IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM rotations r WHERE r.credential = c.id AND r.phase = 'outcome-unknown' \
         AND r.started_at = (SELECT MAX(n.started_at) FROM rotations n WHERE n.credential = c.id)) \
         ORDER BY 2 DESC, c.id LIMIT $3";
    /// Nobody knows what came of its last rotation.
    pub(crate) const ROTATION_OUTCOME_UNKNOWN: &str = "SELECT c.name AS credential, \
         COALESCE(r.finished_at, r.updated_at) AS at, CAST(NULL AS TEXT) AS subject, \
         CAST(NULL AS BIGINT) AS number, r.error AS why FROM rotations r JOIN credentials c ON c.id = r.credential \
         WHERE r.workspace = $1 AND r.phase = 'outcome-unknown' AND $2 IS NOT NULL \
         AND r.started_at = (SELECT MAX(n.started_at) FROM rotations n WHERE n.credential = r.credential) \
         ORDER BY 2 DESC, r.id LIMIT $3";
    /// A version of it couldn't be ended at the provider; the number is which.
    pub(crate) const RETIRE_FAILED: &str = "SELECT c.name AS credential, COALESCE(v.retired_at, c.last_rotated_at, v.created_at) AS at, \
         CAST(NULL AS TEXT) AS subject, v.version AS number, v.retire_error AS why \
         FROM credential_versions v JOIN credentials c ON c.id = v.credential \
         WHERE c.workspace = $1 AND v.state = 'retire-failed' AND $2 IS NOT NULL \
         ORDER BY 2 DESC, c.id, v.version LIMIT $3";
    /// A place has an older secret of it; the number is which version the place's target was last given.
    pub(crate) const STALE_PLACE: &str = "SELECT c.name AS credential, p.updated_at AS at, \
         p.container || '/' || p.slot AS subject, a.version AS number, p.error AS why \
         FROM places p JOIN applications a ON a.id = p.application JOIN credentials c ON c.id = a.credential \
         WHERE a.workspace = $1 AND p.state = 'stale' AND $2 IS NOT NULL \
         ORDER BY 2 DESC, a.id, p.container, p.slot LIMIT $3";
    /// A lease that was issued from it couldn't be ended; the number is when it ends at the latest.
    pub(crate) const REVOKE_FAILED: &str = "SELECT c.name AS credential, COALESCE(l.ended_at, l.expires_at) AS at, l.id AS subject, \
         l.ends_at AS number, l.error AS why FROM leases l JOIN credentials c ON c.id = l.root \
         WHERE l.workspace = $1 AND l.state = 'revoke_failed' AND $2 IS NOT NULL ORDER BY 2 DESC, l.id LIMIT $3";
    /// A lease that may have been issued from it and that nobody has; the number is when it ends at the latest.
    pub(crate) const ORPHANED_LEASE: &str = "SELECT c.name AS credential, COALESCE(l.ended_at, l.created_at) AS at, l.id AS subject, \
         l.ends_at AS number, l.error AS why FROM leases l JOIN credentials c ON c.id = l.root \
         WHERE l.workspace = $1 AND l.state = 'orphaned' AND $2 IS NOT NULL ORDER BY 2 DESC, l.id LIMIT $3";
}

/// The alerts of one of the `sorts`.
pub(crate) async fn alerts(
    database: &Database,
    sort: &'static str,
    workspace: &str,
    now: i64,
    limit: i64,
) -> Result<Vec<AlertRow>, StoreError> {
    let mut reader = database.read().await?;
    fetch_all!(reader, AlertRow, sort, workspace, now, limit)
}

/// A page of the active credentials that end after `now` and no later than `until`, the next one first.
pub(crate) async fn ending(
    database: &Database,
    workspace: &str,
    (now, until): (i64, i64),
    (limit, offset): (i64, i64),
) -> Result<Vec<EndingRow>, StoreError> {
    let text = "SELECT name, expires_at, rotation_enabled FROM credentials \
         WHERE workspace = $1 AND active = 1 AND expires_at > $2 AND expires_at <= $3 \
         ORDER BY expires_at, id LIMIT $4 OFFSET $5";
    let mut reader = database.read().await?;
    fetch_all!(
        reader, EndingRow, text, workspace, now, until, limit, offset
    )
}

/// How many such credentials there are.
pub(crate) async fn count_ending(
    database: &Database,
    workspace: &str,
    (now, until): (i64, i64),
) -> Result<i64, StoreError> {
    let text = "SELECT COUNT(*) FROM credentials \
         WHERE workspace = $1 AND active = 1 AND expires_at > $2 AND expires_at <= $3";
    let mut reader = database.read().await?;
    let counted = fetch_optional!(reader, (i64,), text, workspace, now, until)?;
    Ok(counted.map_or(0, |row| row.0))
}
