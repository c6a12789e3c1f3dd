//! The connections: `SQLite` in one file, or `PostgreSQL`.
//!
//! `SQLite` has four readers and one writer (more readers gain nothing, a second writer only waits), in WAL mode with
//! every commit synced: what was acknowledged outlives a power cut. `PostgreSQL` has as many of each as are useful.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, PgPool, Postgres, Sqlite, SqlitePool};

use super::StoreError;

/// Readers of a `SQLite` file: one, two and four of them read 14, 20 and 25 thousand rows a second on two cores.
const SQLITE_READERS: u32 = 4;
/// Connections to `PostgreSQL` for reading, per host.
const POSTGRES_READERS: u32 = 8;
/// Connections to `PostgreSQL` for writing: the audit writer's, and one for what goes beside it.
const POSTGRES_WRITERS: u32 = 2;
/// How long a connection may be waited for.
const ACQUIRE: Duration = Duration::from_secs(10);
/// How long `SQLite` waits for another process that holds the file's lock.
const BUSY: Duration = Duration::from_secs(10);
/// How long emptying `SQLite`'s log of writes may wait for readers, and writers for it.
const EMPTYING: Duration = Duration::from_millis(100);
/// Prepared statements a connection keeps. The audit writer has a text for each size of group.
const STATEMENTS: usize = 1024;

/// The database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Database {
    pools: Pools,
}

#[derive(Clone)]
enum Pools {
    Sqlite {
        readers: SqlitePool,
        writer: SqlitePool,
        /// What the connection that empties the log of writes is made with.
        emptying: Box<SqliteConnectOptions>,
    },
    Postgres {
        readers: PgPool,
        writers: PgPool,
    },
}

/// A connection to read with.
pub(crate) enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// A transaction to write in. Dropped without [`Transaction::commit`], it leaves nothing behind.
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// What the macros of `sql` run on.
pub(crate) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Database {
    /// Connects, and brings the tables up to date: `sqlite:<path>`, `postgres://…`.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let pools = if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url).await?
        } else if url.starts_with("sqlite:") {
            open_sqlite(url).await?
        } else {
            // Not told back: a URL may hold a password.
            return Err(StoreError::Scheme);
        };
        let migrations = sqlx::migrate!("./migrations");
        match &pools {
            Pools::Sqlite { writer, .. } => migrations.run(writer).await?,
            // Under an advisory lock, which sqlx takes: of several hosts that start at once, one migrates.
            Pools::Postgres { writers, .. } => migrations.run(writers).await?,
        }
        Ok(Self { pools })
    }

    /// A connection to read with.
    pub(crate) async fn read(&self) -> Result<Reader, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { readers, .. } => Reader::Sqlite(readers.acquire().await?),
            Pools::Postgres { readers, .. } => Reader::Postgres(readers.acquire().await?),
        })
    }

    /// Begins a transaction to write in. On `SQLite` it holds the one writer until it ends.
    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(match &self.pools {
            // A transaction that begins by reading can't be promoted once another has written: hence IMMEDIATE.
            Pools::Sqlite { writer, .. } => {
                Transaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Pools::Postgres { writers, .. } => Transaction::Postgres(writers.begin().await?),
        })
    }

    /// The pool of a database that several hosts share; none for `SQLite`, which has one host.
    pub(crate) fn shared(&self) -> Option<&PgPool> {
        match &self.pools {
            Pools::Sqlite { .. } => None,
            Pools::Postgres { readers, .. } => Some(readers),
        }
    }

    /// Whether it is a `SQLite` file, whose log of writes keeps what was overwritten until it is emptied.
    pub(crate) fn keeps_log_of_writes(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
    }

    /// Empties `SQLite`'s log of writes into its file. False where a reader was in the way: try again.
    pub(crate) async fn empty_log_of_writes(&self) -> Result<bool, StoreError> {
        let Pools::Sqlite { emptying, .. } = &self.pools else {
            return Ok(true);
        };
        let mut connection = emptying.connect().await?;
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(busy == 0)
    }

    /// Closes all connections, `SQLite`'s last one with a checkpoint.
    pub(crate) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite {
                readers, writer, ..
            } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres { readers, writers } => {
                readers.close().await;
                writers.close().await;
            }
        }
    }
}

