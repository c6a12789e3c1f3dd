//! `claviger plugin list|approve|reload`, by the control socket.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use serde_json::Value;

use super::super::support::server::Site;
use super::{listed, plugin, put, start, store, version};

fn json(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[tokio::test]
async fn an_operator_lists_approves_and_reloads_on_the_command_line() {
    let site = Site::new()
        .await
        .variable("CLAVIGER_PLUGINS_APPROVAL", "review");
    // Without a server, what would load is listed.
    put_early(&site);
    let output = site.run(&["plugin", "list", "--json"]).await;
    assert!(output.status.success(), "{output:?}");
    listed(&json(&output), "acme.wasm", "loads");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("no server runs"),
        "{output:?}"
    );
    let output = site.run(&["plugin", "reload"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");

    let (server, admin) = start(site).await;
    let socket = server.site.data().join("control.sock");
    let mode = socket.metadata().expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let list = json(&server.site.run(&["plugin", "list", "--json"]).await);
    listed(&list, "acme.wasm", "waiting");
    let output = server
        .site
        .run(&["plugin", "approve", "acme", "--json"])
        .await;
    assert!(output.status.success(), "{output:?}");
    listed(&json(&output), "acme.wasm", "serving");
    store(&admin, "key", "acme", "").await;
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.0.0"));

    let output = server.site.run(&["plugin", "approve", "acme"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("acme"),
        "{output:?}"
    );
    let output = server.site.run(&["plugin", "approve"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    put(&server.site, "broken.wasm", b"broken");
    let output = server.site.run(&["plugin", "reload"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("broken.wasm"),
        "{output:?}"
    );

    // Whoever comes by the socket acts as the administrator.
    let output = server.site.run(&["audit", "tail", "--json"]).await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let approved = told.lines().find(|line| line.contains("plugin.approved"));
    assert!(
        approved.is_some_and(|line| line.contains("\"actor\":\"admin\"")),
        "{told}"
    );

    // What a server that was killed leaves behind is in nobody's way.
    let site = server.kill().await;
    assert!(socket.exists());
    let output = site.run(&["plugin", "list"]).await;
    assert!(output.status.success(), "{output:?}");
    let (server, _) = start(site).await;
    let output = server.site.run(&["plugin", "list"]).await;
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("serving"),
        "{output:?}"
    );
    let (_site, _) = server.stop().await;
    assert!(!socket.exists());
}

fn put_early(site: &Site) {
    super::directory(site);
    put(site, "acme.wasm", &plugin("acme", "1.0.0").wasm());
}

#[tokio::test]
async fn the_socket_serves_nothing_but_the_operators_own() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (server, _admin) = start(Site::new().await).await;
    let socket = server.site.data().join("control.sock");
    for (path, status) in [("/credentials", "404"), ("/admin/plugins", "200")] {
        let mut stream = tokio::net::UnixStream::connect(&socket)
            .await
            .expect("connected");
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
}
