//! What happens at each look at the plugin directory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use claviger_runtime::directory::{Looked, Settling, Stamp};
use claviger_runtime::{Catalogue, Plugin, PluginSettings, Prepared, Provenance, Rights};
use claviger_vault::VaultError;
use claviger_vault::plugins::{Asking, Decision};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::Setup;
use super::events::Events;
use super::listing::Listing;
use super::load::{LoadRefusal, Loader};
use super::slot::{Candidate, Latest, Slot, Standing, Waiting, asking};
use super::watch::Watch;

/// How often the directory is looked at where nothing is told: network file systems tell nothing.
const POLL: Duration = Duration::from_millis(500);

/// How often it is looked at while a file is being copied.
const WHILE_SETTLING: Duration = Duration::from_millis(50);

/// The shortest time between two looks: a file that is being copied is told of with every write.
const GAP: Duration = Duration::from_millis(20);

/// How long the start waits for files that are being copied.
const FIRST_SETTLING: Duration = Duration::from_secs(2);

/// How long the start waits for files that are being compiled. Those that take longer serve when they are done.
const FIRST_LOADS: Duration = Duration::from_secs(20);

/// How many files are loaded at a time: each is in memory as a whole.
const AT_A_TIME: usize = 4;

/// What a load came to.
struct Loaded {
    file: String,
    stamp: Stamp,
    result: Result<Option<Prepared>, LoadRefusal>,
}

/// Everything that is known of the directory.
pub(super) struct Rounds {
    setup: Setup,
    loader: Loader,
    watch: Watch,
    grants: watch::Receiver<u64>,
    events: Events,
    settling: Settling,
    slots: BTreeMap<String, Slot>,
    loads: JoinSet<Loaded>,
    /// What serves now.
    serving: Vec<Arc<Plugin>>,
    /// Whether a decision could not be made, so that all are made again: a withdrawal must not be lost.
    undecided: bool,
    /// Whether some file was not in the state that it was last loaded in.
    unsettled: bool,
    /// Whether the last look failed, so that this is said once.
    blind: bool,
    listing: Arc<ArcSwap<Listing>>,
    /// Who wants to know when all is done.
    asked: Vec<oneshot::Sender<()>>,
}

impl Rounds {
    pub(super) fn new(setup: Setup, listing: Arc<ArcSwap<Listing>>) -> Self {
        Self {
            loader: Loader::new(
                setup.runtime.clone(),
                setup.directory.clone(),
                &setup.config,
            ),
            watch: Watch::start(setup.directory.path()),
            grants: setup.vault.grants_changed(),
            events: Events::start(setup.vault.clone()),
            settling: Settling::default(),
            slots: BTreeMap::new(),
            loads: JoinSet::new(),
            serving: Vec::new(),
            undecided: false,
            unsettled: false,
            blind: false,
            listing,
            asked: Vec::new(),
            setup,
        }
    }

    /// Loads what is there, and decides in the order of the files' names: of a name that was never seen, that order says
    /// which version is the first.
    pub(super) async fn first(&mut self) {
        let begun = Instant::now();
        loop {
            self.look().await;
            self.load();
            let settled = !self.unsettled || begun.elapsed() > FIRST_SETTLING;
            if self.loads.is_empty() && settled || begun.elapsed() > FIRST_LOADS {
                break;
            }
            tokio::select! {
                Some(loaded) = self.loads.join_next() => self.keep(loaded),
                () = tokio::time::sleep(WHILE_SETTLING) => {}
            }
        }
        self.decide(false).await;
        self.swap();
        self.warn_of_unknown_names();
    }

    /// Looks again and again, until the task is ended.
    pub(super) async fn run(mut self, mut asked: mpsc::Receiver<oneshot::Sender<()>>) {
        loop {
            let pause = if self.unsettled { WHILE_SETTLING } else { POLL };
            let mut decide_all = false;
            tokio::select! {
                () = self.watch.changed() => tokio::time::sleep(GAP).await,
                () = tokio::time::sleep(pause) => {}
                Some(loaded) = self.loads.join_next() => self.keep(loaded),
                Some(waiter) = asked.recv() => self.ask_again(waiter),
                changed = self.grants.changed() => decide_all = changed.is_ok(),
            }
            self.look().await;
            // An approval that was told a moment ago counts for who asks now.
            if self.grants.has_changed().unwrap_or(false) {
                self.grants.borrow_and_update();
                decide_all = true;
            }
            self.decide(decide_all || self.undecided).await;
            self.load();
            self.swap();
            self.events
                .of_quarantine(self.setup.catalogue.load().iter());
            if !self.unsettled && self.loads.is_empty() {
                for asker in self.asked.drain(..) {
                    // Who asked may have gone.
                    let _ = asker.send(());
                }
            }
        }
    }

