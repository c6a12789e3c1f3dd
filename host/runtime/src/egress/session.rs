//! One call: its stand-ins, the secrets behind them, and what the host saw.

use std::sync::Arc;

use rand::rngs::StdRng;
use tokio::time::Instant;

use super::failure::SendFailure;
use super::request::OutboundRequest;
use super::response::InboundResponse;
use super::sign::Encoding;
use super::PluginEgress;
use crate::outcome::Denial;
use crate::secret::Secret;
use crate::subject::Subject;

/// Which credential of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What the call is about.
    Subject,
    /// What opens the provider to it.
    Connection,
}

/// One call.
pub struct Session {
    egress: Arc<PluginEgress>,
    random: StdRng,
    denials: Vec<Denial>,
}

impl Session {
    /// A call without any secret yet. `random` draws the stand-ins: seed it from the system's own source.
    #[must_use]
    pub fn new(egress: Arc<PluginEgress>, random: StdRng) -> Self {
        Self { egress, random, denials: Vec::new() }
    }

    /// Takes a credential into the call: its fields as the guest sees them, in their order.
    pub fn admit(&mut self, role: Role, subject: &Subject) -> Vec<(String, String)> {
        todo!()
    }

    /// Sends a request, stand-ins replaced, and gives its answer, scrubbed.
    pub async fn send(&mut self, request: OutboundRequest, deadline: Instant) -> Result<InboundResponse, SendFailure> {
        todo!()
    }

    /// Signs a message. The answer is a stand-in of the signature.
    pub fn sign(&mut self, stand_in: &str, scheme: &str, encoding: Encoding, message: &[u8]) -> Result<String, SendFailure> {
        todo!()
    }

    /// The secret itself, where the plugin may reveal.
    pub fn reveal(&mut self, stand_in: &str) -> Result<String, SendFailure> {
        todo!()
    }

    /// The text without this call's secrets: each is replaced by its stand-in.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        todo!()
    }

    /// The bytes without this call's secrets.
    #[must_use]
    pub fn scrub_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        todo!()
    }

    /// Whether the whole text is a stand-in of this call.
    #[must_use]
    pub fn is_stand_in(&self, text: &str) -> bool {
        todo!()
    }

    /// The new secret that a stand-in means, where it is one that this call captured.
    #[must_use]
    pub fn captured(&self, stand_in: &str) -> Option<&Secret> {
        todo!()
    }

    /// Whether a secret of the subject, or a signature made with one, was put on the wire.
    #[must_use]
    pub fn subject_sent(&self) -> bool {
        todo!()
    }

    /// What the plugin tried and wasn't let do.
    #[must_use]
    pub fn denials(&self) -> &[Denial] {
        &self.denials
    }

    /// How many secrets were revealed.
    #[must_use]
    pub fn reveals(&self) -> u32 {
        todo!()
    }
}
