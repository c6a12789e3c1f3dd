//! Providers that remember: each makes, changes and ends things as the real one does, and fails where a test says so.
//!
//! A fake is a [`Service`]: its state, and how it answers one request. [`Fake::start`] runs it on the loopback. What a
//! request does to the state and what the caller hears of it are two things: a [`Fault`] loses the request before it does
//! anything, or the answer after it did.
//!
//! To add a provider: a file in `fakes/` with its state, its `Service`, and what tests ask it ("which keys work now?").

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

use super::server::Site;
use super::upstream::{Recorded, Reply, Upstream};

pub mod anthropic;
pub mod aws;
pub mod github;
pub mod n8n;
pub mod openai;
pub mod service;
pub mod slack;
pub mod supabase;

/// A provider's state, and how it answers.
pub trait Service: Send + 'static {
    /// The plugin that works with it.
    const PLUGIN: &'static str;
    /// Its true origin, which the fake stands in for; none where a credential's field says where it is.
    const ORIGIN: Option<&'static str>;
    /// Further origins of the provider's that it stands in for.
    const MORE_ORIGINS: &'static [&'static str] = &[];

    /// What a request does, and what is answered.
    fn answer(&mut self, request: &Recorded) -> Reply;
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed without a word, and nothing was done.
    Closed,
    /// Nothing is done, and there is no answer until the caller gives up.
    FrozenBefore,
    /// It is done, and there is no answer until the caller gives up.
    FrozenAfter,
    /// Nothing is done: 429, `Retry-After: 7`.
    RateLimited,
    /// Nothing is done: 500.
    ServerError,
    /// Nothing is done: 401 with a body of no provider's.
    Unauthorized,
    /// It is done, and what is answered isn't HTTP.
    Garbage,
    /// It is done, and the answer's body ends in its middle.
    CutOff,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Closed,
        Self::FrozenBefore,
        Self::FrozenAfter,
        Self::RateLimited,
        Self::ServerError,
        Self::Unauthorized,
        Self::Garbage,
        Self::CutOff,
    ];

    /// Whether the provider did what it was asked for.
    pub fn is_done(self) -> bool {
        matches!(self, Self::FrozenAfter | Self::Garbage | Self::CutOff)
    }

    fn reply(self, done: Option<Reply>) -> Reply {
        match self {
            Self::Closed => Reply::Raw(Vec::new()),
            Self::FrozenBefore | Self::FrozenAfter => Reply::Hang,
            Self::RateLimited => {
                Reply::body(429, "text/plain", "slow down").header("Retry-After", "7")
            }
            Self::ServerError => Reply::body(500, "text/html", "<h1>Oh no</h1>"),
            Self::Unauthorized => Reply::body(401, "text/html", "<h1>Who are you?</h1>"),
            Self::Garbage => Reply::Raw(b"\x16\x03\x01 not HTTP\r\n\r\n".to_vec()),
            Self::CutOff => cut_off(done),
        }
    }
}

/// The same answer with half of its body.
fn cut_off(reply: Option<Reply>) -> Reply {
    let Some(Reply::Http {
        status,
        headers,
        body,
        ..
    }) = reply
    else {
        return Reply::Raw(Vec::new());
    };
    let mut raw = format!("HTTP/1.1 {status} Scripted\r\n").into_bytes();
    for (name, value) in &headers {
        raw.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    // One byte more than there is, so that an empty body is cut off, too.
    raw.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len() + 1).as_bytes());
    raw.extend_from_slice(&body[..body.len() / 2]);
    Reply::Raw(raw)
}

type Matches = dyn Fn(&Recorded) -> bool + Send;

/// A fault that waits for its request.
struct Armed {
    matches: Box<Matches>,
    /// Requests that fit and still pass.
    passes: usize,
    /// How often it happens then.
    times: usize,
    fault: Fault,
}

/// A provider on the loopback. It ends when this is dropped.
pub struct Fake<S> {
    /// Where it listens, and what it was asked.
    pub upstream: Upstream,
    state: Arc<Mutex<S>>,
    armed: Arc<Mutex<Vec<Armed>>>,
    hits: watch::Receiver<usize>,
}

impl<S: Service> Fake<S> {
    /// Starts it.
    pub async fn start(service: S) -> Self {
        let state = Arc::new(Mutex::new(service));
        let armed: Arc<Mutex<Vec<Armed>>> = Arc::default();
        let (hit, hits) = watch::channel(0);
        let (serving, faults) = (Arc::clone(&state), Arc::clone(&armed));
        let upstream = Upstream::start(move |request| {
            let fault = next_fault(&mut lock(&faults), request);
            let Some(fault) = fault else {
                return lock(&serving).answer(request);
            };
            let done = fault.is_done().then(|| lock(&serving).answer(request));
            hit.send_modify(|count| *count += 1);
            fault.reply(done)
        })
        .await;
        Self {
            upstream,
            state,
            armed,
            hits,
        }
    }

    /// Its state, to look at and to change.
    pub fn state(&self) -> MutexGuard<'_, S> {
        lock(&self.state)
    }

    /// Of the requests that fit, the one after `passes` others goes wrong.
    pub fn fail_after(
        &self,
        passes: usize,
        fault: Fault,
        matches: impl Fn(&Recorded) -> bool + Send + 'static,
    ) {
        self.fail_times(passes, 1, fault, matches);
    }

    /// Of the requests that fit, so many after `passes` others go wrong.
    pub fn fail_times(
        &self,
        passes: usize,
        times: usize,
        fault: Fault,
        matches: impl Fn(&Recorded) -> bool + Send + 'static,
    ) {
        lock(&self.armed).push(Armed {
            matches: Box::new(matches),
            passes,
            times,
            fault,
        });
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        lock(&self.armed).clear();
    }

    /// How many requests went wrong.
    pub fn hits(&self) -> usize {
        *self.hits.borrow()
    }

    /// Waits until so many requests went wrong in all.
    pub async fn hit(&self, count: usize) {
        let mut hits = self.hits.clone();
        let reached = hits.wait_for(|hits| *hits >= count);
        tokio::time::timeout(super::wait::PATIENCE, reached)
            .await
            .expect("the request comes")
            .expect("the fake is there");
    }
}

impl Site {
    /// A plugin's provider is this fake, not where it really is.
    #[must_use]
    pub fn fake<S: Service>(self, fake: &Fake<S>) -> Self {
        match S::ORIGIN {
            Some(origin) => S::MORE_ORIGINS
                .iter()
                .chain([&origin])
                .fold(self, |site, origin| {
                    site.replace_origin(S::PLUGIN, origin, &fake.upstream.origin())
                }),
            None => self.plugin(
                S::PLUGIN,
                "allow-private",
                toml::Value::Array(vec![fake.upstream.origin().into()]),
            ),
        }
    }
}

fn next_fault(armed: &mut Vec<Armed>, request: &Recorded) -> Option<Fault> {
    let mut found = None;
    for armed in armed.iter_mut().filter(|armed| (armed.matches)(request)) {
        if armed.passes > 0 {
            armed.passes -= 1;
        } else if found.is_none() && armed.times > 0 {
            armed.times -= 1;
            found = Some(armed.fault);
        }
    }
    armed.retain(|armed| armed.times > 0);
    found
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics with it")
}
