//! The health views and the audit log of `aegis`, to the letter of its document.

use serde_json::{Value, json};

use super::support::client::User;
use super::support::server::Server;

async fn start() -> (Server, User) {
    let server = Server::plain().await;
    let admin = server.admin().await;
    (server, admin)
}

#[expect(clippy::disallowed_methods, reason = "the tests' own clock")]
fn in_hours(hours: i64) -> String {
    // A minute more, so that as many whole hours are left when it is looked at.
    let span = jiff::SignedDuration::from_mins(hours * 60 + 1);
    (jiff::Timestamp::now() + span).to_string()
}

async fn store(admin: &User, name: &str, expires: Option<String>, enabled: bool) {
    let body = json!({
        "name": name, "credential_type": "api_key", "provider": "openai", "value": "sk-1234567890abcdef",
        "expires_at": expires, "rotation_enabled": enabled
    });
    admin.send("POST", "/credentials", body).await.expect(200);
}

fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = object
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

#[track_caller]
fn assert_time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("{value}"));
    assert!(
        text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(),
        "{text}"
    );
}

#[tokio::test]
async fn the_dashboard_is_the_documented_one() {
    let (_server, admin) = start().await;
    store(&admin, "openai-api-key", Some(in_hours(4320)), false).await;
    store(&admin, "supabase-service-key", Some(in_hours(120)), true).await;
    store(&admin, "old", Some(in_hours(-48)), false).await;
    let workspace = admin.workspace(&admin.default_workspace().await);
    let used = workspace
        .create_api_key("used", "openai", "sk-1234567890abcdef")
        .await;
    workspace.reveal(&used).await.expect(200);

    let answer = admin.get("/health/dashboard").await.expect(200).json();
    assert_eq!(
        keys(&answer),
        ["alerts", "credentials", "generated_at", "summary"]
    );
    assert_time(&answer["generated_at"]);
    assert_eq!(
        answer["summary"],
        json!({"total": 4, "healthy": 2, "expiring": 1, "expired": 1, "failed": 0})
    );
    assert_eq!(
        answer["credentials"][0],
        json!({"name": "openai-api-key", "status": "active", "health": "unknown", "expires_in_hours": 4320, "last_used": null})
    );
    assert_eq!(
        answer["credentials"][1],
        json!({"name": "supabase-service-key", "status": "expiring", "health": "unknown", "expires_in_hours": 120, "last_used": null})
    );
    let last = &answer["credentials"][3];
    assert_eq!(
        (&last["name"], &last["expires_in_hours"]),
        (&json!("used"), &Value::Null)
    );
    assert_time(&last["last_used"]);

    let mut alerts = answer["alerts"].as_array().expect("a list").clone();
    for alert in &mut alerts {
        assert_time(&alert["created_at"]);
        alert
            .as_object_mut()
            .expect("an object")
            .remove("created_at");
    }
    let expiring = json!({"credential": "supabase-service-key", "alert_type": "expiring", "message": "Credential expires in 5 days"});
    assert!(alerts.contains(&expiring), "{answer}");
    assert_eq!(alerts.len(), 2, "{answer}");
    assert!(
        alerts
            .iter()
            .any(|alert| alert["credential"] == "old" && alert["alert_type"] == "expired"),
        "{answer}"
    );

    let page = admin
        .get("/health/dashboard?limit=1&offset=1")
        .await
        .expect(200)
        .json();
    assert_eq!(page["credentials"].as_array().map(Vec::len), Some(1));
    assert_eq!(page["credentials"][0]["name"], "supabase-service-key");
    assert_eq!(
        (page["summary"]["total"].as_u64(), &page["alerts"]),
        (Some(4), &answer["alerts"])
    );
    admin.get("/health/dashboard?limit=0").await.expect(400);
}

