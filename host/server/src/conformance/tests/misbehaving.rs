//! Plugins with a defect fail the cases that are about it, with a reason that says what to change.

use claviger_test_guests as guests;

use super::{Mark, case, found, names};

/// The guests' one kind, and a provider that takes the secret at `/allowed`. `what` tells a guest what to do.
fn script(what: &str) -> String {
    let credential = |secret: &str, works: bool| {
        format!(
            "[[credential]]\nkind = \"test\"\nworks = {works}\nfields = {{ secret = \"{secret}\", what = \"{what}\" }}\n"
        )
    };
    format!(
        "{}{}\n[[route]]\nmethod = \"GET\"\npath = \"/allowed\"\n\
         needs = {{ \"header:authorization\" = \"Bearer {{secret}}\" }}\n\
         answer = {{ json = {{ fine = true }} }}\notherwise = {{ status = 401, json = {{}} }}\n",
        credential("guest-works-0123456789", true),
        credential("guest-revoked-9876543210", false)
    )
}

#[tokio::test]
async fn a_panic_is_told_with_its_message() {
    let cases = found(guests::PANIC, Some(&script("account"))).await;
    let reason = case(&cases, "validation.working/test")
        .verdict
        .reason()
        .expect("a reason");
    assert!(
        reason.contains("no field `account` in the answer"),
        "{reason}"
    );
    let failed = names(&cases, Mark::Failed);
    let faults = cases.iter().filter(|case| case.name.starts_with("faults."));
    assert!(
        faults
            .map(|case| case.name.as_str())
            .all(|name| failed.contains(name)),
        "{failed:?}"
    );
    assert!(!failed.contains("secrets.untold"), "{failed:?}");
}

#[tokio::test]
async fn a_plugin_that_asks_nobody_proves_nothing() {
    let cases = found(guests::STATEFUL, Some(&script(""))).await;
    let reason = case(&cases, "validation.working/test")
        .verdict
        .reason()
        .expect("a reason");
    assert!(reason.contains("has not sent it anywhere"), "{reason}");
    assert!(names(&cases, Mark::Failed).contains("validation.revoked/test"));
    assert!(names(&cases, Mark::Passed).contains("secrets.untold"));
}

#[tokio::test]
async fn what_a_plugin_gives_away_is_told() {
    let cases = found(guests::LEAKER, Some(&script(""))).await;
    let told = case(&cases, "secrets.untold")
        .verdict
        .reason()
        .expect("a reason");
    assert!(
        told.contains("stand-in") && told.contains("the log"),
        "{told}"
    );
    // The sandbox keeps secrets themselves from a plugin, so it can't give them away.
    assert!(!told.contains("holds a secret"), "{told}");
    let denied = case(&cases, "secrets.within-grant")
        .verdict
        .reason()
        .expect("a reason");
    assert!(
        denied.contains("not among the origins that the plugin was granted"),
        "{denied}"
    );
    assert!(names(&cases, Mark::Passed).contains("validation.working/test"));
    assert!(names(&cases, Mark::Failed).contains("validation.revoked/test"));
}

#[tokio::test]
async fn a_redirect_that_is_followed_is_told() {
    let cases = found(
        guests::REDIRECT_FOLLOWER,
        Some(&script("https://upstream.example/allowed")),
    )
    .await;
    let reason = case(&cases, "faults.redirect/test")
        .verdict
        .reason()
        .expect("a reason");
    assert!(reason.starts_with("it followed a redirect"), "{reason}");
}

#[tokio::test]
async fn rejecting_a_secret_that_was_not_sent_is_told() {
    let cases = found(guests::GARBAGE_RESULTS, Some(&script("rejected-unsent"))).await;
    let reason = case(&cases, "validation.revoked/test")
        .verdict
        .reason()
        .expect("a reason");
    assert!(
        reason.contains("has not sent the secret anywhere"),
        "{reason}"
    );
    let reason = case(&cases, "faults.500/test")
        .verdict
        .reason()
        .expect("a reason");
    assert!(
        reason.contains("`rejected`, which marks a credential as invalid"),
        "{reason}"
    );
}

#[tokio::test]
async fn an_answer_that_the_contract_does_not_allow_is_told() {
    let cases = found(guests::GARBAGE_RESULTS, Some(&script("impossible-numbers"))).await;
    let reason = case(&cases, "validation.working/test")
        .verdict
        .reason()
        .expect("a reason");
    assert!(
        reason.contains("`quota-remaining` is in percent"),
        "{reason}"
    );
}
