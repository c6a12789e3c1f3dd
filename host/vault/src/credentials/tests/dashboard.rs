//! What is told of a workspace's credentials while weeks pass.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::support::{Desk, opaque};
use crate::credentials::{
    Alert, AlertType, CredentialFilter, Dashboard, NewCredential, Rotation, RotationStrategy,
};
use crate::ids::CredentialId;
use crate::permission::credential;

const DAY: Duration = Duration::from_hours(24);

async fn dashboard(desk: &Desk) -> Dashboard {
    let permit = desk.permit::<credential::Read>().await;
    let filter = CredentialFilter::default();
    let dashboard = desk.vault().health_dashboard(&permit, &filter).await;
    dashboard.unwrap()
}

/// The alerts as pairs of type and message.
fn told(alerts: &[Alert]) -> Vec<(&'static str, &str)> {
    let told = |alert: &'_ Alert| alert.alert_type.as_str();
    let mut told: Vec<_> = alerts
        .iter()
        .map(|alert| (told(alert), alert.message.as_str()))
        .collect();
    told.sort_unstable();
    told
}

fn ending(desk: &Desk, name: &str, days: i64) -> NewCredential {
    NewCredential {
        expires_at: Some(desk.vault().now() + SignedDuration::from_hours(24 * days)),
        ..opaque(name)
    }
}

async fn run(desk: &Desk, text: &'static str) {
    let mut transaction = desk.database().begin().await.unwrap();
    execute!(transaction, text).unwrap();
    transaction.commit().await.unwrap();
}

