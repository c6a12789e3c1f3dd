//! A request between the session that put secrets into it and the session that takes secrets out of its answer. Meanwhile
//! the session is free for others, so that a guest can have several requests under way.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::time::Instant;

use super::PluginEgress;
use super::client::Answer;
use super::failure::SendFailure;
use super::request::OutboundRequest;

/// A request that is ready to leave.
pub(crate) struct Departure {
    pub(super) egress: Arc<PluginEgress>,
    /// As the guest made it, but for the body.
    pub(super) asked: OutboundRequest,
    /// As it leaves.
    pub(super) outgoing: Request<Full<Bytes>>,
    /// Whether asking a second time is the same as asking once.
    pub(super) idempotent: bool,
    pub(super) until: Instant,
    /// The declared captures, by their number in the rules.
    pub(super) captures: Vec<usize>,
    /// Becomes true where it left. None where no secret of the subject is in it.
    pub(super) subject_sent: Option<Arc<AtomicBool>>,
}

/// What came of it.
pub(crate) struct Arrival {
    pub(super) asked: OutboundRequest,
    pub(super) idempotent: bool,
    pub(super) captures: Vec<usize>,
    pub(super) answer: Result<Answer, SendFailure>,
}

impl Departure {
    /// Sends it and reads the answer. Dropped half-way, it has still told whether a secret of the subject left.
    pub(crate) async fn exchange(self) -> Arrival {
        let sent = self.subject_sent.unwrap_or_default();
        let client = &self.egress.client;
        let exchange = client.exchange(self.outgoing, self.idempotent, self.until, &sent);
        Arrival {
            answer: exchange.await,
            asked: self.asked,
            idempotent: self.idempotent,
            captures: self.captures,
        }
    }
}
