//! Leases, as the documentation of `creddy` has them, from a plugin that was dropped in.

use std::fs;
use std::sync::{Arc, Mutex};

use claviger_test_guests as guests;
use serde_json::{Value, json};

use super::support::client::{Answer, User};
use super::support::server::{Server, Site};
use super::support::upstream::{Reply, Upstream};
use super::support::wait;

const UPSTREAM: &str = "https://upstream.example";
const CANARY: &str = "issued-canary-51e0";
const PASSWORD: &str = "a password of a test";

/// A provider of tokens, of which it remembers which work.
async fn provider() -> (Upstream, Arc<Mutex<Vec<String>>>) {
    let tokens = Arc::<Mutex<Vec<String>>>::default();
    let working = Arc::clone(&tokens);
    let upstream = Upstream::start(move |request| {
        let mut working = working.lock().expect("no test panics with it");
        if request.method == "POST" {
            let id = format!("id-{}", working.len());
            working.push(id.clone());
            return Reply::json(201, &json!({"id": id, "key": format!("{CANARY}-{id}")}));
        }
        let before = working.len();
        working.retain(|id| !request.path().ends_with(id));
        let status = if working.len() < before { 204 } else { 404 };
        Reply::json(status, &json!({}))
    })
    .await;
    (upstream, tokens)
}

fn backend(id: &str, more: &str) -> toml::Table {
    let text = format!("id = \"{id}\"\nprovider = \"issuer\"\ncredential = \"root\"\n{more}");
    text.parse().expect("TOML")
}

/// A server with two backends in its configuration, and a caller.
async fn start(upstream: &Upstream) -> (Server, User) {
    let limits =
        "default-ttl = \"1h\"\nmax-ttl = \"24h\"\nallowed-scopes = [\"repo:*\", \"issues:*\"]";
    let site = Site::new()
        .await
        .replace_origin("issuer", UPSTREAM, &upstream.origin())
        .backend(backend("github", limits))
        .backend(backend(
            "aws-prod",
            "default-ttl = \"15m\"\nmax-ttl = \"1h\"",
        ));
    let plugins = site.data().join("plugins");
    fs::create_dir_all(&plugins).expect("a directory");
    fs::write(plugins.join("issuer.wasm"), guests::ISSUER).expect("written");
    let server = site.start().await;
    let admin = server.admin().await;
    admin
        .store("root", "test", "issuer", "root-secret-0123456789")
        .await;
    (server, admin)
}

async fn issue(user: &User, body: Value) -> Answer {
    let ask = user.ask("POST", "/api/v1/credentials").json(&body);
    ask.reveals().send().await
}

/// The documentation's own body.
fn body() -> Value {
    json!({
        "backend": "github",
        "ttl": "1h",
        "scopes": ["repo:read", "issues:write"],
        "metadata": {"agent_id": "my-agent", "task": "update-readme"}
    })
}

#[track_caller]
fn take(object: &mut Value, field: &str) -> Value {
    let taken = object.as_object_mut().expect("an object").remove(field);
    taken.unwrap_or_else(|| panic!("no {field} in {object}"))
}

#[track_caller]
fn time(value: &Value) -> jiff::Timestamp {
    value.as_str().expect("a text").parse().expect("a time")
}

#[track_caller]
fn refused(answer: Answer, status: u16, code: &str, told: &str) {
    let answer = answer.expect(status);
    let error = answer.json()["error"].take();
    assert_eq!(error["code"], code, "{error}");
    let message = error["message"].as_str().expect("a message");
    assert!(message.contains(told), "{message}");
}

