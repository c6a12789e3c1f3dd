//! Connections, times and sizes: each failure has its name, and says whether something may have happened.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::call::*;
use super::upstream::{Upstream, answer, serve};
use crate::egress::{
    EgressRules, FailureCode, InboundResponse, Limits, OutboundRequest, PluginEgress, SendFailure,
};

const PLAIN: &str = "sk-proj-0123456789abcdefghij";

/// Sends the secret to a provider, with short times.
async fn ask(upstream: &Upstream, method: &str) -> (Call, Result<InboundResponse, SendFailure>) {
    let short = Duration::from_millis(300);
    let limits = Limits {
        connect: short,
        first_byte: short,
        total: short * 2,
        ..Limits::default()
    };
    let mut call = Call::with(
        EgressRules {
            limits,
            ..rules(upstream, upstream)
        },
        &credential("api_key", PLAIN),
    );
    let request = OutboundRequest {
        method: method.to_owned(),
        ..get(format!("{API}/v1/x"))
    };
    let stand_in = call.stand_in.clone();
    let answered = call.send(with_header(request, "x-api-key", stand_in)).await;
    (call, answered)
}

/// What GET and POST fail with.
async fn failures(upstream: &Upstream) -> [SendFailure; 2] {
    let mut failures = Vec::new();
    for method in ["GET", "POST"] {
        let (call, answered) = ask(upstream, method).await;
        failures.push(answered.expect_err("a failure"));
        assert!(call.session.subject_sent(), "it was put on the wire");
    }
    failures.try_into().expect("two")
}

#[tokio::test]
async fn a_provider_that_takes_a_request_and_says_nothing_leaves_posts_unknown() {
    let silent = Upstream::raw("", true).await;
    let [get, post] = failures(&silent).await;
    assert_eq!(
        (get.code, post.code),
        (FailureCode::Unreachable, FailureCode::UnknownOutcome)
    );
    assert!(get.message.contains("in time"), "{get}");
}

#[tokio::test]
async fn so_does_one_that_stops_in_the_head_or_in_the_body() {
    for bytes in [
        "HTTP/1.1 200 O",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
    ] {
        let [get, post] = failures(&Upstream::raw(bytes, true).await).await;
        assert_eq!(
            (get.code, post.code),
            (FailureCode::Unreachable, FailureCode::UnknownOutcome),
            "{bytes}"
        );
        assert!(get.message.contains("in time"), "{get}");
    }
}

#[tokio::test]
async fn and_one_that_hangs_up() {
    for bytes in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
    ] {
        let [get, post] = failures(&Upstream::raw(bytes, false).await).await;
        assert_eq!(
            (get.code, post.code),
            (FailureCode::Unreachable, FailureCode::UnknownOutcome),
            "{bytes}"
        );
    }
}

#[tokio::test]
async fn garbage_is_called_by_its_name() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "HTTP/9.9 nonsense\r\n\r\n",
    ] {
        let [get, post] = failures(&Upstream::raw(bytes, true).await).await;
        assert_eq!(
            (get.code, post.code),
            (FailureCode::Unreachable, FailureCode::UnknownOutcome),
            "{bytes}"
        );
        assert!(get.message.contains("isn't HTTP"), "{get}");
    }
}

#[tokio::test]
async fn bodies_and_heads_that_are_too_long_are_cut_off() {
    let long = 4 * 1024 * 1024 + 1;
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {long}\r\n\r\n");
    let mut streamed = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    streamed.resize(streamed.len() + long, b'x');
    let mut chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..=64 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.resize(chunked.len() + 0x10000, b'x');
        chunked.extend_from_slice(b"\r\n");
    }
    for bytes in [announced.into_bytes(), streamed, chunked] {
        let upstream = Upstream::raw(bytes, true).await;
        let mut call = Call::with(rules(&upstream, &upstream), &credential("api_key", PLAIN));
        let failure = call
            .send(get(format!("{API}/v1/x")))
            .await
            .expect_err("too long");
        assert_eq!(failure.code, FailureCode::Unreachable);
        assert!(
            failure.message.contains("longer than 4194304 bytes"),
            "{failure}"
        );
    }
    let head = format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", "x".repeat(200_000));
    let [get, _] = failures(&Upstream::raw(head, true).await).await;
    assert_eq!(get.code, FailureCode::Unreachable);
}

#[tokio::test]
async fn a_body_of_just_the_limit_comes_through() {
    let upstream = Upstream::start(|_| answer(200, vec![b'x'; 4 * 1024 * 1024])).await;
    let mut call = Call::with(rules(&upstream, &upstream), &credential("api_key", PLAIN));
    let answered = call
        .send(get(format!("{API}/v1/x")))
        .await
        .expect("an answer");
    assert_eq!(answered.body.len(), 4 * 1024 * 1024);
}

