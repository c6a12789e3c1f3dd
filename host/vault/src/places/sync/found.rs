//! Places in n8n's workflows where credentials are in use that were put into n8n from here.

use std::collections::{HashMap, HashSet};

use claviger_runtime::outcome::Entry;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::super::{CURRENT, STALE};
use super::{PLACE, Round, attribute};
use crate::audit::{Applied, Change, NewEntry, Refusal, action};
use crate::credentials::CredentialRef;
use crate::error::VaultError;
use crate::store::places::{self as rows, ApplicationRow, PlaceRow};
use crate::store::{StoreError, Transaction};
use crate::vault::Vault;

impl Vault {
    /// Takes the places on record that aren't. `ours` is what n8n has from here, by n8n's ids.
    pub(super) async fn take_places(
        &self,
        round: &Round<'_>,
        entries: &[Entry],
        ours: &HashMap<&str, &ApplicationRow>,
    ) -> Result<(), VaultError> {
        let mut on_record: HashMap<&str, HashSet<(String, String)>> = HashMap::new();
        for entry in entries.iter().filter(|entry| entry.kind == PLACE) {
            let application = attribute(entry, "credential-id").and_then(|id| ours.get(id));
            let place = attribute(entry, "workflow-id").zip(attribute(entry, "node"));
            let (Some(application), Some((container, slot))) = (application, place) else {
                continue;
            };
            if !on_record.contains_key(application.id.as_str()) {
                let places = rows::places(&self.inner.database, &application.id).await?;
                let places = places
                    .into_iter()
                    .map(|place| (place.container, place.slot));
                on_record.insert(&application.id, places.collect());
            }
            let place = (container.to_owned(), slot.to_owned());
            let is_new = on_record
                .get_mut(application.id.as_str())
                .is_some_and(|places| places.insert(place));
            if is_new {
                self.take_place(round, application, container, slot).await?;
            }
        }
        Ok(())
    }

    async fn take_place(
        &self,
        round: &Round<'_>,
        application: &ApplicationRow,
        container: &str,
        slot: &str,
    ) -> Result<(), VaultError> {
        let damaged = |why| StoreError::damaged("application", why);
        let reference = CredentialRef::Id(application.credential.parse().map_err(damaged)?);
        let workspace = round.permit.workspace();
        let credential = match self.read_through(workspace, &reference).await {
            Ok(cached) => cached.credential,
            // It was deleted meanwhile.
            Err(VaultError::NotFound) => return Ok(()),
            Err(error) => return Err(error),
        };
        let entry = NewEntry::by(round.permit.actor(), action::PLACE_FOUND)
            .within(workspace)
            .about(credential.id, credential.name.as_str())
            .target(format!("{container}/{slot}"));
        let finding = Finding {
            application: application.id.clone(),
            credential: application.credential.clone(),
            version: application.version,
            container: container.to_owned(),
            slot: slot.to_owned(),
            now: self.now().as_millisecond(),
        };
        self.inner
            .audit
            .commit(entry, Some(Box::new(finding)))
            .await?;
        Ok(())
    }
}

struct Finding {
    application: String,
    credential: String,
    /// What the target has of the secret.
    version: i64,
    container: String,
    slot: String,
    now: i64,
}

impl Change for Finding {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            if !rows::is_there(transaction, &self.application).await? {
                return Ok(Applied::Refused(Refusal::Gone));
            }
            let is_current = rows::settled(transaction, &self.credential, self.version).await?;
            let place = PlaceRow {
                container: self.container.clone(),
                slot: self.slot.clone(),
                parameters: "[]".to_owned(),
                state: if is_current { CURRENT } else { STALE }.to_owned(),
                error: (!is_current).then(|| format!("it has version {}", self.version)),
                requested_by: None,
                applied_at: self.now,
            };
            if !rows::plan_place(transaction, &self.application, &place, self.now).await? {
                return Ok(Applied::Refused(Refusal::Gone));
            }
            if !is_current {
                rows::set_due(transaction, &self.application, self.now).await?;
            }
            Ok(Applied::Done)
        }
        .boxed()
    }
}
