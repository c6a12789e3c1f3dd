//! Bad input: each endpoint answers in its surface's own shape, with a message that names what to change.

use serde_json::{Value, json};

use super::support::client::{Answer, User};
use super::support::server::Server;
use super::workspaces;

/// Whose shape an error has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surface {
    Accounts,
    Workspaces,
    Aegis,
    Admin,
}

/// An endpoint that takes a body.
struct Endpoint {
    surface: Surface,
    method: &'static str,
    path: String,
    /// A body that it takes; `name` is made anew for each request.
    good: Value,
    /// The fields that have to be there.
    required: &'static [&'static str],
    /// Fields of text, with the longest that each may be where there is a limit that all agree on.
    texts: &'static [&'static str],
    /// Fields that are lists of texts.
    lists: &'static [&'static str],
    /// Fields that are times.
    times: &'static [&'static str],
    /// Fields that are whole numbers, 1 or more.
    numbers: &'static [&'static str],
    /// Fields that are true or false.
    booleans: &'static [&'static str],
    /// The field that names it and follows the rules of names.
    named: Option<&'static str>,
}

/// Checks the surface's own error shape and gives what it says to a person.
#[track_caller]
fn message(surface: Surface, answer: &Answer) -> String {
    assert!((400..500).contains(&answer.status), "{answer}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{answer}"
    );
    let body = answer.json();
    let text = match surface {
        Surface::Workspaces => workspaces::error(answer, answer.status)["error_message"].clone(),
        Surface::Accounts => {
            assert_eq!(body["status"], "error", "{answer}");
            assert!(!body["code"].is_null(), "{answer}");
            body["message"].clone()
        }
        Surface::Aegis => {
            assert!(
                body["error"]
                    .as_str()
                    .is_some_and(|kind| kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')),
                "{answer}"
            );
            body["message"].clone()
        }
        Surface::Admin => {
            let text = if body["error"].is_object() {
                &body["error"]["message"]
            } else {
                &body["message"]
            };
            text.clone()
        }
    };
    text.as_str()
        .unwrap_or_else(|| panic!("{answer} tells a person nothing"))
        .to_owned()
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn endpoints(workspace: &str, credential: &str) -> Vec<Endpoint> {
    let credentials = format!("/frontend/workspaces/{workspace}/credentials");
    vec![
        Endpoint {
            surface: Surface::Workspaces,
            method: "POST",
            path: format!("{credentials}/api-key"),
            good: json!({"name": "", "provider": "OPENAI", "api_key": "sk-1234567890abcdef", "description": "x", "tags": ["a"], "expires_at": "2030-01-01T00:00:00Z"}),
            required: &["name", "provider", "api_key"],
            texts: &["name", "provider", "api_key", "description"],
            lists: &["tags"],
            times: &["expires_at"],
            numbers: &[],
            booleans: &[],
            named: Some("name"),
        },
        Endpoint {
            surface: Surface::Workspaces,
            method: "POST",
            path: format!("{credentials}/slack"),
            good: json!({"name": "", "bot_token": "xoxb-1234567890-abcdef", "signing_secret": "abc123def456", "app_token": "xapp-1234567890-abcdef", "tags": ["a"]}),
            required: &["name", "bot_token"],
            texts: &[
                "name",
                "bot_token",
                "signing_secret",
                "app_token",
                "description",
            ],
            lists: &["tags"],
            times: &["expires_at"],
            numbers: &[],
            booleans: &[],
            named: Some("name"),
        },
        Endpoint {
            surface: Surface::Workspaces,
            method: "PUT",
            path: format!("{credentials}/{credential}"),
            good: json!({"description": "changed"}),
            required: &[],
            texts: &["name", "description"],
            lists: &["tags"],
            times: &[],
            numbers: &[],
            booleans: &[],
            named: Some("name"),
        },
        Endpoint {
            surface: Surface::Aegis,
            method: "POST",
            path: "/credentials".to_owned(),
            good: json!({"name": "", "credential_type": "api_key", "provider": "api", "value": "sk-1234567890abcdef", "rotation_strategy": "manual"}),
            required: &["name", "credential_type", "provider"],
            texts: &[
                "name",
                "credential_type",
                "provider",
                "description",
                "value",
                "provider_credential_id",
                "rotation_strategy",
            ],
            lists: &["tags"],
            times: &["expires_at"],
            numbers: &["rotation_interval_hours", "alert_threshold_hours"],
            booleans: &["rotation_enabled"],
            named: Some("name"),
        },
        Endpoint {
            surface: Surface::Aegis,
            method: "PATCH",
            path: "/credentials/subject".to_owned(),
            good: json!({"description": "changed"}),
            required: &[],
            texts: &["description"],
            lists: &["tags"],
            times: &["expires_at"],
            numbers: &["rotation_interval_hours"],
            booleans: &["rotation_enabled"],
            named: None,
        },
        Endpoint {
            surface: Surface::Accounts,
            method: "POST",
            path: "/v1/token".to_owned(),
            good: json!({"username": "nobody", "password": "a password of some length"}),
            required: &["username", "password"],
            texts: &["username", "password"],
            lists: &[],
            times: &[],
            numbers: &[],
            booleans: &[],
            named: None,
        },
        Endpoint {
            surface: Surface::Admin,
            method: "POST",
            path: "/admin/users".to_owned(),
            good: json!({"username": "", "password": "a password of some length"}),
            required: &["username", "password"],
            texts: &["username", "password"],
            lists: &[],
            times: &[],
            numbers: &[],
            booleans: &["administrator"],
            named: None,
        },
        Endpoint {
            surface: Surface::Admin,
            method: "POST",
            path: "/admin/workspaces".to_owned(),
            good: json!({"name": ""}),
            required: &["name"],
            texts: &["name"],
            lists: &[],
            times: &[],
            numbers: &[],
            booleans: &[],
            named: Some("name"),
        },
        Endpoint {
            surface: Surface::Admin,
            method: "PUT",
            path: format!("/admin/workspaces/{workspace}/credentials/{credential}/pin"),
            good: json!({"version": "^0.1"}),
            required: &["version"],
            texts: &["version"],
            lists: &[],
            times: &[],
            numbers: &[],
            booleans: &[],
            named: None,
        },
        Endpoint {
            surface: Surface::Admin,
            method: "POST",
            path: format!("/admin/workspaces/{workspace}/origins"),
            good: json!({"plugin": "openai", "origin": "https://api.openai.com"}),
            required: &["plugin", "origin"],
            texts: &["plugin", "origin"],
            lists: &[],
            times: &[],
            numbers: &[],
            booleans: &[],
            named: None,
        },
    ]
}

struct Scene {
    server: Server,
    admin: User,
    workspace: String,
    credential: String,
}

async fn scene() -> Scene {
    let server = Server::plain().await;
    let admin = server.admin().await;
    let workspace = admin.default_workspace().await;
    let credential = admin
        .workspace(&workspace)
        .create_api_key("subject", "OPENAI", "sk-1234567890abcdef")
        .await;
    Scene {
        server,
        admin,
        workspace,
        credential,
    }
}

impl Scene {
    fn endpoints(&self) -> Vec<Endpoint> {
        endpoints(&self.workspace, &self.credential)
    }

    async fn send(&self, endpoint: &Endpoint, body: &Value) -> Answer {
        self.admin
            .ask(endpoint.method, &endpoint.path)
            .json(body)
            .send()
            .await
    }

    /// Refused, in the surface's shape, with a message that names `field`.
    async fn assert_refused(&self, endpoint: &Endpoint, field: &str, value: Value) {
        let mut body = endpoint.good.clone();
        body[field] = value.clone();
        fill_in_names(&mut body);
        let answer = self.send(endpoint, &body).await;
        let shown: String = value.to_string().chars().take(60).collect();
        assert!(
            matches!(answer.status, 400 | 422),
            "{field} = {shown}: {answer}"
        );
        let text = message(endpoint.surface, &answer);
        assert!(
            text.contains(field),
            "{field} = {shown}: the message doesn't name it: {answer}"
        );
        assert!(
            text.len() < 1000,
            "{field}: a message of {} bytes",
            text.len()
        );
    }
}

/// Gives a fresh name where the body wants one.
fn fill_in_names(body: &mut Value) {
    for field in ["name", "username"] {
        if body[field] == "" {
            body[field] = json!(format!("fresh-{:016x}", rand::random::<u64>()));
        }
    }
    if let Some(object) = body.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let scene = scene().await;
    for endpoint in scene.endpoints() {
        let (method, path) = (endpoint.method, endpoint.path.as_str());
        let mut deep = "[".repeat(100_000);
        deep.push_str(&"]".repeat(100_000));
        for text in [
            "",
            "{",
            "{\"name\": }",
            "nonsense",
            "[]",
            "5",
            "null",
            "\"text\"",
            "{\"name\": \"a\", \"name\": \"b\"}",
            "{\"name\": \"\\ud800\"}",
            &deep,
        ] {
            let answer = scene
                .admin
                .ask(method, path)
                .body("application/json", text.to_owned())
                .send()
                .await;
            let shown: String = text.chars().take(40).collect();
            assert!(matches!(answer.status, 400 | 422), "{shown}: {answer}");
            message(endpoint.surface, &answer);
        }
        let answer = scene
            .admin
            .ask(method, path)
            .body("application/json", vec![b'{', b'"', 0xff, 0xfe, b'"', b'}'])
            .send()
            .await;
        assert!(matches!(answer.status, 400 | 422), "{answer}");

        // The right text under a wrong label.
        let mut body = endpoint.good.clone();
        fill_in_names(&mut body);
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ] {
            let answer = scene
                .admin
                .ask(method, path)
                .body(content_type, body.to_string())
                .send()
                .await;
            assert_eq!(answer.status, 415, "{content_type}: {answer}");
            assert!(
                message(endpoint.surface, &answer).contains("application/json"),
                "{answer}"
            );
        }
    }
}

#[tokio::test]
async fn two_mebibytes_are_too_many() {
    let scene = scene().await;
    for endpoint in scene.endpoints() {
        let mut body = endpoint.good.clone();
        body["description"] = json!("x".repeat(2 * 1024 * 1024));
        fill_in_names(&mut body);
        // A server may answer and close before all was sent: then the client may see no answer, which is no crash either.
        let ask = scene.admin.ask(endpoint.method, &endpoint.path).json(&body);
        if let Some(answer) = ask.try_send().await {
            assert_eq!(answer.status, 413, "{answer}");
            message(endpoint.surface, &answer);
        }
        scene
            .server
            .http
            .ask("GET", "/health")
            .send()
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let scene = scene().await;
    for endpoint in scene.endpoints() {
        for field in endpoint.required {
            for value in [None, Some(Value::Null)] {
                let mut body = endpoint.good.clone();
                fill_in_names(&mut body);
                let object = body.as_object_mut().expect("an object");
                object.remove(*field);
                if let Some(null) = value {
                    object.insert((*field).to_owned(), null);
                }
                let answer = scene.send(&endpoint, &body).await;
                assert!(matches!(answer.status, 400 | 422), "{field}: {answer}");
                assert!(
                    message(endpoint.surface, &answer).contains(field),
                    "{field}: {answer}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_type_is_named() {
    let scene = scene().await;
    for endpoint in scene.endpoints() {
        for field in endpoint.texts {
            for value in [json!(5), json!(true), json!(["x"]), json!({"x": "y"})] {
                scene.assert_refused(&endpoint, field, value).await;
            }
        }
        for field in endpoint.lists {
            for value in [
                json!("x"),
                json!(5),
                json!({"x": "y"}),
                json!([5]),
                json!([["x"]]),
                json!([null]),
            ] {
                scene.assert_refused(&endpoint, field, value).await;
            }
        }
        for field in endpoint.times {
            for value in [
                json!("tomorrow"),
                json!(1_700_000_000),
                json!("2025-13-01T00:00:00Z"),
                json!("2025-02-30T00:00:00Z"),
                json!(""),
            ] {
                scene.assert_refused(&endpoint, field, value).await;
            }
        }
        for field in endpoint.numbers {
            for value in [
                json!("720"),
                json!(-1),
                json!(0),
                json!(1.5),
                json!(9_007_199_254_740_993_i64),
                json!(true),
            ] {
                scene.assert_refused(&endpoint, field, value).await;
            }
        }
        for field in endpoint.booleans {
            for value in [json!("true"), json!(1), json!([])] {
                scene.assert_refused(&endpoint, field, value).await;
            }
        }
    }
}

#[tokio::test]
async fn what_is_too_long_is_named() {
    let scene = scene().await;
    for endpoint in scene.endpoints() {
        let has = |field: &&str| endpoint.texts.contains(field);
        for field in ["name", "username", "provider", "credential_type"]
            .iter()
            .filter(|field| has(field))
        {
            scene
                .assert_refused(&endpoint, field, json!("x".repeat(300)))
                .await;
        }
        for field in [
            "description",
            "provider_credential_id",
            "value",
            "api_key",
            "bot_token",
            "signing_secret",
            "password",
        ]
        .iter()
        .filter(|field| has(field))
        {
            if endpoint.surface != Surface::Accounts {
                scene
                    .assert_refused(&endpoint, field, json!("x".repeat(500_000)))
                    .await;
            }
        }
        if endpoint.lists.contains(&"tags") {
            scene
                .assert_refused(&endpoint, "tags", json!(["x".repeat(5000)]))
                .await;
            scene
                .assert_refused(
                    &endpoint,
                    "tags",
                    (0..5000).map(|n| json!(format!("tag{n}"))).collect(),
                )
                .await;
        }
    }
    // The documented limit: 500 characters, not bytes.
    let create = &scene.endpoints()[0];
    for (description, status) in [("é".repeat(500), 200), ("é".repeat(501), 422)] {
        let mut body = create.good.clone();
        body["description"] = json!(description);
        fill_in_names(&mut body);
        scene.send(create, &body).await.expect(status);
    }
}

#[tokio::test]
async fn names_have_no_control_characters_and_may_be_in_any_language() {
    let scene = scene().await;
    for endpoint in scene.endpoints() {
        let Some(field) = endpoint.named else {
            continue;
        };
        for name in [
            "",
            "line\nbreak",
            "tab\there",
            "nul\u{0}",
            "escape\u{1b}[2J",
            "\u{7f}",
            "\u{85}",
        ] {
            let mut body = endpoint.good.clone();
            fill_in_names(&mut body);
            body[field] = json!(name);
            let answer = scene.send(&endpoint, &body).await;
            assert!(matches!(answer.status, 400 | 422), "{name:?}: {answer}");
            assert!(
                message(endpoint.surface, &answer).contains(field),
                "{name:?}: {answer}"
            );
        }
        let mut body = endpoint.good.clone();
        body[field] = json!("x".repeat(101));
        let answer = scene.send(&endpoint, &body).await;
        assert!(
            matches!(answer.status, 400 | 422),
            "101 characters: {answer}"
        );
        for name in [
            "🔑 production",
            "clé d’accès",
            "ключ",
            "鍵",
            "a/b?c#d%20&e",
            "' OR 1=1; --",
            "..",
            &"鍵".repeat(100),
        ] {
            let mut body = endpoint.good.clone();
            body[field] = json!(format!("{name}"));
            let answer = scene.send(&endpoint, &body).await;
            let taken = answer.text().contains("already exists");
            assert!(
                matches!(answer.status, 200 | 201) || taken,
                "{name}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn a_name_is_found_by_any_of_its_spellings() {
    let scene = scene().await;
    for (name, path) in [
        ("🔑 key/1?", "%F0%9F%94%91%20key%2F1%3F"),
        ("caf\u{e9}", "cafe%CC%81"),
        ("percent%41", "percent%2541"),
        ("a+b", "a+b"),
    ] {
        scene
            .admin
            .store(name, "api_key", "openai", "sk-1234567890abcdef")
            .await;
        let got = scene
            .admin
            .get(&format!("/credentials/{path}"))
            .await
            .expect(200)
            .json();
        assert_eq!(got["name"], name);
    }
}

#[tokio::test]
async fn an_unknown_word_lists_the_known_ones() {
    let scene = scene().await;
    for (method, path) in [("POST", "/credentials"), ("PATCH", "/credentials/subject")] {
        let mut body = json!({"rotation_strategy": "sometimes"});
        if method == "POST" {
            body = json!({"name": "n", "credential_type": "api_key", "provider": "api", "value": "sk-1234567890abcdef", "rotation_strategy": "sometimes"});
        }
        let answer = scene.admin.send(method, path, body).await;
        let text = message(Surface::Aegis, &answer);
        assert!(
            ["rotation_strategy", "manual", "scheduled", "on_expiry"]
                .iter()
                .all(|word| text.contains(word)),
            "{answer}"
        );
    }
    for (query, word) in [
        ("status=sleepy", "status"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("offset=-1", "offset"),
        ("limit=99999999999999999999", "limit"),
        ("limit=1&limit=2", "limit"),
    ] {
        let answer = scene.admin.get(&format!("/credentials?{query}")).await;
        assert!(matches!(answer.status, 400 | 422), "{query}: {answer}");
        assert!(
            message(Surface::Aegis, &answer).contains(word),
            "{query}: {answer}"
        );
    }
    let path = format!(
        "/frontend/workspaces/{}/credentials/{}?include_secret=perhaps",
        scene.workspace, scene.credential
    );
    let answer = scene.admin.get(&path).await;
    assert_eq!(answer.status, 422, "{answer}");
    assert!(
        message(Surface::Workspaces, &answer).contains("include_secret"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_malformed_secret_is_refused_without_repeating_it() {
    let scene = scene().await;
    let workspace = scene.admin.workspace(&scene.workspace);
    for (kind, field, body) in [
        (
            "slack",
            "bot_token",
            json!({"name": "s", "bot_token": "nope-canary-4711"}),
        ),
        (
            "slack",
            "bot_token",
            json!({"name": "s", "bot_token": "xoxc-canary-4711-session"}),
        ),
        (
            "slack",
            "app_token",
            json!({"name": "s", "bot_token": "xoxb-1234567890-abcdef", "app_token": "nope-canary-4711"}),
        ),
        (
            "api-key",
            "api_key",
            json!({"name": "k", "provider": "OPENAI", "api_key": "canary"}),
        ),
        (
            "api-key",
            "api_key",
            json!({"name": "k", "provider": "OPENAI", "api_key": ""}),
        ),
        (
            "api-key",
            "api_key",
            json!({"name": "k", "provider": "OPENAI", "api_key": "sk-canary-4711\r\nX-Evil: 1"}),
        ),
        (
            "api-key",
            "api_key",
            json!({"name": "k", "provider": "ANTHROPIC", "api_key": "canary"}),
        ),
    ] {
        let answer = workspace.try_create(kind, &body).await;
        workspaces::error(&answer, 422);
        assert!(answer.text().contains(field), "{answer}");
        assert!(!answer.text().contains("canary"), "{answer}");
    }
    let answer = scene.admin.send("POST", "/credentials", json!({"name": "short", "credential_type": "api_key", "provider": "api", "value": "canary"})).await;
    let text = message(Surface::Aegis, &answer);
    assert!(
        text.contains("value") && !text.contains("canary"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_wrong_path_or_method_answers_in_its_surface_s_shape() {
    let scene = scene().await;
    let credentials = format!("/frontend/workspaces/{}/credentials", scene.workspace);
    for (surface, path) in [
        (
            Surface::Workspaces,
            format!("{credentials}/{}/nonsense", scene.credential),
        ),
        (Surface::Workspaces, "/frontend/nonsense".to_owned()),
        (Surface::Accounts, "/v1/nonsense".to_owned()),
        (Surface::Aegis, "/credentials/subject/nonsense".to_owned()),
        (Surface::Admin, "/admin/nonsense".to_owned()),
    ] {
        let answer = scene.admin.get(&path).await;
        assert_eq!(answer.status, 404, "{answer}");
        message(surface, &answer);
    }
    for (surface, method, path, allowed) in [
        (Surface::Workspaces, "PATCH", credentials.clone(), "GET"),
        (
            Surface::Workspaces,
            "PATCH",
            format!("{credentials}/{}", scene.credential),
            "PUT",
        ),
        (
            Surface::Workspaces,
            "GET",
            format!("{credentials}/{}/activate", scene.credential),
            "POST",
        ),
        (Surface::Accounts, "GET", "/v1/token".to_owned(), "POST"),
        (Surface::Aegis, "PUT", "/credentials".to_owned(), "POST"),
        (
            Surface::Aegis,
            "GET",
            "/credentials/subject/test".to_owned(),
            "POST",
        ),
        (Surface::Admin, "DELETE", "/admin/users".to_owned(), "POST"),
    ] {
        let answer = scene.admin.ask(method, &path).send().await;
        assert_eq!(answer.status, 405, "{answer}");
        assert!(
            answer
                .header("allow")
                .is_some_and(|methods| methods.contains(allowed)),
            "{answer}: {:?}",
            answer.headers
        );
        message(surface, &answer);
    }
}
