//! Claims on rows: who works on one, and until when.
//!
//! Hosts that share a `PostgreSQL` go by its clock, which is one for all of them. On `SQLite` there is one host: what another
//! has claimed is free at once, since that one has ended.

use super::{Connection, StoreError};

/// By what a claim is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClaimClock {
    /// In milliseconds since the Unix epoch.
    pub(crate) now: i64,
    /// 1 where there is no other host.
    pub(crate) alone: i64,
}

/// The clock of claims. `now` is the vault's.
pub(crate) async fn clock(connection: Connection<'_>, now: i64) -> Result<ClaimClock, StoreError> {
    let Connection::Postgres(connection) = connection else {
        return Ok(ClaimClock { now, alone: 1 });
    };
    let text = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
    let (now,) = sqlx::query_as(text).fetch_one(connection).await?;
    Ok(ClaimClock { now, alone: 0 })
}
