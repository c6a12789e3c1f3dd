//! Rule 6: `SigV4` is made by the host over the request as it leaves, and for nothing but what the key may sign.

use super::call::*;
use super::upstream::{Upstream, answer};
use crate::egress::{
    EgressRules, Encoding, FailureCode, FieldGrant, OutboundRequest, Role, SendFailure, Signature,
};
use crate::origin::Origin;
use crate::secret::Secret;
use crate::subject::{Field, FieldValue};

const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "session/token+with&signs==";
const FORM: &str = "application/x-www-form-urlencoded";

/// A provider, and a call about a credential whose `aws` signs POST at `/v1`, and whose `token` goes into the session
/// token's header and the form's `Token`.
async fn signing() -> (Call, Upstream, String) {
    let api = Upstream::start(|_| answer(200, "fine".to_owned())).await;
    let key = FieldGrant {
        signs: signs("aws-sigv4"),
        signature_places: vec![place(API, "POST", "/v1", "header:authorization")],
        ..FieldGrant::default()
    };
    let token = FieldGrant {
        places: vec![
            place(API, "POST", "/v1", "header:x-amz-security-token"),
            place(API, "POST", "/v1", "form:Token"),
        ],
        ..FieldGrant::default()
    };
    let mut kinds = kind("aws", key);
    let fields = kinds.get_mut("aws").expect("the kind");
    fields.insert("token".to_owned(), token);
    let rules = EgressRules {
        kinds,
        ..rules(&api, &api)
    };
    let mut subject = credential("aws", KEY);
    subject.fields.insert(
        0,
        Field {
            name: "token".to_owned(),
            value: FieldValue::Secret(Secret::from(TOKEN.to_owned())),
        },
    );
    let call = Call::with(rules, &subject);
    let shown = call.stand_in_of(TOKEN);
    (call, api, shown)
}

fn signature(secret: &str) -> Signature {
    let parameter = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Signature {
        scheme: "aws-sigv4".to_owned(),
        secret: secret.to_owned(),
        parameters: vec![
            parameter("access-key-id", "AKIDEXAMPLE"),
            parameter("region", "us-east-1"),
            parameter("service", "sts"),
        ],
    }
}

fn asking(body: &str, signature: Signature) -> OutboundRequest {
    OutboundRequest {
        signature: Some(signature),
        ..post(format!("{API}/v1/x"), FORM, body)
    }
}

