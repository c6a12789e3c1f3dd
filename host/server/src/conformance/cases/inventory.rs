//! What the provider holds.

use std::collections::BTreeSet;

use claviger_runtime::{CallOutcome, Capability, Page};

use super::operation::{succeeded, trouble};
use crate::conformance::case::{Ended, Stop};
use crate::conformance::stage::{Setting, Stage};
use crate::conformance::suite::Suite;

const ABOUT: &str = "the pages come to an end";

/// The most pages that are asked for: a script's provider holds a few things.
const MOST_PAGES: usize = 50;

pub(super) async fn run(suite: &mut Suite<'_>) {
    let stage = suite.stage;
    if !stage
        .prepared
        .capabilities()
        .contains(&Capability::Inventory)
    {
        return;
    }
    if !stage.is_scripted {
        let reason = "there is no upstream.toml, so nobody knows what the provider answers";
        return suite.skip("inventory", ABOUT, reason).await;
    }
    if let Some(kind) = &stage.manifest().connection
        && stage.script.working(kind).is_none()
    {
        let reason = format!(
            "the script has no working credential of kind `{kind}`, which opens the provider"
        );
        return suite.skip("inventory", ABOUT, reason).await;
    }
    suite.case("inventory.pages", ABOUT, pages(stage)).await;
    let about = "a provider in trouble is a failure like any other";
    let call = async |operation: &str| enumerate(stage, operation, None).await;
    suite
        .case("inventory.trouble", about, trouble(stage, call))
        .await;
}

async fn enumerate(stage: &Stage, operation: &str, cursor: Option<String>) -> CallOutcome<Page> {
    let plugin = stage.plugin(Setting::Usual);
    let outcome = plugin.enumerate(stage.context(operation), cursor).await;
    stage.noted("enumerate", outcome)
}

async fn pages(stage: &Stage) -> Ended {
    let operation = stage.operation();
    let mut cursors = BTreeSet::new();
    let mut ids = BTreeSet::new();
    let mut next = None;
    for _page in 0..MOST_PAGES {
        let outcome = enumerate(stage, &operation, next).await;
        let page = succeeded(stage, "`enumerate`", &outcome)?;
        let again = page
            .entries
            .iter()
            .find(|entry| !ids.insert((entry.kind.clone(), entry.external_id.clone())));
        if let Some(entry) = again {
            return Err(Stop::failed(format!(
                "`{}` is there twice; a page goes on where the one before ended",
                entry.external_id
            )));
        }
        let Some(cursor) = page.next.clone() else {
            return Ok(Vec::new());
        };
        if !cursors.insert(cursor.clone()) {
            return Err(Stop::failed(format!(
                "the page after `{cursor}` is to be asked for with `{cursor}` again, so there is no last one"
            )));
        }
        next = Some(cursor);
    }
    Err(Stop::failed(format!(
        "after {MOST_PAGES} pages there is no end"
    )))
}
