//! `disclosure.reveal`: the secret itself. Every component may import it; without the grant each call is `denied`, and
//! with it each call is counted in the evidence, for the audit log.

use super::super::bindings::claviger::provider::disclosure::Host;
use super::super::bindings::claviger::provider::types::Failure;
use crate::call::CallState;

impl Host for CallState {
    async fn reveal(&mut self, stand_in: String) -> Result<String, Failure> {
        Ok(self.session()?.lock().await.reveal(&stand_in)?)
    }
}
