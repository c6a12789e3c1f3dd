//! Tokens: logging in, refreshing, revoking.

use std::time::Instant;

use serde_json::json;

use super::support::client::User;
use super::support::server::{PASSWORD, Server};

#[tokio::test]
async fn a_token_is_given_refreshed_and_revoked() {
    let server = Server::plain().await;
    let body = json!({"username": "admin", "password": PASSWORD});
    let answer = server
        .http
        .ask("POST", "/v1/token")
        .json(&body)
        .reveals()
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(answer["status"], "success", "{answer}");
    assert_eq!(answer["data"]["token_type"], "bearer");
    let fields: Vec<_> = answer["data"]
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(fields.len(), 3, "{answer}");
    let ends: jiff::Timestamp = answer["data"]["expires_at"]
        .as_str()
        .expect("a time")
        .parse()
        .expect("a time");
    let token = answer["data"]["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let first = User {
        http: server.http.clone(),
        token,
    };

    let again = first
        .ask("POST", "/v1/token/refresh")
        .reveals()
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&again["status"], &again["data"]["token_type"]),
        (&json!("success"), &json!("bearer")),
        "{again}"
    );
    let later: jiff::Timestamp = again["data"]["expires_at"]
        .as_str()
        .expect("a time")
        .parse()
        .expect("a time");
    assert!(later >= ends);
    let second = User {
        http: server.http.clone(),
        token: again["data"]["token"].as_str().expect("a token").to_owned(),
    };
    assert_ne!(first.token, second.token);
    second.get("/credentials").await.expect(200);

    let revoked = second.post("/v1/token/revoke").await.expect(200).json();
    assert_eq!(
        revoked,
        json!({"status": "success", "message": "Token revoked successfully"})
    );
    for path in ["/v1/token/refresh", "/v1/token/revoke"] {
        let answer = second.post(path).await.expect(401).json();
        assert_eq!(answer["status"], "error", "{answer}");
    }
    let answer = second.get("/credentials").await.expect(401).json();
    assert_eq!(answer["error"], "unauthorized", "{answer}");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_not_told_apart() {
    let server = Server::plain().await;
    let ask = async |username: &str, password: &str| {
        let body = json!({"username": username, "password": password});
        server
            .http
            .ask("POST", "/v1/token")
            .json(&body)
            .send()
            .await
            .expect(401)
            .json()
    };
    let wrong = ask("admin", "not the password").await;
    let unknown = ask("nobody", "not the password").await;
    assert_eq!(wrong, unknown);
    assert_eq!(wrong["status"], "error");
    assert!(
        wrong["message"].is_string() && !wrong["code"].is_null(),
        "{wrong}"
    );
    assert!(ask("admin", &format!("{PASSWORD} ")).await["message"].is_string());
}

#[tokio::test]
async fn an_unknown_user_costs_as_much_as_a_wrong_password() {
    let server = Server::plain().await;
    let time = async |username: &str| {
        let body = json!({"username": username, "password": "not the password"});
        let began = Instant::now();
        server
            .http
            .ask("POST", "/v1/token")
            .json(&body)
            .send()
            .await;
        began.elapsed()
    };
    // The least of several: what else the machine does only ever adds.
    let (mut known, mut unknown) = (time("admin").await, time("nobody").await);
    for _ in 0..40 {
        known = known.min(time("admin").await);
        unknown = unknown.min(time("nobody").await);
        if unknown * 3 > known {
            return;
        }
    }
    panic!("known {known:?}, unknown {unknown:?}: who is a user can be told");
}

#[tokio::test]
async fn a_token_also_counts_as_an_api_key() {
    let server = Server::plain().await;
    let admin = server.admin().await;
    server
        .http
        .ask("GET", "/credentials")
        .header("x-api-key", &admin.token)
        .send()
        .await
        .expect(200);
    server
        .http
        .ask("GET", "/credentials")
        .header("x-api-key", "nonsense")
        .send()
        .await
        .expect(401);
}
