//! Plugins in their sandbox: real components, real requests to local upstreams, the runtime's public face.
//!
//! - [`positions`]: where a secret goes, and where it doesn't
//! - [`leaks`]: a plugin that gives away all that it was given
//! - [`echoes`]: an upstream that does
//! - [`fetching`]: the same through `wasi:http`
//! - [`captures`], [`signatures`], [`disclosure`]: new secrets, signatures, and secrets shown
//! - [`capabilities`]: rotation, assignment, application, issuance and what else plugins can do
//! - [`n8n`]: the bundled plugin against a local n8n that answers as two real versions do
//! - [`providers`]: the plugins that act, against providers that remember
//! - [`slack`], [`api`], [`env`], [`openai`], [`anthropic`], [`supabase`]: what the plugins of the server do at providers
//!   that remember, and in trouble; [`first_party`] and [`bundled`] set them up
//! - [`inspection`]: what plugins leave in their memory
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
mod n8n;
mod openai;
mod positions;
mod providers;
mod random;
mod signatures;
mod slack;
mod stage;
mod supabase;
