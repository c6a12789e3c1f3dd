//! Requests put together at random, stand-ins anywhere in them: the secret is at its declared place or it is not there.

use std::sync::LazyLock;

use claviger_test_guests::SENDER;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::stage::{Names, SECRET, Stage, assert_nothing_leaked, unwatched};
use super::support::trace::Canary;
use super::support::upstream::{Recorded, Reply};

/// One runtime and one stage for all cases: connections belong to the runtime that they were opened in.
static STAGE: LazyLock<(Runtime, Stage)> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let unwatched = unwatched(Names::default());
    let fine = |_: &Recorded| Reply::json(200, &json!({"fine": true}));
    let stage = runtime.block_on(Stage::on(unwatched, SENDER, json!({}), fine));
    (runtime, stage)
});

/// A text with stand-ins in it, whole, cut, encoded, and what is around them.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => Just("{secret}".to_owned()),
        1 => prop::sample::select(vec!["{secret|base64}", "{secret|percent}", "{secret|basic}", "{secret|half}", "{secret|upper}", "{secret|reverse}"]).prop_map(ToOwned::to_owned),
        1 => prop::sample::select(vec!["{second}", "{nowhere}", "{signing_key}"]).prop_map(ToOwned::to_owned),
        2 => "[a-z0-9 =&?/.%+:@#-]{0,6}",
        1 => prop::sample::select(vec!["Bearer ", "Basic ", "key=", "%2e%2e/", "..", "//", "\u{e9}", "\"", "\\"]).prop_map(ToOwned::to_owned),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn url() -> impl Strategy<Value = String> {
    let origin = prop_oneof![
        8 => Just("https://upstream.example".to_owned()),
        1 => prop::sample::select(vec!["https://evil.example", "http://upstream.example", "https://upstream.example:444", "https://second.example"]).prop_map(ToOwned::to_owned),
        1 => text().prop_map(|text| format!("https://{text}@upstream.example")),
        1 => text().prop_map(|text| format!("https://{text}.upstream.example")),
    ];
    let path = prop_oneof![
        6 => prop::sample::select(vec!["/header", "/query", "/json", "/form", "/path", "/basic", "/capture", "/other", "/header/../other", "/path/%2e%2e/header"]).prop_map(ToOwned::to_owned),
        2 => text().prop_map(|text| format!("/path/{text}")),
        1 => text().prop_map(|text| format!("/{text}")),
    ];
    let query = prop_oneof![
        4 => Just(String::new()),
        2 => text().prop_map(|text| format!("?key={text}")),
        2 => (text(), text()).prop_map(|(name, value)| format!("?{name}={value}&key=x")),
        1 => text().prop_map(|text| format!("#{text}")),
    ];
    (origin, path, query).prop_map(|(origin, path, query)| format!("{origin}{path}{query}"))
}

fn body() -> impl Strategy<Value = (Option<&'static str>, Option<String>)> {
    let content_type = prop::option::of(prop::sample::select(vec![
        "application/json",
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
    ]));
    let content = prop_oneof![
        2 => Just(None),
        2 => text().prop_map(Some),
        2 => text().prop_map(|text| Some(json!({"auth": {"key": text}}).to_string())),
        1 => (text(), text()).prop_map(|(one, other)| Some(json!({"list": [{"key": one}, {other: "x"}], "auth": [1]}).to_string())),
        2 => (text(), text()).prop_map(|(one, other)| Some(format!("a={one}&key={other}"))),
    ];
    (content_type, content)
}

fn step() -> impl Strategy<Value = Value> {
    let header = prop_oneof![
        4 => prop::sample::select(vec!["authorization", "x-api-key", "x-second", "cookie", "host", "referer", "x-other", "content-type", "accept"]).prop_map(ToOwned::to_owned),
        1 => text(),
    ];
    let headers = prop::collection::vec((header, text()), 0..3);
    let method = prop_oneof![
        8 => prop::sample::select(vec!["GET", "POST"]).prop_map(ToOwned::to_owned),
        1 => prop::sample::select(vec!["PUT", "DELETE", "get", "CONNECT", "TRACE"]).prop_map(ToOwned::to_owned),
        1 => text(),
    ];
    (method, url(), headers, body()).prop_map(|(method, url, headers, (content_type, body))| {
        let mut headers: Vec<(String, String)> = headers;
        headers.extend(content_type.map(|it| ("content-type".to_owned(), it.to_owned())));
        json!({"name": "one", "method": method, "url": url, "headers": headers, "body": body})
    })
}

