//! A plugin that traps time and again rests, and the version before it serves.

use std::time::Duration;

use super::super::support::server::Site;
use super::super::support::upstream::{Reply, Upstream};
use super::{UPSTREAM, listed, plugin, put, reload, start, store, until_version, version};

#[tokio::test]
async fn after_five_traps_the_version_before_serves_until_the_pause_is_over() {
    let (server, admin) = start(Site::new().await).await;
    put(&server.site, "one.wasm", &plugin("acme", "1.0.0").wasm());
    put(&server.site, "two.wasm", &plugin("acme", "2.0.0").wasm());
    reload(&admin).await;
    store(&admin, "good", "acme", "").await;
    store(&admin, "bad", "acme", "trap 2.0.0").await;
    assert_eq!(version(&admin, "good").await.as_deref(), Some("2.0.0"));
    for _ in 0..5 {
        let tested = admin.test("bad").await;
        assert!(tested["error"].to_string().contains("trapped"), "{tested}");
    }
    // At once, without one failed call in between.
    assert_eq!(version(&admin, "bad").await.as_deref(), Some("1.0.0"));
    let list = admin.get("/admin/plugins").await.expect(200).json();
    let list = list["plugins"].as_array().expect("a list");
    let resting = listed(list, "two.wasm", "resting");
    assert_eq!(resting["consecutive_failures"], 5);
    listed(list, "one.wasm", "serving");
    // After the pause a good call ends it.
    until_version(&admin, "good", "2.0.0").await;
    listed(&reload(&admin).await, "two.wasm", "serving");
}

#[tokio::test]
async fn where_no_other_version_is_left_nobody_knows_and_the_reason_says_so() {
    let (server, admin) = start(Site::new().await).await;
    put(&server.site, "one.wasm", &plugin("acme", "1.0.0").wasm());
    reload(&admin).await;
    store(&admin, "bad", "acme", "trap 1.0.0").await;
    let mut last = admin.test("bad").await;
    for _ in 0..5 {
        last = admin.test("bad").await;
    }
    assert!(last["error"].to_string().contains("rests"), "{last}");
    assert!(last["details"]["authenticated"].is_null(), "{last}");
}

#[tokio::test]
async fn a_provider_that_hangs_takes_the_plugin_from_nobody() {
    let hanging = Upstream::start(|_| {
        Reply::json(200, &serde_json::json!({})).after(Duration::from_secs(20))
    })
    .await;
    let site = Site::new().await.plugin("acme", "timeout", "300ms").plugin(
        "acme",
        "replace-origins",
        toml::Table::from_iter([(UPSTREAM.to_owned(), hanging.origin().into())]),
    );
    let (server, admin) = start(site).await;
    put(&server.site, "acme.wasm", &plugin("acme", "1.0.0").wasm());
    reload(&admin).await;
    store(&admin, "hangs", "acme", &format!("send {UPSTREAM}/allowed")).await;
    store(&admin, "good", "acme", "").await;
    for _ in 0..7 {
        admin.test("hangs").await;
    }
    assert!(hanging.connections() > 0);
    let list = reload(&admin).await;
    assert_eq!(
        listed(&list, "acme.wasm", "serving")["consecutive_failures"],
        0
    );
    assert_eq!(version(&admin, "good").await.as_deref(), Some("1.0.0"));
}
