//! A plugin that gives away all that it was given, every way there is.

use claviger_runtime::CallError;
use claviger_test_guests::LEAKER;
use serde_json::json;

use super::stage::{Names, SECRET, Stage, assert_nothing_leaked, has_stand_in, said};
use super::support::trace::Canary;
use super::support::upstream::{Reply, Upstream};

struct Scene {
    stage: Stage,
    trap: Upstream,
}

/// Every name of another origin leads to a trap.
async fn scene() -> Scene {
    let trap = Upstream::start(|_| Reply::body(200, "text/plain", "caught")).await;
    let address = format!("127.0.0.1:{}", trap.port())
        .parse()
        .expect("an address");
    let names = [
        "evil.example",
        "upstream.example.evil.example",
        "a.upstream.example",
        "upstream.example",
    ];
    let names = Names(names.into_iter().map(|name| (name, address)).collect());
    let stage = Stage::with(LEAKER, json!({}), names, |_| {
        Reply::json(200, &json!({"fine": true}))
    })
    .await;
    Scene { stage, trap }
}

impl Scene {
    /// The secret arrived once, where it belongs, and nowhere else.
    fn assert_kept(&self) {
        let canary = Canary::new(SECRET);
        let mut arrived = 0;
        for mut request in self.stage.upstream.requests() {
            let at_its_place = request.path().starts_with("/allowed")
                && request.header("authorization") == Some(&format!("Bearer {SECRET}"));
            if at_its_place {
                arrived += 1;
                let text = request.raw_text().replacen(SECRET, "", 1);
                request.raw = text.into_bytes();
            }
            canary.assert_absent(&request.raw, "a request");
        }
        assert_eq!(arrived, 1, "{:#?}", self.stage.upstream.requests());
        assert_eq!(self.trap.connections(), 0, "{:#?}", self.trap.requests());
    }
}

#[tokio::test]
async fn gets_stand_ins_and_denials() {
    let scene = scene().await;
    let outcome = scene.stage.test(None).await;
    assert_nothing_leaked(&outcome);
    scene.assert_kept();

    let report = outcome.result.as_ref().expect("it reports");
    assert!(
        has_stand_in(report.account.as_deref().expect("its loot")),
        "{report:?}"
    );
    assert!(
        outcome
            .evidence
            .log
            .iter()
            .any(|line| has_stand_in(&line.message))
    );
    // Each attempt was refused, but the one that its manifest allows, and those in which there was no stand-in any more.
    for (name, came_of_it) in &report.details {
        let sent = came_of_it.starts_with("200");
        assert_eq!(
            sent,
            ["allowed", "half", "upper-case"].contains(&name.as_str()) && sent || name == "allowed",
            "{name}: {came_of_it}"
        );
    }
    for origin in [
        "https://evil.example",
        "https://a.upstream.example",
        "http://upstream.example",
    ] {
        let told = outcome
            .evidence
            .denials
            .iter()
            .any(|denial| denial.target.starts_with(origin) && !denial.reason.is_empty());
        assert!(
            told,
            "no denial of {origin} in {:#?}",
            outcome.evidence.denials
        );
    }
    assert!(outcome.evidence.subject_sent);
}

#[tokio::test]
async fn gets_nothing_out_through_its_failure() {
    let scene = scene().await;
    let outcome = scene.stage.test(Some("failure")).await;
    assert_nothing_leaked(&outcome);
    scene.assert_kept();
    assert!(outcome.result.is_err());
}

#[tokio::test]
async fn gets_nothing_out_through_a_panic() {
    let scene = scene().await;
    let outcome = scene.stage.test(Some("panic")).await;
    assert_nothing_leaked(&outcome);
    scene.assert_kept();
    assert!(
        matches!(outcome.result, Err(CallError::Trap { .. })),
        "{}",
        said(&outcome)
    );
}
