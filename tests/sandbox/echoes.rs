//! An upstream that gives the secret back: the plugin gets its stand-in.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use claviger_test_guests::SENDER;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::stage::{SECRET, Stage, assert_nothing_leaked, detail, has_stand_in, said};
use super::support::trace::each;
use super::support::upstream::Reply;

fn ask() -> serde_json::Value {
    json!({"url": "https://upstream.example/header", "headers": [["x-api-key", "{secret}"]]})
}

fn hex(bytes: &[u8]) -> String {
    each(bytes, |byte| format!("{byte:02x}"))
}

#[tokio::test]
async fn in_a_body_it_is_a_stand_in_however_it_is_written() {
    let percent = each(SECRET.as_bytes(), |byte| format!("%{byte:02X}"));
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let bodies = [
        ("plain", SECRET.to_owned()),
        ("JSON", json!({"key": SECRET}).to_string()),
        (
            "JSON with escaped slashes",
            json!({"key": SECRET}).to_string().replace('/', "\\/"),
        ),
        ("percent", encoded),
        ("percent, all of it", percent.clone()),
        ("percent, lower case", percent.to_ascii_lowercase()),
        ("hexadecimal", hex(SECRET.as_bytes())),
        (
            "upper-case hexadecimal",
            hex(SECRET.as_bytes()).to_ascii_uppercase(),
        ),
        ("base64", STANDARD.encode(SECRET)),
        (
            "base64 after one byte",
            STANDARD.encode(format!("x{SECRET}")),
        ),
        (
            "base64 after two bytes",
            STANDARD.encode(format!("xy{SECRET}")),
        ),
        ("base64url", URL_SAFE_NO_PAD.encode(SECRET)),
        (
            "base64url after one byte",
            URL_SAFE_NO_PAD.encode(format!("x{SECRET}")),
        ),
        (
            "base64url after two bytes",
            URL_SAFE_NO_PAD.encode(format!("xy{SECRET}")),
        ),
        (
            "Basic",
            format!("Basic {}", STANDARD.encode(format!("user:{SECRET}"))),
        ),
        ("twice", format!("{SECRET}{SECRET}")),
    ];
    for (name, body) in bodies {
        let told = body.clone();
        let stage = Stage::answering(SENDER, move |_| {
            Reply::body(200, "text/plain", format!("before {told} after"))
        })
        .await;
        let outcome = stage.step(ask()).await;
        let got = detail(&outcome, "one.body");
        assert!(!got.contains(&body), "{name}: {got}");
        assert!(
            got.starts_with("before ") && got.ends_with(" after") && has_stand_in(&got),
            "{name}: {got}"
        );
        assert_nothing_leaked(&outcome);
    }
}

#[tokio::test]
async fn in_headers_too_and_what_would_tell_of_it_is_dropped() {
    let stage = Stage::answering(SENDER, |_| {
        Reply::body(400, "text/plain", format!("bad key {SECRET}"))
            .header("x-echo", SECRET)
            .header("x-echo-64", &STANDARD.encode(SECRET))
            .header("etag", "\"0123456789\"")
            .header(
                "digest",
                "sha-256=4REjxQ4yrqUVicfSKYNO/cF9zNj5ANbzgDZt3/h3Qxo=",
            )
            .header("content-md5", "Q2hlY2sgSW50ZWdyaXR5IQ==")
            .header("x-plain", "kept")
    })
    .await;
    let outcome = stage.step(ask()).await;
    assert_nothing_leaked(&outcome);
    assert!(has_stand_in(&detail(&outcome, "one.header.x-echo")));
    assert_eq!(detail(&outcome, "one.header.x-plain"), "kept");
    let report = outcome.result.as_ref().expect("a report");
    for header in ["etag", "digest", "content-md5", "content-length"] {
        let key = format!("one.header.{header}");
        assert!(
            report.details.iter().all(|(known, _)| *known != key),
            "{header} tells something of what was scrubbed"
        );
    }
}

#[tokio::test]
async fn a_compressed_answer_is_refused() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(format!("the key is {SECRET}").as_bytes())
        .expect("in memory");
    let compressed = encoder.finish().expect("in memory");
    for (coding, body) in [
        ("gzip", compressed.clone()),
        ("gzip", SECRET.as_bytes().to_vec()),
        ("br", SECRET.as_bytes().to_vec()),
        ("identity, gzip", compressed),
    ] {
        let stage = Stage::answering(SENDER, move |_| {
            Reply::body(200, "text/plain", body.clone()).header("content-encoding", coding)
        })
        .await;
        let outcome = stage.step(ask()).await;
        assert_nothing_leaked(&outcome);
        let report = outcome.result.as_ref().expect("a report");
        let body = report.details.iter().find(|(key, _)| key == "one.body");
        assert_eq!(body, None, "{coding}");
        assert!(
            ["unreachable", "unknown-outcome", "denied"]
                .contains(&detail(&outcome, "one.failure").as_str()),
            "{}",
            said(&outcome)
        );
        assert!(
            detail(&outcome, "one.message").contains("encod"),
            "{}",
            said(&outcome)
        );
    }
}

#[tokio::test]
async fn a_secret_that_comes_back_in_pieces_over_the_wire_is_still_one() {
    // The body arrives in two packets that cut the secret; the host looks at the whole.
    let body = format!("key: {SECRET}");
    let half = body.len() / 2;
    let chunks = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n{half:x}\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        &body[..half],
        body.len() - half,
        &body[half..]
    );
    let stage = Stage::answering(SENDER, move |_| Reply::Raw(chunks.clone().into_bytes())).await;
    let outcome = stage.step(ask()).await;
    assert_nothing_leaked(&outcome);
    assert!(
        has_stand_in(&detail(&outcome, "one.body")),
        "{}",
        said(&outcome)
    );
}
