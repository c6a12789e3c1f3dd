//! The one task that writes the log.
//!
//! It takes all that waits, up to [`LARGEST_GROUP`], and does it in one transaction. A group that fails is undone and
//! its jobs tried one by one, so that one bad job hurts only itself; where the database is out of reach, or where it
//! isn't known whether a commit happened, all of them are told so and none is tried again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use claviger_runtime::clock::Clock;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use super::change::{Applied, Change, Refusal};
use super::entry::NewEntry;
use crate::ids::CredentialId;
use crate::permission::{Lapsed, Standing};
use crate::store::audit::{self as rows, AuditRow};
use crate::store::{Database, StoreError, Transaction, standing, uses};

/// Jobs in one transaction: more gain nothing, and the last would wait for the first.
const LARGEST_GROUP: usize = 128;
/// Jobs that may wait before callers do.
const QUEUE: usize = 4096;
/// Hours of uses that are kept: a week, and the hour that it began in.
const HOURS_KEPT: i64 = 24 * 7 + 1;

/// The key of the chain's MACs.
pub(crate) struct AuditKey {
    /// Its id, which each entry names.
    pub(crate) id: String,
    /// The key.
    pub(crate) key: Zeroizing<[u8; 32]>,
}

/// Why an entry wasn't written.
#[derive(Debug, Error)]
pub(crate) enum AuditError {
    /// The database can't be written now, and nothing happened.
    #[error("the audit log can't be written: {0}")]
    Unavailable(Arc<StoreError>),
    /// This job can't be done, while others can.
    #[error("a change can't be made: {0}")]
    Failed(Arc<StoreError>),
    /// Its answer to a commit was lost: whether this was done isn't known.
    #[error("whether the audit log was written isn't known: {0}")]
    OutcomeUnknown(Arc<StoreError>),
    /// Whoever wants it may no longer do it.
    #[error(transparent)]
    Lapsed(Lapsed),
    /// The vault is closing.
    #[error("the vault is closing")]
    Closed,
}

/// What came of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Committed {
    /// The entry's number. None where the change was refused, and with it the entry.
    pub(crate) number: Option<u64>,
    /// What came of the change; [`Applied::Done`] where there was none.
    pub(crate) applied: Applied,
}

/// A use of a credential's secret, counted with the entry. Refused as stale where the credential has changed since the
/// secret was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use {
    /// The credential.
    pub(crate) credential: CredentialId,
    /// Its generation when its secret was read.
    pub(crate) generation: i64,
}

struct Job {
    entry: NewEntry,
    change: Option<Box<dyn Change>>,
    used: Option<Use>,
    answer: oneshot::Sender<Result<Committed, AuditError>>,
}

enum Message {
    Job(Box<Job>),
    Close(oneshot::Sender<()>),
}

/// Where entries are handed in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AuditWriter {
    messages: mpsc::Sender<Message>,
}

impl AuditWriter {
    /// Starts the task.
    pub(crate) fn start(database: Database, key: AuditKey, clock: Arc<dyn Clock>) -> Self {
        let (messages, waiting) = mpsc::channel(QUEUE);
        let task = Task {
            database,
            key,
            clock,
            pruned_hour: 0,
        };
        tokio::spawn(task.run(waiting));
        Self { messages }
    }

    /// Writes an entry, with the change that it is about; returns once both are durable.
    pub(crate) async fn commit(
        &self,
        entry: NewEntry,
        change: Option<Box<dyn Change>>,
    ) -> Result<Committed, AuditError> {
        self.submit(entry, change, None).await
    }

    /// Writes the entry of a use of a secret, and counts it; returns once both are durable.
    pub(crate) async fn commit_use(
        &self,
        entry: NewEntry,
        used: Use,
    ) -> Result<Committed, AuditError> {
        self.submit(entry, None, Some(used)).await
    }

    async fn submit(
        &self,
        entry: NewEntry,
        change: Option<Box<dyn Change>>,
        used: Option<Use>,
    ) -> Result<Committed, AuditError> {
        let (answer, answered) = oneshot::channel();
        let job = Message::Job(Box::new(Job {
            entry,
            change,
            used,
            answer,
        }));
        self.messages
            .send(job)
            .await
            .map_err(|_| AuditError::Closed)?;
        answered.await.map_err(|_| AuditError::Closed)?
    }

    /// Writes all that waits, then ends the task. What comes later is refused.
    pub(crate) async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.messages.send(Message::Close(done)).await.is_ok() {
            // An error means that another caller closed it first, and that it is done.
            let _ = finished.await;
        }
    }
}

