//! What a component imports and exports, read from its bytes, and how that differs from the contract.

use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Interface, Resolve, WorldId, WorldItem};

use super::compare::Comparison;
use super::{Finding, contract, imports, render};
use crate::contract::VERSION as OURS;
use crate::load::LoadError;
use crate::load::versions::own;
use crate::plugin::Capability;

/// The interface without which a component is no plugin.
const MANIFEST: &str = "manifest";

/// What a component imports and exports.
pub struct World {
    resolve: Resolve,
    id: WorldId,
}

/// The file is no component, but WIT in the shape of one.
pub(super) struct WitPackage;

/// Something that a component imports or exports.
pub(super) struct Item<'w> {
    /// `claviger:provider/http@0.1.0`, or a function's own name.
    pub(super) name: String,
    pub(super) interface: Option<&'w Interface>,
}

impl World {
    /// None where the file has no world that WIT could say: then there is nothing to compare.
    pub(super) fn read(wasm: &[u8]) -> Result<Option<Self>, WitPackage> {
        match decode(wasm) {
            Ok(DecodedWasm::Component(resolve, id)) => Ok(Some(Self { resolve, id })),
            Ok(DecodedWasm::WitPackage(..)) => Err(WitPackage),
            Err(_) => Ok(None),
        }
    }

    /// The names of what it imports.
    #[must_use]
    pub fn imports(&self) -> Vec<String> {
        self.imported().into_iter().map(|item| item.name).collect()
    }

    /// The names of what it exports.
    #[must_use]
    pub fn exports(&self) -> Vec<String> {
        self.exported().into_iter().map(|item| item.name).collect()
    }

    /// The capabilities among its exports, whether or not they fit.
    #[must_use]
    pub fn capabilities(&self) -> Vec<Capability> {
        let exports = self.exports();
        let exported = |capability: &Capability| {
            exports.iter().any(|name| {
                matches!(own(name, "exports"), Ok(Some(interface)) if interface == capability.as_str())
            })
        };
        Capability::ALL.into_iter().filter(exported).collect()
    }

    /// The version of `claviger:provider` that it was built for, where it says one; its first, where it says several.
    #[must_use]
    pub fn contract_version(&self) -> Option<String> {
        let names = self.exports().into_iter().chain(self.imports());
        let mut versions = names.filter_map(|name| {
            let (_, version) = name.strip_prefix("claviger:provider/")?.split_once('@')?;
            Some(version.to_owned())
        });
        versions.next()
    }