async fn run_on(desk: &Desk, text: &'static str, id: CredentialId) {
    let mut transaction = desk.database().begin().await.unwrap();
    let workspace = desk.house.default_workspace.to_string();
    execute!(transaction, text, workspace, id.to_string()).unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn weeks_pass() {
    let desk = Desk::new().await;
    desk.create(ending(&desk, "ends", 20)).await.unwrap();
    desk.create(opaque("stays")).await.unwrap();
    let retired = desk.create(ending(&desk, "retired", 20)).await.unwrap();
    let permit = desk.permit().await;
    let reference = crate::credentials::CredentialRef::Id(retired.id);
    let deactivated = desk
        .vault()
        .deactivate_credential(&permit, &reference)
        .await;
    deactivated.unwrap();

    let now = dashboard(&desk).await;
    assert_eq!(now.page.credentials.len(), 3);
    assert_eq!((now.page.counts.total, now.page.counts.healthy), (3, 2));
    assert!(now.alerts.is_empty(), "{:?}", now.alerts);

    // Two weeks on, it ends within its threshold of seven days.
    desk.house.clock.advance(14 * DAY);
    let now = dashboard(&desk).await;
    assert_eq!((now.page.counts.expiring, now.page.counts.healthy), (1, 1));
    assert_eq!(
        told(&now.alerts),
        [("expiring", "Credential expires in 6 days")]
    );
    assert_eq!(
        (now.alerts[0].credential.as_str(), now.alerts[0].alert_type),
        ("ends", AlertType::Expiring)
    );
    let since = now.generated_at.duration_since(now.alerts[0].since);
    assert_eq!(since.as_hours(), 24, "since it has been expiring");

    desk.house.clock.advance(5 * DAY);
    assert_eq!(
        told(&dashboard(&desk).await.alerts),
        [("expiring", "Credential expires in 1 day")]
    );
    desk.house.clock.advance(DAY);
    assert_eq!(
        told(&dashboard(&desk).await.alerts),
        [("expired", "Credential expired less than an hour ago")]
    );
    desk.house.clock.advance(7 * DAY);
    let now = dashboard(&desk).await;
    assert_eq!((now.page.counts.expired, now.page.counts.expiring), (1, 0));
    assert_eq!(
        told(&now.alerts),
        [("expired", "Credential expired 7 days ago")]
    );
    desk.close().await;
}

#[tokio::test]
async fn those_that_end_within_the_threshold_are_listed_the_next_one_first() {
    let desk = Desk::new().await;
    for (name, days) in [("later", 9), ("soon", 5), ("past", -1), ("at once", 1)] {
        desk.create(ending(&desk, name, days)).await.unwrap();
    }
    let mut rotates = ending(&desk, "rotates", 7);
    rotates.rotation = Rotation {
        enabled: true,
        strategy: RotationStrategy::Scheduled,
        ..Rotation::default()
    };
    desk.create(rotates).await.unwrap();
    desk.create(opaque("never")).await.unwrap();

    let permit = desk.permit::<credential::Read>().await;
    let expiring = desk.vault().expiring(&permit, 168, None, 0).await.unwrap();
    let names: Vec<_> = expiring
        .credentials
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["at once", "soon", "rotates"]);
    assert_eq!(expiring.total, 3);
    assert_eq!(expiring.credentials[1].expires_in_hours, 120);
    assert!(expiring.credentials[2].rotation_enabled && !expiring.credentials[1].rotation_enabled);
    let page = desk
        .vault()
        .expiring(&permit, 168, Some(1), 1)
        .await
        .unwrap();
    assert_eq!(page.credentials[0].name, "soon");
    assert_eq!((page.credentials.len(), page.total), (1, 3));

    desk.house.clock.advance(4 * DAY);
    let expiring = desk.vault().expiring(&permit, 24, None, 0).await.unwrap();
    assert_eq!(expiring.credentials[0].name, "soon");
    assert_eq!(expiring.total, 1, "what has ended isn't expiring");
    desk.close().await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one of each sort")]
async fn each_sort_of_trouble_is_an_alert_until_it_is_over() {
    let desk = Desk::new().await;
    let root = desk.create(opaque("root")).await.unwrap().id;
    let other = desk.create(opaque("other")).await.unwrap().id;
    assert!(dashboard(&desk).await.alerts.is_empty());

    run_on(
        &desk,
        "UPDATE credentials SET health = 'invalid', health_reason = 'no such key', health_checked_at = 1000 \
         WHERE workspace = $1 AND id = $2",
        root,
    )
    .await;
    run_on(
        &desk,
        "UPDATE credentials SET rotation_error = 'quota', rotation_failures = 3 WHERE workspace = $1 AND id = $2",
        root,
    )
    .await;
    // What its last rotation came to isn't known, so that it failed isn't said; an earlier one doesn't matter.
    run_on(
        &desk,
        "UPDATE credentials SET rotation_error = 'lost', rotation_failures = 1 WHERE workspace = $1 AND id = $2",
        other,
    )
    .await;
    run_on(
        &desk,
        "INSERT INTO rotations (id, workspace, credential, mode, cause, overlap, phase, from_version, to_version, started_by_name, \
         attempts, next_at, claimed_until, fence, started_at, updated_at, finished_at) \
         VALUES ('00000000000000a1', $1, $2, 'rotation', 'manual', 'both-work', 'outcome-unknown', 1, 2, 'admin', 1, 0, 0, 0, 500, 600, 700)",
        other,
    )
    .await;
    run_on(
        &desk,
        "INSERT INTO rotations (id, workspace, credential, mode, cause, overlap, phase, from_version, to_version, started_by_name, \
         attempts, next_at, claimed_until, fence, started_at, updated_at, finished_at) \
         VALUES ('00000000000000a2', $1, $2, 'rotation', 'manual', 'both-work', 'outcome-unknown', 1, 2, 'admin', 1, 0, 0, 0, 500, 600, 700)",
        root,
    )
    .await;
    run_on(
        &desk,
        "INSERT INTO rotations (id, workspace, credential, mode, cause, overlap, phase, from_version, to_version, started_by_name, \
         attempts, next_at, claimed_until, fence, started_at, updated_at, finished_at) \
         VALUES ('00000000000000a3', $1, $2, 'rotation', 'manual', 'both-work', 'failed', 1, 2, 'admin', 1, 0, 0, 0, 800, 900, 950)",
        root,
    )
    .await;
    run_on(
        &desk,
        "INSERT INTO credential_versions (credential, version, state, reason, data_key, sealed, created_at, retire_error) \
         SELECT credential, 7, 'retire-failed', reason, data_key, sealed, 2000, 'no access' FROM credential_versions \
         WHERE $1 <> '' AND credential = $2",
        root,
    )
    .await;
    run_on(
        &desk,
        "INSERT INTO applications (id, workspace, credential, plugin, connection, details, version, attempts, claimed_until, \
         fence, updated_at) VALUES ('00000000000000b1', $1, $2, 'n8n', $2, '[]', 1, 1, 0, 0, 0)",
        root,
    )
    .await;
    run(
        &desk,
        "INSERT INTO places (application, container, slot, parameters, state, error, applied_at, updated_at) VALUES \
         ('00000000000000b1', 'workflow_1', 'HTTP Request', '[]', 'stale', 'gone', 0, 3000)",
    )
    .await;
    run(
        &desk,
        "INSERT INTO places (application, container, slot, parameters, state, applied_at, updated_at) VALUES \
         ('00000000000000b1', 'workflow_2', 'HTTP Request', '[]', 'current', 0, 3000)",
    )
    .await;
    for text in [
        "INSERT INTO leases (id, workspace, backend, provider, root, root_version, holder, holder_name, scopes, metadata, \
         parameters, ttl_s, state, created_at, expires_at, ends_at, attempts, error, claimed_until, fence) \
         SELECT '0000000000000000000000c1', $1, 'github', 'github', id, 1, owner, 'admin', '[]', '{}', '[]', 60, \
         'revoke_failed', 4000, 5000, 6000, 9, 'down', 0, 0 FROM credentials WHERE id = $2",
        "INSERT INTO leases (id, workspace, backend, provider, root, root_version, holder, holder_name, scopes, metadata, \
         parameters, ttl_s, state, created_at, expires_at, ends_at, attempts, claimed_until, fence) \
         SELECT '0000000000000000000000c2', $1, 'github', 'github', id, 1, owner, 'admin', '[]', '{}', '[]', 60, \
         'orphaned', 4500, 5500, 1800007200000, 1, 0, 0 FROM credentials WHERE id = $2",
        "INSERT INTO leases (id, workspace, backend, provider, root, root_version, holder, holder_name, scopes, metadata, \
         parameters, ttl_s, state, created_at, expires_at, ends_at, attempts, claimed_until, fence) \
         SELECT '0000000000000000000000c3', $1, 'github', 'github', id, 1, owner, 'admin', '[]', '{}', '[]', 60, \
         'active', 4500, 5500, 6000, 1, 0, 0 FROM credentials WHERE id = $2",
    ] {
        run_on(&desk, text, root).await;
    }

    let now = dashboard(&desk).await;
    let expected = [
        (
            "failed",
            "The provider does not accept the credential: no such key",
        ),
        (
            "orphaned_lease",
            "Lease 0000000000000000000000c2 may have been issued to nobody; it ends in 2 hours at the latest",
        ),
        (
            "retire_failed",
            "Version 7 could not be ended at the provider and may still work: no access",
        ),
        (
            "revoke_failed",
            "Lease 0000000000000000000000c1 could not be revoked and may still work: down",
        ),
        (
            "rotation_failed",
            "Rotation failed, 3 times in a row: quota",
        ),
        (
            "rotation_outcome_unknown",
            "It is not known whether the provider replaced the secret",
        ),
        (
            "stale_place",
            "workflow_1/HTTP Request still has an older secret: gone",
        ),
    ];
    assert_eq!(told(&now.alerts), expected);
    let unknown = now
        .alerts
        .iter()
        .find(|alert| alert.alert_type == AlertType::RotationOutcomeUnknown);
    assert_eq!(
        unknown.map(|alert| alert.credential.as_str()),
        Some("other")
    );
    let times: Vec<Timestamp> = now.alerts.iter().map(|alert| alert.since).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "the newest first");
    // What was counted lately isn't counted anew.
    desk.house.clock.advance(Duration::from_mins(1));
    assert_eq!(dashboard(&desk).await.page.counts.failed, 1);

    for text in [
        "UPDATE credentials SET health = 'valid', health_reason = NULL, rotation_error = NULL",
        "DELETE FROM rotations",
        "DELETE FROM credential_versions WHERE version = 7",
        "UPDATE places SET state = 'current'",
        "UPDATE leases SET state = 'revoked'",
    ] {
        run(&desk, text).await;
    }
    assert!(dashboard(&desk).await.alerts.is_empty());
    desk.close().await;
}
