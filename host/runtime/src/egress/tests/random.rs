//! Random requests with stand-ins in every position, at a provider that echoes everything in every encoding: whatever
//! arrives has the secret at declared places only, and whatever comes back has it nowhere.

use std::cell::Cell;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::answers::writings;
use super::call::*;
use super::upstream::{Answer, Seen, Upstream, answer};
use crate::egress::{FailureCode, OutboundRequest};

/// A piece of a request; the stand-in is put in when there is one.
#[derive(Debug, Clone)]
enum Piece {
    Word(&'static str),
    StandIn,
    Bearer,
    Basic(&'static str),
    BasicUser,
    Inside,
    Twice,
    Upper,
    Percent,
    Hex,
    Base64,
    Units,
}

impl Piece {
    fn text(&self, s: &str) -> String {
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::StandIn => s.to_owned(),
            Self::Bearer => format!("Bearer {s}"),
            Self::Basic(user) => format!("Basic {}", STANDARD.encode(format!("{user}:{s}"))),
            Self::BasicUser => format!("Basic {}", STANDARD.encode(format!("{s}:x"))),
            Self::Inside => format!("x{s}y"),
            Self::Twice => format!("{s},{s}"),
            Self::Upper => s.to_uppercase(),
            Self::Percent => s
                .bytes()
                .map(|b| format!("%{b:02X}"))
                .collect::<Vec<_>>()
                .concat(),
            Self::Hex => s
                .bytes()
                .map(|b| format!("{b:02x}"))
                .collect::<Vec<_>>()
                .concat(),
            Self::Base64 => URL_SAFE_NO_PAD.encode(s),
            Self::Units => s
                .bytes()
                .map(|b| format!("\\u{b:04x}"))
                .collect::<Vec<_>>()
                .concat(),
        }
    }
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        24 => prop::sample::select(vec!["x", "y", "", "a b"]).prop_map(Piece::Word),
        2 => prop::sample::select(vec!["..", "%2e%2e", "/", "\"", "\\", "&key=1", "#", "?"]).prop_map(Piece::Word),
        8 => Just(Piece::StandIn),
        3 => Just(Piece::Bearer),
        2 => prop::sample::select(vec!["", "user", "us"]).prop_map(Piece::Basic),
        1 => prop::sample::select(vec![
            Piece::BasicUser,
            Piece::Inside,
            Piece::Twice,
            Piece::Upper,
            Piece::Percent,
            Piece::Hex,
            Piece::Base64,
            Piece::Units,
        ]),
    ]
}

fn named(
    names: &'static [&'static str],
    most: usize,
) -> impl Strategy<Value = Vec<(Piece, Piece)>> {
    let name = prop_oneof![20 => prop::sample::select(names).prop_map(Piece::Word), 1 => piece()];
    prop::collection::vec((name, piece()), 0..=most)
}

#[derive(Debug, Clone)]
enum Body {
    None,
    Form(Vec<(Piece, Piece)>),
    Json(Vec<(Piece, Piece)>),
    Text(Vec<Piece>),
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        3 => Just(Body::None),
        2 => named(&["token", "tok%65n", "other"], 3).prop_map(Body::Form),
        2 => named(&["value", "v\\u0061lue", "other", "data"], 3).prop_map(Body::Json),
        1 => prop::collection::vec(piece(), 0..3).prop_map(Body::Text),
    ]
}

#[derive(Debug, Clone)]
struct Case {
    method: &'static str,
    origin: &'static str,
    path: Vec<Piece>,
    query: Vec<(Piece, Piece)>,
    headers: Vec<(Piece, Piece)>,
    body: Body,
    content_type: &'static str,
}

fn case() -> impl Strategy<Value = Case> {
    let prefix = prop::sample::select(vec![
        &["v1"] as &[_],
        &["v1", "hooks"],
        &["v1", "hooks"],
        &["v1", "models"],
        &["v2"],
        &[],
    ]);
    let path = (prefix, prop::collection::vec(piece(), 0..2)).prop_map(|(prefix, rest)| {
        prefix
            .iter()
            .map(|word| Piece::Word(word))
            .chain(rest)
            .collect::<Vec<_>>()
    });
    (
        prop::sample::select(vec!["GET", "GET", "POST", "POST", "POST", "PUT"]),
        prop::sample::select(vec![
            API,
            API,
            API,
            API,
            API,
            API,
            OTHER,
            "https://evil.example",
        ]),
        path,
        named(&["key", "k%65y", "other"], 2),
        named(
            &[
                "authorization",
                "x-api-key",
                "x-other",
                "cookie",
                "host",
                "range",
            ],
            2,
        ),
        body(),
        prop::sample::select(vec![
            "",
            "",
            "",
            "",
            "text/plain",
            "application/json",
            "application/x-www-form-urlencoded",
        ]),
    )
        .prop_map(
            |(method, origin, path, query, headers, body, content_type)| Case {
                method,
                origin,
                path,
                query,
                headers,
                body,
                content_type,
            },
        )
}

