//! How often each credential was used, and when last.

use super::audit::placeholders;
use super::{Database, StoreError, Transaction, Value};

/// An hour, in milliseconds.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// The generations of these credentials; those that are gone are left out. In the group's own transaction, so that a
/// secret that was read from a cache isn't handed out once it has changed.
pub(crate) async fn generations(
    transaction: &mut Transaction,
    credentials: Vec<String>,
) -> Result<Vec<(String, i64)>, StoreError> {
    let list = placeholders(1, credentials.len());
    let text = format!("SELECT id, generation FROM credentials WHERE id IN {list}");
    fetch_all!(transaction, (String, i64), values credentials.into_iter().map(Value::from).collect(), text)
}

/// Adds a group's uses: a credential, and how many.
pub(crate) async fn add(
    transaction: &mut Transaction,
    at: i64,
    uses: &[(String, i64)],
) -> Result<(), StoreError> {
    let list = placeholders(uses.len(), 3);
    let text = format!(
        "INSERT INTO uses (credential, total, last_used_at) VALUES {list} ON CONFLICT (credential) DO UPDATE SET \
         total = uses.total + excluded.total, last_used_at = CASE WHEN excluded.last_used_at > uses.last_used_at \
         THEN excluded.last_used_at ELSE uses.last_used_at END"
    );
    execute!(transaction, values three(uses, |credential, total| [credential, total, at.into()]), text)?;
    let text = format!(
        "INSERT INTO uses_by_hour (credential, hour, total) VALUES {list} ON CONFLICT (credential, hour) DO UPDATE SET \
         total = uses_by_hour.total + excluded.total"
    );
    let hour = at.div_euclid(HOUR_MS);
    execute!(transaction, values three(uses, |credential, total| [credential, hour.into(), total]), text)?;
    Ok(())
}

fn three(uses: &[(String, i64)], row: impl Fn(Value, Value) -> [Value; 3]) -> Vec<Value> {
    uses.iter()
        .flat_map(|(credential, total)| row(credential.clone().into(), (*total).into()))
        .collect()
}

/// Forgets the hours before `hour`.
pub(crate) async fn prune(transaction: &mut Transaction, hour: i64) -> Result<(), StoreError> {
    execute!(
        transaction,
        "DELETE FROM uses_by_hour WHERE hour < $1",
        hour
    )?;
    Ok(())
}

/// Uses in all, in the last 24 hours and in the last seven days, counted in whole hours.
pub(crate) async fn totals(
    database: &Database,
    credential: &str,
    now: i64,
) -> Result<(i64, i64, i64), StoreError> {
    let mut reader = database.read().await?;
    let hour = now.div_euclid(HOUR_MS);
    let total = fetch_optional!(
        reader,
        (i64,),
        "SELECT total FROM uses WHERE credential = $1",
        credential
    )?;
    let recent = "SELECT CAST(COALESCE(SUM(CASE WHEN hour > $2 THEN total ELSE 0 END), 0) AS BIGINT), \
         CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM uses_by_hour WHERE credential = $1 AND hour > $3";
    let recent = fetch_optional!(
        reader,
        (i64, i64),
        recent,
        credential,
        hour - 24,
        hour - 24 * 7
    )?;
    let (day, week) = recent.unwrap_or_default();
    Ok((total.map_or(0, |row| row.0), day, week))
}
