//! Plugins in their sandbox: real components, real requests to local upstreams, the runtime's public face.
//!
//! - [`positions`]: where a secret goes, and where it doesn't
//! - [`leaks`]: a plugin that gives away all that it was given
//! - [`echoes`]: an upstream that does
//! - [`fetching`]: the same through `wasi:http`
//! - [`captures`], [`signatures`], [`disclosure`]: new secrets, signatures, and secrets shown
//! - [`capabilities`]: rotation, assignment, application, issuance and what else plugins can do
//! - [`slack`], [`api`], [`env`]: what the plugins of the server do at providers that remember, and in trouble;
//!   [`first_party`] sets them up
//! - [`inspection`]: what plugins leave in their memory
//! - [`openai`], [`anthropic`], [`supabase`]: the plugins that the server brings, before providers that remember
//! - [`random`]: stand-ins anywhere, at random
//! - [`guests`]: one test for each of the test guests, hostile ones with a thousand good calls beside them

#[path = "../support/lib.rs"]
mod support;

mod anthropic;
mod api;
mod bundled;
mod capabilities;
mod captures;
mod disclosure;
mod echoes;
mod env;
mod fetching;
mod first_party;
mod guests;
mod inspection;
mod leaks;
mod openai;
mod positions;
mod random;
mod signatures;
mod slack;
mod stage;
mod supabase;