struct Task {
    database: Database,
    key: AuditKey,
    clock: Arc<dyn Clock>,
    pruned_hour: i64,
}

/// What came of a job of a group that was written.
type Outcome = Result<Committed, Lapsed>;

/// How a group went wrong.
enum Failure {
    /// A change of one of its jobs. Nothing is there.
    Change(StoreError),
    /// The log itself. Nothing is there.
    Log(StoreError),
    /// The commit: whether anything is there isn't known.
    Commit(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Log(error)
    }
}

impl Task {
    async fn run(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut messages = Vec::with_capacity(LARGEST_GROUP);
        let mut closing = Vec::new();
        // Ends when the queue is closed and empty.
        while waiting.recv_many(&mut messages, LARGEST_GROUP).await > 0 {
            let mut group = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Job(job) => group.push(*job),
                    Message::Close(done) => {
                        waiting.close();
                        closing.push(done);
                    }
                }
            }
            if !group.is_empty() {
                self.settle(group).await;
            }
        }
        for done in closing {
            // Whoever asked may have gone.
            let _ = done.send(());
        }
    }

    /// Does a group, and answers everybody in it.
    async fn settle(&mut self, mut group: Vec<Job>) {
        match self.write(&mut group).await {
            Ok(results) => answer_each(group, results),
            Err(Failure::Change(error) | Failure::Log(error))
                if group.len() > 1 && !error.is_outage() =>
            {
                tracing::warn!(%error, jobs = group.len(), "a group of the audit log failed; its jobs go one by one");
                for job in group {
                    let mut alone = vec![job];
                    match self.write(&mut alone).await {
                        Ok(results) => answer_each(alone, results),
                        Err(failure) => fail_all(alone, failure),
                    }
                }
            }
            Err(failure) => fail_all(group, failure),
        }
    }

    async fn write(&mut self, group: &mut [Job]) -> Result<Vec<Outcome>, Failure> {
        let mut transaction = self.database.begin().await?;
        match self.fill(&mut transaction, group).await {
            Ok(results) => {
                transaction.commit().await.map_err(Failure::Commit)?;
                Ok(results)
            }
            Err(error) => {
                if let Err(later) = transaction.roll_back().await {
                    tracing::warn!(error = %later, "undoing a transaction failed; its connection is dropped");
                }
                Err(error)
            }
        }
    }

    async fn fill(
        &mut self,
        transaction: &mut Transaction,
        group: &mut [Job],
    ) -> Result<Vec<Outcome>, Failure> {
        let at = i64::try_from(self.clock.now_ms()).unwrap_or(i64::MAX);
        let (mut number, mut mac) = rows::lock_head(transaction).await?;
        let standings = group.iter().map(|job| job.entry.standing).collect();
        let mut results = self.check_standing(transaction, standings).await?;
        for (job, result) in group.iter_mut().zip(&mut results) {
            if let (Ok(committed), Some(change)) = (result, &mut job.change) {
                committed.applied = change.apply(transaction).await.map_err(Failure::Change)?;
            }
        }
        let used: Vec<_> = group.iter().map(|job| job.used).collect();
        refuse_stale(transaction, &used, &mut results).await?;

        let mut entries = Vec::with_capacity(group.len());
        let mut counted = HashMap::new();
        for (job, result) in group.iter().zip(&mut results) {
            let denial;
            let entry = match result {
                Ok(committed) if committed.applied == Applied::Done => &job.entry,
                Ok(_) => continue,
                Err(lapsed) => match job.entry.denied(*lapsed) {
                    Some(entry) => {
                        denial = entry;
                        &denial
                    }
                    None => continue,
                },
            };
            number += 1;
            let row = super::chain::link(&self.key, &mac, number, at, entry)?;
            mac.clone_from(&row.mac);
            entries.push(row);
            let Ok(committed) = result else { continue };
            committed.number = u64::try_from(number).ok();
            if let Some(used) = job.used {
                *counted.entry(used.credential).or_insert(0_i64) += 1;
            }
        }
        if !entries.is_empty() {
            rows::insert(transaction, entries).await?;
            rows::move_head(transaction, number, &mac).await?;
        }
        if !counted.is_empty() {
            // In one order on all hosts, so that two of them can't wait for each other.
            let mut counted: Vec<_> = counted
                .into_iter()
                .map(|(id, uses)| (id.to_string(), uses))
                .collect();
            counted.sort_unstable();
            uses::add(transaction, at, &counted).await?;
            let hour = at.div_euclid(uses::HOUR_MS);
            if hour > self.pruned_hour {
                uses::prune(transaction, hour - HOURS_KEPT).await?;
                self.pruned_hour = hour;
            }
        }
        Ok(results)
    }

    /// Which jobs their callers may still do. Only where other hosts share the database: on one host, what a caller's
    /// leave rests on is forgotten with its change. The chain is locked before, so all that was committed is seen.
    async fn check_standing(
        &self,
        transaction: &mut Transaction,
        standings: Vec<Option<Standing>>,
    ) -> Result<Vec<Outcome>, StoreError> {
        let fresh = Committed {
            number: None,
            applied: Applied::Done,
        };
        let distinct: HashSet<_> = standings.iter().flatten().copied().collect();
        if self.database.shared().is_none() || distinct.is_empty() {
            return Ok(vec![Ok(fresh); standings.len()]);
        }
        let held = standing::held(transaction, distinct).await?;
        let check = |standing: &Option<Standing>| match standing {
            Some(standing) => standing.check(held.get(standing)).map(|()| fresh),
            None => Ok(fresh),
        };
        Ok(standings.iter().map(check).collect())
    }
}

