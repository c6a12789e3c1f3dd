//! The kinds that this surface knows: whatever the plugins declare.

use std::collections::BTreeSet;

use claviger_runtime::Catalogue;

/// The kind of a path's `api-key`, if a plugin declares it.
pub(super) fn of_path(catalogue: &Catalogue, spelled: &str) -> Option<String> {
    all(catalogue)
        .into_iter()
        .find(|kind| in_path(kind) == spelled)
        .map(ToOwned::to_owned)
}

/// The kinds as paths spell them, for a message.
pub(super) fn spelled_in_paths(catalogue: &Catalogue) -> String {
    all(catalogue)
        .into_iter()
        .map(in_path)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The kinds as bodies spell them, for a message.
pub(super) fn spelled_in_bodies(catalogue: &Catalogue) -> String {
    all(catalogue)
        .into_iter()
        .map(super::names::kind)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The names of the fields that a kind has, with whichever plugin.
pub(super) fn fields(catalogue: &Catalogue, kind: &str) -> BTreeSet<String> {
    let declared = catalogue
        .declaring_kind(kind)
        .filter_map(|plugin| plugin.manifest().kind(kind));
    declared
        .flat_map(|kind| kind.fields.iter().map(|field| field.name.clone()))
        .collect()
}

/// The names of the fields that are sealed, of all kinds: what an update of metadata can't change.
pub(super) fn all_fields(catalogue: &Catalogue) -> BTreeSet<String> {
    all(catalogue)
        .into_iter()
        .flat_map(|kind| fields(catalogue, kind))
        .collect()
}

fn all(catalogue: &Catalogue) -> BTreeSet<&str> {
    catalogue
        .iter()
        .flat_map(|plugin| {
            plugin
                .manifest()
                .kinds
                .iter()
                .map(|kind| kind.name.as_str())
        })
        .collect()
}

fn in_path(kind: &str) -> String {
    kind.replace('_', "-")
}
