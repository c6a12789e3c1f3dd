//! The keeper of the plugins: it looks at the plugin directory, and swaps the catalogue when there is something to swap.
//!
//! One task owns what is known of each file. A change is noticed by a notification or at the next look, twice a second;
//! what is new is read, compiled and started off the way of requests; the vault decides what it is granted; then the whole
//! catalogue is swapped at once. Calls under way hold the plugin that they began with, so they finish on it.
//!
//! A file that can't serve takes nothing from what served before: a plugin goes on from memory until its file is gone, its
//! grant is withdrawn, or a better one has taken its place.
//!
//! - `round`: what happens at each look; `slot`: what is known of one file; `load`: from a file to a prepared plugin
//! - `listing`: what operators are told; `events`: what the audit log is told; `watch`: notifications

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use claviger_runtime::directory::PluginDirectory;
use claviger_runtime::{Catalogue, Plugin, Runtime};
use claviger_vault::Vault;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::config;

mod events;
mod listing;
mod load;
mod round;
mod slot;
mod watch;

pub(crate) use listing::{FileState, Listed, Listing};
pub(crate) use load::Loader;
pub(crate) use slot::{Candidate, Waiting};

/// The directory in the data directory that operators drop plugins into.
pub(crate) const PLUGIN_DIRECTORY: &str = "plugins";

/// How long whoever asked for a look waits for what comes of it: a large plugin compiles for some seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many may wait for a look.
const WAITING: usize = 64;

/// What the keeper works with.
pub(crate) struct Setup {
    pub(crate) runtime: Runtime,
    pub(crate) vault: Vault,
    pub(crate) catalogue: Arc<ArcSwap<Catalogue>>,
    /// Those of the binary.
    pub(crate) embedded: Vec<Arc<Plugin>>,
    pub(crate) directory: PluginDirectory,
    pub(crate) config: config::Plugins,
}

/// The keeper, to those who ask it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Keeper {
    listing: Arc<ArcSwap<Listing>>,
    looks: mpsc::Sender<oneshot::Sender<()>>,
}

/// The keeper's task. It ends with this.
pub(crate) struct Keeping(JoinHandle<()>);

impl Keeper {
    /// Looks at the directory once, and from then on again and again.
    pub(crate) async fn start(setup: Setup) -> (Self, Keeping) {
        let listing = Arc::new(ArcSwap::from_pointee(Listing::default()));
        let (looks, asked) = mpsc::channel(WAITING);
        let mut rounds = round::Rounds::new(setup, Arc::clone(&listing));
        rounds.first().await;
        let task = tokio::spawn(rounds.run(asked));
        (Self { listing, looks }, Keeping(task))
    }

    /// What is known now.
    pub(crate) fn listing(&self) -> Arc<Listing> {
        self.listing.load_full()
    }

    /// Has the directory looked at now, and waits for what comes of it, for a while.
    pub(crate) async fn look(&self) {
        let (told, tell) = oneshot::channel();
        if self.looks.send(told).await.is_ok() {
            // An error is the server stopping, or a file that takes long: the listing says what is known all the same.
            let _ = tokio::time::timeout(PATIENCE, tell).await;
        }
    }
}

impl Keeping {
    /// Ends it.
    pub(crate) async fn end(self) {
        self.0.abort();
        // It was told to end, and says so.
        let _ = self.0.await;
    }
}
