//! What an operator says of the credentials of a workspace: which versions of its plugin one keeps to, and where
//! connections may lead.

use serde_json::{Value, json};

use super::support::client::{Answer, User};
use super::support::server::Server;

struct Scene {
    server: Server,
    admin: User,
    workspace: String,
    /// Somebody who may do everything but update credentials and manage the workspace.
    member: User,
    stranger: User,
}

async fn scene() -> Scene {
    let server = Server::plain().await;
    let admin = server.admin().await;
    let workspace = admin.default_workspace().await;
    let password = "a password of some length";
    let (member, id) = admin.make_user("member", password, false).await;
    let permissions = ["credential:create", "credential:read", "credential:test"];
    admin.put_member(&workspace, &id, &permissions).await;
    let (stranger, _) = admin.make_user("stranger", password, true).await;
    Scene {
        server,
        admin,
        workspace,
        member,
        stranger,
    }
}

fn message(answer: &Answer) -> String {
    let text = answer.json()["error"]["message"].clone();
    text.as_str().expect("a message").to_owned()
}

#[tokio::test]
async fn a_credential_keeps_to_the_versions_it_is_pinned_to() {
    let scene = scene().await;
    let admin = &scene.admin;
    let ours = admin.workspace(&scene.workspace);
    let credential = ours
        .create_api_key("key", "OPENAI", "sk-1234567890abcdef")
        .await;
    let pin = format!(
        "/admin/workspaces/{}/credentials/{credential}/pin",
        scene.workspace
    );

    let body = json!({"version": "^9.2"});
    let pinned = admin
        .send("PUT", &pin, body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(
        pinned,
        json!({"credential": credential, "plugin": "openai", "version": "^9.2"})
    );
    // No version that is here fits: nobody is asked, and the answer says why.
    let tested = admin.test("key").await;
    assert_eq!(tested["status"], "unknown");
    let error = tested["error"].as_str().expect("a reason");
    assert!(
        error.contains("pinned to `^9.2`") && error.contains("0.1.0"),
        "{error}"
    );

    for garbage in [
        json!(""),
        json!("latest"),
        json!("1.2.3.4"),
        json!("^".repeat(5000)),
    ] {
        let refused = admin
            .send("PUT", &pin, json!({"version": garbage}))
            .await
            .expect(422);
        assert!(message(&refused).contains("version"), "{refused}");
    }
    let unpinned = admin.delete(&pin).await.expect(200).json();
    assert_eq!(unpinned["version"], Value::Null);
    admin.delete(&pin).await.expect(200);

    for (user, status) in [(&scene.member, 403), (&scene.stranger, 403)] {
        user.send("PUT", &pin, body.clone()).await.expect(status);
        user.delete(&pin).await.expect(status);
    }
    let elsewhere = admin.make_workspace("elsewhere").await;
    for (workspace, id, status) in [
        (scene.workspace.as_str(), "CRD-0000000000000000", 404),
        (&scene.workspace, "key", 404),
        (&elsewhere, &credential, 404),
        ("WSP-0000000000000000", &credential, 403),
    ] {
        let path = format!("/admin/workspaces/{workspace}/credentials/{id}/pin");
        admin.send("PUT", &path, body.clone()).await.expect(status);
        admin.delete(&path).await.expect(status);
    }
    let changes = admin.audit_log().await;
    let updates = changes.iter().filter(|entry| entry["action"] == "updated");
    assert_eq!(updates.count(), 2, "{changes:#?}");
    scene.server.stop().await;
}

#[tokio::test]
async fn who_manages_a_workspace_says_where_its_connections_may_lead() {
    let scene = scene().await;
    let admin = &scene.admin;
    let path = format!("/admin/workspaces/{}/origins", scene.workspace);
    let origin = "https://n8n.example.com";
    let body = json!({"plugin": "openai", "origin": format!("{origin}:443/")});
    assert_eq!(
        admin.get(&path).await.expect(200).json(),
        json!({"origins": []})
    );
    let first = admin
        .send("POST", &path, body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&first["origin"], &first["approved_by"]),
        (&json!(origin), &json!("admin"))
    );
    let again = admin
        .send("POST", &path, body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(again, first);
    assert_eq!(
        admin.get(&path).await.expect(200).json(),
        json!({"origins": [first]})
    );

    for (plugin, origin, field) in [
        ("nobody", origin, "plugin"),
        ("openai", "https://n8n.example.com/path", "origin"),
        ("openai", "n8n.example.com", "origin"),
    ] {
        let body = json!({"plugin": plugin, "origin": origin});
        let refused = admin.send("POST", &path, body).await.expect(422);
        assert!(message(&refused).starts_with(field), "{refused}");
    }
    let this = format!("{path}?plugin=openai&origin=https%3A%2F%2Fn8n.example.com");
    for user in [&scene.member, &scene.stranger] {
        user.get(&path).await.expect(403);
        user.send("POST", &path, body.clone()).await.expect(403);
        user.delete(&this).await.expect(403);
    }
    admin.delete(&path).await.expect(422);
    admin.delete(&this).await.expect(200);
    admin.delete(&this).await.expect(404);
    assert_eq!(
        admin.get(&path).await.expect(200).json(),
        json!({"origins": []})
    );
    let log = admin.audit_log().await;
    let told: Vec<&Value> = log.iter().map(|entry| &entry["action"]).collect();
    for action in ["origin.approve", "origin.withdraw"] {
        assert_eq!(
            told.iter().filter(|told| **told == action).count(),
            1,
            "{action}"
        );
    }
    scene.server.stop().await;
}
