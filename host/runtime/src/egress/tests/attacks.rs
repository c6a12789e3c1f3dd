//! Plugins and providers that use the host's own care against it: to learn of a secret by what is replaced, or to make the
//! host work, wait or store without end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all, pending};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::call::*;
use super::upstream::{Upstream, answer};
use crate::egress::{
    Capture, EgressRules, Encoding, FailureCode, OutboundRequest, PluginEgress, Resolve, Signature,
    WantedSource,
};
use crate::manifest::{CaptureRule, CaptureSource};

const KEY: &str = "sk-proj-0123456789abcdefghij";

/// Grants the capture `word` of a JSON string, from any path of the provider.
fn capturing(upstream: &Upstream) -> EgressRules {
    let declared = place(API, "POST", "/v1", "path");
    let rule = CaptureRule {
        name: "word".to_owned(),
        origin: declared.origin,
        methods: declared.methods,
        path_prefix: declared.path_prefix,
        source: CaptureSource::JsonPointer("/word".to_owned()),
        places: Vec::new(),
    };
    EgressRules {
        captures: vec![rule],
        ..rules(upstream, upstream)
    }
}

fn capture(name: &str, source: WantedSource) -> Vec<Capture> {
    vec![Capture {
        name: name.to_owned(),
        source,
    }]
}

#[tokio::test]
async fn a_captured_guess_does_not_show_where_it_is_right() {
    // The provider says a word of the guest's choice, and shows the secret between texts that the guest knows.
    let upstream = Upstream::start(|seen| match seen.header("x-api-key") {
        "" => answer(200, seen.body.clone()),
        key => answer(200, format!("<<<<<<<<{key}>>>>>>>>")),
    })
    .await;
    for guess in ["<<<<<<<<sk-p", "<<<<<<<<sk-q", "hij>>>>>>>>", "hik>>>>>>>>"] {
        let mut call = Call::with(capturing(&upstream), &credential("api_key", KEY));
        let word = serde_json::json!({ "word": guess }).to_string();
        let request = OutboundRequest {
            captures: capture("word", WantedSource::JsonPointer("/word".to_owned())),
            ..post(format!("{API}/v1/x"), "application/json", word)
        };
        let captured = call.send(request).await.expect("an answer").captured;
        assert_eq!(captured.len(), 1, "{guess}");
        let stand_in = call.stand_in.clone();
        let request = with_header(get(format!("{API}/v1/x")), "x-api-key", &*stand_in);
        let seen = call.send(request).await.expect("an answer").body;
        let expected = format!("<<<<<<<<{stand_in}>>>>>>>>");
        assert_eq!(String::from_utf8_lossy(&seen), expected, "{guess}");
    }
}

