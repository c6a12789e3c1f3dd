//! `signing.sign`: signatures over a message of the plugin's.

use super::super::bindings::claviger::provider::signing::{self, Host};
use super::super::bindings::claviger::provider::types::Failure;
use crate::call::CallState;
use crate::egress::Encoding;

impl Host for CallState {
    async fn sign(
        &mut self,
        stand_in: String,
        scheme: String,
        encoding: signing::Encoding,
        message: Vec<u8>,
    ) -> Result<String, Failure> {
        Ok(self
            .session()?
            .lock()
            .await
            .sign(&stand_in, &scheme, encoding.into(), &message)?)
    }
}

impl From<signing::Encoding> for Encoding {
    fn from(encoding: signing::Encoding) -> Self {
        match encoding {
            signing::Encoding::Base64 => Self::Base64,
            signing::Encoding::Base64url => Self::Base64Url,
            signing::Encoding::Hex => Self::Hex,
        }
    }
}
