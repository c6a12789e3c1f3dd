//! What a file is granted by itself, and what takes an operator.

use std::fs;

use serde_json::json;

use super::super::support::server::Site;
use super::super::support::upstream::{Reply, Upstream};
use super::{SECRET, UPSTREAM, directory, listed, plugin, put, reload, start, store, version};

#[tokio::test]
async fn whoever_asks_for_more_waits_while_the_old_one_serves() {
    let (server, admin) = start(Site::new().await).await;
    put(&server.site, "acme.wasm", &plugin("acme", "1.0.0").wasm());
    reload(&admin).await;
    store(&admin, "key", "acme", "").await;
    let mut origin = plugin("acme", "1.1.0");
    origin.origins.push("https://more.example".to_owned());
    let mut place = plugin("acme", "1.2.0");
    place.place = "/";
    let mut capture = plugin("acme", "1.3.0");
    capture.captures = json!([{
        "name": "token", "origin": UPSTREAM, "methods": ["POST"], "path-prefix": "/tokens",
        "source": {"json-pointer": "/token"}
    }]);
    for (wider, asks_for) in [
        (origin, "https://more.example"),
        (place, "header:authorization"),
        (capture, "`token`"),
    ] {
        put(&server.site, "wider.wasm", &wider.wasm());
        let list = reload(&admin).await;
        let beyond = listed(&list, "wider.wasm", "waiting")["beyond"].to_string();
        assert!(beyond.contains(asks_for), "{beyond}");
        assert_eq!(version(&admin, "key").await.as_deref(), Some("1.0.0"));
    }

    // Approved, it serves: this very file.
    let approved = admin.post("/admin/plugins/acme/approve").await.expect(200);
    assert_eq!(
        approved.json()["plugins"][0]["state"],
        "serving",
        "{approved}"
    );
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.3.0"));
    admin.post("/admin/plugins/acme/approve").await.expect(404);

    // A changed byte is another file. What serves from memory goes on.
    let mut changed = plugin("acme", "1.3.1");
    changed.captures = json!([{
        "name": "token", "origin": UPSTREAM, "methods": ["POST"], "path-prefix": "/tokens",
        "source": {"json-pointer": "/token"}
    }]);
    put(&server.site, "wider.wasm", &changed.wasm());
    let list = reload(&admin).await;
    listed(&list, "wider.wasm", "waiting");
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.3.0"));

    // Several that wait are told apart by their hashes.
    let mut third = changed.clone();
    third.version = "1.4.0".to_owned();
    put(&server.site, "third.wasm", &third.wasm());
    let list = reload(&admin).await;
    let hash = listed(&list, "third.wasm", "waiting")["hash"].clone();
    let several = admin.post("/admin/plugins/acme/approve").await.expect(409);
    assert!(
        several.text().contains(hash.as_str().expect("a hash")),
        "{several}"
    );
    let body = json!({ "hash": hash });
    admin
        .send("POST", "/admin/plugins/acme/approve", body)
        .await
        .expect(200);
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.4.0"));

    // Taken back, it waits again, also after a restart.
    let body = json!({ "hash": hash });
    let withdrawn = admin
        .send("POST", "/admin/plugins/acme/withdraw", body)
        .await
        .expect(200);
    assert_eq!(
        withdrawn.json()["plugins"][0]["state"],
        "waiting",
        "{withdrawn}"
    );
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.3.0"));
    let (site, _) = server.stop().await;
    let (_server, admin) = start(site).await;
    listed(&reload(&admin).await, "third.wasm", "waiting");
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.0.0"));
}

#[tokio::test]
async fn a_file_with_an_embedded_name_gets_nothing() {
    let evil = Upstream::start(|_| Reply::json(200, &json!({}))).await;
    let site = Site::new().await.plugin(
        "openai",
        "replace-origins",
        toml::Table::from_iter([
            ("https://evil.example".to_owned(), evil.origin().into()),
            ("https://api.openai.com".to_owned(), evil.origin().into()),
        ]),
    );
    let (server, admin) = start(site).await;
    admin
        .store("key", "api_key", "openai", "sk-1234567890abcdef")
        .await;
    let mut takes = plugin("openai", "99.0.0");
    takes.origins = vec!["https://evil.example".to_owned()];
    takes.kind = "api_key";
    put(&server.site, "openai.wasm", &takes.wasm());
    let list = reload(&admin).await;
    listed(&list, "openai.wasm", "waiting");
    admin.test("key").await;
    let asked = evil.requests();
    assert!(!asked.is_empty(), "the embedded plugin asks");
    assert!(
        asked.iter().all(|request| request.path() != "/allowed"),
        "{asked:?}"
    );
    let serving = list
        .iter()
        .find(|it| it["name"] == "openai" && it["state"] == "serving");
    assert_eq!(serving.expect("one serves")["provenance"], "embedded");
}

#[tokio::test]
async fn who_recognises_everything_gets_no_credential() {
    let (server, admin) = start(Site::new().await).await;
    let mut greedy = plugin("greedy", "1.0.0");
    greedy.kind = "api_key";
    greedy.recognises = vec!["sk-", "sk-ant-api03-", "sk-1234567890abcdef"];
    put(&server.site, "greedy.wasm", &greedy.wasm());
    listed(&reload(&admin).await, "greedy.wasm", "serving");
    for (name, value) in [
        ("a", "sk-1234567890abcdef"),
        ("b", "sk-ant-api03-1234567890"),
    ] {
        admin.store(name, "api_key", "api", value).await;
        let tested = admin.test(name).await;
        assert_ne!(tested["details"]["account"], "1.0.0", "{tested}");
    }
}

#[tokio::test]
async fn where_every_file_is_reviewed_none_serves_by_itself() {
    let site = Site::new()
        .await
        .variable("CLAVIGER_PLUGINS_APPROVAL", "review");
    put_first(&site);
    let (server, admin) = start(site).await;
    listed(&reload(&admin).await, "acme.wasm", "waiting");
    admin.post("/admin/plugins/acme/approve").await.expect(200);
    store(&admin, "key", "acme", &format!("send {UPSTREAM}/elsewhere")).await;
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.0.0"));
    let everything = format!("{}{}", server.site.stdout(), server.site.stderr());
    assert!(!everything.contains(SECRET));
    let (user, _) = admin
        .make_user("someone", "a password of some length", false)
        .await;
    for path in ["acme/approve", "acme/withdraw", "reload"] {
        user.post(&format!("/admin/plugins/{path}"))
            .await
            .expect(403);
    }
}

/// Before the first start, there is no data directory yet.
fn put_first(site: &Site) {
    fs::create_dir_all(directory(site)).expect("made");
    put(site, "acme.wasm", &plugin("acme", "1.0.0").wasm());
}
