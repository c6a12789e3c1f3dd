//! Slack: the new tokens end the old refresh token, so an answer that is lost may be all there was. That is the one window
//! that nothing can close: it is said, it is an alert, and nobody asks again by themselves.

use serde_json::{Value, json};

use super::{Rotates, Scene, Stored};
use crate::support::fakes::Fault;
use crate::support::fakes::slack::Slack;
use crate::support::upstream::Recorded;
use crate::support::wait;

impl Rotates for Slack {
    const FIELD: &'static str = "refresh_token";

    fn fresh() -> Self {
        Self::bot()
    }

    fn credential(_origin: &str) -> Value {
        let slack = Self::bot();
        json!({
            "credential_type": "slack", "provider": "slack",
            "fields": {
                "bot_token": slack.token(), "refresh_token": slack.refresh_token(),
                "client_id": slack.client_id, "client_secret": slack.client_secret
            }
        })
    }

    fn working(&self) -> Vec<String> {
        vec![self.refresh_token()]
    }
}

fn is_exchange(request: &Recorded) -> bool {
    request.path() == "/api/oauth.v2.access"
}

async fn phase(scene: &Scene<Slack>, stored: &Stored) -> Value {
    let rotations = scene.admin.get("/admin/rotations").await.expect(200).json();
    let rotations = rotations["rotations"].as_array().expect("a list").clone();
    let own = |rotation: &&Value| rotation["credential"] == stored.name.as_str();
    rotations.iter().find(own).expect("it began")["phase"].clone()
}

#[tokio::test]
async fn a_lost_refresh_token_is_an_alert_and_is_not_asked_for_again() {
    let mut scene = Scene::<Slack>::new().await;
    for fault in [Fault::FrozenBefore, Fault::FrozenAfter] {
        let stored = scene.credential().await;
        let hits = scene.fake.hits();
        scene.fake.upstream.forget();
        scene.fake.fail_after(0, fault, is_exchange);
        let rotation = scene.rotate(&stored);
        scene.fake.hit(hits + 1).await;
        scene = scene.killed().await;
        assert_eq!(
            rotation.await.expect("no panic"),
            None,
            "nobody is told that it was done"
        );
        if super::administrator().is_some() {
            // Its claim holds for minutes where several hosts share a database.
            return;
        }
        wait::until("the rotation is given up", async || {
            (phase(&scene, &stored).await == "outcome-unknown").then_some(())
        })
        .await;
        let board = scene
            .admin
            .get("/health/dashboard")
            .await
            .expect(200)
            .json();
        let alerts = board["alerts"].as_array().expect("a list");
        let told = alerts.iter().any(|alert| {
            alert["credential"] == stored.name.as_str()
                && alert["alert_type"] == "rotation_outcome_unknown"
        });
        assert!(told, "{fault:?}: {board}");
        let details = scene.admin.get(&stored.path("")).await.expect(200).json();
        assert_eq!(details["version"], 1, "{fault:?}: {details}");
        let asked = scene.fake.upstream.requests();
        let asked = asked.iter().filter(|it| is_exchange(it)).count();
        assert_eq!(
            asked, 1,
            "{fault:?}: it was asked for once, and never again"
        );
    }
}