#[tokio::test]
async fn a_credential_through_all_its_endpoints() {
    let (upstream, tokens) = provider().await;
    let (_server, admin) = start(&upstream).await;

    let answer = issue(&admin, body()).await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut issued = answer.json();
    let id = take(&mut issued, "id").as_str().expect("an id").to_owned();
    assert!(id.starts_with("cred_") && id.len() == 29, "{id}");
    let created = time(&take(&mut issued, "created_at"));
    let expires = time(&take(&mut issued, "expires_at"));
    assert_eq!(expires.duration_since(created).as_hours(), 1);
    assert_eq!(
        issued,
        json!({
            "token": format!("{CANARY}-id-0"), "backend": "github", "scopes": ["repo:read", "issues:write"],
            "fields": {"region": "eu"}
        })
    );

    let path = format!("/api/v1/credentials/{id}");
    let mut known = admin.get(&path).await.expect(200).json();
    assert_eq!(time(&take(&mut known, "created_at")), created);
    assert_eq!(time(&take(&mut known, "expires_at")), expires);
    assert_eq!(
        known,
        json!({
            "id": id, "backend": "github", "scopes": ["repo:read", "issues:write"], "revoked": false,
            "status": "active", "holder": "admin"
        })
    );

    let revoked = admin.delete(&path).await.expect(200).json();
    assert_eq!(
        (&revoked["id"], &revoked["revoked"], &revoked["provider"]),
        (&json!(id), &json!(true), &json!("revoked"))
    );
    time(&revoked["revoked_at"]);
    assert_eq!(admin.delete(&path).await.expect(200).json(), revoked);
    assert_eq!(admin.get(&path).await.json()["revoked"], true);
    assert!(tokens.lock().expect("no test panics with it").is_empty());

    // A lease and a credential never answer for each other.
    for other in [
        format!("/credentials/{id}"),
        "/api/v1/credentials/cred_1234567890abcdef".to_owned(),
    ] {
        admin.get(&other).await.expect(404);
    }

    let log = admin
        .get("/api/v1/audit?backend=github&since=24h&limit=50")
        .await
        .expect(200)
        .json();
    let entries = log["entries"].as_array().expect("a list");
    let actions: Vec<_> = entries
        .iter()
        .map(|entry| entry["action"].as_str().expect("a text"))
        .collect();
    assert_eq!(
        actions,
        [
            "lease.revoke",
            "lease.revoke.intent",
            "lease.issue",
            "lease.issue.intent"
        ]
    );
    let entry = &entries[2];
    assert_eq!(
        (
            &entry["backend"],
            &entry["credential_id"],
            &entry["actor"],
            &entry["success"]
        ),
        (&json!("github"), &json!(id), &json!("admin"), &json!(true))
    );
    assert_eq!(entry["metadata"], body()["metadata"]);
    for (query, number) in [
        ("backend=aws-prod", 0),
        ("limit=1", 1),
        ("until=1h", 0),
        ("since=2000-01-01T00:00:00Z&until=2000-01-02T00:00:00Z", 0),
    ] {
        let log = admin
            .get(&format!("/api/v1/audit?{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            log["entries"].as_array().map(Vec::len),
            Some(number),
            "{query}"
        );
    }
}

#[tokio::test]
async fn backends_are_listed_as_documented() {
    let (upstream, _) = provider().await;
    let (_server, admin) = start(&upstream).await;
    let github = json!({
        "id": "github", "type": "issuer", "default_ttl": "1h", "max_ttl": "24h", "allowed_scopes": ["repo:*", "issues:*"]
    });
    let aws = json!({"id": "aws-prod", "type": "issuer", "default_ttl": "15m", "max_ttl": "1h"});
    let listed = admin.get("/api/v1/backends").await.expect(200).json();
    assert_eq!(listed, json!({"backends": [aws, github]}));
    assert_eq!(
        admin
            .get("/api/v1/backends/github")
            .await
            .expect(200)
            .json(),
        github
    );

    // Operators add and delete others.
    let new = json!({"id": "more", "provider": "issuer", "credential": "root", "max_ttl": "2h", "workspace": "default"});
    let made = admin
        .send("POST", "/admin/backends", new.clone())
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&made["problem"], &made["default_ttl"]),
        (&Value::Null, &json!("1h"))
    );
    admin.send("POST", "/admin/backends", new).await.expect(409);
    let twin = json!({"id": "github", "provider": "issuer", "credential": "root"});
    admin
        .send("POST", "/admin/backends", twin)
        .await
        .expect(409);
    let wrong = json!({"id": "-", "provider": "issuer", "credential": "root", "max_ttl": "ever"});
    admin
        .send("POST", "/admin/backends", wrong)
        .await
        .expect(422);
    admin.delete("/admin/backends/github").await.expect(409);
    let lease = issue(&admin, json!({"backend": "more"}))
        .await
        .expect(200)
        .json();
    admin.delete("/admin/backends/more").await.expect(409);
    admin
        .delete(&format!(
            "/api/v1/credentials/{}",
            lease["id"].as_str().expect("an id")
        ))
        .await
        .expect(200);
    admin.delete("/admin/backends/more").await.expect(200);
    admin.delete("/admin/backends/more").await.expect(404);
    let absent = json!({"id": "absent", "provider": "nobody", "credential": "nothing"});
    admin
        .send("POST", "/admin/backends", absent)
        .await
        .expect(201);
    let all = admin.get("/admin/backends").await.expect(200).json();
    let problem = &all["backends"][0]["problem"];
    assert_eq!(problem, "the plugin `nobody` isn't here");
    refused(
        issue(&admin, json!({"backend": "absent"})).await,
        409,
        "conflict",
        "Nothing can be issued",
    );
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn each_error_is_the_documentation_s() {
    let (upstream, _) = provider().await;
    let (server, admin) = start(&upstream).await;
    let with = |field: &str, value: Value| {
        let mut body = body();
        body[field] = value;
        body
    };
    for (body, status, code, told) in [
        (
            with("backend", json!("unknown")),
            404,
            "backend_not_found",
            "Backend 'unknown' not found",
        ),
        (
            with("backend", Value::Null),
            400,
            "invalid_request",
            "backend: is required",
        ),
        (
            with("ttl", json!("25h")),
            400,
            "ttl_exceeded",
            "at most 24h",
        ),
        (
            with("ttl", json!("soon")),
            400,
            "invalid_request",
            "ttl: must be a duration such as",
        ),
        (
            with("ttl", json!("0s")),
            400,
            "invalid_request",
            "ttl: must be a duration such as",
        ),
        (
            with("ttl", json!(3600)),
            400,
            "invalid_request",
            "ttl: must be text",
        ),
        (
            with("ttl", json!("5m")),
            400,
            "invalid_request",
            "the provider issues for at least 15 minutes",
        ),
        (
            with("scopes", json!(["admin"])),
            403,
            "scope_not_allowed",
            "`admin`",
        ),
        (
            with("scopes", json!("repo:read")),
            400,
            "invalid_request",
            "scopes: must be a list of texts",
        ),
        (
            with("metadata", json!([])),
            400,
            "invalid_request",
            "metadata: must be an object",
        ),
    ] {
        refused(issue(&admin, body).await, status, code, told);
    }
    for (method, path, status, code) in [
        (
            "GET",
            "/api/v1/credentials/cred_000000000000000000000000",
            404,
            "credential_not_found",
        ),
        (
            "DELETE",
            "/api/v1/credentials/cred_000000000000000000000000",
            404,
            "credential_not_found",
        ),
        (
            "GET",
            "/api/v1/credentials/cred_abc123",
            404,
            "credential_not_found",
        ),
        ("GET", "/api/v1/backends/unknown", 404, "backend_not_found"),
        ("GET", "/api/v1/audit?limit=0", 400, "invalid_request"),
        ("GET", "/api/v1/audit?limit=-1", 400, "invalid_request"),
        ("GET", "/api/v1/audit?limit=1001", 400, "invalid_request"),
        (
            "GET",
            "/api/v1/audit?since=yesterday",
            400,
            "invalid_request",
        ),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("PUT", "/api/v1/backends", 405, "method_not_allowed"),
    ] {
        refused(admin.ask(method, path).send().await, status, code, "");
    }
    let post = || admin.ask("POST", "/api/v1/credentials");
    refused(
        post().body("text/plain", "{}").send().await,
        415,
        "unsupported_media_type",
        "",
    );
    refused(
        post().body("application/json", "{").send().await,
        400,
        "invalid_request",
        "JSON",
    );
    refused(
        post()
            .body("application/json", vec![b' '; 2_000_000])
            .send()
            .await,
        413,
        "too_large",
        "",
    );
    refused(
        server.http.ask("GET", "/api/v1/backends").send().await,
        401,
        "unauthorized",
        "",
    );
    let elsewhere = admin
        .ask("GET", "/api/v1/backends")
        .header("x-workspace", "WSP-0000000000000000");
    refused(elsewhere.send().await, 403, "forbidden", "");
    assert!(upstream.requests().is_empty());
}

