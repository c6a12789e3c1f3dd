//! `OpenAI`: a service account is made and deleted.

use serde_json::{Value, json};

use super::{Rotates, at_every_request};
use crate::support::fakes::openai::{ADMIN_KEY, OpenAi, PERSONS_KEY, PERSONS_KEY_ID, PROJECT};

impl Rotates for OpenAi {
    const FIELD: &'static str = "api_key";

    fn fresh() -> Self {
        Self::default()
    }

    fn connections(_origin: &str) -> Vec<Value> {
        vec![json!({
            "name": "admin", "credential_type": "openai_admin", "provider": "openai",
            "fields": {"admin_key": ADMIN_KEY, "project_id": PROJECT}
        })]
    }

    fn credential(_origin: &str) -> Value {
        json!({
            "credential_type": "api_key", "provider": "openai", "value": PERSONS_KEY,
            "provider_credential_id": PERSONS_KEY_ID
        })
    }

    fn working(&self) -> Vec<String> {
        self.api_keys().into_iter().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_key_of_openai_outlives_the_server() {
    at_every_request::<OpenAi>().await;
}
