//! What belongs to one workspace is nowhere else: not to strangers, and not by its id.

use serde_json::{Value, json};

use super::support::client::{Answer, User, Workspace};
use super::support::server::Server;
use super::support::wait;
use super::workspaces::{endpoints, error};

const SECRET: &str = "sk-isolated-9d41f0c2b7e6";

struct Scene {
    server: Server,
    /// A member of `theirs` alone.
    stranger: User,
    /// The administrator's, with a credential in it.
    ours: Workspace,
    credential: String,
    theirs: String,
}

async fn scene() -> Scene {
    let server = Server::plain().await;
    let admin = server.admin().await;
    let ours = admin.workspace(&admin.default_workspace().await);
    let credential = ours.create_api_key("ours", "OPENAI", SECRET).await;
    let theirs = admin.make_workspace("theirs").await;
    let (stranger, id) = admin
        .make_user("stranger", "a password of some length", false)
        .await;
    let permissions = [
        "credential:create",
        "credential:read",
        "credential:reveal",
        "credential:update",
        "credential:delete",
        "credential:test",
        "audit:read",
    ];
    admin.put_member(&theirs, &id, &permissions).await;
    Scene {
        server,
        stranger,
        ours,
        credential,
        theirs,
    }
}

async fn ask(user: &User, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let mut ask = user.ask(method, path);
    if let Some(body) = body {
        ask = ask.json(body);
    }
    ask.send().await
}

/// The body without what differs from answer to answer.
fn essence(answer: &Answer) -> Value {
    let mut body = answer.json();
    let fields = body.as_object_mut().expect("an object");
    fields.remove("traceId");
    fields.remove("timestamp");
    body
}

#[tokio::test]
async fn a_workspace_of_others_and_one_that_is_not_there_answer_alike() {
    let scene = scene().await;
    let elsewhere = scene.stranger.workspace("WSP-0000000000000000");
    let ours = scene.stranger.workspace(&scene.ours.id);
    let malformed = scene.stranger.workspace("nonsense");
    for (method, rest, body) in endpoints(&scene.credential) {
        let member_not = ask(&scene.stranger, method, &ours.path(&rest), body.as_ref()).await;
        error(&member_not, 403);
        for other in [&elsewhere, &malformed] {
            let unknown = ask(&scene.stranger, method, &other.path(&rest), body.as_ref()).await;
            error(&unknown, 403);
            assert_eq!(essence(&member_not), essence(&unknown), "{method} {rest}");
        }
    }
    scene.ours.get(&scene.credential).await.expect(200);
}

#[tokio::test]
async fn a_bad_body_does_not_tell_a_stranger_that_the_workspace_is_there() {
    let scene = scene().await;
    for id in [&scene.ours.id, "WSP-0000000000000000"] {
        let path = scene.stranger.workspace(id).path("/api-key");
        let answer = scene
            .stranger
            .ask("POST", &path)
            .body("application/json", "{\"name\": 5}")
            .send()
            .await;
        error(&answer, 403);
    }
}

