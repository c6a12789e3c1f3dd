//! Supabase: a key is made, and the one before deleted.

use serde_json::{Value, json};

use super::{Rotates, at_every_request};
use crate::support::fakes::supabase::{ACCESS_TOKEN, FIRST_KEY, FIRST_KEY_ID, PROJECT, Supabase};

impl Rotates for Supabase {
    const FIELD: &'static str = "api_key";

    fn fresh() -> Self {
        Self::default()
    }

    fn credential(_origin: &str) -> Value {
        json!({
            "credential_type": "supabase", "provider": "supabase", "provider_credential_id": FIRST_KEY_ID,
            "fields": {"project_ref": PROJECT, "api_key": FIRST_KEY, "access_token": ACCESS_TOKEN}
        })
    }

    fn working(&self) -> Vec<String> {
        self.working().into_iter().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_key_of_supabase_outlives_the_server() {
    at_every_request::<Supabase>().await;
}