    pub(super) fn imported(&self) -> Vec<Item<'_>> {
        self.items(&self.resolve.worlds[self.id].imports)
    }

    pub(super) fn exported(&self) -> Vec<Item<'_>> {
        self.items(&self.resolve.worlds[self.id].exports)
    }

    fn items<'w>(
        &'w self,
        of: impl IntoIterator<Item = (&'w wit_parser::WorldKey, &'w WorldItem)>,
    ) -> Vec<Item<'w>> {
        let item = |(key, item): (_, &WorldItem)| Item {
            name: self.resolve.name_world_key(key),
            interface: match item {
                WorldItem::Interface { id, .. } => Some(&self.resolve.interfaces[*id]),
                WorldItem::Function(_) | WorldItem::Type { .. } => None,
            },
        };
        of.into_iter().map(item).collect()
    }

    /// All that keeps this host from linking it.
    pub(super) fn refusals(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut versions = Vec::new();
        let mut comparison = Comparison::new(contract::types(), &self.resolve);
        for item in self.imported() {
            if let Some(finding) = imports::refusal(&item.name) {
                findings.push(finding);
                continue;
            }
            match own(&item.name, "imports") {
                Ok(Some(name)) => {
                    findings.extend(Self::imported_interface(name, &item, &mut comparison));
                }
                Ok(None) => {}
                Err(error) => versions.push(error),
            }
        }
        let mut has_manifest = false;
        for item in self.exported() {
            match own(&item.name, "exports") {
                Ok(Some(name)) => {
                    has_manifest |= name == MANIFEST;
                    findings.extend(Self::exported_interface(name, &item, &mut comparison));
                }
                Ok(None) => {}
                Err(error) => versions.push(error),
            }
        }
        findings.extend(other_versions(&versions));
        // One of another version was told of already.
        if !has_manifest && versions.is_empty() {
            findings.push(Finding::new(
                "no-manifest",
                "the component does not export `claviger:provider/manifest`, so it can't say what it is",
                format!("add `export claviger:provider/manifest@{OURS};` to its world and implement `describe`"),
            ));
        }
        findings
    }

    /// Only what is there has to fit: a component imports what it uses.
    fn imported_interface(
        name: &str,
        item: &Item<'_>,
        comparison: &mut Comparison<'_>,
    ) -> Vec<Finding> {
        let (Some(ours), Some(theirs)) = (contract::interface(name), item.interface) else {
            return Vec::new();
        };
        let mut findings = Vec::new();
        for (function, their) in &theirs.functions {
            let subject = format!("the component imports `{name}.{function}`");
            match ours.functions.get(function) {
                None => findings.push(Finding::new(
                    "import-type",
                    format!("{subject}, which the contract in version {OURS} does not have"),
                    USE_OUR_WIT,
                )),
                Some(our) => findings.extend(comparison.function(our, their).into_iter().map(
                    |difference| {
                        Finding::new(
                            "import-type",
                            format!("{subject} with other types: {difference}"),
                            USE_OUR_WIT,
                        )
                    },
                )),
            }
        }
        findings
    }

    /// Everything that the contract has must be there; what is there beside it is never called.
    fn exported_interface(
        name: &str,
        item: &Item<'_>,
        comparison: &mut Comparison<'_>,
    ) -> Vec<Finding> {
        let (Some(ours), Some(theirs)) = (contract::interface(name), item.interface) else {
            return Vec::new();
        };
        let mut findings = Vec::new();
        for (function, our) in &ours.functions {
            match theirs.functions.get(function) {
                None => findings.push(Finding::new(
                    "missing-function",
                    format!(
                        "the component exports `{name}` without `{function}`: `{}`",
                        render::function(contract::types(), our)
                    ),
                    format!(
                        "implement it, and answer with the failure code `unsupported` where there is nothing to do, or \
                         leave `{name}` out of the world's exports"
                    ),
                )),
                Some(their) => findings.extend(comparison.function(our, their).into_iter().map(
                    |difference| {
                        Finding::new(
                            "export-type",
                            format!("the component exports `{name}.{function}` with other types: {difference}"),
                            USE_OUR_WIT,
                        )
                    },
                )),
            }
        }
        findings
    }
}

const USE_OUR_WIT: &str = "generate the bindings again from this host's provider.wit (`claviger plugin new` writes it into \
                           wit/deps), and build";

/// One finding for each version that the component speaks and this host doesn't.
fn other_versions(errors: &[LoadError]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut told: Vec<(&str, &str)> = Vec::new();
    for error in errors {
        let LoadError::Version { verb, theirs, .. } = error else {
            continue;
        };
        if told.contains(&(verb, theirs)) {
            continue;
        }
        told.push((verb, theirs));
        let same = errors.iter().filter_map(|other| match other {
            LoadError::Version {
                verb: v,
                theirs: t,
                interface,
                ..
            } if v == verb && t == theirs => Some(format!("`{interface}`")),
            _ => None,
        });
        let interfaces: Vec<String> = same.collect();
        findings.push(Finding::new(
            "version",
            format!(
                "the component {verb} {} in version {theirs}; this host speaks `claviger:provider` {OURS}",
                interfaces.join(", ")
            ),
            format!("build it against `claviger:provider` {OURS}, or run it on a host that speaks {theirs}"),
        ));
    }
    findings
}
