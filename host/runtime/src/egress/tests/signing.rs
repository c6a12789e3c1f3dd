//! Rules 6 and 8: signatures are secrets of the call, and nothing is revealed that wasn't granted.

use super::call::*;
use super::upstream::{Upstream, answer};
use crate::egress::{EgressRules, Encoding, FailureCode, FieldGrant};

const KEY: &str = "a-signing-secret-of-32-characters";

async fn signing() -> (Call, Upstream) {
    let api =
        Upstream::start(|seen| answer(200, format!("echo {}", seen.header("authorization")))).await;
    let grant = FieldGrant {
        places: vec![place(API, "GET", "/v1", "header:x-key")],
        signs: signs("hmac-sha256"),
        signature_places: vec![place(API, "GET", "/v1", "header:authorization")],
    };
    let rules = EgressRules {
        kinds: kind("app", grant),
        ..rules(&api, &api)
    };
    (Call::with(rules, &credential("app", KEY)), api)
}

#[tokio::test]
async fn a_signature_goes_to_its_own_places_only() {
    let (mut call, api) = signing().await;
    let signature = call
        .session
        .sign(
            &call.stand_in,
            "hmac-sha256",
            Encoding::Base64Url,
            b"head.payload",
        )
        .expect("a signature");
    assert!(call.session.is_stand_in(&signature) && call.session.captured(&signature).is_none());
    let signed = |name: &str, word: &str| {
        with_header(
            get(format!("{API}/v1/x")),
            name,
            format!("Bearer h.p.{word}"),
        )
    };
    let answered = call
        .send(signed("authorization", &signature))
        .await
        .expect("an answer");
    let arrived = api.only().header("authorization").to_owned();
    let arrived = arrived.strip_prefix("Bearer h.p.").expect("a token");
    assert_eq!(arrived.len(), 43);
    assert_eq!(
        answered.body,
        format!("echo Bearer h.p.{signature}").into_bytes()
    );
    assert!(call.session.subject_sent());

    let key = call.stand_in.clone();
    for request in [
        signed("x-key", &signature),
        signed("authorization", &key),
        signed("x-other", &signature),
    ] {
        assert_eq!(
            call.send(request).await.expect_err("a denial").code,
            FailureCode::Denied
        );
    }
}

#[tokio::test]
async fn only_declared_schemes_and_stored_fields_sign() {
    let (mut call, _) = signing().await;
    let stand_in = call.stand_in.clone();
    let mut sign = |word: &str, scheme: &str, message: &str| {
        call.session
            .sign(word, scheme, Encoding::Hex, message.as_bytes())
            .map_err(|failure| failure.code)
    };
    assert_eq!(sign(&stand_in, "rs256", "x"), Err(FailureCode::Denied));
    assert_eq!(sign(&stand_in, "md5", "x"), Err(FailureCode::Denied));
    assert_eq!(
        sign("clvnothing", "hmac-sha256", "x"),
        Err(FailureCode::InvalidInput)
    );
    assert_eq!(
        sign(&stand_in, "hmac-sha256", &format!("x{stand_in}")),
        Err(FailureCode::Denied)
    );
    let signature = sign(&stand_in, "hmac-sha256", "x").expect("a signature");
    assert_eq!(
        sign(&signature, "hmac-sha256", "x"),
        Err(FailureCode::Denied)
    );
    for _ in 1..32 {
        sign(&stand_in, "hmac-sha256", "x").expect("a signature");
    }
    assert_eq!(
        sign(&stand_in, "hmac-sha256", "x"),
        Err(FailureCode::Denied)
    );
    assert_eq!(call.session.denials().len(), 5);
}

#[tokio::test]
async fn nothing_is_revealed_unless_granted_and_each_is_counted() {
    let (mut call, api, _) = Call::quiet().await;
    let stand_in = call.stand_in.clone();
    assert_eq!(
        call.session.reveal(&stand_in).expect_err("a denial").code,
        FailureCode::Denied
    );
    assert_eq!(
        (call.session.reveals(), call.session.denials().len()),
        (0, 1)
    );

    let granted = EgressRules {
        reveal: true,
        ..rules(&api, &api)
    };
    let mut call = Call::with(granted, &credential("api_key", SECRET));
    let stand_in = call.stand_in.clone();
    assert_eq!(call.session.reveal(&stand_in).expect("the secret"), SECRET);
    assert_eq!(
        call.session.reveal("clv").expect_err("no stand-in").code,
        FailureCode::InvalidInput
    );
    assert_eq!(call.session.reveals(), 1);
    assert!(!call.session.subject_sent());
}
