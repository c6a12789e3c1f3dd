//! A client whose answer was lost sends its request again, with the same `Idempotency-Key`.

use serde_json::{Value, json};

use super::support::client::{Answer, User};
use super::support::server::Server;

fn body(name: &str) -> Value {
    json!({"name": name, "credential_type": "api_key", "provider": "openai", "value": "sk-1234567890abcdef"})
}

async fn create(user: &User, key: &str, body: &Value) -> Answer {
    let request = user.ask("POST", "/credentials");
    request
        .header("idempotency-key", key)
        .json(body)
        .send()
        .await
}

#[tokio::test]
async fn a_credential_is_stored_once() {
    let server = Server::plain().await;
    let admin = server.admin().await;
    let first = create(&admin, "one", &body("key")).await.expect(200).json();
    let again = create(&admin, "one", &body("key")).await.expect(200).json();
    assert_eq!(again, first);
    // However the client writes it down.
    let written = r#"{"value":"sk-1234567890abcdef",  "provider":"openai","name":"key","credential_type":"api_key"}"#;
    let again = admin
        .ask("POST", "/credentials")
        .header("idempotency-key", "one")
        .body("application/json", written)
        .send()
        .await;
    assert_eq!(again.expect(200).json(), first);
    let listed = admin.get("/credentials").await.expect(200).json();
    assert_eq!(listed["total"], 1);
    assert_eq!(
        admin.get("/audit/log?action=created").await.json()["total"],
        1
    );

    // Another request under that key is refused, and without one the name is taken.
    let other = create(&admin, "one", &body("another"))
        .await
        .expect(400)
        .json();
    let message = other["message"].as_str().unwrap_or_default();
    assert!(message.contains("Idempotency-Key"), "{other}");
    admin
        .send("POST", "/credentials", body("key"))
        .await
        .expect(400);
    // Another user has keys of their own.
    let (stranger, _) = admin
        .make_user("stranger", "a password of some length", true)
        .await;
    let taken = create(&stranger, "one", &body("key")).await;
    assert_ne!(taken.text(), first.to_string(), "{taken}");
    for bad in ["", "ä", &"k".repeat(256)] {
        let refused = create(&admin, bad, &body("new")).await.expect(400);
        assert!(refused.text().contains("Idempotency-Key"), "{refused}");
    }
    let twice = admin
        .ask("POST", "/credentials")
        .header("idempotency-key", "a")
        .header("idempotency-key", "b")
        .json(&body("new"))
        .send()
        .await;
    assert!(twice.expect(400).text().contains("twice"));
}

#[tokio::test]
async fn in_a_workspace_it_is_the_same() {
    let server = Server::plain().await;
    let admin = server.admin().await;
    let workspace = admin.workspace(&admin.default_workspace().await);
    let path = workspace.path("/api-key");
    let body = json!({"name": "key", "provider": "openai", "api_key": "sk-1234567890abcdef"});
    let create = async |body: &Value| {
        let request = admin.ask("POST", &path).header("idempotency-key", "one");
        request.json(body).send().await
    };
    let first = create(&body).await.expect(200).json();
    let again = create(&body).await.expect(200).json();
    assert_eq!(again["data"], first["data"]);
    assert_eq!(again["message"], first["message"]);
    let mut other = body.clone();
    other["api_key"] = json!("sk-another-1234567890");
    let refused = create(&other).await.expect(422);
    assert!(!refused.text().contains("sk-another"), "{refused}");

    // What was deleted since isn't stored again.
    let id = first["data"]["id"].as_str().expect("an id");
    workspace.delete(id).await.expect(200);
    create(&body).await.expect(409);
}

#[tokio::test]
async fn two_at_once_store_one() {
    let server = Server::plain().await;
    let admin = server.admin().await;
    let body = body("key");
    let requests = (0..8).map(|_| create(&admin, "one", &body));
    let answers = futures_util::future::join_all(requests).await;
    let first = answers[0].json();
    for answer in answers {
        assert_eq!(answer.expect(200).json(), first);
    }
    assert_eq!(admin.get("/credentials").await.json()["total"], 1);
}

#[tokio::test]
async fn a_rotation_is_done_once() {
    let server = Server::plain().await;
    let admin = server.admin().await;
    let body = json!({"name": "db", "credential_type": "database", "provider": "acme", "value": "first-secret-0123456789"});
    admin.send("POST", "/credentials", body).await.expect(200);
    let rotate = async |key: &str, value: &str| {
        let request = admin
            .ask("POST", "/credentials/db/rotate")
            .header("idempotency-key", key);
        let body = json!({"trigger": "manual", "value": value});
        request.json(&body).send().await
    };
    let first = rotate("one", "second-secret-0123456789").await;
    let first = first.expect(200).json();
    let again = rotate("one", "second-secret-0123456789").await;
    let again = again.expect(200).json();
    for answer in [&first, &again] {
        assert_eq!(
            (&answer["previous_version"], &answer["new_version"]),
            (&json!(1), &json!(2)),
            "{answer}"
        );
    }
    assert_eq!(again["rotated_at"], first["rotated_at"]);
    rotate("one", "another-secret-0123456789").await.expect(400);
    let other = rotate("two", "third-secret-0123456789").await;
    assert_eq!(other.expect(200).json()["new_version"], 3);

    let back = async || {
        let request = admin
            .ask("POST", "/credentials/db/rollback")
            .header("idempotency-key", "back");
        request.json(&json!({"version": 2})).send().await
    };
    let first = back().await.expect(200).json();
    let again = back().await.expect(200).json();
    assert_eq!(
        (&first["to_version"], &again["to_version"]),
        (&json!(2), &json!(2))
    );
    let details = admin.get("/credentials/db").await.expect(200).json();
    assert_eq!(details["version"], 2, "{details}");
}
