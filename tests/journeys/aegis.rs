//! The `aegis` surface: each endpoint answers as its documentation's example does, field by field.

use serde_json::{Value, json};

use super::support::client::User;
use super::support::server::Server;

async fn start() -> (Server, User) {
    let server = Server::plain().await;
    let admin = server.admin().await;
    (server, admin)
}

#[expect(clippy::disallowed_methods, reason = "the tests' own clock")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Takes a time out of an object, after a look at it.
#[track_caller]
fn take_time(object: &mut Value, field: &str) -> jiff::Timestamp {
    let taken = object
        .as_object_mut()
        .expect("an object")
        .remove(field)
        .unwrap_or_else(|| panic!("no {field} in {object}"));
    let text = taken
        .as_str()
        .unwrap_or_else(|| panic!("{field} is {taken}"));
    assert!(text.ends_with('Z'), "{text}");
    text.parse().expect("a time")
}

#[track_caller]
fn take_id(object: &mut Value) -> String {
    let id = object["id"].as_str().expect("an id").to_owned();
    let digits = id.strip_prefix("cred_").expect("cred_");
    assert!(
        digits.len() == 16
            && digits
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
        "{id}"
    );
    object.as_object_mut().expect("an object").remove("id");
    id
}

/// The documentation's own body.
fn body() -> Value {
    json!({
        "name": "anthropic-api-key",
        "credential_type": "api_key",
        "provider": "api",
        "description": "Anthropic API key for Claude",
        "value": "sk-ant-...",
        "expires_at": "2126-12-31T00:00:00Z",
        "rotation_enabled": true,
        "rotation_interval_hours": 720,
        "rotation_strategy": "scheduled",
        "alert_threshold_hours": 168,
        "tags": ["llm", "production"],
        "metadata": {"environment": "production"}
    })
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a life, told in its order")]
async fn a_credential_through_all_its_endpoints() {
    let (_server, admin) = start().await;

    let mut created = admin
        .send("POST", "/credentials", body())
        .await
        .expect(200)
        .json();
    let id = take_id(&mut created);
    let made = take_time(&mut created, "created_at");
    assert_eq!(
        created,
        json!({"name": "anthropic-api-key", "status": "active", "encrypted": true})
    );

    let mut details = admin
        .get("/credentials/anthropic-api-key")
        .await
        .expect(200)
        .json();
    assert_eq!(take_id(&mut details), id);
    assert_eq!(take_time(&mut details, "created_at"), made);
    take_time(&mut details, "updated_at");
    let next = take_time(&mut details, "next_rotation_at");
    assert_eq!(next.duration_since(made).as_hours(), 720);
    let history = details["version_history"].take();
    assert_eq!(
        (
            history.as_array().map(Vec::len),
            &history[0]["version"],
            &history[0]["reason"]
        ),
        (Some(1), &json!(1), &json!("initial"))
    );
    assert!(history[0]["created_at"].is_string());
    details
        .as_object_mut()
        .expect("an object")
        .remove("version_history");
    let expected = json!({
        "name": "anthropic-api-key",
        "credential_type": "api_key",
        "provider": "api",
        "status": "active",
        "description": "Anthropic API key for Claude",
        "provider_credential_id": null,
        "expires_at": "2126-12-31T00:00:00Z",
        "last_used_at": null,
        "last_rotated_at": null,
        "last_health_check": null,
        "rotation_enabled": true,
        "rotation_interval_hours": 720,
        "rotation_strategy": "scheduled",
        "alert_threshold_hours": 168,
        "tags": ["llm", "production"],
        "metadata": {"environment": "production"},
        "usage_stats": {"total_uses": 0, "uses_last_24h": 0, "uses_last_7d": 0},
        "version": 1
    });
    assert_eq!(details, expected);

    let mut listed = admin.get("/credentials").await.expect(200).json();
    let mut item = listed["credentials"][0].take();
    assert_eq!(take_id(&mut item), id);
    take_time(&mut item, "next_rotation_at");
    assert_eq!(
        item,
        json!({
            "name": "anthropic-api-key",
            "credential_type": "api_key",
            "provider": "api",
            "status": "active",
            "description": "Anthropic API key for Claude",
            "expires_at": "2126-12-31T00:00:00Z",
            "last_used_at": null,
            "rotation_enabled": true,
            "rotation_interval_hours": 720,
            "tags": ["llm", "production"]
        })
    );
    assert_eq!(
        (&listed["total"], &listed["expiring"], &listed["expired"]),
        (&json!(1), &json!(0), &json!(0))
    );
    assert!(listed["healthy"].is_u64());

    let change = json!({
        "description": "Updated description", "expires_at": "2127-06-01T00:00:00Z", "rotation_enabled": true,
        "rotation_interval_hours": 360, "tags": ["llm", "production", "critical"]
    });
    let mut updated = admin
        .send("PATCH", "/credentials/anthropic-api-key", change)
        .await
        .expect(200)
        .json();
    assert_eq!(take_id(&mut updated), id);
    take_time(&mut updated, "updated_at");
    // What was sent and did not change is not told, as in the example.
    let fields = [
        "description",
        "expires_at",
        "rotation_interval_hours",
        "tags",
    ];
    assert_eq!(
        updated,
        json!({"name": "anthropic-api-key", "status": "active", "updated_fields": fields})
    );
    let details = admin
        .get("/credentials/anthropic-api-key")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&details["description"], &details["rotation_interval_hours"]),
        (&json!("Updated description"), &json!(360))
    );
    assert_eq!(details["version"], 1, "metadata makes no version");

    let mut retired = admin
        .delete("/credentials/anthropic-api-key")
        .await
        .expect(200)
        .json();
    take_time(&mut retired, "retired_at");
    assert_eq!(
        retired,
        json!({"status": "retired", "credential_name": "anthropic-api-key"})
    );
    let details = admin
        .get("/credentials/anthropic-api-key")
        .await
        .expect(200)
        .json();
    assert_eq!(details["status"], "retired");
    // Retired is not deleted: the name stays taken.
    let answer = admin
        .send("POST", "/credentials", body())
        .await
        .expect(400)
        .json();
    assert_eq!(
        answer,
        json!({"error": "bad_request", "message": "Credential name already exists", "credential": "anthropic-api-key"})
    );
}

