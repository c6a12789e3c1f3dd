//! The kinds that this surface knows: whatever the plugins declare, and in a filter also those of its document.

use std::collections::BTreeSet;

use claviger_runtime::Catalogue;

/// The document's kinds. A plugin may declare any of them later, and until then no credential is of it.
const DOCUMENTED: [&str; 10] = [
    "api_key",
    "slack",
    "oauth2",
    "basic_auth",
    "jwt",
    "aws_credentials",
    "gcp_service_account",
    "ssh_key",
    "bearer_token",
    "custom",
];

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

/// Whether a list can be asked for the kind: one that a plugin declares, or one of the document's.
pub(super) fn is_known(catalogue: &Catalogue, kind: &str) -> bool {
    DOCUMENTED.contains(&kind) || all(catalogue).contains(kind)
}

/// The kinds that a list can be asked for, as bodies spell them, for a message.
pub(super) fn spelled_in_bodies(catalogue: &Catalogue) -> String {
    all(catalogue)
        .into_iter()
        .chain(DOCUMENTED)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(super::names::kind)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The names of the fields that a kind has, with whichever plugin it may be for: the provider's, where one is named, and
/// those that the kind alone leads to. What others declare isn't read, as it isn't where they aren't there.
pub(super) fn fields(
    catalogue: &Catalogue,
    kind: &str,
    provider: Option<&str>,
) -> BTreeSet<String> {
    let provider = provider.map(|name| name.trim().to_lowercase());
    let named = provider.and_then(|name| catalogue.by_name(&name));
    let declared = catalogue
        .routing_kind(kind)
        .into_iter()
        .chain(named)
        .filter_map(|plugin| plugin.manifest().kind(kind));
    declared
        .flat_map(|kind| kind.fields.iter().map(|field| field.name.clone()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_kinds_can_be_asked_for_whoever_declares_them() {
        let none = Catalogue::default();
        assert!(is_known(&none, "ssh_key") && !is_known(&none, "api_kay"));
        assert!(
            of_path(&none, "ssh-key").is_none(),
            "no plugin can store it"
        );
        assert_eq!(
            spelled_in_bodies(&none),
            "API_KEY, AWS_CREDENTIALS, BASIC_AUTH, BEARER_TOKEN, CUSTOM, GCP_SERVICE_ACCOUNT, JWT, OAUTH2, SLACK, SSH_KEY"
        );
    }
}
