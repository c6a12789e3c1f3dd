//! A plugin with every capability passes, and each of its defects is told by the case that is about it.

use claviger_test_guests as guests;

use super::{Mark, case, found, names};

/// The provider of the guest `keys`, which remembers what was made. The connection does what the subject does.
fn script(what: &str) -> String {
    format!(
        r#"
        [[credential]]
        kind = "test"
        fields = {{ secret = "guest-works-0123456789", what = "{what}" }}

        [[credential]]
        kind = "test"
        works = false
        fields = {{ secret = "guest-revoked-9876543210", what = "{what}" }}

        [issue]
        scopes = ["read"]
        ttl = "10m"

        [place]
        container = "container-1"
        slot = "slot-1"

        [[route]]
        method = "GET"
        path = "/allowed"
        needs = {{ "header:authorization" = "Bearer {{secret}}" }}
        answer = {{ json = {{ fine = true }} }}

        [[route]]
        method = "GET"
        path = "/allowed"
        needs = {{ "header:authorization" = "Bearer key-{{item.secret}}" }}
        answer = {{ json = {{ fine = true }} }}
        otherwise = {{ status = 401, json = {{}} }}

        [[route]]
        method = "POST"
        path = "/allowed/keys"
        adds = "json:/name"
        answer = {{ status = 201, json = {{ id = "{{item.id}}", key = "key-{{item.secret}}" }} }}

        [[route]]
        method = "GET"
        path = "/allowed/keys"
        item = {{ id = "{{item.id}}", name = "{{item.name}}" }}
        answer = {{ json = {{ data = "{{items}}" }} }}

        [[route]]
        method = "DELETE"
        path = "/allowed/keys/*"
        removes = "path"
        answer = {{ status = 204 }}
        otherwise = {{ status = 404 }}

        [[route]]
        method = "PUT"
        path = "/allowed/current"
        needs = {{ "header:authorization" = "Bearer {{secret}}" }}
        answer = {{ status = 204 }}

        [[route]]
        method = "POST"
        path = "/allowed/restored"
        answer = {{ status = 204 }}

        [[route]]
        method = "PUT"
        path = "/allowed/places/*"
        needs = {{ "json:/key" = "{{secret}}" }}
        answer = {{ status = 204 }}

        [[route]]
        method = "GET"
        path = "/allowed/pages/1"
        answer = {{ json = {{ next = "2" }} }}

        [[route]]
        method = "GET"
        path = "/allowed/pages/2"
        answer = {{ json = {{}} }}
        "#
    )
}

#[tokio::test]
async fn a_plugin_that_does_all_in_order_passes() {
    let cases = found(guests::KEYS, Some(&script(""))).await;
    let bad: Vec<_> = cases
        .iter()
        .filter(|case| case.verdict.mark() != Mark::Passed)
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    for name in [
        "rotation.create/test",
        "rotation.lost-answer/test",
        "assignment.twice/test",
        "restoration.twice/test",
        "application.same-operation/test",
        "issuance.revoke-twice/test",
        "inventory.pages",
    ] {
        case(&cases, name);
    }
}

#[tokio::test]
async fn each_defect_is_told_by_the_case_that_is_about_it() {
    for (what, failing, told) in [
        (
            "names-at-random",
            &[
                "issuance.lost-answer/test",
                "issuance.same-operation/test",
                "rotation.lost-answer/test",
                "rotation.same-operation/test",
            ][..],
            "derive",
        ),
        (
            "abandons-nothing",
            &["issuance.lost-answer/test", "rotation.lost-answer/test"],
            "`abandon` left behind 1",
        ),
        (
            "retires-nothing",
            &["rotation.retire-twice/test"],
            "the secret is still there",
        ),
        (
            "retires-once",
            &["rotation.retire-twice/test"],
            "the second `retire`",
        ),
        ("tells-the-new-secret", &["secrets.untold"], "a stand-in"),
        ("assigns-nothing", &["assignment.twice/test"], "assign"),
        ("issues-for-ever", &["issuance.issue/test"], "lives longer"),
        (
            "revokes-once",
            &["issuance.revoke-twice/test"],
            "the second `revoke`",
        ),
        ("never-ends", &["inventory.pages"], "there is no last one"),
    ] {
        let cases = found(guests::KEYS, Some(&script(what))).await;
        assert!(
            names(&cases, Mark::Failed)
                .into_iter()
                .eq(failing.iter().copied()),
            "{what}: {:#?}",
            cases
                .iter()
                .filter(|case| case.verdict.mark() != Mark::Passed)
                .collect::<Vec<_>>()
        );
        for name in failing {
            let reason = case(&cases, name).verdict.reason().expect("a reason");
            assert!(
                reason.contains(told) || failing.len() > 1,
                "{what}: {reason}"
            );
        }
    }
}