#[tokio::test]
async fn defaults_are_the_documented_ones() {
    let (_server, admin) = start().await;
    let body = json!({"name": "bare", "credential_type": "api_key", "provider": "api"});
    let answer = admin.send("POST", "/credentials", body).await;
    // `value` is not required; a credential without one is known by name alone.
    assert_eq!(answer.status, 200, "{answer}");
    let details = admin.get("/credentials/bare").await.expect(200).json();
    assert_eq!(details["rotation_interval_hours"], 720);
    assert_eq!(details["alert_threshold_hours"], 168);
    assert_eq!(details["rotation_enabled"], false);
    assert_eq!(details["next_rotation_at"], Value::Null);
    assert_eq!(
        (&details["tags"], &details["metadata"]),
        (&json!([]), &json!({}))
    );
}

#[tokio::test]
async fn the_list_is_filtered_and_paged_and_counts_them_all() {
    let (_server, admin) = start().await;
    let hours = |hours: i64| (now() + jiff::SignedDuration::from_hours(hours)).to_string();
    for (name, kind, provider, expires) in [
        ("long", "api_key", "api", Some(hours(10_000))),
        ("never", "api_key", "openai", None),
        ("soon", "api_key", "api", Some(hours(100))),
        ("past", "database", "env", Some(hours(-1))),
    ] {
        let body = json!({"name": name, "credential_type": kind, "provider": provider, "value": "sk-1234567890abcdef", "expires_at": expires});
        admin.send("POST", "/credentials", body).await.expect(200);
    }
    let names = async |query: &str| {
        let listed = admin
            .get(&format!("/credentials{query}"))
            .await
            .expect(200)
            .json();
        let mut names: Vec<String> = listed["credentials"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["name"].as_str().expect("a name").to_owned())
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names("?status=active").await, ["long", "never"]);
    assert_eq!(names("?status=expiring").await, ["soon"]);
    assert_eq!(names("?status=expired").await, ["past"]);
    assert_eq!(names("?provider=api").await, ["long", "soon"]);
    assert_eq!(names("?provider=API").await, ["long", "soon"]);
    assert_eq!(names("?type=database").await, ["past"]);
    assert_eq!(names("?provider=nobody").await, [""; 0]);
    let mut paged = Vec::new();
    for offset in 0..5 {
        let page = names(&format!("?limit=1&offset={offset}")).await;
        assert_eq!(page.len(), usize::from(offset < 4));
        paged.extend(page);
    }
    paged.sort_unstable();
    assert_eq!(paged, ["long", "never", "past", "soon"]);
    let listed = admin.get("/credentials?limit=1").await.expect(200).json();
    assert_eq!(
        (&listed["total"], &listed["expiring"], &listed["expired"]),
        (&json!(4), &json!(1), &json!(1)),
        "{listed}"
    );
}

