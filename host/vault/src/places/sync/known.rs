//! Taking in what was listed: credentials that aren't known are stored, others get the name that n8n has for them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use claviger_runtime::outcome::Entry;

use super::{CREDENTIAL, PLUGIN, Renamed, Round, Synced, attribute, names};
use crate::audit::action;
use crate::credentials::model::{Credential, CredentialName};
use crate::credentials::{CredentialRef, NewCredential};
use crate::error::VaultError;
use crate::store::StoreError;
use crate::store::credentials as rows;
use crate::store::places::{self, ApplicationRow};
use crate::vault::Vault;

/// What is known of n8n's credentials: by n8n's ids, our ids and names.
type Known = HashMap<String, (String, String)>;

impl Vault {
    pub(super) async fn take_in(
        &self,
        round: &Round<'_>,
        entries: &[Entry],
        synced: &mut Synced,
    ) -> Result<(), VaultError> {
        let database = &self.inner.database;
        let ours = places::kept_through(database, round.plugin.name(), &round.connection).await?;
        let ours: HashMap<&str, &ApplicationRow> = ours
            .iter()
            .filter_map(|row| row.external_id.as_deref().map(|id| (id, row)))
            .collect();
        let mut known = self.known_of_n8n(round).await?;
        let mut seen = HashSet::new();
        let listed = entries.iter().filter(|entry| entry.kind == CREDENTIAL);
        for entry in listed.filter(|entry| seen.insert(entry.external_id.as_str())) {
            // What was put there from here is no credential of its own.
            if !ours.contains_key(entry.external_id.as_str()) {
                self.take_one(round, entry, &mut known, synced).await?;
            }
            synced.synced += 1;
        }
        self.take_places(round, entries, &ours).await
    }

    async fn known_of_n8n(&self, round: &Round<'_>) -> Result<Known, VaultError> {
        let workspace = round.permit.workspace().to_string();
        let rows = rows::of_provider(&self.inner.database, &workspace, PLUGIN).await?;
        let known = rows
            .into_iter()
            .map(|(at_provider, id, name)| (at_provider, (id, name)));
        Ok(known.collect())
    }

    async fn take_one(
        &self,
        round: &Round<'_>,
        entry: &Entry,
        known: &mut Known,
        synced: &mut Synced,
    ) -> Result<(), VaultError> {
        let candidates = names::candidates(&entry.name, &entry.external_id);
        if !known.contains_key(&entry.external_id) {
            for name in &candidates {
                match self.store_one(round, entry, name).await {
                    Ok(stored) => {
                        synced.new.push(stored);
                        return Ok(());
                    }
                    // By another sync at the same time, perhaps, and as the same credential.
                    Err(VaultError::NameTaken { .. }) => *known = self.known_of_n8n(round).await?,
                    Err(error) => return Err(error),
                }
                if known.contains_key(&entry.external_id) {
                    break;
                }
            }
        }
        let Some((id, name)) = known.get(&entry.external_id) else {
            let [_, name] = candidates;
            return Err(VaultError::NameTaken { name });
        };
        if candidates.contains(name) {
            return Ok(());
        }
        for candidate in &candidates {
            if let Some(renamed) = self.rename(round, id, candidate).await? {
                synced.updated.push(renamed);
                return Ok(());
            }
        }
        Ok(())
    }

    async fn store_one(
        &self,
        round: &Round<'_>,
        entry: &Entry,
        name: &str,
    ) -> Result<Arc<Credential>, VaultError> {
        let new = NewCredential {
            name: name.to_owned(),
            kind: names::kind(attribute(entry, "type")),
            provider: Some(PLUGIN.to_owned()),
            provider_credential_id: Some(entry.external_id.clone()),
            secretless: true,
            ..NewCredential::default()
        };
        self.create_credential(round.permit, new).await
    }

    /// Gives a credential another name; none where it is taken, or the credential has it or is gone.
    async fn rename(
        &self,
        round: &Round<'_>,
        id: &str,
        name: &str,
    ) -> Result<Option<Renamed>, VaultError> {
        let damaged = |why| StoreError::damaged("credential's id", why);
        let reference = CredentialRef::Id(id.parse().map_err(damaged)?);
        let Ok(name) = CredentialName::parse(name) else {
            return Ok(None);
        };
        let change = |credential: &mut Credential| {
            if credential.name == name {
                return Vec::new();
            }
            credential.name = name.clone();
            vec!["name"]
        };
        let (workspace, actor) = (round.permit.workspace(), round.permit.actor());
        let renaming = self.change(
            workspace,
            actor,
            &reference,
            action::CREDENTIAL_UPDATE,
            change,
        );
        match renaming.await {
            Ok((credential, changes)) if !changes.is_empty() => Ok(Some(Renamed {
                name: credential.name.to_string(),
                changes,
            })),
            Ok(_) | Err(VaultError::NameTaken { .. } | VaultError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
