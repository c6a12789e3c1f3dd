//! A new secret for all that use a credential.

use std::collections::{BTreeMap, BTreeSet};

use claviger_sdk::application::{Place, Receipt};
use claviger_sdk::{Attribute, Context, Credential, Failure};
use serde_json::json;

use crate::api::Api;
use crate::application::receipt;
use crate::edit::{self, Failed};
use crate::mark::Mark;
use crate::stored::{self, Changed, Stored};
use crate::wanted::Wanted;
use crate::workflow::{Reference, Workflow, references};

/// Requests that are left for looking around once more, and for deleting.
const ENDING: u32 = 6;

/// Gives n8n the credential's secret: into the credential that is there, or into a new one that takes its place.
pub fn run(
    context: &Context,
    credential: &Credential,
    known: &Receipt,
    places: &[Place],
) -> Result<Receipt, Failure> {
    let api = Api::connected(context)?;
    let wanted = Wanted::of(context, credential, parameters(known, places))?;
    let data = stored::fitted(&api, &wanted)?;
    let old = known.external_id.as_deref().unwrap_or_default();
    if !old.is_empty()
        && let Changed::Yes(stored) = stored::change(&api, old, &wanted, &data)?
    {
        return Ok(receipt(stored, &wanted));
    }

    let mark = Mark::of(context, credential);
    let is_ours = |it: &Reference<'_>| {
        it.kind == wanted.kind && (it.id == old && !old.is_empty() || mark.is_ours(it.id, it.name))
    };
    let workflows = Workflow::all(&api, is_ours)?;
    let made = match current(&workflows, &mark, &wanted.kind) {
        Some(stored) => stored.into(),
        None => stored::create(&api, credential, &mark, &wanted, &data)?,
    };
    let stored = &made.stored;
    let is_replaced = |it: &Reference<'_>| is_ours(it) && it.id != stored.id;
    let replacing = Replacing {
        api: &api,
        stored,
        is_replaced: &is_replaced,
    };
    let Repointed { failed, first } = replacing.repoint(&workflows);
    if let Some(failure) = first {
        // Nothing came of it, and nothing is left of it.
        return Err(stored::undo(&api, &made, failure));
    }
    let stale = replacing.stale(&workflows, &failed, places);
    let ended = if failed.is_empty() {
        replacing.end(&workflows, old)
    } else {
        Ok(())
    };

    let mut receipt = receipt(made.stored, &wanted);
    for (index, reason) in stale {
        receipt = receipt.with_detail(&format!("stale:{index}"), reason);
    }
    if let Err(failure) = ended {
        receipt = receipt.with_detail("kept", failure.message);
    }
    Ok(receipt)
}

/// What the credential was made with; of an older receipt, which doesn't say, the first place's parameters.
fn parameters<'r>(known: &'r Receipt, places: &'r [Place]) -> &'r [Attribute] {
    let has = |key: &str| known.details.iter().any(|it| it.key == key);
    if has("type") && (has("header") || !is_header_auth(known)) {
        return &known.details;
    }
    places.first().map_or(&[], |place| &place.parameters)
}

fn is_header_auth(known: &Receipt) -> bool {
    let mut details = known.details.iter();
    details.any(|it| it.key == "type" && it.value == "httpHeaderAuth")
}

/// The credential of this version that an earlier attempt has put into a workflow.
fn current(workflows: &[Workflow], mark: &Mark, kind: &str) -> Option<Stored> {
    let mut references = workflows.iter().flat_map(Workflow::references);
    let found = references.find(|it| {
        it.kind == kind && !it.id.is_empty() && (it.id == mark.id || mark.is_current(it.name))
    })?;
    Some(Stored {
        id: found.id.to_owned(),
        name: found.name.to_owned(),
        kind: found.kind.to_owned(),
    })
}

/// What came of pointing nodes to another credential.
struct Repointed {
    /// The workflows, by id, in which it failed, and why.
    failed: BTreeMap<String, String>,
    /// The first failure, where there was nothing else and nothing refers to the new one.
    first: Option<Failure>,
}

/// A credential takes the place of others.
struct Replacing<'r, 'c, R> {
    api: &'r Api<'c>,
    stored: &'r Stored,
    is_replaced: &'r R,
}

impl<R: Fn(&Reference<'_>) -> bool> Replacing<'_, '_, R> {
    /// Points every node to the new one.
    fn repoint(&self, workflows: &[Workflow]) -> Repointed {
        let mut failed = BTreeMap::new();
        let (mut first, mut may_be_used) = (None, false);
        for workflow in workflows {
            if !workflow.references().any(|it| (self.is_replaced)(&it)) {
                may_be_used = true;
                continue;
            }
            let changed = if self.api.has_room(edit::REQUESTS + ENDING) {
                self.repoint_in(workflow)
            } else {
                Err(Failed::from(Failure::unreachable(
                    "too many workflows for one call; the next one goes on from here",
                )))
            };
            may_be_used |= changed.as_ref().err().is_none_or(|it| it.may_be_written);
            if let Err(Failed { failure, .. }) = changed {
                failed.insert(workflow.id.clone(), failure.message.clone());
                first.get_or_insert(failure);
            }
        }
        Repointed {
            failed,
            first: first.filter(|_| !may_be_used),
        }
    }

    fn repoint_in(&self, workflow: &Workflow) -> Result<(), Failed> {
        edit::change(self.api, workflow, |_, nodes| {
            for node in nodes {
                if references(node).any(|it| (self.is_replaced)(&it)) {
                    let Stored { id, name, kind } = self.stored;
                    node["credentials"][kind] = json!({ "id": id, "name": name });
                }
            }
            Ok(())
        })
    }

    /// The places that don't have the new secret: their indices, and why.
    fn stale(
        &self,
        workflows: &[Workflow],
        failed: &BTreeMap<String, String>,
        places: &[Place],
    ) -> Vec<(usize, String)> {
        let reason = |place: &Place| {
            let uses = |it: &Reference<'_>| {
                it.node["name"] == place.slot && (it.id == self.stored.id || (self.is_replaced)(it))
            };
            let workflow = workflows.iter().find(|it| it.id == place.container);
            match workflow {
                Some(workflow) if workflow.references().any(|it| uses(&it)) => {
                    failed.get(&place.container).cloned()
                }
                _ => Some(format!(
                    "the node `{}` of the workflow `{}` does not use the credential any more, or is gone",
                    place.slot, place.container
                )),
            }
        };
        let places = places.iter().enumerate();
        places
            .filter_map(|(index, place)| Some((index, reason(place)?)))
            .collect()
    }

    /// Deletes those that were replaced, where nothing refers to them any more.
    fn end(&self, before: &[Workflow], old: &str) -> Result<(), Failure> {
        let references = before.iter().flat_map(Workflow::references);
        let replaced = references.filter(|it| (self.is_replaced)(it));
        let mut ids: BTreeSet<&str> = replaced.map(|it| it.id).collect();
        ids.insert(old);
        ids.retain(|id| !id.is_empty() && *id != self.stored.id);
        if ids.is_empty() {
            return Ok(());
        }
        let left = Workflow::all(self.api, |it| ids.contains(it.id))?;
        if let Some(workflow) = left.first() {
            return Err(Failure::conflict(format!(
                "the workflow `{}` ({}) still uses the replaced credential",
                workflow.id, workflow.name
            )));
        }
        ids.into_iter()
            .try_for_each(|id| stored::delete(self.api, id))
    }
}
