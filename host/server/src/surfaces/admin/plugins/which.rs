//! Which file an operator means.

use std::sync::Arc;

use blake3::Hash;
use claviger_runtime::{Catalogue, Provenance};

use crate::plugins::{Candidate, Listing};
use crate::refusal::Refusal;
use crate::request::JsonBody;

/// The hash that a body names, if there is a body and it does.
pub(super) fn asked(body: Option<JsonBody>) -> Result<Option<Hash>, Refusal> {
    let Some(body) = body else { return Ok(None) };
    let mut fields = body.fields()?;
    let text = fields.text("hash");
    let hash = text.as_deref().map(Hash::from_hex);
    if let Some(Err(_)) = hash {
        fields.problem(
            "hash",
            "must be the BLAKE3 hash of a file: 64 hexadecimal digits",
        );
    }
    fields.finish()?;
    Ok(hash.and_then(Result::ok))
}

/// The file of that name that waits.
pub(super) fn waiting(
    listing: &Listing,
    name: &str,
    hash: Option<Hash>,
) -> Result<Arc<Candidate>, Refusal> {
    let mut waiting = listing.waiting(name);
    waiting.retain(|candidate| hash.is_none_or(|hash| *candidate.prepared.hash() == hash));
    match waiting[..] {
        [] => Err(Refusal::NotFound {
            what: "Waiting plugin",
            name: name.to_owned(),
        }),
        [candidate] => Ok(Arc::clone(candidate)),
        _ => Err(several(
            "wait",
            waiting.iter().map(|it| {
                (
                    it.prepared.manifest().version.to_string(),
                    *it.prepared.hash(),
                )
            }),
        )),
    }
}

/// The file of that name that has a grant. One that doesn't serve now is named by its hash.
pub(super) fn granted(
    catalogue: &Catalogue,
    name: &str,
    hash: Option<Hash>,
) -> Result<Hash, Refusal> {
    if let Some(hash) = hash {
        return Ok(hash);
    }
    let serving = catalogue
        .iter()
        .filter(|plugin| plugin.name() == name && plugin.provenance() == Provenance::Directory);
    let serving: Vec<_> = serving.collect();
    match serving[..] {
        [] => Err(no_plugin(name)),
        [plugin] => Ok(*plugin.hash()),
        _ => Err(several(
            "serve",
            serving
                .iter()
                .map(|plugin| (plugin.version().to_string(), *plugin.hash())),
        )),
    }
}

pub(super) fn no_plugin(name: &str) -> Refusal {
    Refusal::NotFound {
        what: "Plugin of the plugin directory",
        name: name.to_owned(),
    }
}

fn several(what: &str, files: impl Iterator<Item = (String, Hash)>) -> Refusal {
    let files: Vec<String> = files
        .map(|(version, hash)| format!("{version} ({hash})"))
        .collect();
    Refusal::Conflict {
        message: format!(
            "Several files of that name {what}; say which by its `hash`: {}",
            files.join(", ")
        ),
        retry_after_ms: None,
    }
}
