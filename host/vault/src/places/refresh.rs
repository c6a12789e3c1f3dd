//! Giving a target a new secret, in all the places where it was put.

use std::collections::HashMap;
use std::sync::Arc;

use claviger_runtime::outcome::{CallOutcome, Receipt};
use claviger_runtime::plugin::{Capability, Plugin};
use claviger_runtime::subject::{CallContext, Subject};

use super::change::{Answered, Became, Intent, Outcome, Unready};
use super::failure::Failed;
use super::{CURRENT, Refreshed, STALE, apply, pairs, read_pairs, retry, told};
use crate::audit::{self, Author, Change, NewEntry, Refusal, action};
use crate::credentials::CredentialRef;
use crate::credentials::connection::Connection;
use crate::credentials::model::Credential;
use crate::error::VaultError;
use crate::request::RequestInfo;
use crate::store::StoreError;
use crate::store::places::{self as rows, ApplicationRow, PlaceRow};
use crate::vault::Vault;

/// What a receipt's detail is called that says of a place that it is stale: its number follows.
const STALE_PLACE: &str = "stale:";
/// Why nothing is done where another is at it.
const BUSY: &str = "it is being worked on already";

/// Why a target is given a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A rotation has a new one, which needn't be the current one yet.
    Rotation,
    /// A place is stale; the secret is the current one, if it is still that.
    Retry,
}

/// What a refresh takes.
struct Ready {
    plugin: Arc<Plugin>,
    connection: Connection,
    subject: Subject,
}

/// How the places of an application stand after the calls.
struct Pushed {
    /// What the target answered to a refresh or to the first place.
    receipt: Option<Receipt>,
    /// Whether it has the secret now.
    is_given: bool,
    /// All of them, with why each is stale that is.
    places: Vec<(PlaceRow, Option<String>)>,
    retry_after_ms: Option<i64>,
}

impl Vault {
    /// Gives one target the secret of a version.
    pub(super) async fn refresh_application(
        &self,
        credential: &Credential,
        version: u32,
        mut application: ApplicationRow,
        cause: Cause,
    ) -> Result<Vec<Refreshed>, VaultError> {
        let places = rows::places(&self.inner.database, &application.id).await?;
        if places.is_empty() && cause == Cause::Rotation {
            // In use nowhere. Whoever puts it somewhere finds that the target is behind.
            return Ok(Vec::new());
        }
        let ready = match self
            .ready_to_refresh(credential, version, &application)
            .await?
        {
            Ok(ready) => ready,
            Err(reason) => {
                return self
                    .leave_stale(credential, &application, &places, reason)
                    .await;
            }
        };
        let entry = |action| {
            NewEntry::new(Author::System, action)
                .within(credential.workspace)
                .about(credential.id, credential.name.as_str())
                .target(application.plugin.as_str())
                .detail("version", version)
                .detail("places", places.len())
        };
        let intent = entry(action::CREDENTIAL_REFRESH_INTENT)
            .detail("connection", ready.connection.name.as_str());
        let outcome = entry(action::CREDENTIAL_REFRESH);
        let claimed = Intent {
            application: application.clone(),
            is_new: false,
            claim: self.claim_for(&ready.plugin, places.len() + 1).await?,
            settled: (cause == Cause::Retry).then_some(i64::from(version)),
            place: None,
            place_is_new: Arc::default(),
        };
        let committed = self.inner.audit.commit(intent, Some(Box::new(claimed)));
        match (committed.await?.applied, cause) {
            (audit::Applied::Done, _) => application.fence += 1,
            (audit::Applied::Refused(Refusal::Gone), Cause::Rotation) => {
                let reason = BUSY.to_owned();
                return self
                    .leave_stale(credential, &application, &places, reason)
                    .await;
            }
            // Whoever is at it, or rotates it, sees to it.
            (audit::Applied::Refused(_), _) => return Ok(Vec::new()),
        }
        let pushed = self
            .push_secret(credential, version, &application, ready, places)
            .await?;
        self.record_refresh(credential, version, &application, cause, pushed, outcome)
            .await
    }

    /// What a refresh takes, or why there can't be one now.
    async fn ready_to_refresh(
        &self,
        credential: &Credential,
        version: u32,
        application: &ApplicationRow,
    ) -> Result<Result<Ready, String>, VaultError> {
        let name = &application.plugin;
        let plugin = self.inner.catalogue.load().by_name(name).cloned();
        let able = plugin.filter(|it| it.capabilities().contains(&Capability::Application));
        let Some(plugin) = able else {
            return Ok(Err(format!(
                "no plugin `{name}` serves that puts credentials to use"
            )));
        };
        let connection = self
            .connection_again(&plugin, credential, application)
            .await?;
        let connection = match connection {
            Ok(connection) => connection,
            Err(reason) => return Ok(Err(reason)),
        };
        let Some(opened) = self.open_version(credential, version).await? else {
            return Ok(Err(format!("nothing is left of version {version}")));
        };
        Ok(Ok(Ready {
            plugin,
            connection,
            subject: opened.subject(credential),
        }))
    }

