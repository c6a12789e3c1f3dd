//! Claims on rows: whose turn it is to work on one.
//!
//! A claim ends by the database's clock, since those of several hosts differ; where one host has the database to itself, by
//! its own clock, and then whatever another host claimed is free: that one isn't there any more. Each claim counts the
//! row's fence up, and whoever writes names the fence of their claim: one that has passed on changes nothing.

use std::sync::Arc;

use super::{Database, StoreError};

/// Who claims, and when.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    /// What this host's claims are marked with.
    pub(crate) host: Arc<str>,
    /// The time that claims go by.
    pub(crate) now: i64,
    /// 1 where no other host works on this database.
    pub(crate) alone: i64,
}

impl Claims {
    /// Those of `host` at this moment, which is `clock` by its own.
    pub(crate) async fn now(
        database: &Database,
        host: &Arc<str>,
        clock: i64,
    ) -> Result<Self, StoreError> {
        let alone = database.shared().is_none();
        let now = if alone {
            clock
        } else {
            let mut reader = database.read().await?;
            let text = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
            fetch_optional!(reader, (i64,), text)?.map_or(clock, |row| row.0)
        };
        Ok(Self {
            host: Arc::clone(host),
            now,
            alone: i64::from(alone),
        })
    }
}
