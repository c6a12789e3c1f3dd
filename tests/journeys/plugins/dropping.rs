//! A file is dropped in, and what becomes of it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use super::super::support::server::Site;
use super::{directory, listed, plugin, put, reload, start, store, until_version, version};

/// What a dropped file may take to serve, after its last byte. In a debug build on a busy machine it takes longer.
const SERVES_WITHIN: Duration = if cfg!(debug_assertions) {
    Duration::from_secs(10)
} else {
    Duration::from_secs(1)
};

#[tokio::test]
async fn a_dropped_file_serves_within_a_second() {
    let (server, admin) = start(Site::new().await).await;
    put(&server.site, "acme.wasm", &plugin("acme", "1.0.0").wasm());
    let dropped = Instant::now();
    super::super::support::wait::until("acme serves", async || {
        let all = admin.get("/admin/plugins").await.expect(200).text();
        all.contains("acme.wasm\",\"state\":\"serving\"")
            .then_some(())
    })
    .await;
    let took = dropped.elapsed();
    println!("a dropped file served after {took:?}");
    assert!(took < SERVES_WITHIN, "{took:?}");
    store(&admin, "key", "acme", "").await;
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.0.0"));
    assert!(listed(&reload(&admin).await, "acme.wasm", "serving")["reason"].is_null());
}

#[tokio::test]
async fn a_slow_copy_is_waited_for_and_a_broken_one_evicts_nothing() {
    let (server, admin) = start(Site::new().await).await;
    put(&server.site, "acme.wasm", &plugin("acme", "1.0.0").wasm());
    reload(&admin).await;
    store(&admin, "key", "acme", "").await;
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.0.0"));
    // Over the file that serves, as `cp` does.
    let wasm = plugin("acme", "1.1.0").wasm();
    let mut file = fs::File::create(directory(&server.site).join("acme.wasm")).expect("opened");
    for part in wasm.chunks(wasm.len() / 8 + 1) {
        file.write_all(part).expect("written");
        assert_eq!(version(&admin, "key").await.as_deref(), Some("1.0.0"));
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    until_version(&admin, "key", "1.1.0").await;
    // Cut off in the middle, and left so.
    put(&server.site, "acme.wasm", &wasm[..wasm.len() / 2]);
    let list = reload(&admin).await;
    assert!(listed(&list, "acme.wasm", "refused")["reason"].is_string());
    assert_eq!(listed(&list, "acme.wasm", "serving")["version"], "1.1.0");
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.1.0"));
}

#[tokio::test]
async fn a_renamed_file_serves_on_and_a_deleted_one_no_more() {
    let (server, admin) = start(Site::new().await).await;
    let directory = directory(&server.site);
    put(&server.site, "acme.wasm", &plugin("acme", "1.0.0").wasm());
    put(&server.site, "new.wasm", &plugin("acme", "1.2.0").wasm());
    reload(&admin).await;
    store(&admin, "key", "acme", "").await;
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.2.0"));
    assert_eq!(
        listed(&reload(&admin).await, "acme.wasm", "older")["version"],
        "1.0.0"
    );
    fs::rename(directory.join("new.wasm"), directory.join("other.wasm")).expect("renamed");
    listed(&reload(&admin).await, "other.wasm", "serving");
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.2.0"));
    fs::remove_file(directory.join("other.wasm")).expect("removed");
    reload(&admin).await;
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.0.0"));
    fs::remove_file(directory.join("acme.wasm")).expect("removed");
    reload(&admin).await;
    let tested = admin.test("key").await;
    assert!(tested["details"]["authenticated"].is_null(), "{tested}");
}

#[tokio::test]
async fn what_can_not_serve_is_listed_with_its_reason() {
    let (server, admin) = start(Site::new().await).await;
    let wasm = plugin("acme", "1.0.0").wasm();
    fs::write(server.site.data().join("outside.wasm"), &wasm).expect("written");
    symlink("../outside.wasm", directory(&server.site).join("link.wasm")).expect("linked");
    put(&server.site, "native.cwasm", b"\x7fELF");
    put(&server.site, "text.wasm", b"not WebAssembly");
    put(
        &server.site,
        "loop.wasm",
        claviger_test_guests::DESCRIBE_TRAP,
    );
    put(
        &server.site,
        "other.wasm",
        claviger_test_guests::WRONG_VERSION_IMPORT,
    );
    // Of two files with the same name and version the one that serves goes on.
    put(&server.site, "b.wasm", &wasm);
    listed(&reload(&admin).await, "b.wasm", "serving");
    put(&server.site, "a.wasm", &wasm);
    put(&server.site, "notes.txt", b"not a plugin");
    let list = reload(&admin).await;
    for (file, reason) in [
        ("link.wasm", "leads out of the plugin directory"),
        ("native.cwasm", "native code"),
        ("text.wasm", "not a valid WebAssembly component"),
        ("loop.wasm", "`describe` failed"),
        ("other.wasm", "version"),
        ("a.wasm", "another file serves `acme` in version 1.0.0"),
    ] {
        let told = listed(&list, file, "refused")["reason"].to_string();
        assert!(told.contains(reason), "{file}: {told}");
    }
    listed(&list, "b.wasm", "serving");
    assert!(list.iter().all(|it| it["file"] != "notes.txt"));
    // Each refusal is in the audit log.
    super::super::support::wait::until("the audit log tells of it", async || {
        let output = server.site.run(&["audit", "tail", "--json"]).await;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        (told.contains("plugin.refused") && told.contains("plugin.loaded")).then_some(())
    })
    .await;
}
