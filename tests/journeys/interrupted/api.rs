//! Any HTTP service: the host makes the new key, and the service's webhook sets it.

use serde_json::{Value, json};

use super::{Rotates, at_every_request};
use crate::support::fakes::service::HttpService;

const FIRST: &str = "first-key-0123456789";

impl Rotates for HttpService {
    const FIELD: &'static str = "api_key";

    fn fresh() -> Self {
        Self::new(FIRST)
    }

    fn credential(origin: &str) -> Value {
        json!({
            "credential_type": "api_key", "provider": "api", "value": FIRST,
            "fields": {
                "test_url": format!("{origin}/me"),
                "rotation_webhook": format!("{origin}/hooks/rotate")
            }
        })
    }

    fn working(&self) -> Vec<String> {
        vec![self.key.clone()]
    }
}

#[tokio::test]
async fn a_key_that_a_webhook_sets_outlives_the_server() {
    at_every_request::<HttpService>().await;
}
