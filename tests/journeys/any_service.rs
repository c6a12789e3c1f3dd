//! Keys of services that no plugin knows, and variables of the server's own machine.

use serde_json::{Value, json};

use super::support::client::User;
use super::support::fakes::Fake;
use super::support::fakes::service::HttpService;
use super::support::server::{Server, Site};

const KEY: &str = "service-key-0123456789";

async fn served(site: Site) -> (Server, User) {
    let server = site.start().await;
    let admin = server.admin().await;
    (server, admin)
}

async fn create(admin: &User, kind: &str, provider: &str, name: &str, fields: Value) -> u16 {
    let body = json!({
        "name": name, "credential_type": kind, "provider": provider, "value": fields["value"], "fields": fields["fields"]
    });
    admin.send("POST", "/credentials", body).await.status
}

#[tokio::test]
async fn a_key_is_tested_where_its_owner_says() {
    let fake = Fake::start(HttpService::new(KEY).in_header("x-api-key", "")).await;
    let (_server, admin) = served(Site::new().await.fake(&fake)).await;
    let test_url = format!("{}/me", fake.upstream.origin());
    let fields = json!({"test_url": test_url, "header": "X-API-Key"});
    let with = |value: &str, fields: &Value| json!({"value": value, "fields": fields});
    assert_eq!(
        create(&admin, "api_key", "api", "ours", with(KEY, &fields)).await,
        200
    );
    assert_eq!(admin.test("ours").await["status"], "healthy");
    let request = fake.upstream.only_request();
    assert_eq!(request.header("x-api-key"), Some(KEY));
    fake.state().key = "another-key-0123456789".to_owned();
    assert_eq!(admin.test("ours").await["status"], "unhealthy");

    // Fields that only `api` has mean `api`, whatever the key looks like.
    let like_openai = with("sk-1234567890abcdef", &fields);
    assert_eq!(
        create(&admin, "api_key", "api", "gateway", like_openai).await,
        200
    );
    assert_eq!(admin.test("gateway").await["status"], "unhealthy");
    let request = fake.upstream.requests().pop().expect("a request");
    assert_eq!(request.header("x-api-key"), Some("sk-1234567890abcdef"));

    // Without an address nobody is asked, and a header that frames the message is no place for a key.
    let bare = with(KEY, &json!({}));
    assert_eq!(create(&admin, "api_key", "api", "bare", bare).await, 200);
    let tested = admin.test("bare").await;
    assert_eq!(tested["status"], "unknown");
    assert!(tested.to_string().contains("test_url"), "{tested}");
    let framing = with(
        KEY,
        &json!({"test_url": test_url, "header": "Content-Length"}),
    );
    assert_eq!(
        create(&admin, "api_key", "api", "framing", framing).await,
        400
    );
}

#[tokio::test]
async fn a_variable_is_compared_and_each_time_it_is_shown_is_written_down() {
    let site = Site::new()
        .await
        .variable("JOURNEY_PASSWORD", "journey-password-0123456789")
        .plugin(
            "env",
            "environment",
            toml::Value::Array(vec!["JOURNEY_PASSWORD".into()]),
        );
    let (_server, admin) = served(site).await;
    for (name, value, health) in [
        ("right", "journey-password-0123456789", "healthy"),
        ("wrong", "journey-password-9876543210", "unhealthy"),
    ] {
        let fields = json!({"value": value, "fields": {"variable": "JOURNEY_PASSWORD"}});
        assert_eq!(create(&admin, "env", "env", name, fields).await, 200);
        assert_eq!(admin.test(name).await["status"], health);
    }
    let other = json!({"value": "some-value-0123456789", "fields": {"variable": "JOURNEY_OTHER"}});
    assert_eq!(create(&admin, "env", "env", "other", other).await, 200);
    assert_eq!(admin.test("other").await["status"], "unknown");
    let log = admin.audit_log().await;
    let shown = |entry: &&Value| entry.to_string().contains("secret.shown");
    assert_eq!(log.iter().filter(shown).count(), 2, "{log:#?}");
    assert!(!json!(log).to_string().contains("journey-password"));
}
