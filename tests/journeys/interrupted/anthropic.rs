//! Anthropic: the caller brings the new key, and the one before is made inactive.

use serde_json::{Value, json};

use super::{Rotates, at_every_request};
use crate::support::fakes::anthropic::{ADMIN_KEY, Anthropic};

const FIRST: &str = "sk-ant-api03-first-0123456789abcdef";
const SECOND: &str = "sk-ant-api03-second-0123456789abcdef";

impl Rotates for Anthropic {
    const FIELD: &'static str = "api_key";

    fn fresh() -> Self {
        let mut service = Self::default();
        service.make(FIRST);
        service
    }

    fn connections(_origin: &str) -> Vec<Value> {
        vec![json!({
            "name": "admin", "credential_type": "anthropic_admin", "provider": "anthropic", "value": ADMIN_KEY
        })]
    }

    fn credential(_origin: &str) -> Value {
        let id = Self::default().make(FIRST);
        json!({
            "credential_type": "api_key", "provider": "anthropic", "value": FIRST, "provider_credential_id": id
        })
    }

    fn request(&mut self) -> Value {
        json!({"value": SECOND, "provider_credential_id": self.make(SECOND)})
    }

    fn working(&self) -> Vec<String> {
        self.working().into_iter().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_key_of_anthropic_outlives_the_server() {
    at_every_request::<Anthropic>().await;
}
