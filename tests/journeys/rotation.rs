//! A secret is replaced, goes back, and rotates by itself, over HTTP, with a plugin that an operator dropped in.

use claviger_test_guests as guests;
use serde_json::{Value, json};

use super::plugins::{put, reload};
use super::support::client::User;
use super::support::fakes::{Fake, Fault, Service};
use super::support::server::{Server, Site};
use super::support::upstream::{Recorded, Reply};
use super::support::wait;

const FIRST: &str = "first-secret-0123456789";

/// A provider that keeps keys, as the guest `keys` knows it: id, name, secret.
struct Keys {
    keys: Vec<(String, String, String)>,
    made: usize,
}

impl Service for Keys {
    const PLUGIN: &'static str = "keys";
    const ORIGIN: Option<&'static str> = Some("https://upstream.example");

    fn answer(&mut self, request: &Recorded) -> Reply {
        let bearer = request.header("authorization").unwrap_or_default();
        let secret = bearer.strip_prefix("Bearer ").unwrap_or_default();
        if self.keys.iter().all(|(_, _, known)| known != secret) {
            return Reply::json(401, &json!({"error": "no such key"}));
        }
        match (request.method.as_str(), request.path()) {
            ("GET", "/allowed") => Reply::json(200, &json!({})),
            ("GET", "/allowed/keys") => {
                let keys = self.keys.iter();
                let listed: Vec<_> = keys
                    .map(|(id, name, _)| json!({"id": id, "name": name}))
                    .collect();
                Reply::json(200, &json!({ "data": listed }))
            }
            ("POST", "/allowed/keys") => {
                self.made += 1;
                let body: Value = serde_json::from_slice(&request.body).expect("JSON");
                let (id, key) = (
                    format!("id-{}", self.made),
                    format!("made-secret-{:08}", self.made),
                );
                let name = body["name"].as_str().expect("a name").to_owned();
                self.keys.push((id.clone(), name, key.clone()));
                Reply::json(200, &json!({"id": id, "key": key}))
            }
            ("DELETE", path) => {
                let id = path.rsplit('/').next().unwrap_or_default();
                self.keys.retain(|(known, _, _)| known != id);
                Reply::json(200, &json!({}))
            }
            _ => Reply::json(405, &json!({})),
        }
    }
}

async fn scene() -> (Server, User, Fake<Keys>) {
    let keys = vec![("id-0".to_owned(), "by hand".to_owned(), FIRST.to_owned())];
    let fake = Fake::start(Keys { keys, made: 0 }).await;
    let site = Site::new()
        .await
        .variable("CLAVIGER_ROTATION__OVERLAP", "1s")
        .fake(&fake);
    let server = site.start().await;
    let admin = server.admin().await;
    put(&server.site, "keys.wasm", guests::KEYS);
    reload(&admin).await;
    (server, admin, fake)
}

fn key(settings: &Value) -> Value {
    let mut new = json!({
        "name": "key", "credential_type": "test", "provider": "keys", "value": FIRST, "provider_credential_id": "id-0"
    });
    let object = new.as_object_mut().expect("an object");
    object.extend(settings.as_object().expect("an object").clone());
    new
}