impl Case {
    fn request(&self, s: &str) -> OutboundRequest {
        let text = |piece: &Piece| piece.text(s);
        let pairs = |pairs: &[(Piece, Piece)]| {
            pairs
                .iter()
                .map(|(name, value)| format!("{}={}", text(name), text(value)))
                .collect::<Vec<_>>()
                .join("&")
        };
        let path = self
            .path
            .iter()
            .map(|piece| format!("/{}", text(piece)))
            .collect::<Vec<_>>()
            .concat();
        let query = if self.query.is_empty() {
            String::new()
        } else {
            format!("?{}", pairs(&self.query))
        };
        let (usual, body) = match &self.body {
            Body::None => ("", None),
            Body::Form(fields) => ("application/x-www-form-urlencoded", Some(pairs(fields))),
            Body::Json(fields) => {
                let field = |(name, value): &(Piece, Piece)| {
                    format!(r#""{}":"{}""#, text(name), text(value))
                };
                let fields = fields.iter().map(field).collect::<Vec<_>>().join(", ");
                (
                    "application/json",
                    Some(format!(r#"{{"data": [1, {{{fields}}}]}}"#)),
                )
            }
            Body::Text(pieces) => ("text/plain", Some(pieces.iter().map(text).collect())),
        };
        let content_type = if self.content_type.is_empty() {
            usual
        } else {
            self.content_type
        };
        let mut headers: Vec<(String, String)> = self
            .headers
            .iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect();
        if !content_type.is_empty() {
            headers.push(("content-type".to_owned(), content_type.to_owned()));
        }
        OutboundRequest {
            method: self.method.to_owned(),
            url: format!("{}{path}{query}", self.origin),
            headers,
            body: body.map(String::into_bytes),
            ..OutboundRequest::default()
        }
    }
}

/// Says everything that arrived, once in each encoding, a line each.
fn echo(seen: &Seen) -> Answer {
    let all = seen.everything();
    let text = String::from_utf8_lossy(&all);
    let hex = all
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect::<Vec<_>>()
        .concat();
    let lines = [
        text.replace('\n', " "),
        Value::String(text.clone().into_owned()).to_string(),
        percent_encode(&all, NON_ALPHANUMERIC).to_string(),
        url::form_urlencoded::byte_serialize(&all).collect(),
        hex.to_uppercase(),
        hex,
        STANDARD.encode(&all),
        URL_SAFE_NO_PAD.encode(&all),
    ];
    let mut answer = answer(200, lines.join("\n"));
    for name in ["authorization", "x-api-key"] {
        if let Some(value) = seen.headers.get(name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    if let Ok(target) = HeaderValue::from_str(&seen.target) {
        answer.headers_mut().insert("location", target);
    }
    answer
}

/// What is left of an arrived request once the secret is taken out of its declared places.
fn beside_the_places(seen: &Seen) -> Seen {
    let mut seen = seen.clone();
    let (path, query) = seen
        .target
        .split_once('?')
        .map_or((seen.target.as_str(), ""), |(path, query)| (path, query));
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let declared =
        segments.first() == Some(&"v1") && ["GET", "POST"].contains(&seen.method.as_str());
    if !declared {
        return seen;
    }
    let is_secret = |text: &str| percent_decode_str(text).decode_utf8_lossy() == SECRET;
    let hooks = segments.get(1) == Some(&"hooks");
    let path: Vec<&str> = segments
        .iter()
        .enumerate()
        .map(|(at, s)| {
            if hooks && at > 1 && is_secret(s) {
                ""
            } else {
                s
            }
        })
        .collect();
    let without = |pairs: &str, wanted: &str| {
        let named = |pair: &&str| {
            percent_decode_str(pair.split('=').next().unwrap_or("")).decode_utf8_lossy() == wanted
        };
        let only = pairs.split('&').filter(named).count() == 1;
        let keep = |pair: &&str| {
            !(only
                && named(pair)
                && pair
                    .split_once('=')
                    .is_some_and(|(_, value)| is_secret(value)))
        };
        pairs.split('&').filter(keep).collect::<Vec<_>>().join("&")
    };
    let query = without(query, "key");
    seen.target = format!("/{}?{query}", path.join("/"));

    let content_type = seen
        .headers
        .get("content-type")
        .map_or("", |value| value.to_str().expect("ASCII"))
        .to_owned();
    if content_type == "application/x-www-form-urlencoded" {
        seen.body = without(seen.text(), "token").into();
    } else if content_type == "application/json" {
        let mut document: Value = serde_json::from_slice(&seen.body).unwrap_or(json!(null));
        if let Some(items) = document.get_mut("data").and_then(Value::as_array_mut) {
            for item in items {
                if let Some(Value::String(text)) = item.get_mut("value") {
                    *text = text.replace(SECRET, "");
                }
            }
            seen.body = document.to_string().into();
        }
    }
    for name in ["authorization", "x-api-key"] {
        let Some(value) = seen.headers.remove(name) else {
            continue;
        };
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let decoded = text
            .strip_prefix("Basic ")
            .and_then(|text| STANDARD.decode(text).ok());
        let left = match decoded.and_then(|credentials| String::from_utf8(credentials).ok()) {
            // The password, and not the user name.
            Some(credentials) if name == "authorization" => credentials
                .strip_suffix(&format!(":{SECRET}"))
                .unwrap_or(&credentials)
                .to_owned(),
            _ => text.replace(SECRET, ""),
        };
        seen.headers.insert(
            "x-left",
            HeaderValue::from_bytes(left.as_bytes()).expect("what was a header before"),
        );
    }
    seen
}

fn has_secret(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    // Without its ends: what shares a character with its surroundings may be cut there.
    let is_in = |writing: &String| {
        let inner = &writing[4..writing.len() - 4];
        text.contains(inner) || decoded.contains(inner)
    };
    writings(SECRET).into_iter().find(is_in)
}

fn decodings(body: &str) -> Vec<Vec<u8>> {
    let unhex = |line: &str| {
        let pairs = line.as_bytes().chunks(2).map(std::str::from_utf8);
        pairs
            .map(|pair| u8::from_str_radix(pair.ok()?, 16).ok())
            .collect::<Option<Vec<u8>>>()
    };
    let mut all = Vec::new();
    for line in body.lines() {
        all.push(line.as_bytes().to_vec());
        all.push(percent_decode_str(line).collect());
        all.push(percent_decode_str(&line.replace('+', " ")).collect());
        all.extend(
            serde_json::from_str::<String>(line)
                .ok()
                .map(String::into_bytes),
        );
        all.extend(STANDARD.decode(line).ok());
        all.extend(URL_SAFE_NO_PAD.decode(line).ok());
        all.extend(unhex(line));
    }
    all
}

#[test]
fn the_secret_is_at_declared_places_only_and_never_comes_back() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (api, other) =
        runtime.block_on(async { (Upstream::start(echo).await, Upstream::start(echo).await) });
    let egress = super::super::PluginEgress::new(rules(&api, &other), std::sync::Arc::new(Nowhere));
    let egress = std::sync::Arc::new(egress.expect("a way out"));
    let (sent, denied) = (Cell::new(0), Cell::new(0));

    let mut runner = TestRunner::new(Config {
        cases: 4000,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&case(), |case| {
        let mut call = Call::of(&egress, &credential("api_key", SECRET));
        let stand_in = call.stand_in.clone();
        let request = case.request(&stand_in);
        let answered = runtime.block_on(call.send(request.clone()));

        for seen in other.take() {
            let all = String::from_utf8_lossy(&seen.everything()).into_owned();
            prop_assert_eq!(has_secret(&all), None, "{}", all);
        }
        let arrived = api.take();
        for seen in &arrived {
            let left = String::from_utf8_lossy(&beside_the_places(seen).everything()).into_owned();
            prop_assert_eq!(has_secret(&left), None, "{:?} left {}", seen, left);
            prop_assert!(
                !String::from_utf8_lossy(&seen.everything()).contains(&stand_in),
                "{:?}",
                seen
            );
            let with_secret = has_secret(&String::from_utf8_lossy(&seen.everything())).is_some();
            prop_assert_eq!(call.session.subject_sent(), with_secret);
            sent.set(sent.get() + usize::from(with_secret));
        }
        match answered {
            Ok(answer) => {
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                let headers = answer
                    .headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {value}"));
                let guests = format!("{}\n{body}", headers.collect::<Vec<_>>().join("\n"));
                prop_assert_eq!(has_secret(&guests), None, "{}", guests);
                for decoded in decodings(&guests) {
                    let inner = &SECRET.as_bytes()[1..SECRET.len() - 1];
                    prop_assert!(
                        !decoded.windows(inner.len()).any(|window| window == inner),
                        "{}",
                        guests
                    );
                }
            }
            Err(failure) => {
                prop_assert!(arrived.is_empty(), "{}", failure);
                prop_assert_eq!(has_secret(&failure.to_string()), None);
                let is_denial = failure.code == FailureCode::Denied;
                prop_assert_eq!(call.session.denials().len(), usize::from(is_denial));
                denied.set(denied.get() + usize::from(is_denial));
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(
        sent.get() > 100 && denied.get() > 500,
        "sent {}, denied {}",
        sent.get(),
        denied.get()
    );
}
