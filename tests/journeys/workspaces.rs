//! The `workspaces` surface: each endpoint answers as its documentation's example does, field by field.

use serde_json::{Value, json};

use super::support::client::{Answer, Workspace};
use super::support::server::Server;

async fn start() -> (Server, Workspace) {
    let server = Server::plain().await;
    let admin = server.admin().await;
    let workspace = admin.workspace(&admin.default_workspace().await);
    (server, workspace)
}

/// Checks the envelope, every field of it, and gives `data`.
#[track_caller]
fn data(answer: &Answer, message: &Value) -> Value {
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let mut body = answer.json();
    let fields = body.as_object_mut().expect("an object");
    let data = fields.remove("data").expect("data");
    let trace = fields.remove("traceId").expect("a trace id");
    assert!(
        trace.as_str().is_some_and(|text| !text.is_empty()),
        "{trace}"
    );
    assert_instant(&fields.remove("timestamp").expect("a timestamp"));
    assert_eq!(
        body,
        json!({"status": "success", "code": 200, "message": message}),
        "{answer}"
    );
    data
}

/// `2024-01-01T00:00:00Z`, as the examples write times: UTC.
#[track_caller]
fn assert_instant(value: &Value) {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no time"));
    assert!(
        text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(),
        "{text}"
    );
}

#[track_caller]
fn assert_id(value: &Value, prefix: &str) {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no id"));
    let digits = text
        .strip_prefix(prefix)
        .unwrap_or_else(|| panic!("{text} does not begin with {prefix}"));
    assert!(
        digits.len() == 16
            && digits
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)),
        "{text}"
    );
}

#[tokio::test]
async fn an_api_key_through_all_its_endpoints() {
    let (_server, workspace) = start().await;

    // 1. Create, with the documentation's own body.
    let body = json!({
        "name": "OpenAI API Key",
        "api_key": "sk-1234567890abcdef",
        "provider": "OPENAI",
        "description": "OpenAI API key for GPT models",
        "tags": ["ai", "gpt"],
        "expires_at": "2025-01-01T00:00:00Z"
    });
    let answer = workspace.try_create("api-key", &body).await;
    let created = data(&answer, &json!("API key credential created successfully."));
    assert_id(&created["id"], "CRD-");
    let id = created["id"].as_str().expect("an id");
    assert_eq!(created, json!({"id": id}));

    // 3. Get, without and with the secret.
    let mut got = data(&workspace.get(id).await, &Value::Null);
    assert_id(&got["owner_id"], "USR-");
    assert_instant(&got["created_at"]);
    let owner = got["owner_id"].take();
    let created_at = got["created_at"].take();
    let whole = json!({
        "id": id,
        "workspace_id": workspace.id,
        "owner_id": null,
        "name": "OpenAI API Key",
        "credential_type": "API_KEY",
        "credential_provider": "OPENAI",
        "description": "OpenAI API key for GPT models",
        "is_active": true,
        "expires_at": "2025-01-01T00:00:00Z",
        "last_used_at": null,
        "tags": ["ai", "gpt"],
        "created_at": null
    });
    assert_eq!(got, whole);
    let revealed = data(&workspace.reveal(id).await, &Value::Null);
    assert_eq!(
        revealed["credential_data"],
        json!({"api_key": "sk-1234567890abcdef"})
    );
    assert_eq!(revealed["owner_id"], owner);
    let explicit = workspace.get(&format!("{id}?include_secret=false")).await;
    assert_eq!(data(&explicit, &Value::Null).get("credential_data"), None);

    // A reveal is a use.
    let mut got = data(&workspace.get(id).await, &Value::Null);
    assert_instant(&got["last_used_at"].take());

    // 4. List.
    let mut listed = data(&workspace.list("").await, &Value::Null);
    assert_instant(&listed["credentials"][0]["last_used_at"].take());
    let item = json!({
        "id": id,
        "name": "OpenAI API Key",
        "credential_type": "API_KEY",
        "credential_provider": "OPENAI",
        "description": "OpenAI API key for GPT models",
        "is_active": true,
        "expires_at": "2025-01-01T00:00:00Z",
        "last_used_at": null,
        "tags": ["ai", "gpt"]
    });
    assert_eq!(
        listed,
        json!({"workspace_id": workspace.id, "credentials": [item], "count": 1})
    );

    // 5. Update.
    let body = json!({"name": "Updated OpenAI API Key", "description": "Updated description", "tags": ["ai", "gpt", "updated"]});
    let mut updated = data(
        &workspace.update(id, body).await,
        &json!("Credential updated successfully."),
    );
    updated["last_used_at"].take();
    let mut expected = whole.clone();
    expected["name"] = json!("Updated OpenAI API Key");
    expected["description"] = json!("Updated description");
    expected["tags"] = json!(["ai", "gpt", "updated"]);
    expected["owner_id"] = owner;
    expected["created_at"] = created_at;
    assert_eq!(updated, expected);

    // 7 and 6. Deactivate and activate.
    let off = data(
        &workspace.deactivate(id).await,
        &json!("Credential deactivated successfully."),
    );
    assert_eq!(off, json!({"success": true, "is_active": false}));
    assert_eq!(
        data(&workspace.get(id).await, &Value::Null)["is_active"],
        false
    );
    let on = data(
        &workspace.activate(id).await,
        &json!("Credential activated successfully."),
    );
    assert_eq!(on, json!({"success": true, "is_active": true}));
    assert_eq!(
        data(&workspace.get(id).await, &Value::Null)["is_active"],
        true
    );

    // 8. Delete.
    let gone = data(
        &workspace.delete(id).await,
        &json!("Credential deleted successfully."),
    );
    assert_eq!(gone, json!({"success": true, "deleted_id": id}));
    workspace.get(id).await.expect(404);
    assert_eq!(data(&workspace.list("").await, &Value::Null)["count"], 0);
}

