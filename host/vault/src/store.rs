//! The database: the only place with SQL, and one text of it for `SQLite` and `PostgreSQL`.
//!
//! [`Database`] gives a [`Reader`] or begins a [`Transaction`]; the macros of `sql` run a text with its values on either.
//! Each module here holds the statements of a group of tables; what they mean is decided above.

#[macro_use]
mod sql;

pub(crate) mod audit;
pub(crate) mod backends;
pub(crate) mod claims;
pub(crate) mod credentials;
pub(crate) mod dashboard;
mod database;
pub(crate) mod idempotency;
pub(crate) mod identity;
pub(crate) mod keys;
pub(crate) mod leases;
pub(crate) mod listen;
pub(crate) mod origins;
pub(crate) mod places;
pub(crate) mod plugins;
pub(crate) mod retirements;
pub(crate) mod rotations;
pub(crate) mod standing;
pub(crate) mod uses;

use thiserror::Error;

pub(crate) use database::{Connection, Database, Reader, Transaction};
pub(crate) use sql::{Value, nameless};

/// Why a statement failed. For the log: callers above turn it into what their own callers can act on.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database refused or can't be reached.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// The database can't be reached at all.
    #[error("the database at {at} can't be reached: {why}")]
    Unreachable {
        /// Its host and port.
        at: String,
        /// What went wrong.
        why: sqlx::Error,
    },
    /// The database's URL names none that this program works with.
    #[error("the database's URL begins with neither `sqlite:` nor `postgres:` nor `postgresql:`")]
    Scheme,
    /// A migration failed.
    #[error("preparing the database's tables: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row holds what no version of this program wrote.
    #[error("the database holds an unreadable {what}: {why}")]
    Damaged {
        /// Which part of which table.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl StoreError {
    /// Whether the database as a whole can't be used now: what failed may work later, and nothing else works now.
    pub(crate) fn is_outage(&self) -> bool {
        if matches!(self, Self::Unreachable { .. }) {
            return true;
        }
        let Self::Database(error) = self else {
            return false;
        };
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(refusal) => {
                refusal.code().is_some_and(|code| is_outage_code(&code))
            }
            _ => false,
        }
    }

    /// A row that can't be read.
    pub(crate) fn damaged(what: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Damaged {
            what,
            why: why.to_string(),
        }
    }
}

/// `SQLite`'s busy, locked, read-only, input/output, full and can't-open (the low byte of a number); `PostgreSQL`'s classes
/// 08 (connection), 25006 (a read-only standby), 53 (resources), 57 (shutting down).
fn is_outage_code(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "53", "57"]
            .iter()
            .any(|class| code.starts_with(class))
            || code == "25006";
    }
    code.parse::<u32>()
        .is_ok_and(|number| matches!(number & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}
