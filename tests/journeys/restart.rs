//! A server that is stopped and started again, by the same operator or a careless one.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use base64::Engine as _;
use serde_json::json;

use super::support::client::User;
use super::support::providers::openai;
use super::support::server::{Server, Site};
use super::support::trace::files;
use super::support::wait;

const KEY: &str = "sk-proj-restart-T3BlbkFJ7hM2qZ";

fn key(byte: u8) -> String {
    base64::engine::general_purpose::STANDARD.encode([byte; 32])
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let server = Server::plain().await;
    let admin = server.admin().await;
    let workspace = admin.workspace(&admin.default_workspace().await);
    let id = workspace.create_api_key("kept", "OPENAI", KEY).await;
    let other = admin.make_workspace("other").await;
    let (user, user_id) = admin
        .make_user("someone", "a password of some length", false)
        .await;
    admin
        .put_member(&other, &user_id, &["credential:read"])
        .await;
    let revoked = server.admin().await;
    revoked.post("/v1/token/revoke").await.expect(200);
    let before = workspace.get(&id).await.expect(200).json()["data"].clone();

    let (site, status) = server.stop().await;
    assert!(
        status.success(),
        "a server that is told to end exits with 0, not {status}"
    );
    let server = site.start().await;
    let again = |user: &User| User {
        http: server.http.clone(),
        token: user.token.clone(),
    };

    // Tokens count as they did.
    let workspace = again(&admin).workspace(&workspace.id);
    assert_eq!(workspace.get(&id).await.expect(200).json()["data"], before);
    assert_eq!(
        workspace.reveal(&id).await.expect(200).json()["data"]["credential_data"]["api_key"],
        KEY
    );
    again(&revoked).get("/credentials").await.expect(401);
    again(&user).workspace(&other).list("").await.expect(200);
    again(&user)
        .workspace(&workspace.id)
        .list("")
        .await
        .expect(403);
    assert_eq!(server.admin().await.default_workspace().await, workspace.id);
}

#[tokio::test]
async fn a_password_is_made_and_printed_at_the_first_start_alone() {
    let site = Site::new()
        .await
        .without_variable("CLAVIGER_ADMIN_PASSWORD");
    let server = site.start().await;
    let printed = format!("{}{}", server.site.stdout(), server.site.stderr());
    let password = logs_in(&server, &printed)
        .await
        .unwrap_or_else(|| panic!("no password that counts in: {printed}"));
    let workspace = User::log_in(&server.http, "admin", &password)
        .await
        .default_workspace()
        .await;
    assert!(
        printed.contains(&workspace),
        "the workspace's id is printed: {printed}"
    );
    assert_eq!(printed.matches(&password).count(), 1, "{printed}");

    let (site, _) = server.stop().await;
    let before = site.stdout().len() + site.stderr().len();
    let server = site.start().await;
    let now = format!("{}{}", server.site.stdout(), server.site.stderr());
    assert!(now.len() > before);
    assert_eq!(
        now.matches(&password).count(),
        1,
        "the password is printed again: {now}"
    );
    User::log_in(&server.http, "admin", &password).await;

    // Nor is another one taken from the environment later.
    let (site, _) = server.stop().await;
    let server = site
        .variable("CLAVIGER_ADMIN_PASSWORD", "another password altogether")
        .start()
        .await;
    User::log_in(&server.http, "admin", &password).await;
    let body = json!({"username": "admin", "password": "another password altogether"});
    server
        .http
        .ask("POST", "/v1/token")
        .json(&body)
        .send()
        .await
        .expect(401);
}

/// The word in `printed` that is the administrator's password.
async fn logs_in(server: &Server, printed: &str) -> Option<String> {
    let lines = printed
        .lines()
        .filter(|line| line.to_ascii_lowercase().contains("password"));
    let words = lines
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_matches(['`', '"', '\'', ',', '.', ':']));
    for word in words.filter(|word| word.len() >= 12) {
        let word = word.strip_prefix("password=").unwrap_or(word);
        let body = json!({"username": "admin", "password": word});
        if server
            .http
            .ask("POST", "/v1/token")
            .json(&body)
            .reveals()
            .send()
            .await
            .status
            == 200
        {
            return Some(word.to_owned());
        }
    }
    None
}