#[tokio::test]
async fn the_calls_deadline_and_the_guests_patience_end_a_request() {
    let silent = Upstream::raw("", true).await;
    let mut call = Call::with(rules(&silent, &silent), &credential("api_key", PLAIN));
    let started = Instant::now();
    let soon = started + Duration::from_millis(100);
    let failure = call
        .session
        .send(get(format!("{API}/v1/x")), soon)
        .await
        .expect_err("no answer");
    assert_eq!(failure.code, FailureCode::Unreachable);
    let impatient = OutboundRequest {
        timeout: Some(Duration::from_millis(100)),
        ..get(format!("{API}/v1/x"))
    };
    assert_eq!(
        call.send(impatient).await.expect_err("no answer").code,
        FailureCode::Unreachable
    );
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn nobody_there_means_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let api = Upstream::quiet().await;
    let mut rules = rules(&api, &api);
    rules
        .replace_origins
        .insert(origin(API), origin(&format!("http://{address}")));
    rules.replace_origins.remove(&origin(OTHER));
    let mut call = Call::with(rules, &credential("api_key", PLAIN));
    let stand_in = call.stand_in.clone();
    let request = with_header(
        post(format!("{API}/v1/x"), "text/plain", ""),
        "x-api-key",
        stand_in,
    );
    let failure = call.send(request).await.expect_err("refused");
    assert_eq!(failure.code, FailureCode::Unreachable);
    assert!(failure.message.contains("refuses connections"), "{failure}");

    let failure = call.send(get(OTHER)).await.expect_err("unresolved");
    assert_eq!(failure.code, FailureCode::Unreachable);
    assert!(failure.message.contains("doesn't resolve"), "{failure}");
    assert!(!call.session.subject_sent());
    assert!(call.session.denials().is_empty());
}

#[tokio::test]
async fn a_plugins_calls_share_its_connections_and_no_other_plugins() {
    let upstream = Upstream::quiet().await;
    let one = Arc::new(
        PluginEgress::new(rules(&upstream, &upstream), Arc::new(Nowhere)).expect("a way out"),
    );
    let other = Arc::new(
        PluginEgress::new(rules(&upstream, &upstream), Arc::new(Nowhere)).expect("a way out"),
    );
    for egress in [&one, &one, &one, &other] {
        let mut call = Call::of(egress, &credential("api_key", PLAIN));
        call.send(get(format!("{API}/v1/x")))
            .await
            .expect("an answer");
    }
    let connections: Vec<usize> = upstream.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0, 0, 1]);
}

#[tokio::test]
async fn a_connection_that_went_stale_is_replaced() {
    // Each connection closes after one answer, without having said so.
    let upstream = Upstream::raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", false).await;
    let mut call = Call::with(rules(&upstream, &upstream), &credential("api_key", PLAIN));
    for _ in 0..20 {
        call.send(get(format!("{API}/v1/x")))
            .await
            .expect("an answer");
    }
}

/// A provider with a certificate of its own for `localhost`.
async fn secured() -> (Upstream, CertificateDer<'static>) {
    let issued =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate = issued.cert.der().clone();
    let key = PrivateKeyDer::try_from(issued.signing_key.serialize_der()).expect("a key");
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .expect("a TLS configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut upstream = Upstream::quiet().await;
    let port = listener.local_addr().expect("an address").port();
    upstream.origin = origin(&format!("https://localhost:{port}"));
    let seen = upstream.record();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that doesn't trust the certificate hangs up.
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(serve(TokioIo::new(stream), seen.clone(), 0, |_| {
                    answer(200, "secured")
                }));
            }
        }
    });
    (upstream, certificate)
}

#[tokio::test]
async fn tls_is_spoken_with_whom_the_operator_trusts_and_nobody_else() {
    let (upstream, root) = secured().await;
    let granted = |roots| EgressRules {
        roots,
        ..rules(&upstream, &upstream)
    };
    let egress = |rules| {
        Arc::new(
            PluginEgress::new(rules, Arc::new(crate::egress::SystemResolver)).expect("a way out"),
        )
    };

    let mut call = Call::of(&egress(granted(vec![root])), &credential("api_key", PLAIN));
    let request = with_header(
        get(format!("{API}/v1/x")),
        "x-api-key",
        call.stand_in.clone(),
    );
    assert_eq!(
        call.send(request.clone()).await.expect("an answer").body,
        b"secured"
    );
    assert_eq!(upstream.take()[0].header("x-api-key"), PLAIN);

    let mut call = Call::of(&egress(granted(Vec::new())), &credential("api_key", PLAIN));
    let request = with_header(
        get(format!("{API}/v1/x")),
        "x-api-key",
        call.stand_in.clone(),
    );
    let failure = call.send(request).await.expect_err("no trust");
    assert_eq!(failure.code, FailureCode::Unreachable);
    assert!(
        failure.message.contains("no trusted TLS connection"),
        "{failure}"
    );
    assert!(!call.session.subject_sent());
    assert!(upstream.seen().is_empty());

    let (_, stranger) = secured().await;
    let mut call = Call::of(
        &egress(granted(vec![stranger])),
        &credential("api_key", PLAIN),
    );
    assert_eq!(
        call.send(get(format!("{API}/v1/x")))
            .await
            .expect_err("no trust")
            .code,
        FailureCode::Unreachable
    );
}

#[tokio::test]
async fn a_tls_handshake_that_hangs_ends_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _written = stream.write_all(b"").await;
            open.push(stream);
        }
    });
    let upstream = Upstream::quiet().await;
    let mut rules = rules(&upstream, &upstream);
    rules
        .replace_origins
        .insert(origin(API), origin(&format!("https://127.0.0.1:{port}")));
    rules.limits.connect = Duration::from_millis(200);
    let mut call = Call::with(rules, &credential("api_key", PLAIN));
    let failure = call
        .send(get(format!("{API}/v1/x")))
        .await
        .expect_err("no handshake");
    assert_eq!(failure.code, FailureCode::Unreachable);
    assert!(failure.message.contains("in time"), "{failure}");
}

#[tokio::test]
async fn certificates_are_read_from_pem_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ca.pem");
    let issued =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(&path, issued.cert.pem()).expect("a file");
    assert_eq!(
        crate::egress::read_certificates(&path)
            .expect("certificates")
            .len(),
        1
    );
    std::fs::write(&path, "nothing").expect("a file");
    assert!(crate::egress::read_certificates(&path).is_err());
    assert!(crate::egress::read_certificates(&directory.path().join("missing.pem")).is_err());
}
