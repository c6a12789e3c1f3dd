//! A plugin is shown a secret only where its manifest asks for that and the operator grants it, and each time is counted.

use claviger_runtime::CallError;
use claviger_test_guests::{REVEALER, REVEALS_UNASKED};
use serde_json::json;

use super::stage::{
    Names, SECRET, Stage, assert_nothing_leaked, detail, load, runtime, said, subject,
};
use super::support::upstream::Reply;

#[tokio::test]
async fn without_the_operator_it_is_denied() {
    let stage = Stage::of(REVEALER).await;
    let outcome = stage.test(None).await;
    let Err(CallError::Failure(failure)) = &outcome.result else {
        panic!("{}", said(&outcome))
    };
    assert_eq!(failure.code, "denied");
    assert_eq!(outcome.evidence.reveals, 0);
    assert_eq!(outcome.evidence.denials.len(), 1, "{:?}", outcome.evidence);
    assert_nothing_leaked(&outcome);
}

#[tokio::test]
async fn with_the_operator_it_is_counted_and_what_comes_back_is_scrubbed() {
    let answer = |_: &_| Reply::body(200, "text/plain", "");
    let stage = Stage::with(REVEALER, json!({"reveal": true}), Names::default(), answer).await;
    let outcome = stage.test(None).await;
    let report = outcome
        .result
        .as_ref()
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        report.quota_remaining,
        u32::try_from(SECRET.len()).ok(),
        "it saw the secret itself"
    );
    assert_eq!(outcome.evidence.reveals, 1);
    assert_eq!(detail(&outcome, "guessed"), "invalid-input");
    assert_nothing_leaked(&outcome);
}

#[tokio::test]
async fn who_does_not_ask_is_not_shown_whatever_the_operator_wrote() {
    let loaded = load(
        &runtime(Names::default()),
        REVEALS_UNASKED,
        json!({"reveal": true}),
    )
    .await;
    match loaded {
        Err(error) => assert!(
            error.to_string().contains("reveal") || error.to_string().contains("disclosure"),
            "{error}"
        ),
        Ok(plugin) => {
            let outcome = plugin
                .validate(
                    super::stage::context(),
                    subject("test", &[("secret", SECRET)], None),
                )
                .await;
            let Err(CallError::Failure(failure)) = &outcome.result else {
                panic!("{}", said(&outcome))
            };
            assert_eq!(failure.code, "denied");
            assert_eq!(outcome.evidence.reveals, 0);
            assert_nothing_leaked(&outcome);
        }
    }
}
