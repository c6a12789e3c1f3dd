//! A host that ends in the middle of a rotation, at each point, and the one after it.

use std::sync::Arc;
use std::time::Duration;

use super::support::{FIRST, Place, given};
use crate::credentials::Credential;
use crate::credentials::VersionState::{self, Current, Discarded, Previous};
use crate::credentials::tests::support::named;
use crate::identity::Actor;
use crate::permission::credential;
use crate::rotation::begin::Starter;
use crate::rotation::run::Run;
use crate::rotation::{RotateRequest, RotationPhase};

impl Place {
    /// A rotation that was begun and that nobody goes on with.
    async fn begun(&self, name: &str, request: RotateRequest) -> Run {
        let permit = self.desk.permit::<credential::Rotate>().await;
        let starter = Starter::User(Arc::new(Actor::clone(permit.actor())));
        self.vault()
            .begin_rotation(permit.workspace(), starter, &named(name), request)
            .await
            .unwrap()
    }

    /// The same, once it is in a phase.
    async fn in_phase(&self, name: &str, request: RotateRequest, phase: RotationPhase) {
        let mut run = self.begun(name, request).await;
        for _ in 0..4 {
            if run.journal.phase == phase {
                return;
            }
            self.vault().step(&mut run).await.unwrap();
        }
        panic!("it never comes to {phase:?}");
    }

    async fn settled(&mut self, credential: &Credential, states: &[VersionState]) {
        self.crash().await;
        self.work().await;
        assert_eq!(self.states(credential).await, states);
        let after = self.desk.read(credential.name.as_str()).await.unwrap();
        assert!(!after.rotating);
        assert_eq!(
            self.provider.working(),
            [self.secret(credential.name.as_str()).await]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_may_have_made_is_undone() {
    for made in [false, true] {
        let mut place = Place::new().await;
        let credential = place.key("key").await;
        let run = place.begun("key", RotateRequest::default()).await;
        if made {
            // The provider did it, and the host ended before it heard so.
            place
                .provider
                .add(&format!("key-{}", run.journal.id), "nobody-has-this-one");
        }
        place.settled(&credential, &[Current]).await;
        assert_eq!(place.secret("key").await, FIRST);
        assert_eq!(place.journal().await[0].0, "failed");
        assert_eq!(place.provider.times("POST /allowed/keys"), 0);
        assert!(place.rotate("key").await.is_ok());
        place.desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_and_sealed_comes_into_use() {
    for phase in [RotationPhase::Verifying, RotationPhase::Pushing] {
        let mut place = Place::new().await;
        let credential = place.key("key").await;
        place.in_phase("key", RotateRequest::default(), phase).await;
        place.crash().await;
        place.work().await;
        assert_eq!(place.states(&credential).await, [Previous, Current]);
        assert_eq!(place.provider.times("POST /allowed/keys"), 1);
        assert!(place.provider.works(&place.secret("key").await));
        assert_eq!(place.journal().await[0].0, "done");
        let log = place.log().await;
        assert!(
            log.contains(&"credential.rotate.resume".to_owned()),
            "{log:?}"
        );
        place.desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_being_undone_is_undone() {
    let mut place = Place::new().await;
    let credential = place.key("key").await;
    place.provider.state().refuses_new = usize::MAX;
    place
        .in_phase("key", RotateRequest::default(), RotationPhase::Undoing)
        .await;
    assert_eq!(place.provider.working().len(), 2);
    place.settled(&credential, &[Current, Discarded]).await;
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_making_replaces_it_is_told_and_not_tried_again() {
    let mut place = Place::that_replaces().await;
    let credential = place.key("key").await;
    let _run = place.begun("key", RotateRequest::default()).await;
    place.settled(&credential, &[Current]).await;
    assert_eq!(place.journal().await[0].0, "outcome-unknown");
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_made_goes_forward() {
    for set in [false, true] {
        let mut place = Place::new().await;
        let credential = place.password("login").await;
        let run = place.begun("login", RotateRequest::default()).await;
        if set {
            let read = place.desk.read("login").await.unwrap();
            let pending = place
                .vault()
                .version_of(&read, run.journal.to)
                .await
                .unwrap();
            let field = &pending.payload.fields[0].value;
            let claviger_runtime::subject::FieldValue::Secret(secret) = field else {
                panic!("it is a secret");
            };
            secret
                .expose_str()
                .unwrap()
                .clone_into(&mut place.provider.state().keys[0].secret);
        }
        place.settled(&credential, &[Previous, Current]).await;
        place.desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_brought_is_tested_and_used() {
    let mut place = Place::new().await;
    let credential = place.key("key").await;
    let new = "brought-secret-01234";
    place.provider.add("brought", new);
    let _run = place.begun("key", given(new)).await;
    place.crash().await;
    place.work().await;
    assert_eq!(place.states(&credential).await, [Previous, Current]);
    assert_eq!(place.secret("key").await, new);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_claim_has_passed_on_changes_nothing() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    let mut slow = place.begun("key", RotateRequest::default()).await;
    // It was away for longer than its claim holds, and another one took it up.
    place.end_claims().await;
    place.later(Duration::from_mins(5));
    place.work().await;
    assert_eq!(place.states(&credential).await, [Current]);
    assert!(place.vault().step(&mut slow).await.is_err());
    assert_eq!(place.states(&credential).await, [Current]);
    assert_eq!(place.provider.working(), [FIRST]);
    place.desk.close().await;
}