/// What the signature should be, by the very bytes that arrived.
fn expected(api: &Upstream, body: &str, token: Option<&str>) -> String {
    let mut headers = http::HeaderMap::new();
    let host = Origin::to_string(&api.origin);
    let host = host.strip_prefix("http://").expect("plain").to_owned();
    let written = [("host", host.as_str()), ("content-type", FORM)];
    let token = token.map(|token| ("x-amz-security-token", token));
    for (name, value) in written.into_iter().chain(token) {
        headers.insert(name, value.parse().expect("a value"));
    }
    let scope = super::super::sigv4::Scope {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        region: "us-east-1".to_owned(),
        service: "sts".to_owned(),
    };
    let message = super::super::sigv4::Message {
        method: "POST",
        target: b"/v1/x",
        headers: &mut headers,
        body: body.as_bytes(),
    };
    let key = Secret::from(KEY.to_owned());
    super::super::sigv4::sign(&key, &scope, 1_440_938_160_000, message).expect("a signature");
    headers["authorization"].to_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_signature_covers_the_request_as_it_leaves() {
    let (mut call, api, token) = signing().await;
    let mut signature = signature(&call.stand_in);
    let parameter = ("session-token".to_owned(), token.clone());
    signature.parameters.push(parameter);
    let request = asking(&format!("Action=Get&Token={token}"), signature);
    call.send(request).await.expect("an answer");
    let arrived = api.only();
    let body = "Action=Get&Token=session%2Ftoken%2Bwith%26signs%3D%3D";
    assert_eq!(arrived.body, body.as_bytes());
    assert_eq!(arrived.header("x-amz-security-token"), TOKEN);
    assert_eq!(arrived.header("x-amz-date"), "20150830T123600Z");
    assert_eq!(
        arrived.header("authorization"),
        expected(&api, body, Some(TOKEN))
    );
    assert!(call.session.subject_sent());
    assert!(call.session.denials().is_empty());
}

#[tokio::test]
async fn a_signature_alone_counts_as_the_subjects_secret_sent() {
    let (mut call, api, _) = signing().await;
    let request = asking("Action=Get", signature(&call.stand_in));
    call.send(request).await.expect("an answer");
    let arrived = api.only();
    assert_eq!(
        arrived.header("authorization"),
        expected(&api, "Action=Get", None)
    );
    assert!(call.session.subject_sent());
}

/// Sends a request that is as it should be but for one thing.
async fn refused(change: impl FnOnce(&mut OutboundRequest, &str)) -> SendFailure {
    let (mut call, api, token) = signing().await;
    let mut request = asking("Action=Get", signature(&call.stand_in));
    change(&mut request, &token);
    let failure = call.send(request).await.expect_err("refused");
    assert!(api.seen().is_empty(), "{failure}");
    assert!(!call.session.subject_sent());
    failure
}

#[tokio::test]
async fn a_key_signs_for_its_own_places_only() {
    for (method, url) in [
        ("POST", format!("{OTHER}/v1/x")),
        ("POST", "https://evil.example/v1/x".to_owned()),
        ("GET", format!("{API}/v1/x")),
        ("POST", format!("{API}/v2")),
        ("POST", format!("{API}/v1/../v2")),
        ("POST", format!("{API}/v1//x")),
        ("POST", format!("{API}/v1/%2e%2e/v2")),
    ] {
        let failure = refused(|request, _| {
            method.clone_into(&mut request.method);
            request.url.clone_from(&url);
        })
        .await;
        assert_eq!(failure.code, FailureCode::Denied, "{method} {url}");
    }
}

#[tokio::test]
async fn the_signatures_headers_are_the_hosts() {
    for name in [
        "authorization",
        "Authorization",
        "X-Amz-Date",
        "x-amz-content-sha256",
        "x-amz-security-token",
    ] {
        let failure = refused(|request, _| {
            let header = (name.to_owned(), "AWS4-HMAC-SHA256 mine".to_owned());
            request.headers.push(header);
        })
        .await;
        assert_eq!(failure.code, FailureCode::Denied, "{name}");
    }
}

#[tokio::test]
async fn only_a_declared_key_signs() {
    type Change = fn(&mut Signature, &str);
    let changes: [(&str, Change, FailureCode); 7] = [
        (
            "a field that doesn't sign",
            |it, token| token.clone_into(&mut it.secret),
            FailureCode::Denied,
        ),
        (
            "no stand-in",
            |it, _| KEY.clone_into(&mut it.secret),
            FailureCode::InvalidInput,
        ),
        (
            "a scheme of messages",
            |it, _| "hmac-sha256".clone_into(&mut it.scheme),
            FailureCode::Unsupported,
        ),
        (
            "a secret in the credential",
            |it, token| token.clone_into(&mut it.parameters[0].1),
            FailureCode::Denied,
        ),
        (
            "a region with more in it",
            |it, _| "x/../y, Signature=0".clone_into(&mut it.parameters[1].1),
            FailureCode::InvalidInput,
        ),
        (
            "no service",
            |it, _| drop(it.parameters.pop()),
            FailureCode::InvalidInput,
        ),
        (
            "something else",
            |it, _| it.parameters.push(("date".to_owned(), "1".to_owned())),
            FailureCode::InvalidInput,
        ),
    ];
    for (what, change, code) in changes {
        let failure = refused(|request, token| {
            change(request.signature.as_mut().expect("one"), token);
        })
        .await;
        assert_eq!(failure.code, code, "{what}: {failure}");
    }
}

#[tokio::test]
async fn a_session_token_has_its_place_like_any_secret() {
    let (mut call, api, _) = signing().await;
    let key = call.stand_in.clone();
    let mut signature = signature(&key);
    // The key itself has no place in that header.
    signature.parameters.push(("session-token".to_owned(), key));
    let failure = call
        .send(asking("a=b", signature))
        .await
        .expect_err("denied");
    assert_eq!(failure.code, FailureCode::Denied);
    assert!(api.seen().is_empty());
}

#[tokio::test]
async fn what_was_captured_or_issued_signs_nothing() {
    let (mut call, api, _) = signing().await;
    let captured = call
        .session
        .hold_captured(Secret::from(KEY.to_owned() + "2"));
    let root = credential("aws", "another-key-0123456789");
    let issued = [Field {
        name: "aws".to_owned(),
        value: FieldValue::Secret(Secret::from("issued-key-0123456789".to_owned())),
    }];
    let issued = call.session.admit_issued(&root, &issued);
    // The connection's own key does sign: it is stored.
    let connection = call.session.admit(Role::Connection, &root);
    for word in [&captured, &issued[0].1] {
        let request = asking("a=b", signature(word));
        let failure = call.send(request).await.expect_err("denied");
        assert_eq!(failure.code, FailureCode::Denied);
        assert!(api.seen().is_empty());
    }
    let request = asking("a=b", signature(&connection[0].1));
    call.send(request).await.expect("an answer");
    assert!(!call.session.subject_sent(), "it was the connection's key");
}

#[tokio::test]
async fn nothing_that_derives_a_key_is_handed_out() {
    let (mut call, _, _) = signing().await;
    let word = call.stand_in.clone();
    let failure = call
        .session
        .sign(&word, "aws-sigv4", Encoding::Hex, b"20150830")
        .expect_err("no such scheme of messages");
    assert_eq!(failure.code, FailureCode::Unsupported);
    assert!(
        call.session
            .sign(&word, "hmac-sha256", Encoding::Hex, b"20150830")
            .is_err()
    );
}
