//! What all the calls before showed: what was told of secrets, what was denied, what was used.

use std::collections::BTreeSet;

use claviger_runtime::egress::session::MOST_REQUESTS;

use crate::conformance::case::{Ended, Stop};
use crate::conformance::stage::{Setting, Stage};
use crate::conformance::suite::Suite;

pub(super) async fn run(suite: &mut Suite<'_>) {
    let stage = suite.stage;
    let about = "no answer, failure, log line or trap of any call holds a secret, or a word that stands for one";
    suite
        .case("secrets.untold", about, async { untold(stage) })
        .await;
    let about = "no call tried what its manifest doesn't ask for";
    suite
        .case("secrets.within-grant", about, async { within_grant(stage) })
        .await;
    let about = "no call used more than half of what it may";
    suite
        .case("resources", about, async { resources(stage) })
        .await;
}

fn untold(stage: &Stage) -> Ended {
    listed(
        &stage.observed().told,
        "keep credentials and what the provider echoes of them out of what people read",
    )
}

fn within_grant(stage: &Stage) -> Ended {
    listed(
        &stage.observed().denials,
        "ask for it in the manifest, or don't do it",
    )
}

fn listed(found: &BTreeSet<String>, advice: &str) -> Ended {
    const SHOWN: usize = 5;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let shown: Vec<&str> = found.iter().take(SHOWN).map(String::as_str).collect();
    let more = match found.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Err(Stop::failed(format!(
        "{}{more}; {advice}",
        shown.join("; ")
    )))
}

fn resources(stage: &Stage) -> Ended {
    let observed = stage.observed();
    if observed.used.is_empty() {
        return Err(Stop::skipped("no call was made"));
    }
    let limits = stage.plugin(Setting::Usual).limits();
    let mut warnings = Vec::new();
    for (function, used) in &observed.used {
        if used.memory > limits.memory / 2 {
            warnings.push(format!(
                "`{function}` had {} of {} MiB of memory",
                used.mebibytes(),
                limits.memory >> 20
            ));
        }
        if used.cpu() > limits.cpu / 2 {
            warnings.push(format!(
                "`{function}` computed for {:?} of {:?}",
                used.cpu(),
                limits.cpu
            ));
        }
        if used.requests > MOST_REQUESTS / 2 {
            warnings.push(format!(
                "`{function}` made {} of {MOST_REQUESTS} requests",
                used.requests
            ));
        }
    }
    Ok(warnings)
}
