//! The plugins that serve. Immutable: whoever owns it makes a new one and swaps the whole.

use std::sync::Arc;

use semver::VersionReq;

use crate::plugin::Plugin;
use crate::secret::Secret;

/// The plugins that serve, by name and kind.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// By name, and of one name the highest version first.
    plugins: Vec<Arc<Plugin>>,
}

impl Catalogue {
    /// A catalogue of these plugins.
    #[must_use]
    pub fn new(mut plugins: Vec<Arc<Plugin>>) -> Self {
        plugins.sort_by(|a, b| {
            a.name()
                .cmp(b.name())
                .then_with(|| b.version().cmp(a.version()))
        });
        Self { plugins }
    }

    /// The plugin of that name, of several the highest version.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Arc<Plugin>> {
        self.select(name, None)
    }

    /// The plugin of that name whose version a pin allows, of several the highest. Without a pin a pre-release serves only
    /// where there is nothing else. While that one rests the next one serves that is allowed; where all of them rest it is
    /// the first again, whose calls say until when.
    #[must_use]
    pub fn select(&self, name: &str, pin: Option<&VersionReq>) -> Option<&Arc<Plugin>> {
        allowed(self.versions(name), pin)
    }

    /// All versions of that name, the highest first.
    fn versions(&self, name: &str) -> &[Arc<Plugin>] {
        let first = self.plugins.partition_point(|plugin| plugin.name() < name);
        let of_name = &self.plugins[first..];
        &of_name[..of_name.partition_point(|plugin| plugin.name() == name)]
    }

    /// The serving plugins (one version of each name) that declare a kind.
    pub fn declaring_kind(&self, kind: &str) -> impl Iterator<Item = &Arc<Plugin>> {
        self.serving()
            .filter(move |plugin| plugin.manifest().kind(kind).is_some())
    }

    /// Of those that declare a kind, the ones that a credential of an unnamed provider may be for: those that [route
    /// openly](Plugin::routes_openly), and where there is none, all of them. So a dropped file may bring a kind of its own,
    /// and changes nothing about the kinds that are there.
    #[must_use]
    pub fn routing_kind(&self, kind: &str) -> Vec<&Arc<Plugin>> {
        let declaring: Vec<_> = self.declaring_kind(kind).collect();
        let open: Vec<_> = declaring
            .iter()
            .copied()
            .filter(|plugin| self.routes_openly(plugin))
            .collect();
        if open.is_empty() { declaring } else { open }
    }

    /// Whether any version of the plugin's name routes openly: one that serves in the place of an embedded plugin was
    /// approved for just that.
    fn routes_openly(&self, plugin: &Plugin) -> bool {
        let mut versions = self.versions(plugin.name()).iter();
        versions.any(|version| version.routes_openly())
    }

    /// The plugin whose kind recognises a value by its longest prefix. Only those that route openly are asked: a dropped
    /// file must not draw credentials to itself.
    #[must_use]
    pub fn recognise(&self, kind: &str, value: &Secret) -> Option<&Arc<Plugin>> {
        let length = |plugin: &Arc<Plugin>| {
            let prefixes = &plugin.manifest().kind(kind)?.recognises;
            prefixes
                .iter()
                .filter(|prefix| value.expose().starts_with(prefix.as_bytes()))
                .map(String::len)
                .max()
        };
        self.serving()
            .filter(|plugin| self.routes_openly(plugin))
            .filter_map(|plugin| length(plugin).map(|length| (length, plugin)))
            .max_by_key(|(length, _)| *length)
            .map(|(_, plugin)| plugin)
    }

    /// All plugins, older versions among them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Plugin>> {
        self.plugins.iter()
    }

    /// The version of each name that serves where nothing is pinned.
    fn serving(&self) -> impl Iterator<Item = &Arc<Plugin>> {
        self.plugins
            .chunk_by(|a, b| a.name() == b.name())
            .filter_map(|versions| allowed(versions, None))
    }
}

/// Of the versions of one name, the one that serves.
fn allowed<'v>(versions: &'v [Arc<Plugin>], pin: Option<&VersionReq>) -> Option<&'v Arc<Plugin>> {
    let released = versions
        .iter()
        .any(|plugin| plugin.version().pre.is_empty());
    let fits = |plugin: &&Arc<Plugin>| match pin {
        Some(pin) => pin.matches(plugin.version()),
        None => !released || plugin.version().pre.is_empty(),
    };
    let mut fitting = versions.iter().filter(fits);
    let first = fitting.next()?;
    if first.is_available() {
        return Some(first);
    }
    fitting.find(|plugin| plugin.is_available()).or(Some(first))
}