    /// Somebody asks for a look: what was refused is tried again, since what was wrong may not have been the file.
    fn ask_again(&mut self, asker: oneshot::Sender<()>) {
        self.asked.push(asker);
        for slot in self.slots.values_mut() {
            if matches!(slot.latest, Latest::Refused(_)) {
                slot.stamp = None;
            }
        }
    }

    /// Compares what is there with what is known.
    async fn look(&mut self) {
        let directory = self.setup.directory.clone();
        let looked = tokio::task::spawn_blocking(move || directory.look()).await;
        let looked = match looked.map_err(std::io::Error::other).flatten() {
            Ok(looked) => looked,
            // What serves goes on: a file system that is away for a moment has deleted nothing.
            Err(error) => {
                if !std::mem::replace(&mut self.blind, true) {
                    warn!(%error, "the plugin directory can't be read; what serves goes on");
                }
                self.unsettled = false;
                return;
            }
        };
        self.blind = false;
        self.slots.retain(|file, _| looked.contains_key(file));
        for (file, stamp) in &looked {
            let slot = self.slots.entry(file.clone()).or_default();
            if let Err(refusal) = stamp {
                slot.stamp = None;
                self.events.refused(file, slot.refuse(refusal));
            }
        }
        self.settle(&looked);
    }

    /// Takes note of the files that have been copied to their end and aren't what was loaded.
    fn settle(&mut self, looked: &BTreeMap<String, Looked>) {
        let settled = self.settling.settled(looked, Instant::now());
        let settled: BTreeMap<_, _> = settled.into_iter().collect();
        self.unsettled = false;
        for (file, slot) in &mut self.slots {
            let Some(Ok(stamp)) = looked.get(file) else {
                continue;
            };
            if slot.stamp.as_ref() == Some(stamp) {
                continue;
            }
            self.unsettled = true;
            if settled.contains_key(file.as_str()) && !slot.loading {
                slot.wanted = Some(stamp.clone());
            }
        }
    }

    /// Begins to load what is wanted, as many at a time as may be.
    fn load(&mut self) {
        for (file, slot) in &mut self.slots {
            if self.loads.len() >= AT_A_TIME {
                return;
            }
            let Some(stamp) = slot.wanted.take() else {
                continue;
            };
            slot.stamp = Some(stamp.clone());
            slot.loading = true;
            let (loader, file) = (self.loader.clone(), file.clone());
            self.loads.spawn(async move {
                let result = loader.load(file.clone(), stamp.clone()).await;
                Loaded {
                    file,
                    stamp,
                    result,
                }
            });
        }
    }

