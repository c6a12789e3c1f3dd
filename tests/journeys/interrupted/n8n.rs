//! A key of `OpenAI`'s in use in workflows: after a kill at any request to n8n, in the middle of giving them the new key, they
//! all hold what is current.

use serde_json::{Value, json};

use super::{MOST_REQUESTS, Scene, Stored, administrator};
use crate::support::client::User;
use crate::support::fakes::n8n::{KEY, N8n, Version};
use crate::support::fakes::openai::OpenAi;
use crate::support::fakes::{Fake, Fault};
use crate::support::server::Site;
use crate::support::wait;

const NODE: &str = "Ask";
const WORKFLOWS: usize = 3;

/// An n8n with workflows that use a credential.
struct Target {
    n8n: Fake<N8n>,
    version: Version,
}

impl Target {
    /// Empties it, and puts a credential to use in all of its workflows.
    async fn in_use(&self, admin: &User, stored: &Stored) -> Vec<String> {
        let flows: Vec<_> = {
            let mut n8n = self.n8n.state();
            *n8n = N8n::new(self.version);
            (0..WORKFLOWS)
                .map(|at| n8n.flow(NODE, "@n8n/n8n-nodes-langchain.openAi", &json!({}), at == 0))
                .collect()
        };
        for flow in &flows {
            let body = json!({"workflow_id": flow, "node_name": NODE, "requested_by": "tests"});
            admin
                .send("POST", &stored.path("/apply"), body)
                .await
                .expect(200);
        }
        flows
    }

    fn in_nodes(&self, flows: &[String]) -> Vec<Option<String>> {
        let n8n = self.n8n.state();
        flows
            .iter()
            .map(|flow| n8n.secret_in_use(flow, NODE))
            .collect()
    }
}

async fn every_place_is_current(admin: &User, stored: &Stored, what: &str) {
    wait::until(&format!("{what}: places are current"), async || {
        let details = admin.get(&stored.path("")).await.expect(200).json();
        let places = details["places"].as_array().expect("places").clone();
        let current = |place: &Value| place["status"] == "current";
        (places.len() == WORKFLOWS && places.iter().all(current)).then_some(())
    })
    .await;
}

async fn workflows_get_the_new_key(version: Version) {
    if administrator().is_some() {
        return;
    }
    let n8n = Fake::start(N8n::new(version)).await;
    let site = Site::new().await.fake(&n8n);
    let mut scene = Scene::<OpenAi>::with(site).await;
    let target = Target { n8n, version };
    let connection = json!({
        "name": "n8n", "credential_type": "n8n", "provider": "n8n",
        "fields": {"base_url": target.n8n.upstream.origin(), "api_key": KEY}
    });
    scene
        .admin
        .send("POST", "/credentials", connection)
        .await
        .expect(200);
    for fault in [Fault::FrozenBefore, Fault::FrozenAfter] {
        for passes in 0..MOST_REQUESTS {
            let what = format!("{version:?} killed at {fault:?} after {passes} requests");
            let stored = scene.credential().await;
            let flows = target.in_use(&scene.admin, &stored).await;
            let hits = target.n8n.hits();
            target.n8n.fail_after(passes, fault, |_| true);
            let rotation = scene.rotate(&stored);
            let over = async {
                rotation.await.expect("no panic");
                scene.settled(&what).await;
            };
            let whole = tokio::select! {
                () = target.n8n.hit(hits + 1) => false,
                () = over => true,
            };
            if !whole {
                scene = scene.killed().await;
            }
            target.n8n.heal();
            every_place_is_current(&scene.admin, &stored, &what).await;
            scene.settled(&what).await;
            scene.holds(&stored, &what).await;
            let current = stored.secret(&scene.admin, "api_key").await;
            let held = target.in_nodes(&flows);
            assert_eq!(held, vec![Some(current); WORKFLOWS], "{what}");
            if version.is_new() {
                assert_eq!(target.n8n.state().credentials.len(), 1, "{what}");
            }
            let name = stored.path("/places");
            for flow in &flows {
                let body = json!({"workflow_id": flow, "node_name": NODE});
                scene.admin.send("DELETE", &name, body).await.expect(200);
            }
            if whole {
                assert!(passes > 0, "{what}: it asks for nothing");
                break;
            }
        }
    }
}

#[tokio::test]
async fn workflows_of_n8n_1_hold_the_current_key() {
    workflows_get_the_new_key(Version::V1_123_81).await;
}

#[tokio::test]
async fn workflows_of_n8n_2_hold_the_current_key() {
    workflows_get_the_new_key(Version::V2_41_1).await;
}
