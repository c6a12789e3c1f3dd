//! What the black-box tests and the benchmarks stand on.
//!
//! - [`server`]: the real binary, on a data directory, a database and a port of its own
//! - [`client`]: an HTTP client that keeps every answer, and callers with verbs
//! - [`upstream`]: an HTTP server that records each request to the byte and answers as it is told
//! - [`providers`]: upstreams that answer as `OpenAI`, Anthropic and Slack do
//! - [`fakes`]: providers that remember: they make, change and end things, and fail where a test says
//! - [`database`]: `SQLite`, or a fresh `PostgreSQL` database where the environment names a server
//! - [`trace`]: looks for a secret in all the forms that it could have been left behind in
//! - [`wait`]: waiting for something to come true, with a bound
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part of this"
)]

pub mod client;
pub mod database;
pub mod fakes;
pub mod providers;
pub mod server;
pub mod trace;
pub mod upstream;
pub mod wait;
