//! Rule 1 and rule 3: a secret goes to its declared places, encoded as each needs, and nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use super::call::*;
use crate::egress::{FailureCode, OutboundRequest};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A secret that a header can hold.
const PLAIN: &str = "sk-proj-0123456789abcdefghij";

fn header(name: &str, value: impl Into<String>) -> OutboundRequest {
    with_header(get(format!("{API}/v1/models")), name, value)
}

#[tokio::test]
async fn a_header_holds_the_secret_beside_other_words() {
    let (_, api, other) = Call::quiet().await;
    let mut call = Call::with(rules(&api, &other), &credential("api_key", PLAIN));
    let stand_in = call.stand_in.clone();
    call.send(header("Authorization", format!("Bearer {stand_in}")))
        .await
        .expect("an answer");
    assert_eq!(
        api.only().header("authorization"),
        format!("Bearer {PLAIN}")
    );
    assert!(call.session.subject_sent());
}

#[tokio::test]
async fn a_query_value_is_percent_encoded() {
    let (mut call, api, _) = Call::quiet().await;
    let url = format!("{API}/v1/models?a=1&key={}&b=%20", call.stand_in);
    call.send(get(url)).await.expect("an answer");
    let target = api.only().target;
    let value = target
        .strip_prefix("/v1/models?a=1&key=")
        .and_then(|rest| rest.strip_suffix("&b=%20"))
        .expect("a value");
    assert_eq!(
        percent_decode_str(value).decode_utf8().expect("text"),
        SECRET
    );
    assert!(!value.contains(['&', '=', '+', ' ', '"', ';']), "{value}");
}

#[tokio::test]
async fn a_path_segment_is_percent_encoded_and_stays_one() {
    let (mut call, api, _) = Call::quiet().await;
    call.send(get(format!("{API}/v1/hooks/{}/end", call.stand_in)))
        .await
        .expect("an answer");
    let target = api.only().target;
    let segments: Vec<&str> = target.split('/').collect();
    assert_eq!(segments.len(), 5, "{target}");
    assert_eq!(
        percent_decode_str(segments[3]).decode_utf8().expect("text"),
        SECRET
    );
}

#[tokio::test]
async fn a_form_value_is_form_encoded() {
    let (mut call, api, _) = Call::quiet().await;
    let body = format!("a=%2B&token={}&b=x+y", call.stand_in);
    call.send(post(format!("{API}/v1/auth.test"), FORM, body))
        .await
        .expect("an answer");
    let seen = api.only();
    let pairs: Vec<_> = url::form_urlencoded::parse(&seen.body)
        .into_owned()
        .collect();
    let expected = [("a", "+"), ("token", SECRET), ("b", "x y")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(pairs, expected);
    assert_eq!(seen.header("content-length"), seen.body.len().to_string());
}

#[tokio::test]
async fn a_json_string_is_escaped_and_the_rest_stays_as_it_was() {
    let (mut call, api, _) = Call::quiet().await;
    let body = |word: &str| {
        format!(
            r#"{{ "n": 123456789012345678901234567890, "data":[{{"value" : "Bearer {word}!"}}] }}"#
        )
    };
    let request = post(
        format!("{API}/v1/credentials"),
        "application/json; charset=utf-8",
        body(&call.stand_in),
    );
    call.send(request).await.expect("an answer");
    let escaped = serde_json::to_string(SECRET).expect("JSON");
    assert_eq!(api.only().text(), body(escaped.trim_matches('"')));
}

#[tokio::test]
async fn the_password_of_basic_authentication_is_replaced_inside_its_base64() {
    let (mut call, api, _) = Call::quiet().await;
    let credentials = STANDARD.encode(format!("user:{}", call.stand_in));
    call.send(header("authorization", format!("Basic {credentials}")))
        .await
        .expect("an answer");
    assert_eq!(
        api.only().header("authorization"),
        format!("Basic {}", STANDARD.encode(format!("user:{SECRET}")))
    );
}

#[tokio::test]
async fn a_granted_origin_needs_no_secret() {
    let (mut call, _, other) = Call::quiet().await;
    let answer = call
        .send(post(
            format!("{OTHER}/any//thing/..;/x?y"),
            "text/plain",
            "hello",
        ))
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, b"{}".as_slice())
    );
    assert_eq!(other.only().text(), "hello");
    assert!(!call.session.subject_sent());
    assert!(call.session.denials().is_empty());
}

