//! The host signs; the plugin gets a stand-in of the signature, which goes where that field's signatures go.

use claviger_test_guests::{SENDER, SIGNER};
use serde_json::json;

use super::stage::{Stage, assert_nothing_leaked, detail, has_stand_in, said};

/// HMAC-SHA-256 of `header.claims` under `signing-key-0123456789`, computed elsewhere.
const SIGNATURE: &str = "890a711bd27b223d2716ec7b9c5c980ed0b330386ff0ebc5de92dff40cb5618e";

#[tokio::test]
async fn a_signature_arrives_where_signatures_go() {
    let stage = Stage::of(SENDER).await;
    let steps = json!([
        {"name": "made", "sign": "{signing_key}", "scheme": "hmac-sha256", "encoding": "hex", "message": "header.claims"},
        {"name": "one", "url": "https://upstream.example/signed", "headers": [["authorization", "Bearer header.claims.{signed.made}"]]},
        {"name": "two", "url": "https://upstream.example/header", "headers": [["authorization", "{signed.made}"]]},
        {"name": "three", "url": "https://upstream.example/signed", "headers": [["authorization", "{signing_key}"]]},
        {"name": "four", "sign": "{signing_key}", "scheme": "hmac-sha512", "encoding": "hex", "message": "x"},
        {"name": "five", "sign": "{secret}", "scheme": "hmac-sha256", "encoding": "hex", "message": "x"},
        {"name": "six", "sign": "{signing_key}", "scheme": "hmac-sha256", "encoding": "hex", "message": "{secret}"}
    ]);
    let outcome = stage.script(steps).await;
    assert!(
        has_stand_in(&detail(&outcome, "made.signed")),
        "{}",
        said(&outcome)
    );
    assert_eq!(detail(&outcome, "one.status"), "200");
    for step in ["two", "three", "four", "five", "six"] {
        assert_eq!(
            detail(&outcome, &format!("{step}.failure")),
            "denied",
            "{step}: {}",
            said(&outcome)
        );
    }
    let sent = stage.upstream.only_request();
    assert_eq!(
        sent.header("authorization"),
        Some(format!("Bearer header.claims.{SIGNATURE}").as_str())
    );
    assert!(!said(&outcome).contains(SIGNATURE));
    assert_nothing_leaked(&outcome);
}

#[tokio::test]
async fn a_key_signs_only_with_its_schemes_and_only_stand_ins_sign() {
    let stage = Stage::of(SIGNER).await;
    let outcome = stage.test(Some("hmac-sha256")).await;
    assert!(
        detail(&outcome, "allowed").starts_with("200"),
        "{}",
        said(&outcome)
    );
    for attempt in [
        "other-header",
        "other-path",
        "key",
        "other-scheme",
        "signature-as-key",
    ] {
        assert!(
            detail(&outcome, attempt).starts_with("denied"),
            "{attempt}: {}",
            said(&outcome)
        );
    }
    let guessed = detail(&outcome, "no-stand-in");
    assert!(
        ["denied", "invalid-input"].contains(&guessed.as_str()),
        "{guessed}"
    );
    assert_eq!(stage.upstream.requests().len(), 1);
    assert!(has_stand_in(&detail(&outcome, "signature")));
    assert_nothing_leaked(&outcome);
}
