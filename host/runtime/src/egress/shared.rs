//! One call's session for a guest that has several requests under way.
//!
//! The session is locked while secrets are put into a request and while they are taken out of its answer, and not in
//! between: requests wait for their providers side by side. A request that goes on beside the guest takes a [`Turn`], so
//! that there is a most of them, and so that what the host saw is looked at only when none of them can change it any more.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::PluginEgress;
use super::failure::SendFailure;
use super::request::OutboundRequest;
use super::response::InboundResponse;
use super::session::Session;

/// The most requests of one call that are under way beside its guest; further ones wait. Each may hold a body.
const TURNS: u32 = 8;

/// A session, and the requests that it has under way. Cheap to clone.
#[derive(Clone)]
pub struct SharedSession {
    session: Arc<Mutex<Session>>,
    turns: Arc<Semaphore>,
    egress: Arc<PluginEgress>,
}

/// Held by a request that goes on beside its guest, until nothing of it is left.
pub struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl SharedSession {
    /// Shares a session that belongs to this way out.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self {
            egress: session.egress().clone(),
            session: Arc::new(Mutex::new(session)),
            turns: Arc::new(Semaphore::new(TURNS as usize)),
        }
    }

    /// The longest request body that is sent, in bytes.
    #[must_use]
    pub fn longest_body(&self) -> usize {
        self.egress.rules().limits.request_body
    }

    /// Waits until fewer than the most requests are under way.
    pub async fn turn(&self) -> Turn {
        // The semaphore is never closed; were it, requests would go without a most of them.
        let permit = self.turns.clone().acquire_owned().await;
        Turn {
            _permit: permit.ok(),
        }
    }

    /// Sends a request, stand-ins replaced, and gives its answer, scrubbed.
    pub async fn send(
        &self,
        request: OutboundRequest,
        deadline: Instant,
    ) -> Result<InboundResponse, SendFailure> {
        let departure = self.lock().await.depart(request, deadline)?;
        let arrival = departure.exchange().await;
        self.lock().await.arrive(arrival).await
    }

    /// The session itself, once no request is being written or read.
    pub async fn lock(&self) -> MutexGuard<'_, Session> {
        self.session.lock().await
    }

    /// The session once nothing is under way any more. Whoever waits has to have given its requests up before.
    pub async fn settled(self) -> OwnedMutexGuard<Session> {
        // Never closed, as above.
        let _all = self.turns.acquire_many(TURNS).await;
        self.session.lock_owned().await
    }
}
