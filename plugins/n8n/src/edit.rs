//! A workflow is changed: read right before, written with what n8n lets be written, read again and compared.

use claviger_sdk::Failure;
use serde_json::{Map, Value, json};

use crate::api::{Api, path, said};
use crate::workflow::{Workflow, references};

/// How often a workflow that somebody else is changing is looked at again.
const TRIES: usize = 3;

/// The most requests that a change takes, where nobody else changes the workflow.
pub const REQUESTS: u32 = 4;

/// The settings that every n8n takes. Others come and go with its versions; those that are left out stay as they are.
const SETTINGS: [&str; 10] = [
    "callerIds",
    "callerPolicy",
    "errorWorkflow",
    "executionOrder",
    "executionTimeout",
    "saveDataErrorExecution",
    "saveDataSuccessExecution",
    "saveExecutionProgress",
    "saveManualExecutions",
    "timezone",
];

/// Why a workflow wasn't changed, or may not have been.
pub struct Failed {
    /// What went wrong.
    pub failure: Failure,
    /// Whether the change may be there all the same: what it refers to has to stay.
    pub may_be_written: bool,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            may_be_written: false,
        }
    }
}

impl Failed {
    fn after_writing(failure: Failure) -> Self {
        Self {
            failure,
            may_be_written: true,
        }
    }
}

/// Changes a workflow's nodes. `known` is the workflow as it was when the change was decided; where somebody has changed it
/// since, the change is made to what is there now, and where that goes on, it is given up: `conflict`.
pub fn change(
    api: &Api<'_>,
    known: &Workflow,
    edit: impl Fn(&Workflow, &mut Vec<Value>) -> Result<(), Failure>,
) -> Result<(), Failed> {
    let mut before = Workflow::read(api, &known.id)?;
    let mut is_settled = before.is_as(known);
    for _ in 0..TRIES {
        if is_settled {
            return write(api, &before, &edit);
        }
        let now = Workflow::read(api, &known.id)?;
        is_settled = now.is_as(&before);
        before = now;
    }
    Err(conflict(known, "is being changed by somebody else").into())
}

fn write(
    api: &Api<'_>,
    before: &Workflow,
    edit: impl Fn(&Workflow, &mut Vec<Value>) -> Result<(), Failure>,
) -> Result<(), Failed> {
    before.check_published()?;
    let mut nodes = before.nodes.clone();
    edit(before, &mut nodes)?;
    if nodes == before.nodes {
        return Ok(());
    }
    let written = put(api, before, &nodes);
    if let Err(failed) = &written
        && !failed.may_be_written
    {
        return written;
    }
    let after = match (Workflow::read(api, &before.id), written) {
        // A lost answer may be one of a change that was made.
        (Ok(after), Err(lost)) if !holds(&after, before, &nodes) => {
            return Err(lost);
        }
        (Ok(after), _) => after,
        (Err(failure), Ok(())) => return Err(Failed::after_writing(failure)),
        (Err(_), Err(lost)) => return Err(lost),
    };
    if !holds(&after, before, &nodes) {
        let what = "isn't what was written: somebody else has changed it";
        return Err(Failed::after_writing(conflict(before, what)));
    }
    after.check_published().map_err(Failed::after_writing)
}

fn put(api: &Api<'_>, before: &Workflow, nodes: &[Value]) -> Result<(), Failed> {
    let what = format!("the workflow `{}`", before.id);
    let body = |settings: &Map<String, Value>| {
        // `staticData` is what the workflow itself keeps between runs: left out, it stays as it is by now.
        json!({
            "name": before.name, "nodes": nodes, "connections": before.connections, "settings": settings,
        })
    };
    let send = |settings| {
        let sent = api.send("PUT", &path("workflows", &before.id), Some(&body(settings)));
        sent.map_err(Failed::after_writing)
    };
    let mut answer = send(&before.settings)?;
    let is_about_settings = |said: String| said.starts_with("request/body/settings");
    if answer.status() == 400 && said(&answer).is_some_and(is_about_settings) {
        let mut settings = before.settings.clone();
        settings.retain(|name, _| SETTINGS.contains(&name.as_str()));
        answer = send(&settings)?;
    }
    match answer.status() {
        200 => Ok(()),
        status => Err(Failed {
            failure: api.refusal(&what, "workflow:update", &answer),
            // A server in trouble may have got far before it was.
            may_be_written: status >= 500,
        }),
    }
}

/// Whether a workflow is what was written, and nothing else is different from before.
fn holds(after: &Workflow, before: &Workflow, nodes: &[Value]) -> bool {
    after.name == before.name
        && after.connections == before.connections
        && after.nodes.len() == nodes.len()
        && after.nodes.iter().zip(nodes).all(|(after, written)| {
            let found: Vec<_> = references(after).map(|it| (it.kind, it.id)).collect();
            // One without an id is given one by n8n.
            let mut wanted = references(written).filter(|it| !it.id.is_empty());
            wanted.all(|it| found.contains(&(it.kind, it.id)))
                && without_credentials(after) == without_credentials(written)
        })
}

fn without_credentials(node: &Value) -> Value {
    let mut node = node.clone();
    if let Some(node) = node.as_object_mut() {
        node.remove("credentials");
    }
    node
}

fn conflict(workflow: &Workflow, what: &str) -> Failure {
    let Workflow { id, name, .. } = workflow;
    Failure::conflict(format!("the workflow `{id}` ({name}) {what}"))
}