    /// The connection that an application goes through.
    async fn connection_again(
        &self,
        plugin: &Plugin,
        credential: &Credential,
        application: &ApplicationRow,
    ) -> Result<Result<Connection, String>, VaultError> {
        let damaged = |why| StoreError::damaged("application's connection", why);
        let id = application.connection.parse().map_err(damaged)?;
        let workspace = credential.workspace;
        let through = self.look_up(workspace, &CredentialRef::Id(id)).await?;
        let name = through.credential.name.as_str();
        self.target_connection(plugin, Capability::Application, workspace, Some(name))
            .await
    }

    /// The calls: the target gets the secret, and the places that it surely was put in with it; those of which that isn't
    /// known get it again, one by one.
    async fn push_secret(
        &self,
        credential: &Credential,
        version: u32,
        application: &ApplicationRow,
        ready: Ready,
        places: Vec<PlaceRow>,
    ) -> Result<Pushed, VaultError> {
        let (known, unknown): (Vec<_>, Vec<_>) =
            places.into_iter().partition(|place| place.applied_at > 0);
        let plugin = Arc::clone(&ready.plugin);
        let mut pushed = Pushed {
            receipt: None,
            is_given: false,
            places: Vec::new(),
            retry_after_ms: None,
        };
        let mut application = application.clone();
        let mut ready = Some(ready);
        if application.external_id.is_some() || !known.is_empty() {
            let Some(first) = ready.take() else {
                return Ok(pushed);
            };
            let called = self
                .call_refresh(credential, version, &application, first, &known)
                .await?;
            match called.result {
                Ok(receipt) => pushed.refreshed(receipt, known),
                Err(error) => {
                    let failed = Failed::of(&error, &called.evidence);
                    pushed.failed(&failed, known.into_iter().chain(unknown));
                    return Ok(pushed);
                }
            }
        }
        for place in unknown {
            let again = match ready.take() {
                Some(ready) => Ok(ready),
                None => {
                    self.ready_to_refresh(credential, version, &application)
                        .await?
                }
            };
            let ready = match again {
                Ok(ready) => ready,
                Err(reason) => {
                    pushed.places.push((place, Some(reason)));
                    continue;
                }
            };
            let context = apply::context(credential, &application, ready.connection)?;
            let called = plugin.apply(context, ready.subject, told(&place)?).await;
            let request = RequestInfo::default();
            self.record_denials_in(&request, credential, &plugin, &called.evidence)
                .await?;
            match called.result {
                Ok(receipt) => {
                    application.external_id =
                        receipt.external_id.clone().or(application.external_id);
                    pushed.applied(receipt, place, self.now().as_millisecond());
                }
                Err(error) => {
                    let failed = Failed::of(&error, &called.evidence);
                    pushed.failed(&failed, std::iter::once(place));
                }
            }
        }
        Ok(pushed)
    }

    async fn call_refresh(
        &self,
        credential: &Credential,
        version: u32,
        application: &ApplicationRow,
        ready: Ready,
        places: &[PlaceRow],
    ) -> Result<CallOutcome<Receipt>, VaultError> {
        let context = CallContext {
            idempotency_key: format!("{}-{version}", application.id),
            ..apply::context(credential, application, ready.connection)?
        };
        let receipt = Receipt {
            external_id: application.external_id.clone(),
            details: read_pairs(&application.details)?,
        };
        let places = places.iter().map(told).collect::<Result<_, _>>()?;
        let called = ready
            .plugin
            .refresh(context, ready.subject, receipt, places)
            .await;
        let request = RequestInfo::default();
        self.record_denials_in(&request, credential, &ready.plugin, &called.evidence)
            .await?;
        Ok(called)
    }