/// Refuses the uses of secrets that have changed since they were read.
async fn refuse_stale(
    transaction: &mut Transaction,
    used: &[Option<Use>],
    results: &mut [Outcome],
) -> Result<(), StoreError> {
    let mut credentials: Vec<_> = used
        .iter()
        .flatten()
        .map(|used| used.credential.to_string())
        .collect();
    if credentials.is_empty() {
        return Ok(());
    }
    credentials.sort_unstable();
    credentials.dedup();
    let generations: HashMap<_, _> = uses::generations(transaction, credentials)
        .await?
        .into_iter()
        .collect();
    for (used, result) in used.iter().zip(results) {
        let (Some(used), Ok(result)) = (used, result) else {
            continue;
        };
        match generations.get(&used.credential.to_string()) {
            Some(generation) if *generation == used.generation => {}
            Some(_) => result.applied = Applied::Refused(Refusal::Stale),
            None => result.applied = Applied::Refused(Refusal::Gone),
        }
    }
    Ok(())
}

fn answer_each(group: Vec<Job>, results: Vec<Outcome>) {
    for (mut job, result) in group.into_iter().zip(results) {
        if let Some(change) = &mut job.change {
            change.settled();
        }
        // The caller may have gone; what was done stays done, and the log says so.
        let _ = job.answer.send(result.map_err(AuditError::Lapsed));
    }
}

fn fail_all(group: Vec<Job>, failure: Failure) {
    let (error, told): (_, fn(_) -> _) = match failure {
        Failure::Change(error) if !error.is_outage() => (error, AuditError::Failed),
        Failure::Change(error) | Failure::Log(error) => (error, AuditError::Unavailable),
        Failure::Commit(error) => (error, AuditError::OutcomeUnknown),
    };
    let error = Arc::new(error);
    tracing::error!(%error, jobs = group.len(), "entries of the audit log, and the changes with them, are refused");
    for mut job in group {
        if let Some(change) = &mut job.change {
            change.settled();
        }
        // The caller may have gone.
        let _ = job.answer.send(Err(told(Arc::clone(&error))));
    }
}

impl From<&NewEntry> for AuditRow {
    /// The columns that come from the entry; number, time and MAC are the chain's. What somebody calls themselves may
    /// hold a NUL, which `PostgreSQL` has no text for.
    fn from(entry: &NewEntry) -> Self {
        let text = |text: &str| text.replace('\0', "\u{fffd}");
        Self {
            number: 0,
            at: 0,
            workspace: entry.workspace.map(|id| id.to_string()),
            actor_kind: entry.author.kind().to_owned(),
            actor_id: entry.author.id().map(|id| id.to_string()),
            actor: text(entry.author.name()),
            action: entry.action.to_owned(),
            credential: entry.credential.as_ref().map(|(id, _)| id.to_string()),
            credential_name: entry.credential.as_ref().map(|(_, name)| text(name)),
            target: entry.target.as_deref().map(text),
            success: i64::from(entry.success),
            trace_id: text(&entry.request.trace_id),
            address: entry.request.address.map(|address| address.to_string()),
            detail: if entry.detail.is_empty() {
                "{}".to_owned()
            } else {
                serde_json::Value::Object(entry.detail.clone()).to_string()
            },
            mac_key: String::new(),
            mac: Vec::new(),
        }
    }
}
