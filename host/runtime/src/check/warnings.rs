//! What keeps a component from nothing, and its author should know.

use super::world::World;
use super::{Finding, contract, imports};
use crate::load::versions::own;
use crate::manifest::Manifest;

/// All of them. Without a manifest, those that the file alone gives rise to.
pub(super) fn of(world: &World, manifest: Option<&Manifest>) -> Vec<Finding> {
    let mut findings = strays(world);
    findings.extend(imports::denied(&world.imports()));
    if let Some(manifest) = manifest {
        findings.extend(of_manifest(manifest, world));
    }
    findings
}

/// Exports that no host calls.
fn strays(world: &World) -> Vec<Finding> {
    let mut findings = Vec::new();
    for item in world.exported() {
        let Ok(own) = own(&item.name, "exports") else {
            continue;
        };
        let known = own.and_then(contract::interface);
        let (Some(ours), Some(theirs)) = (known, item.interface) else {
            findings.push(stray(&item.name));
            continue;
        };
        let extra = theirs
            .functions
            .keys()
            .filter(|name| !ours.functions.contains_key(*name));
        findings.extend(extra.map(|function| stray(&format!("{}.{function}", item.name))));
    }
    findings
}

fn stray(name: &str) -> Finding {
    Finding::new(
        "stray-export",
        format!("the component exports `{name}`, which this host never calls"),
        "leave it out of the world's exports, or mind the spelling if it is meant to be a capability",
    )
}

fn of_manifest(manifest: &Manifest, world: &World) -> Vec<Finding> {
    let mut findings = Vec::new();
    if world.capabilities().is_empty() {
        findings.push(Finding::new(
            "no-capability",
            "the component exports no capability, so no one can ask it for anything",
            "export at least one capability of `claviger:provider`, such as `validation`",
        ));
    }
    if manifest.licence.is_none() {
        findings.push(Finding::new(
            "no-licence",
            "the manifest names no licence, so an operator can't tell whether the plugin may be used",
            "add `\"licence\"` with an SPDX expression, such as `\"Apache-2.0\"`",
        ));
    }
    if manifest.kinds.is_empty() {
        findings.push(Finding::new(
            "no-kind",
            "the manifest declares no kind of credential, so none can be stored for this plugin",
            "declare at least one in `kinds`",
        ));
    }
    let discloses = world
        .imports()
        .iter()
        .any(|name| matches!(own(name, "imports"), Ok(Some("disclosure"))));
    if discloses && manifest.reveal.is_none() {
        findings.push(Finding::new(
            "reveal-unasked",
            "the component imports `disclosure`, and its manifest doesn't ask to reveal, so every `reveal` is denied",
            "say why in the manifest's `reveal`, or use stand-ins",
        ));
    }
    findings
}
