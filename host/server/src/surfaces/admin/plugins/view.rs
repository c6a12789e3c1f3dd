//! A plugin, for operators and scripts.

use std::sync::Arc;

use blake3::Hash;
use claviger_runtime::{Manifest, Plugin, PluginState, Prepared, Provenance};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::plugins::{FileState, Listed, Waiting};

/// What is listed: a plugin, or a file that is none, or not yet.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PluginView {
    /// Its name; none where the file doesn't say so much.
    pub(crate) name: Option<String>,
    /// Its version.
    pub(crate) version: Option<String>,
    /// One sentence.
    pub(crate) description: Option<String>,
    /// The interfaces that it exports.
    pub(crate) capabilities: Vec<String>,
    /// The kinds of credential that it knows.
    pub(crate) kinds: Vec<String>,
    /// Where it may go; of one that may not serve, where it wants to.
    pub(crate) origins: Vec<String>,
    /// The BLAKE3 hash of its file.
    pub(crate) hash: Option<String>,
    /// `embedded` or `directory`.
    pub(crate) provenance: String,
    /// The file in the plugin directory.
    pub(crate) file: Option<String>,
    /// `serving`, `older` (another version of the name serves where nothing is pinned), `resting`, `waiting`, `compiling`,
    /// `refused`; `loads` where no server runs.
    pub(crate) state: String,
    /// Why it doesn't serve.
    pub(crate) reason: Option<String>,
    /// What one that waits asks for beyond what it would get by itself.
    pub(crate) beyond: Vec<String>,
    /// When one that rests is tried again.
    pub(crate) resting_until: Option<String>,
    /// How often in a row it failed by its own fault.
    pub(crate) consecutive_failures: u32,
}

/// The answer of every request about plugins.
#[derive(Serialize, Deserialize)]
pub(crate) struct PluginsAnswer {
    pub(crate) plugins: Vec<PluginView>,
}

impl PluginsAnswer {
    /// Everything that is known now: what serves first, then the files that don't.
    pub(super) fn now(app: &App) -> Self {
        let (catalogue, listing) = (app.catalogue(), app.plugins().listing());
        let serving = catalogue.iter().map(|plugin| {
            let first = catalogue.by_name(plugin.name());
            let serves = first.is_some_and(|first| Arc::ptr_eq(first, plugin));
            let mut view = PluginView::of(plugin);
            view.file = listing.file_of(plugin).map(str::to_owned);
            if view.state == SERVING && !serves {
                view.state = "older".to_owned();
            }
            view
        });
        let others = listing.iter().filter_map(PluginView::of_file);
        Self {
            plugins: serving.chain(others).collect(),
        }
    }

    /// What is known of the file with that hash.
    pub(super) fn about(app: &App, hash: &Hash) -> Self {
        let hash = hash.to_hex();
        let mut answer = Self::now(app);
        answer
            .plugins
            .retain(|view| view.hash.as_deref() == Some(hash.as_str()));
        answer
    }
}

const SERVING: &str = "serving";

impl PluginView {
    /// What there is to say of a plugin that was admitted.
    pub(crate) fn of(plugin: &Plugin) -> Self {
        let health = plugin.health();
        let (state, reason, until_ms) = match health.state {
            PluginState::Serving => (SERVING, None, None),
            PluginState::Resting { until_ms } => (
                "resting",
                Some("it failed too often in a row"),
                Some(until_ms),
            ),
            PluginState::OnTrial => (
                "resting",
                Some("it failed too often in a row; the next call tries it"),
                None,
            ),
        };
        Self {
            origins: texts(&plugin.grant().origins),
            capabilities: texts(plugin.capabilities()),
            provenance: match plugin.provenance() {
                Provenance::Embedded => "embedded",
                Provenance::Directory => "directory",
            }
            .to_owned(),
            state: state.to_owned(),
            reason: reason.map(str::to_owned),
            resting_until: until_ms.and_then(time),
            consecutive_failures: health.failures,
            ..Self::described(plugin.manifest(), plugin.hash())
        }
    }

    /// What there is to say of a file that was loaded and not admitted.
    pub(crate) fn of_prepared(prepared: &Prepared, file: &str, state: &str) -> Self {
        Self {
            origins: texts(&prepared.manifest().origins),
            capabilities: texts(&prepared.capabilities()),
            file: Some(file.to_owned()),
            state: state.to_owned(),
            ..Self::described(prepared.manifest(), prepared.hash())
        }
    }

    /// What there is to say of a file that can't be loaded.
    pub(crate) fn of_refused(file: &str, reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            ..Self::of_unknown(file, "refused")
        }
    }

    fn of_file(listed: &Listed) -> Option<Self> {
        let file = &listed.file;
        Some(match listed.state.as_ref()? {
            FileState::Compiling => Self::of_unknown(file, "compiling"),
            FileState::Refused(reason) => Self::of_refused(file, reason),
            FileState::Waiting(candidate, Waiting { reason, beyond }) => Self {
                reason: Some(reason.clone()),
                beyond: texts(beyond),
                ..Self::of_prepared(&candidate.prepared, file, "waiting")
            },
        })
    }

    fn of_unknown(file: &str, state: &str) -> Self {
        Self {
            provenance: "directory".to_owned(),
            file: Some(file.to_owned()),
            state: state.to_owned(),
            ..Self::default()
        }
    }

    fn described(manifest: &Manifest, hash: &Hash) -> Self {
        Self {
            name: Some(manifest.name.clone()),
            version: Some(manifest.version.to_string()),
            description: Some(manifest.description.clone()),
            kinds: manifest
                .kinds
                .iter()
                .map(|kind| kind.name.clone())
                .collect(),
            hash: Some(hash.to_hex().to_string()),
            provenance: "directory".to_owned(),
            ..Self::default()
        }
    }
}

fn texts<'a, T: ToString + 'a>(items: impl IntoIterator<Item = &'a T>) -> Vec<String> {
    items.into_iter().map(ToString::to_string).collect()
}

fn time(ms: u64) -> Option<String> {
    let ms = i64::try_from(ms).ok()?;
    let time = jiff::Timestamp::from_millisecond(ms).ok()?;
    Some(time.to_string())
}
