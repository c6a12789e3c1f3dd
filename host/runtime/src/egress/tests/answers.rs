//! Rules 3 and 4: what comes back has no secret of the call in it.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::call::*;
use super::upstream::{Answer, Upstream, answer};
use crate::egress::{FailureCode, InboundResponse, SendFailure};

/// Each writing of a secret that is promised to be found.
pub(super) fn writings(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let json = serde_json::to_string(secret).expect("JSON");
    let json = json
        .trim_start_matches('"')
        .strip_suffix('"')
        .expect("a string")
        .to_owned();
    let percent = percent_encode(bytes, NON_ALPHANUMERIC).to_string();
    let lower_hex = bytes
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect::<Vec<_>>()
        .concat();
    let mut writings = vec![
        secret.to_owned(),
        json.replace('/', r"\/"),
        json,
        percent,
        bytes
            .iter()
            .map(|b| format!("%{b:02X}"))
            .collect::<Vec<_>>()
            .concat(),
        bytes
            .iter()
            .map(|b| format!("%{b:02x}"))
            .collect::<Vec<_>>()
            .concat(),
        url::form_urlencoded::byte_serialize(bytes).collect(),
        lower_hex.to_uppercase(),
        lower_hex,
    ];
    for before in ["", "u", "us", "user:", "u:"] {
        writings.push(STANDARD.encode(format!("{before}{secret}")));
        writings.push(URL_SAFE_NO_PAD.encode(format!("{before}{secret} and more")));
    }
    writings
}

async fn ask(
    handle: impl Fn() -> Answer + Send + Sync + 'static,
) -> (Call, Result<InboundResponse, SendFailure>) {
    let api = Upstream::start(move |_| handle()).await;
    let mut call = Call::with(rules(&api, &api), &credential("api_key", SECRET));
    let answered = call.send(get(format!("{API}/v1/models"))).await;
    (call, answered)
}

fn without_secret(text: &str) {
    for writing in writings(SECRET) {
        // The first and last characters of base64 share bits with what is around, and tell next to nothing.
        let core = if writing.len() > 12 {
            &writing[4..writing.len() - 4]
        } else {
            &writing
        };
        assert!(!text.contains(core), "{writing} in {text}");
    }
}

#[tokio::test]
async fn an_echo_gives_the_stand_in_back() {
    for writing in writings(SECRET) {
        let body = format!("before {writing} after");
        let (call, answered) = ask(move || answer(200, body.clone())).await;
        let text = String::from_utf8(answered.expect("an answer").body).expect("text");
        assert!(text.contains(&call.stand_in), "{text}");
        assert!(
            text.starts_with("before ") && text.ends_with(" after"),
            "{text}"
        );
        without_secret(&text);
    }
}

#[tokio::test]
async fn headers_are_scrubbed_and_what_tells_of_the_body_is_dropped() {
    let (call, answered) = ask(|| {
        let mut answer = answer(
            401,
            format!("{{\"error\":\"bad key {}\"}}", SECRET.replace('"', "")),
        );
        for (name, value) in [
            ("etag", "\"1\""),
            ("content-md5", "x"),
            ("digest", "x"),
            ("content-digest", "x"),
            ("repr-digest", "x"),
            ("x-amz-checksum-sha256", "x"),
            ("x-goog-hash", "x"),
            ("x-kept", "yes"),
            ("retry-after", "3"),
        ] {
            answer
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        let percent = percent_encode(SECRET.as_bytes(), NON_ALPHANUMERIC).to_string();
        let echo =
            HeaderValue::from_str(&format!("https://evil.example/?k={percent}")).expect("a value");
        answer.headers_mut().insert("x-echo", echo);
        answer
    })
    .await;
    let answered = answered.expect("an answer");
    assert_eq!(answered.status, 401);
    let names: Vec<&str> = answered
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| *name != "date")
        .collect();
    assert_eq!(names, ["x-kept", "retry-after", "x-echo"]);
    let echo = &answered
        .headers
        .iter()
        .find(|(name, _)| name == "x-echo")
        .expect("the header")
        .1;
    assert_eq!(*echo, format!("https://evil.example/?k={}", call.stand_in));
}

#[tokio::test]
async fn what_needs_no_scrubbing_stays_as_it_is() {
    let (_, answered) = ask(|| {
        let mut answer = answer(200, "hello");
        answer
            .headers_mut()
            .insert("etag", HeaderValue::from_static("\"1\""));
        answer
    })
    .await;
    let answered = answered.expect("an answer");
    let header = |name: &str| {
        answered
            .headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(
        (header("etag"), header("content-length")),
        (Some("\"1\""), Some("5"))
    );
    assert_eq!(answered.body, b"hello");
}

#[tokio::test]
async fn redirects_are_handed_on_scrubbed_and_not_followed() {
    let trap = Upstream::quiet().await;
    let there = trap.origin.to_string();
    let (call, answered) = ask(move || {
        let mut answer = answer(307, "");
        let percent = percent_encode(SECRET.as_bytes(), NON_ALPHANUMERIC);
        let location = HeaderValue::from_str(&format!("{there}/{percent}")).expect("a value");
        answer.headers_mut().insert("location", location);
        answer
    })
    .await;
    let answered = answered.expect("an answer");
    assert_eq!(answered.status, 307);
    let location = &answered
        .headers
        .iter()
        .find(|(name, _)| name == "location")
        .expect("a location")
        .1;
    assert_eq!(*location, format!("{}/{}", trap.origin, call.stand_in));
    assert!(trap.seen().is_empty());
}

#[tokio::test]
async fn an_encoded_answer_is_refused() {
    for encoding in ["gzip", "br", "deflate", "identity, gzip", "x-unknown"] {
        let (_, answered) = ask(move || {
            let mut packed =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            packed
                .write_all(SECRET.as_bytes())
                .expect("a write to memory");
            let mut answer = answer(200, packed.finish().expect("a write to memory"));
            answer
                .headers_mut()
                .insert("content-encoding", HeaderValue::from_static(encoding));
            answer
        })
        .await;
        let failure = answered.expect_err("a refusal");
        assert_eq!(failure.code, FailureCode::Unreachable, "{encoding}");
        assert!(failure.message.contains("content-encoding"), "{failure}");
    }
    let (_, answered) = ask(|| {
        let mut answer = answer(200, "plain");
        answer
            .headers_mut()
            .insert("content-encoding", HeaderValue::from_static("identity"));
        answer
    })
    .await;
    assert_eq!(answered.expect("an answer").body, b"plain");
}

#[tokio::test]
async fn text_is_scrubbed_like_answers() {
    let (call, _, _) = Call::quiet().await;
    for writing in writings(SECRET) {
        let text = call.session.scrub(&format!("plugin says: {writing}; bye"));
        assert!(text.contains(&call.stand_in), "{text}");
        assert_eq!(
            text.as_bytes(),
            call.session
                .scrub_bytes(format!("plugin says: {writing}; bye").as_bytes())
        );
    }
    assert_eq!(call.session.scrub("nothing here"), "nothing here");
    assert!(call.session.is_stand_in(&call.stand_in));
    assert!(!call.session.is_stand_in("clv"));
    assert!(call.session.captured(&call.stand_in).is_none());
}