#[tokio::test]
async fn what_expires_is_listed_as_documented() {
    let (_server, admin) = start().await;
    store(&admin, "supabase-service-key", Some(in_hours(120)), true).await;
    store(&admin, "far", Some(in_hours(400)), false).await;
    store(&admin, "never", None, false).await;
    store(&admin, "past", Some(in_hours(-2)), false).await;
    let answer = admin
        .get("/health/expiring?threshold_hours=168")
        .await
        .expect(200)
        .json();
    assert_time(&answer["credentials"][0]["expires_at"]);
    let expires_at = answer["credentials"][0]["expires_at"].clone();
    assert_eq!(
        answer,
        json!({
            "credentials": [{"name": "supabase-service-key", "expires_at": expires_at, "expires_in_hours": 120, "rotation_enabled": true}],
            "count": 1, "threshold_hours": 168
        })
    );
    let unsaid = admin.get("/health/expiring").await.expect(200).json();
    assert_eq!(unsaid, answer);
    let wide = admin
        .get("/health/expiring?threshold_hours=500&limit=1")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (wide["count"].as_u64(), wide["threshold_hours"].as_u64()),
        (Some(2), Some(500))
    );
    assert_eq!(wide["credentials"].as_array().map(Vec::len), Some(1));
    for bad in ["0", "-1", "87601", "a", "1.5", ""] {
        let path = format!("/health/expiring?threshold_hours={bad}");
        let refused = admin.get(&path).await.expect(400).json();
        let message = refused["message"].as_str().unwrap_or_default();
        assert!(message.contains("threshold_hours"), "{refused}");
    }
}

#[tokio::test]
async fn the_audit_log_is_the_documented_one() {
    let (_server, admin) = start().await;
    store(&admin, "first", None, false).await;
    store(&admin, "second", None, false).await;
    admin.delete("/credentials/first").await.expect(200);

    let answer = admin.get("/audit/log").await.expect(200).json();
    assert_eq!(keys(&answer), ["log", "total"]);
    let newest = &answer["log"][0];
    assert_eq!(
        keys(newest),
        [
            "action",
            "actor",
            "credential_name",
            "id",
            "success",
            "target",
            "timestamp"
        ]
    );
    assert_eq!(
        (
            &newest["action"],
            &newest["credential_name"],
            &newest["actor"],
            &newest["success"]
        ),
        (
            &json!("retired"),
            &json!("first"),
            &json!("admin"),
            &json!(true)
        )
    );
    assert!(
        newest["id"]
            .as_str()
            .is_some_and(|id| id.starts_with("log_"))
    );
    assert_time(&newest["timestamp"]);

    let total = async |query: &str| {
        let path = format!("/audit/log?{query}");
        admin.get(&path).await.expect(200).json()["total"]
            .as_u64()
            .expect("a number")
    };
    for (query, expected) in [
        ("credential_name=first", 2),
        ("action=created", 2),
        ("action=credential.create", 2),
        ("action=retired", 1),
        ("action=applied", 0),
        ("action=created&credential_name=second&actor=admin", 1),
        ("actor=nobody", 0),
        ("action=created&start_date=2020-01-01", 2),
        ("action=created&start_date=2020-01-01T00:00:00Z&limit=1", 2),
        ("action=created&end_date=2020-01-01T00:00:00%2B02:00", 0),
        ("start_date=2099-01-01T00:00:00Z", 0),
    ] {
        assert_eq!(total(query).await, expected, "{query}");
    }
    let limited = admin.get("/audit/log?limit=1").await.expect(200).json();
    assert_eq!(limited["log"].as_array().map(Vec::len), Some(1));
    assert!(limited["total"].as_u64() > Some(1));

    for (parameter, value) in [
        ("start_date", "yesterday"),
        ("end_date", "2026-13-01"),
        ("start_date", ""),
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "1001"),
        ("limit", "many"),
    ] {
        let path = format!("/audit/log?{parameter}={value}");
        let refused = admin.get(&path).await.expect(400).json();
        assert_eq!(refused["error"], "bad_request", "{path}");
        let message = refused["message"].as_str().unwrap_or_default();
        assert!(message.contains(parameter), "{path}: {refused}");
    }
}
