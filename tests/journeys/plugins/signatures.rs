//! Files that have to be signed.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};

use super::super::support::server::Site;
use super::{directory, listed, plugin, put, reload, start, store, version};

#[tokio::test]
async fn only_what_an_author_signed_serves() {
    let author = SigningKey::from_bytes(&[7; 32]);
    let stranger = SigningKey::from_bytes(&[8; 32]);
    let site = Site::new()
        .await
        .variable("CLAVIGER_PLUGINS_REQUIRE_SIGNATURE", "true")
        .variable(
            "CLAVIGER_PLUGINS_AUTHORS",
            &STANDARD.encode(author.verifying_key().as_bytes()),
        );
    let (server, admin) = start(site).await;
    let wasm = plugin("acme", "1.0.0").wasm();
    put(&server.site, "acme.wasm", &wasm);
    let refused =
        |list: &[serde_json::Value]| listed(list, "acme.wasm", "refused")["reason"].to_string();
    let reason = refused(&reload(&admin).await);
    assert!(reason.contains("not signed"), "{reason}");

    put(
        &server.site,
        "acme.wasm.sig",
        &stranger.sign(&wasm).to_bytes(),
    );
    let reason = refused(&reload(&admin).await);
    assert!(
        reason.contains("none of the configured authors"),
        "{reason}"
    );

    let signature = STANDARD.encode(author.sign(&wasm).to_bytes());
    put(
        &server.site,
        "acme.wasm.sig",
        format!("{signature}\n").as_bytes(),
    );
    listed(&reload(&admin).await, "acme.wasm", "serving");
    store(&admin, "key", "acme", "").await;
    assert_eq!(version(&admin, "key").await.as_deref(), Some("1.0.0"));

    // Another file under the same signature is refused, and the one that was signed serves on.
    put(&server.site, "acme.wasm", &plugin("acme", "1.1.0").wasm());
    let list = reload(&admin).await;
    refused(&list);
    assert_eq!(listed(&list, "acme.wasm", "serving")["version"], "1.0.0");
    put(&server.site, "acme.wasm", &wasm);
    fs::remove_file(directory(&server.site).join("acme.wasm.sig")).expect("removed");
    refused(&reload(&admin).await);
}