    /// Keeps what a load came to, unless the file is another by now.
    fn keep(&mut self, loaded: Result<Loaded, tokio::task::JoinError>) {
        let Loaded {
            file,
            stamp,
            result,
        } = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                // Nobody knows which file it was: those that are being loaded are loaded again.
                warn!(%error, "a plugin file could not be loaded");
                for slot in self.slots.values_mut().filter(|slot| slot.loading) {
                    (slot.loading, slot.stamp) = (false, None);
                }
                return;
            }
        };
        let Some(slot) = self.slots.get_mut(&file) else {
            return;
        };
        slot.loading = false;
        if slot.stamp.as_ref() != Some(&stamp) {
            return;
        }
        match result {
            Ok(Some(prepared)) => {
                slot.latest = Latest::Loaded(Candidate::of(prepared), Standing::Undecided);
            }
            Ok(None) => slot.stamp = None,
            Err(refusal) => self.events.refused(&file, slot.refuse(&refusal)),
        }
    }

    /// Decides what nothing was decided of; with `all`, everything again, since grants may have changed.
    async fn decide(&mut self, all: bool) {
        self.undecided = false;
        for (file, slot) in &mut self.slots {
            if all && let Some(plugin) = slot.serves_from_memory() {
                let rights = Rights::asked(plugin.manifest());
                let asking = asking(plugin.manifest(), plugin.hash(), &rights);
                match ask(&self.setup, &asking).await {
                    Ok(Decision::Granted { .. }) => {}
                    Ok(Decision::Waiting { .. }) => slot.serving = None,
                    Err(error) => {
                        warn!(%error, file, "what a plugin file may do can't be decided now");
                        self.undecided = true;
                    }
                }
            }
            let Latest::Loaded(candidate, standing) = &slot.latest else {
                continue;
            };
            if !all && !matches!(standing, Standing::Undecided) {
                continue;
            }
            let candidate = Arc::clone(candidate);
            let hash = *candidate.prepared.hash();
            let serves = slot.serving.as_ref().is_some_and(|it| *it.hash() == hash);
            let standing = match ask(&self.setup, &candidate.asking()).await {
                Ok(Decision::Granted { .. }) if serves => Standing::Granted,
                Ok(Decision::Granted { rights }) => match admit(&self.setup, &candidate, &rights) {
                    Ok(plugin) => {
                        self.events.loaded(file, &plugin);
                        slot.serving = Some(plugin);
                        Standing::Granted
                    }
                    Err(refusal) => {
                        self.events.refused(file, slot.refuse(&refusal));
                        continue;
                    }
                },
                Ok(Decision::Waiting { reason, beyond }) => {
                    if serves {
                        slot.serving = None;
                    }
                    Standing::Waiting(Waiting { reason, beyond })
                }
                Err(error) => {
                    warn!(%error, file, "what a plugin file may do can't be decided now");
                    self.undecided = true;
                    continue;
                }
            };
            slot.latest = Latest::Loaded(candidate, standing);
        }
    }

    /// Puts what serves now in the place of what served, all at once. Of two files with the same name and version the one
    /// that serves goes on, else the first does.
    fn swap(&mut self) {
        let mut taken = BTreeSet::new();
        let mut twins = BTreeMap::new();
        let mut serving = Vec::new();
        let mut files: Vec<_> = self
            .slots
            .iter()
            .filter_map(|(file, slot)| Some((file, slot.serving.as_ref()?)))
            .collect();
        // Stable: the others stay in the order of their names.
        files.sort_by_key(|(_, plugin)| !self.serving.iter().any(|it| Arc::ptr_eq(it, plugin)));
        for (file, plugin) in files {
            let name = (plugin.name().to_owned(), plugin.version().clone());
            if taken.insert(name) {
                serving.push(Arc::clone(plugin));
            } else {
                twins.insert(file.clone(), Arc::clone(plugin));
            }
        }
        let same = self.serving.len() == serving.len()
            && self
                .serving
                .iter()
                .zip(&serving)
                .all(|(a, b)| Arc::ptr_eq(a, b));
        if !same || self.listing.load().is_empty() {
            // An operator approved a file that has an embedded plugin's name and version, so the file comes first.
            let all = serving.iter().chain(&self.setup.embedded).cloned();
            let catalogue = Catalogue::new(all.collect());
            info!(plugins = catalogue.iter().count(), "the plugins that serve");
            self.setup.catalogue.store(Arc::new(catalogue));
            self.serving = serving;
        }
        self.listing
            .store(Arc::new(Listing::of(&self.slots, &twins)));
    }

    /// Settings for a plugin that isn't there may be misspelt, or there before their file.
    fn warn_of_unknown_names(&self) {
        let catalogue = self.setup.catalogue.load();
        for name in self.setup.config.settings.keys() {
            let waits = |slot: &Slot| matches!(&slot.latest, Latest::Loaded(it, _) if it.prepared.manifest().name == *name);
            if catalogue.by_name(name).is_none() && !self.slots.values().any(waits) {
                warn!("[plugins.{name}]: there is no plugin of that name");
            }
        }
    }
}

async fn ask(setup: &Setup, asking: &Asking<'_>) -> Result<Decision, VaultError> {
    let policy = setup.config.approval.into();
    let settings = setup.config.settings.get(asking.name);
    let asking = Asking {
        lent: settings.is_some_and(PluginSettings::lends),
        ..*asking
    };
    setup.vault.decide(&asking, policy).await
}

fn admit(
    setup: &Setup,
    candidate: &Candidate,
    approved: &Rights,
) -> Result<Arc<Plugin>, LoadRefusal> {
    let defaults = PluginSettings::default();
    let name = &candidate.prepared.manifest().name;
    let settings = setup.config.settings.get(name).unwrap_or(&defaults);
    let admitted = candidate
        .prepared
        .admit(Provenance::Directory, settings, approved);
    Ok(admitted?)
}