#[tokio::test]
async fn another_master_key_is_refused() {
    let site = Site::new().await.variable("CLAVIGER_MASTER_KEY", &key(7));
    let server = site.start().await;
    let admin = server.admin().await;
    let workspace = admin.workspace(&admin.default_workspace().await);
    let id = workspace.create_api_key("kept", "OPENAI", KEY).await;
    let site = server.kill().await.variable("CLAVIGER_MASTER_KEY", &key(8));
    assert_refuses(&site, "master key").await;
    // Neither is none a reason to make a new one.
    let site = site.without_variable("CLAVIGER_MASTER_KEY");
    assert_refuses(&site, "master key").await;
    for (path, _) in files(&site.data()) {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(
            !name.contains("master"),
            "{name} was made beside a database that has another key"
        );
    }
    // With its own key all is well.
    let server = site.variable("CLAVIGER_MASTER_KEY", &key(7)).start().await;
    let workspace = server.admin().await.workspace(&workspace.id);
    assert_eq!(
        workspace.reveal(&id).await.expect(200).json()["data"]["credential_data"]["api_key"],
        KEY
    );
}

#[tokio::test]
async fn a_lost_key_file_is_not_replaced() {
    let server = Server::plain().await;
    let admin = server.admin().await;
    admin.store("kept", "api_key", "openai", KEY).await;
    let (site, _) = server.stop().await;
    let found = files(&site.data()).into_iter().map(|(path, _)| path);
    let file = found.into_iter().find(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().contains("master"))
    });
    let file = file.expect("a master key file in the data directory");
    let mode = std::fs::metadata(&file)
        .expect("a file")
        .permissions()
        .mode()
        & 0o777;
    assert_eq!(mode, 0o600, "{}", file.display());
    let aside = site.data().parent().expect("a directory").join("aside");
    std::fs::rename(&file, &aside).expect("moved");
    assert_refuses(&site, "master key").await;
    assert!(!file.exists(), "a new key was made");
    std::fs::rename(&aside, &file).expect("moved back");
    let server = site.start().await;
    server
        .admin()
        .await
        .get("/credentials/kept")
        .await
        .expect(200);
}

/// The server doesn't start, and says what is wrong.
async fn assert_refuses(site: &Site, words: &str) {
    let output = site.run(&["serve"]).await;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!output.status.success(), "it started: {said}");
    assert!(
        said.to_lowercase().replace(['-', '_'], " ").contains(words),
        "{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test]
async fn a_wrong_configuration_names_the_key() {
    for (name, value, words) in [
        ("CLAVIGER_LISTEN", "nonsense", "claviger listen"),
        ("CLAVIGER_LISTNE", "127.0.0.1:0", "claviger listne"),
        ("CLAVIGER_MASTER_KEY", "c2hvcnQ=", "master key"),
        ("CLAVIGER_DATABASE_URL", "mysql://localhost/x", "database"),
        ("CLAVIGER_PLUGINS__OPENAI__TIMEOUT", "soon", "timeout"),
        ("CLAVIGER_ADMIN_PASSWORD", "x", "password"),
    ] {
        let site = Site::new().await.variable(name, value);
        assert_refuses(&site, words).await;
    }
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_end() {
    let provider = openai::start().await;
    provider.answers(KEY, openai::good().after(Duration::from_millis(800)));
    let server = Site::new().await.provider(&provider).start().await;
    let admin = server.admin().await;
    admin.store("slow", "api_key", "openai", KEY).await;
    let testing = tokio::spawn(async move { admin.test("slow").await });
    wait::until("the provider is asked", async || {
        (!provider.upstream.requests().is_empty()).then_some(())
    })
    .await;
    let (_, status) = server.stop().await;
    assert!(status.success(), "{status}");
    assert_eq!(testing.await.expect("an answer")["status"], "healthy");
}

#[tokio::test]
async fn what_the_server_keeps_is_for_its_user_alone() {
    let server = Server::plain().await;
    let data = server.site.data();
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o077
    };
    assert_eq!(mode(&data), 0, "{} is open to others", data.display());
    for (path, _) in files(&data) {
        let guarded = std::iter::successors(path.parent(), |one| one.parent())
            .take_while(|one| one.starts_with(&data))
            .any(|one| mode(one) == 0);
        assert!(
            guarded || mode(&path) == 0,
            "{} is open to others",
            path.display()
        );
    }
}
