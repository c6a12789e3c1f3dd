//! Identity as a whole, on a database of its own for each test: `SQLite`, or `PostgreSQL` where
//! `CLAVIGER_TEST_DATABASE_URL` names a server.

mod access;
mod reset;
mod sessions;
pub(crate) mod support;

pub(super) use support::SetClock;
