//! Credentials as a whole, on a database of its own for each test: `SQLite`, or `PostgreSQL` where
//! `CLAVIGER_TEST_DATABASE_URL` names a server.

mod connection;
mod damage;
mod dashboard;
mod life;
mod places;
pub(crate) mod plugins;
mod shelf;
pub(crate) mod support;
mod sync;
mod together;