#[tokio::test]
async fn an_id_from_another_workspace_is_not_found_by_any_verb() {
    let scene = scene().await;
    let theirs = scene.stranger.workspace(&scene.theirs);
    theirs
        .create_api_key("theirs", "OPENAI", "sk-1234567890abcdef")
        .await;
    let id = &scene.credential;
    for (method, rest, body) in endpoints(id)
        .into_iter()
        .filter(|(_, rest, _)| rest.contains(id.as_str()))
    {
        let answer = ask(&scene.stranger, method, &theirs.path(&rest), body.as_ref()).await;
        error(&answer, 404);
        assert!(
            !answer.text().contains(SECRET) && !answer.text().contains("ours"),
            "{answer}"
        );
    }

    // The same through `aegis`, in both forms of the id and by name.
    let digits = id.trim_start_matches("CRD-");
    for name in [
        format!("cred_{}", digits.to_ascii_lowercase()),
        id.clone(),
        "ours".to_owned(),
    ] {
        for (method, rest, body) in [
            ("GET", "", None),
            ("PATCH", "", Some(json!({"description": "mine now"}))),
            ("POST", "/test", None),
            ("DELETE", "", None),
        ] {
            for workspace in [None, Some(&scene.theirs)] {
                let mut ask = scene
                    .stranger
                    .ask(method, &format!("/credentials/{name}{rest}"));
                if let Some(workspace) = workspace {
                    ask = ask.header("x-workspace", workspace);
                }
                if let Some(body) = &body {
                    ask = ask.json(body);
                }
                let answer = ask.send().await;
                // Without `X-Workspace` it is the stranger's home, of which one need not be a member.
                let refused = answer.status == 404 || (workspace.is_none() && answer.status == 403);
                assert!(refused, "{answer}");
            }
            let ask = scene
                .stranger
                .ask(method, &format!("/credentials/{name}{rest}"))
                .header("x-workspace", &scene.ours.id);
            let ask = if let Some(body) = &body {
                ask.json(body)
            } else {
                ask
            };
            assert_eq!(ask.send().await.status, 403, "{method} {name}{rest}");
        }
    }

    let ours = scene.ours.get(id).await.expect(200).json();
    assert_eq!(
        (&ours["data"]["name"], &ours["data"]["is_active"]),
        (&json!("ours"), &json!(true))
    );
    assert_eq!(ours["data"]["description"], Value::Null);
    drop(scene.server);
}

#[tokio::test]
async fn each_verb_needs_its_own_permission() {
    let scene = scene().await;
    let admin = &scene.ours.user;
    let (reader, reader_id) = admin
        .make_user("reader", "a password of some length", false)
        .await;
    admin
        .put_member(&scene.ours.id, &reader_id, &["credential:read"])
        .await;
    let reader = reader.workspace(&scene.ours.id);
    reader.get(&scene.credential).await.expect(200);
    reader.list("").await.expect(200);
    let reads = ["", &format!("/{}", scene.credential)];
    for (method, rest, body) in endpoints(&scene.credential) {
        if method == "GET" && reads.contains(&rest.as_str()) {
            continue;
        }
        let answer = ask(&reader.user, method, &reader.path(&rest), body.as_ref()).await;
        error(&answer, 403);
        assert!(!answer.text().contains(SECRET), "{answer}");
    }

    // What was denied is in the log.
    wait::until("what was denied is in the log", async || {
        let log = admin.audit_log().await;
        log.into_iter()
            .find(|entry| entry["actor"] == "reader" && entry["success"] == false)
    })
    .await;

    // A permission that is given counts at once, and so does one that is taken.
    admin
        .put_member(
            &scene.ours.id,
            &reader_id,
            &["credential:read", "credential:reveal"],
        )
        .await;
    reader.reveal(&scene.credential).await.expect(200);
    admin
        .put_member(&scene.ours.id, &reader_id, &["credential:read"])
        .await;
    error(&reader.reveal(&scene.credential).await, 403);
    let path = format!("/admin/workspaces/{}/members/{reader_id}", scene.ours.id);
    let removed = admin.delete(&path).await;
    assert!(matches!(removed.status, 200 | 204), "{removed}");
    error(&reader.get(&scene.credential).await, 403);
}

#[tokio::test]
async fn what_is_for_administrators_is_for_them_alone() {
    let scene = scene().await;
    for (method, path, body) in [
        ("GET", "/admin/users", None),
        (
            "POST",
            "/admin/users",
            Some(json!({"username": "mallory", "password": "a password of some length"})),
        ),
        ("GET", "/admin/workspaces", None),
        ("POST", "/admin/workspaces", Some(json!({"name": "mine"}))),
        ("GET", "/admin/plugins", None),
    ] {
        let answer = ask(&scene.stranger, method, path, body.as_ref()).await;
        assert_eq!(answer.status, 403, "{answer}");
        let mut unauthenticated = scene.server.http.ask(method, path);
        if let Some(body) = &body {
            unauthenticated = unauthenticated.json(body);
        }
        assert_eq!(unauthenticated.send().await.status, 401, "{method} {path}");
    }
}
