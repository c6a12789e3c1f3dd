//! Where a server keeps its rows: `SQLite`, or a fresh `PostgreSQL` database where `CLAVIGER_TEST_DATABASE_URL` names a server.

use std::process::Command;

use sqlx::{Connection, Executor, PgConnection};
use url::Url;

/// The variable that names a `PostgreSQL` server, with a user who may make databases.
pub const VARIABLE: &str = "CLAVIGER_TEST_DATABASE_URL";

/// One server's database. A `PostgreSQL` one is dropped with it.
pub enum Database {
    /// In the data directory.
    Sqlite,
    /// On the server that the environment names.
    Postgres {
        /// The administrator's URL.
        administrator: Url,
        /// The database's own URL.
        url: Url,
    },
}

impl Database {
    /// A fresh one.
    pub async fn fresh() -> Self {
        let Some(administrator) = administrator() else {
            return Self::Sqlite;
        };
        let name = format!("claviger_test_{:016x}", rand::random::<u64>());
        let mut connection = PgConnection::connect(administrator.as_str())
            .await
            .expect("the PostgreSQL server");
        connection
            .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .await
            .expect("a database");
        let mut url = administrator.clone();
        url.set_path(&name);
        Self::Postgres { administrator, url }
    }

    /// What the server's configuration says, if anything.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres { url, .. } => Some(url.as_str()),
        }
    }

    /// Everything in it, as `pg_dump` writes it. `SQLite`'s files are in the data directory.
    pub fn dump(&self) -> Option<Vec<u8>> {
        let url = self.url()?;
        let output = Command::new("pg_dump")
            .arg(url)
            .output()
            .expect("pg_dump, which comes with PostgreSQL");
        assert!(
            output.status.success(),
            "pg_dump: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(output.stdout)
    }
}

/// The `PostgreSQL` server that the environment names, if it names one.
#[expect(clippy::disallowed_methods, reason = "the tests' own configuration")]
pub fn administrator() -> Option<Url> {
    let text = std::env::var(VARIABLE)
        .ok()
        .filter(|text| !text.is_empty())?;
    Some(text.parse().expect("CLAVIGER_TEST_DATABASE_URL is a URL"))
}

impl Drop for Database {
    fn drop(&mut self) {
        let Self::Postgres { administrator, url } = self else {
            return;
        };
        let (administrator, name) = (
            administrator.clone(),
            url.path().trim_start_matches('/').to_owned(),
        );
        // Dropping happens inside a runtime, which can't be waited in: another thread has its own.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(administrator.as_str())
                    .await
                    .map_err(std::io::Error::other)?;
                let statement =
                    sqlx::AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
                connection
                    .execute(statement)
                    .await
                    .map_err(std::io::Error::other)
                    .map(drop)
            })
        })
        .join();
        if !matches!(dropped, Ok(Ok(()))) {
            eprintln!("a test database was left behind: {dropped:?}");
        }
    }
}