#[tokio::test]
async fn uses_are_counted() {
    let (_server, admin) = start().await;
    let workspace = admin.workspace(&admin.default_workspace().await);
    let id = workspace
        .create_api_key("used", "openai", "sk-1234567890abcdef")
        .await;
    for _ in 0..3 {
        workspace.reveal(&id).await.expect(200);
        workspace.get(&id).await.expect(200);
    }
    let details = admin.get("/credentials/used").await.expect(200).json();
    assert_eq!(
        details["usage_stats"],
        json!({"total_uses": 3, "uses_last_24h": 3, "uses_last_7d": 3})
    );
    assert!(details["last_used_at"].is_string());
}

#[tokio::test]
async fn errors_are_the_documented_ones() {
    let (_server, admin) = start().await;
    for (method, path) in [
        ("GET", "/credentials/unknown-credential"),
        ("DELETE", "/credentials/unknown-credential"),
        ("POST", "/credentials/unknown-credential/test"),
    ] {
        let answer = admin.ask(method, path).send().await.expect(404).json();
        assert_eq!(
            answer,
            json!({"error": "not_found", "message": "Credential not found: unknown-credential"}),
            "{method} {path}"
        );
    }
    let (stranger, _) = admin
        .make_user("stranger", "a password of some length", false)
        .await;
    let home = admin.default_workspace().await;
    let answer = stranger
        .ask("GET", "/credentials")
        .header("x-workspace", &home)
        .send()
        .await
        .expect(403)
        .json();
    assert_eq!(
        (&answer["error"], &answer["required_permission"]),
        (&json!("forbidden"), &json!("credential:read")),
        "{answer}"
    );
    assert!(answer["message"].is_string());
    // What is fixed at creation is refused, not ignored.
    admin
        .store("fixed", "api_key", "openai", "sk-1234567890abcdef")
        .await;
    let answer = admin
        .send(
            "PATCH",
            "/credentials/fixed",
            json!({"value": "sk-another-1234567890"}),
        )
        .await;
    assert!(
        matches!(answer.status, 400 | 422) && answer.text().contains("value"),
        "{answer}"
    );
    assert!(!answer.text().contains("sk-another"), "{answer}");
}

#[tokio::test]
async fn a_retired_credential_is_neither_tested_nor_forgotten() {
    let (_server, admin) = start().await;
    let workspace = admin.workspace(&admin.default_workspace().await);
    let id = workspace
        .create_api_key("retiring", "openai", "sk-1234567890abcdef")
        .await;
    admin.delete("/credentials/retiring").await.expect(200);
    // One life cycle: what one surface retired, the other shows inactive, and brings back.
    assert_eq!(
        workspace.get(&id).await.expect(200).json()["data"]["is_active"],
        false
    );
    let checked = admin.post("/health/check-all").await.expect(200).json();
    assert_eq!(checked["checked"], 0, "{checked}");
    workspace.activate(&id).await.expect(200);
    assert_eq!(
        admin.get("/credentials/retiring").await.expect(200).json()["status"],
        "active"
    );
}

#[tokio::test]
async fn health_is_for_everyone_and_counts_are_for_callers() {
    let (server, admin) = start().await;
    admin
        .store("counted", "api_key", "openai", "sk-1234567890abcdef")
        .await;
    let anyone = server
        .http
        .ask("GET", "/health")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&anyone["status"], &anyone["agent"], &anyone["encryption"]),
        (&json!("healthy"), &json!("AEGIS"), &json!("enabled")),
        "{anyone}"
    );
    assert_eq!(anyone["credentials_count"], 0, "{anyone}");
    assert_eq!(anyone["data"]["status"], "healthy");
    assert!(
        anyone["data"]["version"].is_string() && anyone["data"]["uptime"].is_string(),
        "{anyone}"
    );
    let caller = admin.get("/health").await.expect(200).json();
    assert_eq!(caller["credentials_count"], 1, "{caller}");
}

#[tokio::test]
async fn the_plugins_are_listed_for_administrators() {
    let (_server, admin) = start().await;
    let listed = admin.get("/admin/plugins").await.expect(200).json();
    let plugins = listed["plugins"].as_array().expect("a list");
    let names: Vec<_> = plugins
        .iter()
        .filter_map(|plugin| plugin["name"].as_str())
        .collect();
    for name in ["anthropic", "openai", "slack", "supabase"] {
        assert!(names.contains(&name), "{listed}");
    }
    assert!(
        plugins
            .iter()
            .all(|plugin| plugin["version"].is_string() && plugin["provenance"] == "embedded"),
        "{listed}"
    );
}