    async fn record_refresh(
        &self,
        credential: &Credential,
        version: u32,
        application: &ApplicationRow,
        cause: Cause,
        pushed: Pushed,
        entry: NewEntry,
    ) -> Result<Vec<Refreshed>, VaultError> {
        let now = self.now().as_millisecond();
        let is_stale = pushed.places.iter().any(|(_, stale)| stale.is_some());
        let refreshed: Vec<_> = pushed.places.iter().map(Refreshed::of).collect();
        let attempts = if is_stale {
            application.attempts + 1
        } else {
            0
        };
        let version = i64::from(version);
        let answered = match pushed.receipt {
            Some(receipt) => Some(Answered {
                external_id: receipt.external_id,
                details: pairs(&receipt.details)?,
                version: if pushed.is_given {
                    version
                } else {
                    application.version
                },
            }),
            None => None,
        };
        let change = Outcome {
            application: application.id.clone(),
            fence: application.fence,
            answered,
            places: pushed.places.into_iter().map(became).collect(),
            settled: (cause == Cause::Retry).then(|| (application.credential.clone(), version)),
            attempts,
            next_at: if is_stale {
                retry::next_at(now, attempts, pushed.retry_after_ms)
            } else {
                now
            },
            now,
        };
        self.inner
            .audit
            .commit(told_stale(entry, &refreshed), Some(Box::new(change)))
            .await?;
        if is_stale {
            let credential = credential.name.as_str();
            tracing::warn!(
                credential,
                target = application.plugin,
                "places have an older secret; it is tried again"
            );
        }
        Ok(refreshed)
    }

    /// Takes note that no place of an application could be given the secret.
    async fn leave_stale(
        &self,
        credential: &Credential,
        application: &ApplicationRow,
        places: &[PlaceRow],
        reason: String,
    ) -> Result<Vec<Refreshed>, VaultError> {
        let now = self.now().as_millisecond();
        let stale = |place: &PlaceRow| Refreshed {
            container: place.container.clone(),
            slot: place.slot.clone(),
            stale: Some(reason.clone()),
        };
        let refreshed: Vec<_> = places.iter().map(stale).collect();
        let entry = NewEntry::new(Author::System, action::CREDENTIAL_REFRESH)
            .within(credential.workspace)
            .about(credential.id, credential.name.as_str())
            .target(application.plugin.as_str());
        let change: Box<dyn Change> = Box::new(Unready {
            application: application.id.clone(),
            reason,
            next_at: retry::next_at(now, application.attempts + 1, None),
            now,
        });
        self.inner
            .audit
            .commit(told_stale(entry, &refreshed), Some(change))
            .await?;
        Ok(refreshed)
    }
}

impl Pushed {
    /// The target took the secret; its receipt tells of single places where it couldn't see to it.
    fn refreshed(&mut self, receipt: Receipt, places: Vec<PlaceRow>) {
        let (stale, details): (Vec<_>, Vec<_>) = receipt
            .details
            .into_iter()
            .partition(|(key, _)| key.starts_with(STALE_PLACE));
        let stale: HashMap<usize, String> = stale
            .into_iter()
            .filter_map(|(key, reason)| {
                let index = key.strip_prefix(STALE_PLACE)?.parse().ok()?;
                Some((index, reason))
            })
            .collect();
        for (index, place) in places.into_iter().enumerate() {
            self.places.push((place, stale.get(&index).cloned()));
        }
        self.is_given = true;
        self.receipt = Some(Receipt { details, ..receipt });
    }

    /// The target took the secret in a place of which that wasn't known.
    fn applied(&mut self, receipt: Receipt, place: PlaceRow, now: i64) {
        let place = PlaceRow {
            applied_at: now,
            ..place
        };
        self.places.push((place, None));
        // What kept an id before has been refreshed before, or this is the first place.
        self.is_given = true;
        let known = self.receipt.take().and_then(|receipt| receipt.external_id);
        self.receipt = Some(Receipt {
            external_id: receipt.external_id.or(known),
            details: receipt.details,
        });
    }

    fn failed(&mut self, failed: &Failed, places: impl Iterator<Item = PlaceRow>) {
        let reason = || Some(failed.reason.clone());
        self.places.extend(places.map(|place| (place, reason())));
        self.retry_after_ms = self.retry_after_ms.max(failed.retry_after_ms);
    }
}

impl Refreshed {
    fn of((place, stale): &(PlaceRow, Option<String>)) -> Self {
        Self {
            container: place.container.clone(),
            slot: place.slot.clone(),
            stale: stale.clone(),
        }
    }
}

fn became((place, stale): (PlaceRow, Option<String>)) -> Became {
    Became::Known(PlaceRow {
        state: if stale.is_some() { STALE } else { CURRENT }.to_owned(),
        error: stale,
        ..place
    })
}

/// The entry with the places in it that are stale.
fn told_stale(entry: NewEntry, refreshed: &[Refreshed]) -> NewEntry {
    let stale: Vec<_> = refreshed.iter().filter(|it| it.stale.is_some()).collect();
    let Some(first) = stale.first() else {
        return entry;
    };
    entry
        .failed()
        .detail("stale", stale.len())
        .detail("reason", first.stale.as_deref())
}
