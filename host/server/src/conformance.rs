//! `claviger plugin test`: runs a plugin in the real host (its sandbox, its way out) against a provider that a script plays,
//! and says what its author has to change.
//!
//! - [`script`]: `upstream.toml`; [`generic`]: what takes its place where there is none
//! - [`upstream`]: the scripted provider
//! - [`stage`]: the plugin set up before it; [`observed`], [`told`], [`canary`]: what its calls showed
//! - [`case`], [`suite`], [`cases`]: what it is tested for
//! - [`report`]: what came of it
//!
//! # `upstream.toml`
//! All origins that the manifest asks for lead to the scripted provider, which is on the loopback; the plugin doesn't
//! notice. A script has credentials, some of which work, and routes: what the provider answers.
//! ```toml
//! [[credential]]                  # what calls are about
//! kind = "api_key"                # one of the manifest's kinds
//! fields = { api_key = "acme-test-0123456789" }
//! works = true                    # what the provider thinks of it; true unless said
//!
//! [[credential]]
//! kind = "api_key"
//! fields = { api_key = "acme-revoked-0123456789" }
//! works = false
//!
//! [[route]]                       # the first that fits a request answers it; if none does, 404
//! method = "GET"
//! path = "/v1/me"                 # without a query; `*` is any one segment
//! origin = "https://api.acme.example"    # any origin, unless said
//! needs = { "header:authorization" = "Bearer {api_key}" }
//! answer = { status = 200, headers = { acme-account = "Acme Ltd" }, json = { plan = "free" } }
//! otherwise = { status = 401, json = { error = "invalid key" } }
//! ```
//! `needs` says what has to be in the request, at positions as manifests name them (`header:<name>`, `query:<name>`,
//! `form:<name>`, `json:/<pointer>`, `basic:password`, `path`). `{field}` is filled in from each credential that works in
//! turn. Where the needs aren't met, `otherwise` is answered; without it, the next route is looked at.
//!
//! `answer` has `status` (200 unless said), `headers`, and `json` or `text`. A list of answers is given in order, and its
//! last again and again. Each case begins with the first one.
//!
//! A kind whose field names an origin (`"origins": ["{base_url}"]`) can leave that field out: it gets the scripted
//! provider's own address. If it is there, its origin leads to the scripted provider.
//!
//! A credential of the kind that the manifest names as its `connection` opens the provider to the calls about the others.
//! `external-id` and `handle` of a credential are what the host would have kept with it.
//! ```toml
//! [settings]                      # as an operator would write them under [plugins.<name>.settings]
//! region = "eu"
//!
//! [issue]                         # for plugins that issue
//! scopes = ["read"]
//! ttl = "1h"
//! parameters = { repository = "acme/site" }
//!
//! [place]                         # for plugins that apply
//! container = "workflow-1"
//! slot = "node-1"
//! ```
//! ## A provider that remembers
//! For plugins that make something at the provider, a route can say that it does:
//! ```toml
//! [[route]]
//! method = "POST"
//! path = "/v1/keys"
//! adds = "json:/name"             # makes a thing, named by what is there in the request
//! answer = { status = 201, json = { id = "{item.id}", key = "acme-{item.secret}" } }
//!
//! [[route]]
//! method = "GET"
//! path = "/v1/keys"
//! item = { id = "{item.id}", name = "{item.name}" }     # what each thing looks like in the list
//! answer = { json = { data = "{items}" } }
//!
//! [[route]]
//! method = "DELETE"
//! path = "/v1/keys/*"
//! removes = "path"                # the thing of that id or name
//! answer = { status = 204 }
//! otherwise = { status = 404 }    # where there is no such thing
//! ```
//! Then the suite sees whether a plugin leaves something behind: after a lost answer, after the same operation twice. What
//! was made works as long as it is there: `needs` may say `Bearer acme-{item.secret}`.

use std::path::Path;

use claviger_runtime::Prepared;

mod canary;
mod case;
mod cases;
mod generic;
mod observed;
mod report;
mod script;
mod stage;
mod suite;
mod told;
mod upstream;

#[cfg(test)]
mod tests;

pub(crate) use case::Case;
pub(crate) use report::{Summary, Tested, write_case};
pub(crate) use script::Script;
pub(crate) use stage::{Stage, StageError};
pub(crate) use suite::Audience;

use suite::Suite;

/// The name that a script has where none is given.
pub(crate) const SCRIPT: &str = "upstream.toml";

/// The script that lies beside a plugin's file, or else in the working directory.
pub(crate) fn script_beside(file: &Path) -> Option<std::path::PathBuf> {
    [file.with_file_name(SCRIPT), SCRIPT.into()]
        .into_iter()
        .find(|path| path.is_file())
}

/// Runs the cases whose names have the filter in them.
pub(crate) async fn run(
    stage: &Stage,
    filter: Option<&str>,
    audience: &mut dyn Audience,
) -> Vec<Case> {
    let mut suite = Suite::new(stage, filter, audience);
    cases::run(&mut suite).await;
    suite.finish()
}

/// A stage for a plugin.
pub(crate) async fn set(prepared: Prepared, script: Option<Script>) -> Result<Stage, StageError> {
    Stage::set(prepared, script).await
}
