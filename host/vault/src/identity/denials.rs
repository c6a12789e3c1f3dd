//! Denied attempts, on their way to the audit log.
//!
//! Each attempt is recorded, and yet a flood of them may neither hold up who is denied nor crowd the log out. So nobody
//! waits for the entry; the first of a kind (who, what, where) is written at once, those that follow within
//! a second are written as one entry that counts them, and what doesn't fit the queue is counted in an entry of its own.
//! One source has few kinds in a second, its further ones are written as one entry, so that whoever makes up targets
//! leaves room for the denials of others; strangers, whose names and addresses are made up, too, have half the room.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::crowd::network;
use crate::audit::{AuditWriter, Author, NewEntry, action};
use crate::ids::WorkspaceId;

/// Attempts that wait to be looked at; more are only counted.
const QUEUE: usize = 1024;
/// Kinds of attempts that are told apart within a window; more are only counted.
const MOST_KINDS: usize = 256;
/// Kinds of one source; its others are written as one.
const MOST_KINDS_OF_ONE: usize = 16;
/// Kinds of all strangers together.
const MOST_KINDS_OF_STRANGERS: usize = MOST_KINDS / 2;
/// How long attempts of one kind are counted before their entry is written.
const WINDOW: Duration = Duration::from_secs(1);

/// Where denied attempts are handed in. Never waits.
pub(crate) struct Denials {
    messages: mpsc::Sender<Message>,
    overflow: Arc<AtomicU64>,
}

enum Message {
    Denied(Box<NewEntry>),
    Close(oneshot::Sender<()>),
}

impl Denials {
    pub(crate) fn start(audit: AuditWriter) -> Self {
        let (messages, waiting) = mpsc::channel(QUEUE);
        let overflow = Arc::new(AtomicU64::new(0));
        let recorder = Recorder {
            audit,
            waiting,
            overflow: Arc::clone(&overflow),
            unrecorded: 0,
            window: HashMap::new(),
            kinds: HashMap::new(),
            strangers: 0,
            folded: HashMap::new(),
            window_ends: None,
        };
        tokio::spawn(recorder.run());
        Self { messages, overflow }
    }

    /// Records that an attempt was denied.
    pub(crate) fn record(&self, entry: NewEntry) {
        if self
            .messages
            .try_send(Message::Denied(Box::new(entry)))
            .is_err()
        {
            self.overflow.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes all that was recorded until now, and ends.
    pub(crate) async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.messages.send(Message::Close(done)).await.is_ok() {
            // An error means that another caller closed it first, and that it is done.
            let _ = finished.await;
        }
    }
}

/// Attempts of one kind count as one.
#[derive(PartialEq, Eq, Hash)]
struct Kind {
    who: String,
    action: &'static str,
    workspace: Option<WorkspaceId>,
    target: Option<String>,
}

impl Kind {
    fn of(entry: &NewEntry) -> Self {
        Self {
            who: format!("{} {}", entry.author.kind(), entry.author.name()),
            action: entry.action,
            workspace: entry.workspace,
            target: entry.target.clone(),
        }
    }
}

/// Whose attempts they are: a user's, or of strangers a client's, whichever names it gives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Source {
    Known(String),
    Stranger(Option<IpAddr>),
}

impl Source {
    fn of(entry: &NewEntry) -> Self {
        match &entry.author {
            Author::Stranger { .. } => Self::Stranger(entry.request.address.map(network)),
            author => Self::Known(format!("{} {}", author.kind(), author.name())),
        }
    }
}

/// The last attempt of its kind, and how many of them wait to be written.
struct Held {
    last: NewEntry,
    times: u64,
}

struct Recorder {
    audit: AuditWriter,
    waiting: mpsc::Receiver<Message>,
    overflow: Arc<AtomicU64>,
    unrecorded: u64,
    window: HashMap<Kind, Held>,
    /// How many kinds each source has in the window, and all strangers.
    kinds: HashMap<Source, usize>,
    strangers: usize,
    /// What goes beyond a source's kinds.
    folded: HashMap<Source, Held>,
    window_ends: Option<Instant>,
}

impl Recorder {
    async fn run(mut self) {
        loop {
            let message = match self.window_ends {
                None => self.waiting.recv().await,
                Some(end) => {
                    let Ok(message) = timeout_at(end, self.waiting.recv()).await else {
                        self.end_window().await;
                        continue;
                    };
                    message
                }
            };
            match message {
                Some(Message::Denied(entry)) => self.take(*entry).await,
                Some(Message::Close(done)) => {
                    self.waiting.close();
                    while let Some(Message::Denied(entry)) = self.waiting.recv().await {
                        self.take(*entry).await;
                    }
                    self.end_window().await;
                    // Whoever asked may have gone.
                    let _ = done.send(());
                    return;
                }
                None => return self.end_window().await,
            }
        }
    }

    async fn take(&mut self, entry: NewEntry) {
        // A steady stream of messages must not keep a window open.
        if self.window_ends.is_some_and(|end| Instant::now() >= end) {
            self.end_window().await;
        }
        self.window_ends
            .get_or_insert_with(|| Instant::now() + WINDOW);
        let kind = Kind::of(&entry);
        if let Some(held) = self.window.get_mut(&kind) {
            held.last = entry;
            held.times += 1;
            return;
        }
        let source = Source::of(&entry);
        let of_source = self.kinds.get(&source).copied().unwrap_or_default();
        if of_source >= MOST_KINDS_OF_ONE {
            // No more of them than fill the window with their kinds.
            let times = self.folded.get(&source).map_or(0, |held| held.times) + 1;
            self.folded.insert(source, Held { last: entry, times });
            return;
        }
        let stranger = matches!(source, Source::Stranger(_));
        let full = stranger && self.strangers >= MOST_KINDS_OF_STRANGERS;
        if full || self.window.len() >= MOST_KINDS {
            self.unrecorded += 1;
            return;
        }
        self.strangers += usize::from(stranger);
        self.kinds.insert(source, of_source + 1);
        let held = Held {
            last: entry.clone(),
            times: 0,
        };
        self.window.insert(kind, held);
        self.write(entry, 1).await;
    }

    async fn end_window(&mut self) {
        self.window_ends = None;
        let held = self
            .window
            .drain()
            .map(|(_, held)| held)
            .filter(|held| held.times > 0)
            .collect::<Vec<_>>();
        for Held { last, times } in held {
            self.write(last.detail("times", times), times).await;
        }
        self.kinds.clear();
        self.strangers = 0;
        let folded: Vec<_> = self.folded.drain().map(|(_, held)| held).collect();
        for Held { last, times } in folded {
            // Whose they were; what they were about differs.
            let entry = NewEntry {
                workspace: None,
                credential: None,
                target: None,
                ..last
            };
            self.write(entry.detail("times", times), times).await;
        }
        self.unrecorded += self.overflow.swap(0, Ordering::Relaxed);
        if self.unrecorded > 0 {
            let unrecorded = std::mem::take(&mut self.unrecorded);
            let entry = NewEntry::new(Author::System, action::DENIED)
                .failed()
                .detail("unrecorded", unrecorded);
            self.write(entry, unrecorded).await;
        }
    }

    /// Writes an entry that stands for so many attempts; if that fails, they are counted in a later one.
    async fn write(&mut self, entry: NewEntry, times: u64) {
        if let Err(error) = self.audit.commit(entry, None).await {
            tracing::warn!(%error, times, "denied attempts couldn't be recorded");
            self.unrecorded += times;
        }
    }
}