async fn open_postgres(url: &str) -> Result<Pools, StoreError> {
    let options = PgConnectOptions::from_str(url)?
        .statement_cache_capacity(STATEMENTS)
        .application_name("claviger");
    reach(&options).await?;
    let pool = |connections| {
        PoolOptions::<Postgres>::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE)
    };
    Ok(Pools::Postgres {
        readers: pool(POSTGRES_READERS).connect_with(options.clone()).await?,
        writers: pool(POSTGRES_WRITERS).connect_with(options).await?,
    })
}

/// Connects once beside the pool, which would try in vain until its time is up and then not say why.
async fn reach(options: &PgConnectOptions) -> Result<(), StoreError> {
    let unreachable = |why| StoreError::Unreachable {
        at: format!("{}:{}", options.get_host(), options.get_port()),
        why,
    };
    let connection = tokio::time::timeout(ACQUIRE, options.connect())
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
        .map_err(unreachable)?;
    Ok(connection.close().await?)
}

async fn open_sqlite(url: &str) -> Result<Pools, StoreError> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
        // What is deleted is overwritten: a shredded secret leaves no ciphertext in a free page.
        .pragma("secure_delete", "ON")
        .disable_statement_logging();
    keep_to_owner(options.get_filename()).map_err(sqlx::Error::Io)?;
    let pool = |connections| {
        PoolOptions::<Sqlite>::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE)
    };
    let emptying = options.clone().busy_timeout(EMPTYING);
    // The writer first: it makes the file and its WAL, which a reader may not.
    let writer = pool(1).connect_with(options.clone()).await?;
    let readers = pool(SQLITE_READERS)
        .connect_with(options.pragma("query_only", "ON"))
        .await?;
    Ok(Pools::Sqlite {
        readers,
        writer,
        emptying: Box::new(emptying),
    })
}

/// Makes the database's file readable by its owner alone; `SQLite` gives its WAL the same mode.
#[cfg(unix)]
fn keep_to_owner(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    if file.as_os_str() == ":memory:" {
        return Ok(());
    }
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        let path = PathBuf::from(path);
        if path.exists() {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_to_owner(_: &Path) -> std::io::Result<()> {
    Ok(())
}

impl Reader {
    /// What the macros of `sql` run on.
    pub(crate) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }
}

impl Transaction {
    /// What the macros of `sql` run on.
    pub(crate) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(transaction) => Connection::Sqlite(transaction),
            Self::Postgres(transaction) => Connection::Postgres(transaction),
        }
    }

    /// Makes it durable.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await?,
            Self::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }

    /// Undoes it at once, so that the connection is free for the next.
    pub(crate) async fn roll_back(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.rollback().await?,
            Self::Postgres(transaction) => transaction.rollback().await?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_database_that_is_not_there_is_told_at_once_and_without_its_password() {
        // A port that was free just now, and that nobody listens at.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let url = format!("postgres://claviger:hunter2hunter2@127.0.0.1:{port}/claviger");
        let begun = Instant::now();
        let Err(error) = Database::open(&url).await else {
            panic!("it was opened")
        };
        assert!(begun.elapsed() < ACQUIRE / 2);
        let told = error.to_string();
        assert!(told.contains(&format!("127.0.0.1:{port}")), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
        assert!(error.is_outage());
    }

    #[tokio::test]
    async fn only_databases_that_it_works_with_are_taken() {
        for url in [
            "mysql://u:hunter2hunter2@h/d",
            "claviger.db",
            "",
            "SQLITE:x",
        ] {
            let Err(error) = Database::open(url).await else {
                panic!("{url} was opened")
            };
            assert!(matches!(error, StoreError::Scheme), "{url}: {error}");
        }
    }
}