#[tokio::test]
async fn a_slack_credential_as_documented() {
    let (_server, workspace) = start().await;
    let body = json!({
        "name": "Slack Workspace",
        "bot_token": "xoxb-1234567890-abcdef",
        "signing_secret": "abc123def456",
        "app_token": "xapp-1234567890-abcdef",
        "description": "Slack workspace credentials",
        "tags": ["slack", "notifications"],
        "expires_at": null
    });
    let answer = workspace.try_create("slack", &body).await;
    let created = data(&answer, &json!("Slack credential created successfully."));
    let id = created["id"].as_str().expect("an id");
    let got = data(&workspace.reveal(id).await, &Value::Null);
    assert_eq!(got["credential_type"], "SLACK");
    assert_eq!(got["credential_provider"], "SLACK");
    assert_eq!(got["expires_at"], Value::Null);
    assert_eq!(
        got["credential_data"],
        json!({
            "bot_token": "xoxb-1234567890-abcdef",
            "signing_secret": "abc123def456",
            "app_token": "xapp-1234567890-abcdef"
        })
    );
}

#[tokio::test]
async fn what_is_optional_may_be_left_out() {
    let (_server, workspace) = start().await;
    let id = workspace
        .create_api_key("bare", "openai", "sk-1234567890abcdef")
        .await;
    let got = data(&workspace.get(&id).await, &Value::Null);
    assert_eq!(got["credential_provider"], "OPENAI");
    assert_eq!(got["description"], Value::Null);
    assert_eq!(got["expires_at"], Value::Null);
    assert_eq!(got["tags"], json!([]));

    // A rotated Slack token begins differently and is as good.
    let rotated = json!({"name": "rotating", "bot_token": "xoxe.xoxb-1-MS0yLTExMTExMTExMTEx"});
    workspace.create("slack", &rotated).await;

    // An update of one thing leaves the others.
    let updated = workspace
        .update(&id, json!({"description": "now described"}))
        .await;
    let updated = data(&updated, &json!("Credential updated successfully."));
    assert_eq!(
        (&updated["name"], &updated["description"]),
        (&json!("bare"), &json!("now described"))
    );
}

#[tokio::test]
async fn the_list_is_filtered_by_type() {
    let (_server, workspace) = start().await;
    let key = workspace
        .create_api_key("key", "OPENAI", "sk-1234567890abcdef")
        .await;
    let slack = workspace
        .create(
            "slack",
            &json!({"name": "slack", "bot_token": "xoxb-1234567890-abcdef"}),
        )
        .await;
    for (filter, expected) in [("API_KEY", &key), ("SLACK", &slack)] {
        let listed = data(
            &workspace.list(&format!("?credential_type={filter}")).await,
            &Value::Null,
        );
        assert_eq!(listed["count"], 1, "{filter}: {listed}");
        assert_eq!(listed["credentials"][0]["id"], json!(expected));
    }
    assert_eq!(data(&workspace.list("").await, &Value::Null)["count"], 2);

    // A filter that means nothing is never one that isn't there.
    let nonsense = workspace.list("?credential_type=NONSENSE").await;
    let refused = nonsense.status == 422 && nonsense.text().contains("credential_type");
    assert!(
        refused || nonsense.status == 200 && nonsense.json()["data"]["count"] == 0,
        "{nonsense}"
    );
}