#[tokio::test]
async fn operators_see_all_leases_and_give_them_up() {
    let (upstream, tokens) = provider().await;
    let (server, admin) = start(&upstream).await;
    let (ada, ada_id) = admin.make_user("ada", PASSWORD, false).await;
    let workspace = admin.default_workspace().await;
    admin
        .put_member(
            &workspace,
            &ada_id,
            &["credential:issue", "credential:read"],
        )
        .await;
    refused(
        ada.delete("/api/v1/credentials/cred_000000000000000000000000")
            .await,
        403,
        "forbidden",
        "credential:revoke",
    );
    let held = issue(&ada, body()).await.expect(200).json();
    let own = issue(&admin, json!({"backend": "aws-prod"}))
        .await
        .expect(200)
        .json();
    ada.get("/admin/leases").await.expect(403);

    let list = |answer: Answer| {
        answer.expect(200).json()["leases"]
            .as_array()
            .expect("a list")
            .clone()
    };
    let all = list(admin.get("/admin/leases").await);
    assert_eq!(all.len(), 2);
    let first = &all[0];
    assert_eq!(
        (
            &first["id"],
            &first["status"],
            &first["ttl"],
            &first["holder"],
            &first["workspace"]
        ),
        (
            &own["id"],
            &json!("active"),
            &json!("15m"),
            &json!("admin"),
            &json!(workspace)
        )
    );
    let next = format!(
        "/admin/leases?limit=1&after={}",
        own["id"].as_str().expect("an id")
    );
    assert_eq!(list(admin.get(&next).await)[0]["id"], held["id"]);
    assert_eq!(
        list(
            admin
                .get("/admin/leases?backend=aws-prod&status=active")
                .await
        )
        .len(),
        1
    );
    admin.get("/admin/leases?status=unknown").await.expect(422);

    let path = format!(
        "/admin/leases/{}/revoke",
        own["id"].as_str().expect("an id")
    );
    let forced = admin
        .send("POST", &path, json!({"force": true}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&forced["revoked"], &forced["provider"]),
        (&json!(true), &json!("forced"))
    );
    assert_eq!(tokens.lock().expect("no test panics with it").len(), 2);

    // Who leaves takes none along, also across a restart.
    let member = format!("/admin/workspaces/{workspace}/members/{ada_id}");
    admin.delete(&member).await.expect(200);
    wait::until("the lease ends", async || {
        let left = tokens.lock().expect("no test panics with it").clone();
        (left == ["id-1"]).then_some(())
    })
    .await;
    let path = format!(
        "/api/v1/credentials/{}",
        held["id"].as_str().expect("an id")
    );
    wait::until("it is recorded", async || {
        (admin.get(&path).await.json()["revoked"] == true).then_some(())
    })
    .await;
    let (site, status) = server.stop().await;
    assert!(status.success());
    assert!(!site.stderr().contains(CANARY) && !site.stdout().contains(CANARY));
}
