//! What an instance holds: its credentials, then the nodes that use them.

use claviger_sdk::http::percent;
use claviger_sdk::inventory::{Entry, Page};
use claviger_sdk::{Attribute, Context, Failure, Inventory};

use crate::N8nPlugin;
use crate::api::{Api, said};
use crate::stored::Stored;
use crate::workflow::{self, Workflow};

/// Credentials on a page, the most that n8n gives.
const CREDENTIALS: usize = 250;

/// Workflows on a page: their nodes are the entries, of which a page has at most a thousand.
const WORKFLOWS: usize = 20;

/// Where a cursor goes on: in the list of credentials, or of workflows.
enum At {
    Credentials(Option<String>),
    Workflows(Option<String>),
}

impl At {
    fn of(cursor: Option<String>) -> Result<Self, Failure> {
        let Some(cursor) = cursor else {
            return Ok(Self::Credentials(None));
        };
        match cursor.split_once(':') {
            Some(("credentials", rest)) => Ok(Self::Credentials(Some(rest.to_owned()))),
            Some(("workflows", "")) => Ok(Self::Workflows(None)),
            Some(("workflows", rest)) => Ok(Self::Workflows(Some(rest.to_owned()))),
            _ => Err(Failure::invalid_input("that is no cursor of this plugin's")),
        }
    }
}

impl Inventory for N8nPlugin {
    fn enumerate(context: Context, cursor: Option<String>) -> Result<Page, Failure> {
        let api = Api::connected(&context)?;
        match At::of(cursor)? {
            At::Credentials(cursor) => credentials(&api, cursor.as_deref()),
            At::Workflows(cursor) => workflows(&api, cursor.as_deref()),
        }
    }
}

fn credentials(api: &Api<'_>, cursor: Option<&str>) -> Result<Page, Failure> {
    let mut path = format!("/credentials?limit={CREDENTIALS}");
    if let Some(cursor) = cursor {
        path = format!("{path}&cursor={}", percent(cursor));
    }
    let answer = api.get(&path)?;
    match answer.status() {
        200 => {}
        405 if said(&answer).is_some() => {
            return Err(Failure::unsupported(
                "this n8n can't list credentials; versions from 2.x on can",
            ));
        }
        403 if said(&answer).is_some() => {
            return Err(Failure::restricted(
                "the API key lacks credential:list; only owners and admins of an instance can have it",
            ));
        }
        _ => return Err(api.refusal("the list of credentials", "credential:list", &answer)),
    }
    let page: workflow::Page<Stored> = answer.json()?;
    let entry = |stored: Stored| Entry {
        external_id: stored.id,
        name: stored.name,
        kind: "credential".to_owned(),
        attributes: vec![attribute("type", stored.kind)],
    };
    Ok(Page {
        entries: page.data.into_iter().map(entry).collect(),
        next: Some(match page.next {
            Some(next) => format!("credentials:{next}"),
            None => "workflows:".to_owned(),
        }),
    })
}

fn workflows(api: &Api<'_>, cursor: Option<&str>) -> Result<Page, Failure> {
    let page = Workflow::page(api, WORKFLOWS, cursor)?;
    Ok(Page {
        entries: page.data.iter().flat_map(nodes).collect(),
        next: page.next.map(|next| format!("workflows:{next}")),
    })
}

/// An entry for each credential that a node uses.
fn nodes(workflow: &Workflow) -> impl Iterator<Item = Entry> {
    workflow.references().map(|it| {
        let text = |key: &str| it.node[key].as_str().unwrap_or_default().to_owned();
        Entry {
            external_id: format!("{}/{}/{}", workflow.id, text("id"), it.kind),
            name: text("name"),
            kind: "workflow-node".to_owned(),
            attributes: vec![
                attribute("workflow-id", &*workflow.id),
                attribute("workflow-name", &*workflow.name),
                attribute("node", text("name")),
                attribute("credential-id", it.id),
                attribute("credential-name", it.name),
                attribute("type", it.kind),
            ],
        }
    })
}

fn attribute(key: &str, value: impl Into<String>) -> Attribute {
    Attribute {
        key: key.to_owned(),
        value: value.into(),
    }
}
