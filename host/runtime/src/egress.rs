//! The way out of the sandbox, and the keeper of what a call holds back from its guest.
//!
//! A guest never holds a secret. A [`Session`] stands for one call: it draws a random [stand-in](stand_in::StandIn) for each
//! secret field, puts the secret in its place in requests, where the field's declared places allow it and
//! nowhere else, and takes secrets out of everything that comes back.
//!
//! The way of a request, in the order of the files:
//! - [`request`]: what the guest asks for, parsed once; the URL that is checked is the URL that is sent
//! - [`rules`]: whether the origin is granted, and which origin the operator put in its place
//! - [`stand_in`], `keyring`, `words`, `matcher`, `encode`: the words and secrets of the call, and where they occur, encoded or plain
//! - `substitute`: each occurrence, at a position; `places` says whether the secret may go there, `path` keeps
//!   path tricks out of that answer
//! - `client`, `connect`, `counted`, [`resolve`], `addresses`, [`private`], [`tls`]: one connection pool per plugin, to addresses that the
//!   host resolved and looked at itself
//! - [`response`], `capture`, `pointer`: the answer, without the call's secrets, new ones taken out
//! - [`sign`]: signatures that the host makes over a message, which are secrets of the call as well; `signed`, `sigv4`:
//!   those over a request as it leaves
//!
//! No part of this decides by what a value looks like: a stand-in has 128 random bits, so it can't be in a request by
//! chance, and a secret is known byte for byte.

use std::sync::Arc;

mod addresses;
mod capture;
mod client;
mod connect;
mod counted;
mod departure;
mod encode;
pub mod failure;
mod keyring;
mod matcher;
mod path;
mod places;
mod pointer;
pub mod private;
#[cfg(feature = "inspection")]
mod remains;
pub mod request;
pub mod resolve;
pub mod response;
pub mod rules;
pub mod session;
pub mod shared;
pub mod sign;
mod signed;
mod sigv4;
pub mod stand_in;
mod substitute;
pub mod tls;
mod words;

pub use failure::{FailureCause, FailureCode, SendFailure, SetupError};
pub use keyring::{Meaning, Target};
pub use private::PrivateGrant;
pub use request::{Capture, OutboundRequest, Signature, WantedSource};
pub use resolve::{Resolve, SystemResolver};
pub use response::InboundResponse;
pub use rules::{EgressRules, FieldGrant, Limits};
pub use session::{Role, Session};
pub use shared::SharedSession;
pub use sign::Encoding;
pub use tls::read_certificates;

use client::Client;

/// What the calls of one loaded plugin share on their way out: its grant, its limits, its own connections.
pub struct PluginEgress {
    rules: Arc<EgressRules>,
    client: Client,
}

impl PluginEgress {
    /// Makes the way out of a plugin. It opens no connection and reads no file.
    pub fn new(rules: EgressRules, resolver: Arc<dyn Resolve>) -> Result<Self, SetupError> {
        let rules = Arc::new(rules);
        let client = Client::new(rules.clone(), resolver)?;
        Ok(Self { rules, client })
    }

    /// What the plugin may do.
    #[must_use]
    pub fn rules(&self) -> &EgressRules {
        &self.rules
    }
}

#[cfg(test)]
mod tests;