/// The request without what is at the places that the manifest declares for its path.
fn elsewhere(request: &Recorded) -> Vec<u8> {
    let get_or_post = ["GET", "POST"].contains(&request.method.as_str());
    let declared = |header: &str| match request.path() {
        path if path == "/header" || path.starts_with("/header/") => {
            get_or_post && ["authorization", "x-api-key"].contains(&header)
        }
        path if path == "/basic" || path.starts_with("/basic/") => {
            request.method == "GET" && header == "authorization"
        }
        path if path == "/capture" || path.starts_with("/capture/") => {
            get_or_post && header == "authorization"
        }
        _ => false,
    };
    let mut rest = Vec::new();
    for (name, value) in &request.headers {
        if !declared(name) {
            rest.push(format!("{name}: {value}"));
        }
    }
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    if path.starts_with("/path/") && request.method == "GET" {
        // A whole segment is a place; a part of one would still show.
        let encoded = |segment: &&str| !segments_of_secret().contains(segment);
        rest.push(
            path.split('/')
                .filter(encoded)
                .collect::<Vec<_>>()
                .join("/"),
        );
    } else {
        rest.push(path.to_owned());
    }
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let kept = pairs.filter(|(name, value)| {
        !(path.starts_with("/query") && request.method == "GET" && name == "key" && value == SECRET)
    });
    rest.extend(kept.map(|(name, value)| format!("{name}={value}")));
    if request.method == "POST" && path.starts_with("/json") {
        let mut body: Value =
            serde_json::from_slice(&request.body).unwrap_or_else(|_| json!(request.text()));
        if let Some(key) = body.pointer_mut("/auth/key") {
            blank(key);
        }
        for item in body
            .get_mut("list")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(key) = item.get_mut("key") {
                blank(key);
            }
        }
        rest.push(body.to_string());
    } else if request.method == "POST" && path.starts_with("/form") {
        let pairs = url::form_urlencoded::parse(&request.body);
        rest.extend(
            pairs
                .filter(|(name, value)| !(name == "key" && value == SECRET))
                .map(|(name, value)| format!("{name}={value}")),
        );
    } else {
        rest.push(request.text());
    }
    rest.join("\n").into_bytes()
}

/// Takes the secret out of a string at a declared place; it may be a part of it, or there more than once.
fn blank(value: &mut Value) {
    if let Value::String(text) = value {
        *text = text.replace(SECRET, "");
    }
}

/// The secret as a path segment, as encoders differ in what they leave.
fn segments_of_secret() -> &'static [&'static str] {
    static FORMS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let strict: String = SECRET
            .bytes()
            .map(|b| {
                if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                    char::from(b).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect();
        let lenient: String = SECRET
            .bytes()
            .map(|b| {
                if b.is_ascii_alphanumeric() || b"-._~&=+".contains(&b) {
                    char::from(b).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect();
        vec![
            Box::leak(strict.into_boxed_str()),
            Box::leak(lenient.into_boxed_str()),
        ]
    });
    &FORMS
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_secret_is_at_its_place_or_not_there(step in step()) {
        let (runtime, stage) = &*STAGE;
        stage.upstream.forget();
        let outcome = runtime.block_on(stage.script(json!([step])));
        assert_nothing_leaked(&outcome);
        let canary = Canary::new(SECRET);
        for request in stage.upstream.requests() {
            if let Some((form, ..)) = canary.found_in(&elsewhere(&request)) {
                prop_assert!(false, "the secret went elsewhere ({form}): {step}\n{}", request.raw_text());
            }
            for other in ["second-secret-0123456789", "nowhere-secret-0123456789", "signing-key-0123456789"] {
                let allowed = other.starts_with("second") && request.method == "GET" && request.path().starts_with("/header");
                prop_assert!(allowed || Canary::new(other).found_in(&request.raw).is_none(), "{other}: {step}\n{}", request.raw_text());
            }
        }
    }
}