#[tokio::test]
async fn a_key_is_rotated_rolled_back_and_its_older_versions_end() {
    let (_server, admin, fake) = scene().await;
    admin
        .send("POST", "/credentials", key(&json!({})))
        .await
        .expect(200);

    let body = json!({"trigger": "manual", "reason": "Security audit requirement"});
    let rotated = admin.send("POST", "/credentials/key/rotate", body).await;
    let rotated = rotated.expect(200).json();
    let names: Vec<_> = rotated.as_object().expect("an object").keys().collect();
    assert_eq!(
        names,
        [
            "credential",
            "duration_ms",
            "new_version",
            "previous_version",
            "rotated_at",
            "status"
        ]
    );
    assert_eq!(
        (
            &rotated["status"],
            &rotated["previous_version"],
            &rotated["new_version"]
        ),
        (&json!("rotated"), &json!(1), &json!(2))
    );
    wait::until("the first key ends", async || {
        (fake.state().keys.len() == 1).then_some(())
    })
    .await;
    assert_eq!(fake.state().keys[0].0, "id-1");
    let details = admin.get("/credentials/key").await.expect(200).json();
    assert_eq!(details["version"], 2);
    assert_eq!(details["provider_credential_id"], "id-1");
    assert_eq!(details["version_history"][0]["reason"], "rotation");

    // What was ended can't be gone back to, and this provider's plugin is told no.
    let back = admin
        .send("POST", "/credentials/key/rollback", json!({"version": 1}))
        .await;
    let back = back.expect(409).json();
    let message = back["message"].as_str().expect("a message");
    assert!(message.contains("version 1 no longer works"), "{message}");

    let body = json!({"trigger": "emergency"});
    admin
        .send("POST", "/credentials/key/rotate", body)
        .await
        .expect(200);
    let rotations = admin
        .get("/admin/rotations?limit=10")
        .await
        .expect(200)
        .json();
    let phases: Vec<_> = rotations["rotations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|rotation| {
            (
                rotation["mode"].clone(),
                rotation["trigger"].clone(),
                rotation["phase"].clone(),
            )
        })
        .collect();
    assert_eq!(
        phases,
        [
            (json!("rotation"), json!("emergency"), json!("done")),
            (json!("rollback"), json!("manual"), json!("failed")),
            (json!("rotation"), json!("manual"), json!("done")),
        ]
    );
    wait::until("the second key ends", async || {
        (fake.state().keys.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_rotation_is_told_with_what_to_do() {
    let (_server, admin, fake) = scene().await;
    admin
        .send("POST", "/credentials", key(&json!({})))
        .await
        .expect(200);
    admin
        .store("opaque", "database", "acme", "opaque-secret-0123456789")
        .await;
    let rotate = async |name: &str, body: Value| {
        admin
            .send("POST", &format!("/credentials/{name}/rotate"), body)
            .await
    };
    for (name, body, told) in [
        ("key", json!({}), "trigger"),
        ("key", json!({"trigger": "scheduled"}), "manual, emergency"),
        (
            "key",
            json!({"trigger": "manual", "generate": {}}),
            "leave it out",
        ),
        (
            "key",
            json!({"trigger": "manual", "value": FIRST}),
            "isn't the current one",
        ),
        (
            "key",
            json!({"trigger": "manual", "fields": {"colour": "red"}}),
            "colour",
        ),
        (
            "opaque",
            json!({"trigger": "manual"}),
            "bring the new `value`",
        ),
        (
            "opaque",
            json!({"trigger": "manual", "generate": {"length": 3}}),
            "8 to 1024",
        ),
        (
            "opaque",
            json!({"trigger": "manual", "generate": {"size": 3}}),
            "`size`",
        ),
    ] {
        let refused = rotate(name, body).await.expect(400).json();
        assert_eq!(refused["error"], "bad_request");
        let message = refused["message"].as_str().expect("a message");
        assert!(message.contains(told), "{message}");
    }
    let body = json!({"trigger": "manual"});
    let nobody = rotate("nobody", body.clone()).await.expect(404).json();
    assert_eq!(nobody["message"], "Credential not found: nobody");
    let body = json!({"trigger": "manual", "generate": {"length": 40, "alphabet": "abc"}});
    rotate("opaque", body).await.expect(200);

    // One that is open is in the way of the next one.
    fake.fail_times(0, 1, Fault::CutOff, |request| request.method == "POST");
    fake.fail_times(0, 1, Fault::ServerError, |request| {
        request.method == "DELETE"
    });
    let body = json!({"trigger": "manual"});
    rotate("key", body.clone()).await.expect(503);
    let busy = rotate("key", body.clone()).await.expect(409).json();
    assert_eq!(
        busy,
        json!({"error": "conflict", "message": "Credential is currently being rotated", "retry_after_ms": 5000})
    );
    assert_eq!(
        admin.get("/credentials/key").await.json()["status"],
        "rotating"
    );
    wait::until("what was left behind is undone", async || {
        let status = admin.get("/credentials/key").await.json()["status"].clone();
        (status == "active" && fake.state().keys.len() == 1).then_some(())
    })
    .await;
    assert_eq!(fake.state().keys[0].2, FIRST);
}

#[tokio::test]
async fn who_may_not_rotate_is_told_which_permission_it_takes() {
    let (_server, admin, _fake) = scene().await;
    admin
        .send("POST", "/credentials", key(&json!({})))
        .await
        .expect(200);
    let workspace = admin.default_workspace().await;
    let (member, id) = admin
        .make_user("member", "a password of some length", false)
        .await;
    admin
        .put_member(&workspace, &id, &["credential:read"])
        .await;
    for (what, body) in [
        ("rotate", json!({"trigger": "manual"})),
        ("rollback", json!({})),
    ] {
        let refused = member
            .ask("POST", &format!("/credentials/key/{what}"))
            .header("x-workspace", &workspace)
            .json(&body)
            .send()
            .await
            .expect(403)
            .json();
        assert_eq!(refused["required_permission"], format!("credential:{what}"));
    }
    member.get("/admin/rotations").await.expect(403);
}

#[tokio::test]
async fn a_credential_that_is_due_rotates_by_itself() {
    let (_server, admin, fake) = scene().await;
    let ends = "2100-01-01T00:00:00Z";
    let settings = json!({
        "rotation_enabled": true, "rotation_strategy": "on_expiry", "expires_at": ends, "alert_threshold_hours": 24
    });
    admin
        .send("POST", "/credentials", key(&settings))
        .await
        .expect(200);
    let schedule = admin.get("/rotation/schedule").await.expect(200).json();
    assert_eq!(
        schedule["upcoming_rotations"],
        json!([{"credential": "key", "scheduled_at": "2099-12-31T00:00:00Z", "strategy": "on_expiry"}])
    );
    assert_eq!(schedule["overdue_rotations"], json!([]));
    let sooner = json!({"expires_at": "2020-01-01T00:00:00Z"});
    admin
        .send("PATCH", "/credentials/key", sooner)
        .await
        .expect(200);
    wait::until("it rotates", async || {
        let details = admin.get("/credentials/key").await.json();
        (details["version"] == 2).then_some(())
    })
    .await;
    assert_eq!(fake.state().made, 1);
    let log = admin.audit_log().await;
    let rotated = log.iter().find(|entry| entry["action"] == "rotated");
    assert_eq!(rotated.expect("an entry")["actor"], "claviger");
}