#[tokio::test]
async fn a_secret_that_would_break_a_header_is_invalid_input() {
    for secret in [
        "with\r\nx-injected: 1",
        "with\nline",
        "with\rreturn",
        "with\0nul",
        "with\u{1}control",
    ] {
        let (_, api, other) = Call::quiet().await;
        let mut call = Call::with(rules(&api, &other), &credential("api_key", secret));
        let failure = call
            .send(header("x-api-key", call.stand_in.clone()))
            .await
            .expect_err("a failure");
        assert_eq!(failure.code, FailureCode::InvalidInput, "{secret:?}");
        assert!(api.seen().is_empty());
        // In Basic authentication it is base64, which holds anything.
        let basic = STANDARD.encode(format!("user:{}", call.stand_in));
        call.send(header("authorization", format!("Basic {basic}")))
            .await
            .expect("an answer");
    }
}

#[tokio::test]
async fn a_secret_that_would_climb_out_of_a_path_is_invalid_input() {
    for secret in [
        "../../admin",
        "x/../../admin",
        "..\\..\\admin",
        "....//..;/x",
        "with\0nul-byte",
    ] {
        let (_, api, other) = Call::quiet().await;
        let mut call = Call::with(rules(&api, &other), &credential("api_key", secret));
        let failure = call
            .send(get(format!("{API}/v1/hooks/{}", call.stand_in)))
            .await
            .expect_err("a failure");
        assert_eq!(failure.code, FailureCode::InvalidInput, "{secret:?}");
        assert!(api.seen().is_empty());
    }
}

#[tokio::test]
async fn the_hosts_own_headers_are_not_the_guests_to_set() {
    let (mut call, api, _) = Call::quiet().await;
    let mut request = post(format!("{API}/v1/x"), "text/plain", "hello");
    for (name, value) in [
        ("Host", "evil.example"),
        ("content-length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("expect", "100-continue"),
        ("proxy-authorization", "x"),
        ("Proxy-Connection", "x"),
        ("range", "bytes=0-1"),
        ("accept-encoding", "gzip"),
        ("keep-alive", "x"),
        ("x-kept", "yes"),
    ] {
        request = with_header(request, name, value);
    }
    call.send(request).await.expect("an answer");
    let seen = api.only();
    let mut names: Vec<&str> = seen.headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept-encoding",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "x-kept"
        ]
    );
    assert_eq!(seen.header("accept-encoding"), "identity");
    assert_eq!(
        format!("http://{}", seen.header("host")),
        api.origin.to_string()
    );
    assert_eq!(seen.text(), "hello");
}

#[tokio::test]
async fn what_is_too_much_or_unknown_is_said_so() {
    let (mut call, api, _) = Call::quiet().await;
    let v1 = format!("{API}/v1/x");
    let mut many = get(&*v1);
    many.headers = (0..65)
        .map(|number| (format!("x-{number}"), String::new()))
        .collect();
    let option = OutboundRequest {
        options: vec![("proxy".to_owned(), "x".to_owned())],
        ..get(&*v1)
    };
    for (request, code) in [
        (many, FailureCode::InvalidInput),
        (
            with_header(get(&*v1), "x-long", "x".repeat(40_000)),
            FailureCode::InvalidInput,
        ),
        (
            post(&*v1, JSON, vec![b'x'; 1024 * 1024 + 1]),
            FailureCode::InvalidInput,
        ),
        (
            get(format!("{v1}?{}", "x".repeat(20_000))),
            FailureCode::InvalidInput,
        ),
        (get("ftp://api.example.com/"), FailureCode::InvalidInput),
        (get("/v1/x"), FailureCode::InvalidInput),
        (get(""), FailureCode::InvalidInput),
        (
            get("https://user@api.example.com/v1/x"),
            FailureCode::InvalidInput,
        ),
        (
            with_header(get(&*v1), "x-a", "line\r\nx-b: 1"),
            FailureCode::InvalidInput,
        ),
        (
            with_header(get(&*v1), "x a", "1"),
            FailureCode::InvalidInput,
        ),
        (with_header(get(&*v1), "", "1"), FailureCode::InvalidInput),
        (
            OutboundRequest {
                method: "CONNECT".to_owned(),
                ..get(&*v1)
            },
            FailureCode::InvalidInput,
        ),
        (
            OutboundRequest {
                method: "TRACE".to_owned(),
                ..get(&*v1)
            },
            FailureCode::InvalidInput,
        ),
        (
            OutboundRequest {
                method: "GET / HTTP/1.1\r\n".to_owned(),
                ..get(&*v1)
            },
            FailureCode::InvalidInput,
        ),
        (option, FailureCode::Unsupported),
    ] {
        let told = format!(
            "{} {}",
            request.method,
            request.url.chars().take(60).collect::<String>()
        );
        assert_eq!(
            call.send(request).await.expect_err(&told).code,
            code,
            "{told}"
        );
    }
    assert!(api.seen().is_empty());
}
