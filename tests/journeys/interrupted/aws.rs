//! AWS: a second access key is made, and the first one deleted, both by requests that the host signs.

use serde_json::{Value, json};

use super::{Rotates, at_every_request};
use crate::support::fakes::aws::Aws;

const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

impl Rotates for Aws {
    const FIELD: &'static str = "secret_access_key";

    fn fresh() -> Self {
        Self::with_key(ID, SECRET)
    }

    fn credential(_origin: &str) -> Value {
        json!({
            "credential_type": "aws_access_key", "provider": "aws",
            "fields": {"access_key_id": ID, "secret_access_key": SECRET, "region": "eu-central-1"}
        })
    }

    fn working(&self) -> Vec<String> {
        self.keys.iter().map(|key| key.secret.clone()).collect()
    }
}

#[tokio::test]
async fn an_access_key_of_aws_outlives_the_server() {
    at_every_request::<Aws>().await;
}