#[tokio::test]
async fn no_expression_of_a_guests_is_compiled() {
    let upstream = Upstream::quiet().await;
    let mut call = Call::with(capturing(&upstream), &credential("api_key", KEY));
    for pattern in ["(".repeat(100_000), r"(\w{1000}{1000}{1000})".to_owned()] {
        let request = OutboundRequest {
            captures: capture("word", WantedSource::Pattern(pattern)),
            ..post(format!("{API}/v1/x"), "application/json", "{}")
        };
        let failure = call.send(request).await.expect_err("not declared");
        assert_eq!(failure.code, FailureCode::Denied);
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn an_answer_that_costs_too_much_to_search_is_not_passed_on() {
    let upstream = Upstream::start(|_| answer(200, vec![b'a'; 1 << 20])).await;
    let secret = [vec![b'a'; 4096], vec![b'b']].concat();
    let mut call = Call::with(rules(&upstream, &upstream), &credential("api_key", secret));
    for (method, code) in [
        ("GET", FailureCode::Unreachable),
        ("POST", FailureCode::UnknownOutcome),
    ] {
        let request = OutboundRequest {
            method: method.to_owned(),
            ..get(format!("{API}/v1/x"))
        };
        let failure = call.send(request).await.expect_err("a refusal");
        assert_eq!(failure.code, code);
        assert!(failure.message.contains("too often"), "{failure}");
    }
    let text = "a".repeat(1 << 20);
    assert!(call.session.scrub(&text).starts_with("[withheld"));
    assert!(
        call.session
            .scrub_bytes(text.as_bytes())
            .starts_with(b"[withheld")
    );
}

#[tokio::test]
async fn a_long_answer_is_scrubbed_to_its_end() {
    let filler = "x".repeat(300_000);
    let body = format!("{filler}{KEY}{filler}{KEY}");
    let upstream = Upstream::start(move |_| answer(200, body.clone())).await;
    let mut call = Call::with(rules(&upstream, &upstream), &credential("api_key", KEY));
    let answered = call
        .send(get(format!("{API}/v1/x")))
        .await
        .expect("an answer");
    let expected = format!("{filler}{0}{filler}{0}", call.stand_in);
    assert!(answered.body == expected.as_bytes());
}

#[tokio::test]
async fn a_call_sends_only_so_many_requests() {
    let upstream = Upstream::quiet().await;
    let mut call = Call::with(rules(&upstream, &upstream), &credential("api_key", KEY));
    for _ in 0..100 {
        call.send(get(format!("{API}/v1/x")))
            .await
            .expect("an answer");
    }
    let failure = call
        .send(get(format!("{API}/v1/x")))
        .await
        .expect_err("one too many");
    assert_eq!(failure.code, FailureCode::Denied);
    assert_eq!(upstream.seen().len(), 100);
}

#[tokio::test]
async fn failures_are_no_place_to_try_out_a_guess() {
    let upstream = Upstream::quiet().await;
    let mut told = Vec::new();
    // The first guess is right.
    for guess in [KEY, "sk-proj-a-wrong-guess-0123456"] {
        let mut call = Call::with(capturing(&upstream), &credential("api_key", KEY));
        let stand_in = call.stand_in.clone();
        let plain = || post(format!("{API}/v1/x"), "application/json", "{}");
        let signature = Signature {
            scheme: guess.to_owned(),
            secret: stand_in.clone(),
            parameters: Vec::new(),
        };
        let json = format!(r#"{{"{guess}":"{stand_in}"}}"#);
        let mut failures = Vec::new();
        for request in [
            OutboundRequest {
                options: vec![(guess.to_owned(), String::new())],
                ..plain()
            },
            OutboundRequest {
                signature: Some(signature),
                ..plain()
            },
            OutboundRequest {
                captures: capture(guess, WantedSource::Pattern(guess.to_owned())),
                ..plain()
            },
            with_header(plain(), guess, "\n"),
            with_header(plain(), guess, &*stand_in),
            post(format!("{API}/v1/x"), guess, &*stand_in),
            post(format!("{API}/v1/x"), "application/json", json),
            get(format!("{API}/v1/x?{guess}={stand_in}")),
            get(format!("{API}/v1/{guess}/{stand_in}")),
            get(format!("https://{guess}.example.com/")),
            OutboundRequest {
                method: guess.to_owned(),
                ..plain()
            },
        ] {
            failures.push(call.send(request).await.expect_err("a refusal"));
        }
        for word in [stand_in.as_str(), guess] {
            let signed = call.session.sign(word, guess, Encoding::Hex, b"");
            failures.push(signed.expect_err("a refusal"));
        }
        failures.push(call.session.reveal(guess).expect_err("a refusal"));
        told.push(failures);
    }
    assert_eq!(told[0], told[1]);
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn what_a_guest_repeats_fills_no_memory() {
    let upstream = Upstream::quiet().await;
    let mut call = Call::with(capturing(&upstream), &credential("api_key", KEY));
    let (long, stand_in) = ("x".repeat(4 << 20), call.stand_in.clone());
    for request in [
        OutboundRequest {
            method: format!("{stand_in}{long}"),
            ..get(format!("{API}/v1/x"))
        },
        OutboundRequest {
            captures: capture(&long, WantedSource::Pattern(long.clone())),
            ..get(format!("{API}/v1/x"))
        },
        get(format!("https://{long}.example.com")),
        get(format!(
            "https://{}.example.com/{stand_in}",
            &long[..10_000]
        )),
    ] {
        let failure = call.send(request).await.expect_err("a refusal");
        assert!(failure.message.len() <= 512, "{}", failure.message.len());
    }
    let signed = call.session.sign(&stand_in, &long, Encoding::Hex, b"");
    assert!(signed.expect_err("a refusal").message.len() <= 512);
    let denials = call.session.take_denials();
    assert!(!denials.is_empty());
    for denial in denials {
        assert!(denial.target.capacity() <= 512 && denial.reason.capacity() <= 512);
    }
}

#[tokio::test]
async fn no_header_makes_another_method_or_path_of_a_request() {
    let (mut call, api, _) = Call::quiet().await;
    for name in [
        "X-HTTP-Method-Override",
        "x-http-method",
        "x-method-override",
        "x-original-url",
        "x-rewrite-url",
    ] {
        let request = with_header(get(format!("{API}/v1/x")), name, "DELETE");
        call.send(request).await.expect("an answer");
        assert_eq!(api.take()[0].header(name), "", "{name}");
        let request = with_header(get(format!("{API}/v1/x")), name, call.stand_in.clone());
        let failure = call.send(request).await.expect_err("a refusal");
        assert_eq!(failure.code, FailureCode::Denied);
    }
}

#[tokio::test]
async fn a_transfer_encoding_that_hides_a_secret_is_refused() {
    for coding in ["gzip, chunked", "gzip", "deflate, chunked"] {
        let head =
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: {coding}\r\nconnection: close\r\n\r\n");
        let upstream = Upstream::raw(format!("{head}2\r\nxx\r\n0\r\n\r\n"), false).await;
        let mut call = Call::with(rules(&upstream, &upstream), &credential("api_key", KEY));
        let failure = call
            .send(get(format!("{API}/v1/x")))
            .await
            .expect_err("a refusal");
        assert_eq!(failure.code, FailureCode::Unreachable, "{coding}");
        assert!(failure.message.contains("transfer-encoding"), "{failure}");
    }
}

#[tokio::test]
async fn a_request_that_was_given_back_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut upstream = Upstream::quiet().await;
    let address = listener.local_addr().expect("an address");
    upstream.origin = origin(&format!("http://{address}"));
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    // Whether the hang-up or the request comes first is up to the system; both have to be told as they were.
    for _ in 0..50 {
        let mut call = Call::with(rules(&upstream, &upstream), &credential("api_key", KEY));
        let request = get(format!("{API}/v1/x"));
        let request = with_header(request, "x-api-key", call.stand_in.clone());
        let failure = call.send(request).await.expect_err("no answer");
        let given_back = failure.message.contains("before it took the request");
        assert_eq!(call.session.subject_sent(), !given_back, "{failure}");
    }
}

/// A name server that never answers, and counts who waits for it.
#[derive(Clone, Default)]
struct Silent(Arc<AtomicUsize>);

impl Resolve for Silent {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(pending())
    }
}

#[tokio::test]
async fn look_ups_that_nobody_waits_for_still_count() {
    let upstream = Upstream::quiet().await;
    let mut rules = rules(&upstream, &upstream);
    rules.replace_origins.clear();
    rules.limits.connect = Duration::from_millis(20);
    let silent = Silent::default();
    let egress = PluginEgress::new(rules, Arc::new(silent.clone())).expect("a way out");
    let mut call = Call::of(&Arc::new(egress), &credential("api_key", KEY));
    for _ in 0..10 {
        let failure = call
            .send(get(format!("{API}/v1/x")))
            .await
            .expect_err("no address");
        assert_eq!(failure.code, FailureCode::Unreachable);
    }
    assert_eq!(silent.0.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_plugin_has_only_so_many_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut upstream = Upstream::quiet().await;
    let address = listener.local_addr().expect("an address");
    upstream.origin = origin(&format!("http://{address}"));
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = accepted.clone();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let egress = PluginEgress::new(rules(&upstream, &upstream), Arc::new(Nowhere));
    let egress = Arc::new(egress.expect("a way out"));
    let until = Instant::now() + Duration::from_secs(1);
    let calls = (0..80).map(|_| {
        let mut call = Call::of(&egress, &credential("api_key", KEY));
        async move { call.session.send(get(format!("{API}/v1/x")), until).await }
    });
    for answered in join_all(calls).await {
        assert!(answered.is_err(), "the provider says nothing");
    }
    let accepted = accepted.load(Ordering::SeqCst);
    assert!((1..=64).contains(&accepted), "{accepted}");
}