#[tokio::test]
async fn a_name_is_taken_until_its_credential_is_deleted() {
    let (_server, workspace) = start().await;
    let first = workspace
        .create_api_key("the name", "OPENAI", "sk-1234567890abcdef")
        .await;
    let other = workspace
        .create_api_key("another", "OPENAI", "sk-1234567890abcdef")
        .await;
    let again = json!({"name": "the name", "provider": "OPENAI", "api_key": "sk-1234567890abcdef"});
    let taken = |answer: Answer| {
        let body = error(&answer, 400);
        assert_eq!(body["error_code"], "RESOURCE_ALREADY_EXISTS", "{answer}");
        assert!(
            body["error_message"]
                .as_str()
                .is_some_and(|text| text.contains("name already exists")),
            "{answer}"
        );
    };
    taken(workspace.try_create("api-key", &again).await);
    taken(
        workspace
            .try_create(
                "slack",
                &json!({"name": "the name", "bot_token": "xoxb-1234567890-abcdef"}),
            )
            .await,
    );
    taken(workspace.update(&other, json!({"name": "the name"})).await);
    // Its own name is no other's.
    workspace
        .update(&first, json!({"name": "the name"}))
        .await
        .expect(200);
    // Case matters, and so does nothing that Unicode calls the same.
    workspace
        .create_api_key("The name", "OPENAI", "sk-1234567890abcdef")
        .await;
    workspace
        .create_api_key("caf\u{e9}", "OPENAI", "sk-1234567890abcdef")
        .await;
    taken(workspace.try_create("api-key", &json!({"name": "cafe\u{301}", "provider": "OPENAI", "api_key": "sk-1234567890abcdef"})).await);

    workspace.deactivate(&first).await.expect(200);
    taken(workspace.try_create("api-key", &again).await);
    workspace.delete(&first).await.expect(200);
    workspace.try_create("api-key", &again).await.expect(200);
}

/// Checks the envelope of an error, every field of it, and gives the body.
#[track_caller]
pub fn error(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{answer}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{answer}"
    );
    let body = answer.json();
    let mut names: Vec<_> = body
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "code",
            "error_code",
            "error_message",
            "message",
            "status",
            "timestamp",
            "traceId"
        ],
        "{answer}"
    );
    assert_eq!(body["status"], "error");
    assert_eq!(body["code"], status);
    assert_eq!(body["message"], Value::Null);
    assert!(
        body["error_message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{answer}"
    );
    assert!(
        body["error_code"]
            .as_str()
            .is_some_and(|text| text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
    );
    assert_instant(&body["timestamp"]);
    body
}

/// All eight endpoints for one credential: method, path below `/credentials`, body.
pub fn endpoints(id: &str) -> Vec<(&'static str, String, Option<Value>)> {
    vec![
        (
            "POST",
            "/api-key".to_owned(),
            Some(json!({"name": "x", "provider": "OPENAI", "api_key": "sk-1234567890abcdef"})),
        ),
        (
            "POST",
            "/slack".to_owned(),
            Some(json!({"name": "y", "bot_token": "xoxb-1234567890-abcdef"})),
        ),
        ("GET", format!("/{id}"), None),
        ("GET", format!("/{id}?include_secret=true"), None),
        ("GET", String::new(), None),
        ("PUT", format!("/{id}"), Some(json!({"name": "z"}))),
        ("POST", format!("/{id}/activate"), None),
        ("POST", format!("/{id}/deactivate"), None),
        ("DELETE", format!("/{id}"), None),
    ]
}

#[tokio::test]
async fn without_a_token_that_counts_every_endpoint_says_401() {
    let (server, workspace) = start().await;
    let id = workspace
        .create_api_key("key", "OPENAI", "sk-1234567890abcdef")
        .await;
    let revoked = server.admin().await;
    revoked.post("/v1/token/revoke").await.expect(200);
    let revoked = format!("Bearer {}", revoked.token);
    let mut forged = workspace.user.token.clone();
    forged.pop();
    let forged = format!("Bearer {forged}");
    for (method, rest, body) in endpoints(&id) {
        for token in [
            None,
            Some("Bearer nonsense"),
            Some("Basic YWRtaW46YWRtaW4="),
            Some(&revoked),
            Some(&forged),
        ] {
            let mut ask = server.http.ask(method, &workspace.path(&rest));
            if let Some(token) = token {
                ask = ask.header("authorization", token);
            }
            if let Some(body) = &body {
                ask = ask.json(body);
            }
            error(&ask.send().await, 401);
        }
    }
    workspace.get(&id).await.expect(200);
}

#[tokio::test]
async fn an_id_that_is_nothing_is_not_found() {
    let (_server, workspace) = start().await;
    for id in [
        "CRD-0000000000000000",
        "CRD-1234567890ABCDEF",
        "CRD-12",
        "nonsense",
        "..",
        "%2e%2e",
        "cred_1234567890abcdef",
    ] {
        for (method, rest, body) in endpoints(id)
            .into_iter()
            .filter(|(_, rest, _)| rest.contains(id))
        {
            let mut ask = workspace.user.ask(method, &workspace.path(&rest));
            if let Some(body) = &body {
                ask = ask.json(body);
            }
            error(&ask.send().await, 404);
        }
    }
}
