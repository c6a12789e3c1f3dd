//! Rule 1: anywhere but at its declared places a stand-in ends the request, and nothing is sent.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::call::*;
use crate::egress::{FailureCode, OutboundRequest};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A secret that a header can hold.
const PLAIN: &str = "sk-proj-0123456789abcdefghij";

fn header(name: &str, value: impl Into<String>) -> OutboundRequest {
    with_header(get(format!("{API}/v1/models")), name, value)
}

#[expect(
    clippy::too_many_lines,
    reason = "one list of what must be denied, to be read from top to bottom"
)]
#[tokio::test]
async fn anywhere_else_is_denied_and_nothing_is_sent() {
    let (mut call, api, other) = Call::quiet().await;
    let s = call.stand_in.clone();
    let upper = s.to_uppercase();
    let escaped = s
        .bytes()
        .map(|b| format!("%{b:02x}"))
        .collect::<Vec<_>>()
        .concat();
    let hex = s
        .bytes()
        .map(|b| format!("{b:02x}"))
        .collect::<Vec<_>>()
        .concat();
    let units = s
        .bytes()
        .map(|b| format!("\\u{b:04x}"))
        .collect::<Vec<_>>()
        .concat();
    let v1 = format!("{API}/v1/x");
    let json = |body: String| post(&*v1, JSON, body);
    let form = |body: String| post(&*v1, FORM, body);
    let basic = |text: String| header("authorization", format!("Basic {}", STANDARD.encode(text)));
    let in_place = |url: String| with_header(get(url), "x-api-key", &*s);
    let requests = vec![
        // Other origins, methods and paths.
        in_place(format!("{OTHER}/v1/x")),
        in_place("https://evil.example/v1/x".to_owned()),
        in_place("http://api.example.com/v1/x".to_owned()),
        in_place("https://api.example.com:8443/v1/x".to_owned()),
        in_place("https://api.example.com.evil.example/v1/x".to_owned()),
        in_place(format!("{API}/")),
        in_place(format!("{API}/v2/x")),
        in_place(format!("{API}/v1x")),
        in_place(format!("{API}/v1/../evil")),
        in_place(format!("{API}/v1/%2e%2e/evil")),
        in_place(format!("{API}/v1/.%2E/evil")),
        in_place(format!("{API}/v1\\..\\evil")),
        in_place(format!("{API}/v1/..%2fevil")),
        in_place(format!("{API}/v1/..%5Cevil")),
        in_place(format!("{API}/v1/%252e%252e%252fevil")),
        in_place(format!("{API}/v1/..;/evil")),
        in_place(format!("{API}//v1/x")),
        in_place(format!("{API}/v1//x")),
        in_place(format!("{API}/V1/x")),
        OutboundRequest {
            method: "PUT".to_owned(),
            ..header("x-api-key", &*s)
        },
        OutboundRequest {
            method: "GET-X".to_owned(),
            ..header("x-api-key", &*s)
        },
        // Other positions.
        OutboundRequest {
            method: upper.clone(),
            ..get(&*v1)
        },
        get(format!("https://{s}.example.com/")),
        get(format!("https://{s}@api.example.com/v1/x")),
        get(format!("https://user:{s}@api.example.com/v1/x")),
        get(format!("{v1}#{s}")),
        get(format!("{v1}?{s}=1")),
        get(format!("{v1}?{s}")),
        get(format!("{v1}?other={s}")),
        get(format!("{v1}?key=x{s}")),
        get(format!("{v1}?key={s};x=1")),
        get(format!("{v1}?key={s}&key=1")),
        get(format!("{v1}?key=1&k%65y={s}")),
        get(format!("{v1}?key={s}&%6bey")),
        get(format!("{v1}?key={escaped}")),
        get(format!("{v1}?key={upper}")),
        get(format!("{v1}/{s}")),
        get(format!("{API}/v1/hooks/x{s}")),
        get(format!("{API}/v1/hooks/{s}.json")),
        get(format!("{API}/v1/hooks/{escaped}")),
        header("x-other", &*s),
        header("cookie", format!("key={s}")),
        header(&s, "x"),
        header(&upper, "x"),
        header("host", &*s),
        header("proxy-authorization", format!("Bearer {s}")),
        header("accept-encoding", &*s),
        header("authorization", format!("Bearer {upper}")),
        header("authorization", format!("Bearer {escaped}")),
        header("authorization", format!("Bearer {hex}")),
        header("authorization", format!("Bearer {}", STANDARD.encode(&s))),
        header(
            "authorization",
            format!("Bearer {}", URL_SAFE_NO_PAD.encode(format!("x{s}"))),
        ),
        with_header(header("x-api-key", &*s), "X-API-Key", "other"),
        with_header(header("x-api-key", "other"), "X-Api-Key", &*s),
        basic(s.clone()),
        basic(format!("{s}:x")),
        basic(format!("{s}:{s}")),
        basic(format!("user:x{s}")),
        basic(format!("user:{s}:x")),
        basic(format!("user:{}", STANDARD.encode(&s))),
        with_header(
            get(&*v1),
            "x-api-key",
            format!("Basic {}", STANDARD.encode(format!("u:{s}"))),
        ),
        form(format!("other={s}")),
        form(format!("{s}=x")),
        form(format!("token=x{s}")),
        form(format!("token={s}&token=x")),
        form(format!("token={escaped}")),
        json(format!(r#"{{"{s}":1}}"#)),
        json(format!(r#"{{"other":"{s}"}}"#)),
        json(format!(r#"{{"data":"{s}"}}"#)),
        json(format!(r#"{{"data":{{"value":"{s}"}}}}"#)),
        json(format!(r#"{{"data":[{{"value":["{s}"]}}]}}"#)),
        json(format!(r#"{{"data":[{{"value":{{"{s}":1}}}}]}}"#)),
        json(format!(r#"{{"data":[{{"value":"x","value":"{s}"}}]}}"#)),
        json(format!(
            r#"{{"data":[{{"value":"{s}","v\u0061lue":"x"}}]}}"#
        )),
        json(format!(r#"{{"data":[1],"data":[{{"value":"{s}"}}]}}"#)),
        json(format!(r#"{{"data":[{{"value":"{units}"}}]}}"#)),
        json(format!(r#"{{"data":[{{"value":"\u000{s}"}}]}}"#)),
        json(format!(
            r#"{{"data":[{{"value":"{s}"}},{{"value":"{upper}"}}]}}"#
        )),
        json(format!(r#"{{"data":[{{"value":"{s}"}}]"#)),
        json(format!(r#"{{"data":[{{"value":"{s}"}}]}} x"#)),
        json(format!("\"{s}\"")),
        json(s.clone()),
        post(&*v1, "text/plain", s.clone()),
        post(
            &*v1,
            "multipart/form-data; boundary=x",
            format!("--x\r\n\r\n{s}\r\n--x--"),
        ),
        post(
            &*v1,
            "application/json; charset=utf-16",
            format!(r#"{{"data":[{{"value":"{s}"}}]}}"#),
        ),
        post(&*v1, FORM, format!(r#"{{"data":[{{"value":"{s}"}}]}}"#)),
        with_header(
            json(format!(r#"{{"data":[{{"value":"{s}"}}]}}"#)),
            "content-encoding",
            "gzip",
        ),
        with_header(
            json(format!(r#"{{"data":[{{"value":"{s}"}}]}}"#)),
            "content-type",
            FORM,
        ),
        with_header(form(format!("token={s}")), "content-type", JSON),
        OutboundRequest {
            body: Some(s.clone().into_bytes()),
            ..get(&*v1)
        },
    ];
    let count = requests.len();
    for (number, request) in requests.into_iter().enumerate() {
        let told = format!("{request:?}");
        let failure = call.send(request).await.expect_err(&told);
        assert_eq!(failure.code, FailureCode::Denied, "{told}: {failure}");
        assert_eq!(call.session.denials().len(), (number + 1).min(64), "{told}");
    }
    assert!(
        count > 64,
        "the list is longer than what a call keeps of it"
    );
    assert!(api.seen().is_empty(), "{:?}", api.seen());
    assert!(other.seen().is_empty(), "{:?}", other.seen());
    assert!(!call.session.subject_sent());
    for denial in call.session.denials() {
        assert!(!denial.reason.contains(SECRET) && !denial.reason.is_empty());
        assert!(!denial.target.contains("/v1"), "{}", denial.target);
    }
}

#[tokio::test]
async fn a_secret_goes_only_where_it_was_stored_for() {
    let (_, api, other) = Call::quiet().await;
    let mut subject = credential("api_key", PLAIN);
    subject.origins = vec![origin(OTHER)];
    let mut call = Call::with(rules(&api, &other), &subject);
    let failure = call
        .send(header("x-api-key", call.stand_in.clone()))
        .await
        .expect_err("a denial");
    assert_eq!(failure.code, FailureCode::Denied);
    assert!(failure.message.contains("stored for"), "{failure}");
    assert!(api.seen().is_empty());
}

#[tokio::test]
async fn a_kind_that_the_grant_does_not_have_goes_nowhere() {
    let (_, api, other) = Call::quiet().await;
    let mut call = Call::with(rules(&api, &other), &credential("opaque", PLAIN));
    let failure = call
        .send(header("x-api-key", call.stand_in.clone()))
        .await
        .expect_err("a denial");
    assert_eq!(failure.code, FailureCode::Denied);
    assert!(api.seen().is_empty());
}
