//! Workflows: read, listed, and what their nodes refer to.

use claviger_sdk::Failure;
use claviger_sdk::http::percent;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::{Api, path};

/// The most pages that are read: with [`PAGE`] workflows each, more than fit into a call otherwise.
const MOST_PAGES: usize = 40;

/// Workflows on a page. An answer has at most 4 MiB.
pub const PAGE: usize = 50;

/// A workflow as n8n tells it: all of it, so that what isn't ours goes back as it was.
#[derive(Deserialize)]
pub struct Workflow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its nodes.
    pub nodes: Vec<Value>,
    /// What is connected with what.
    pub connections: Value,
    /// What n8n let itself be told about it.
    #[serde(default)]
    pub settings: Map<String, Value>,
    #[serde(default)]
    active: bool,
    #[serde(default, rename = "versionId")]
    version: Option<String>,
    #[serde(default, rename = "activeVersionId")]
    active_version: Option<String>,
    #[serde(default, rename = "updatedAt")]
    updated: Option<String>,
}

/// A page of a list.
#[derive(Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub data: Vec<T>,
    /// How to ask for the next one.
    #[serde(rename = "nextCursor")]
    pub next: Option<String>,
}

/// A node's reference to a credential.
pub struct Reference<'n> {
    /// The node.
    pub node: &'n Value,
    /// The credential type.
    pub kind: &'n str,
    /// The credential's id in n8n; empty where a node has a name alone.
    pub id: &'n str,
    /// Its name, as n8n told it last.
    pub name: &'n str,
}

impl Workflow {
    /// One workflow.
    pub fn read(api: &Api<'_>, id: &str) -> Result<Self, Failure> {
        let answer = api.get(&path("workflows", id))?;
        if answer.status() == 200 {
            return answer.json();
        }
        Err(api.refusal(&format!("the workflow `{id}`"), "workflow:read", &answer))
    }

    /// A page of all workflows.
    pub fn page(api: &Api<'_>, limit: usize, cursor: Option<&str>) -> Result<Page<Self>, Failure> {
        let mut path = format!("/workflows?limit={limit}&excludePinnedData=true");
        if let Some(cursor) = cursor {
            path = format!("{path}&cursor={}", percent(cursor));
        }
        let answer = api.get(&path)?;
        if answer.status() == 200 {
            return answer.json();
        }
        Err(api.refusal("the list of workflows", "workflow:list", &answer))
    }

    /// All workflows with a node whose credential `wanted` says is meant.
    pub fn all(
        api: &Api<'_>,
        wanted: impl Fn(&Reference<'_>) -> bool,
    ) -> Result<Vec<Self>, Failure> {
        let mut found = Vec::new();
        let mut cursor = None;
        for _ in 0..MOST_PAGES {
            let page = Self::page(api, PAGE, cursor.as_deref())?;
            let refers = |workflow: &Self| workflow.references().any(|it| wanted(&it));
            found.extend(page.data.into_iter().filter(refers));
            cursor = page.next;
            if cursor.is_none() {
                return Ok(found);
            }
        }
        Err(Failure::unsupported(format!(
            "this n8n has more than {} workflows, too many to look for a credential in",
            MOST_PAGES * PAGE
        )))
    }

    /// What its nodes refer to.
    pub fn references(&self) -> impl Iterator<Item = Reference<'_>> {
        self.nodes.iter().flat_map(references)
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Result<&Value, Failure> {
        let found = self.nodes.iter().find(|node| node["name"] == name);
        found.ok_or_else(|| {
            Failure::not_found(format!(
                "the workflow `{}` ({}) has no node `{name}`",
                self.id, self.name
            ))
        })
    }

    /// Whether nobody has changed it since the other was read.
    pub fn is_as(&self, other: &Self) -> bool {
        self.version == other.version && self.updated == other.updated
    }

    /// Refuses a workflow that runs another version than the one that would be changed: writing would publish what somebody
    /// has not published yet.
    pub fn check_published(&self) -> Result<(), Failure> {
        match (&self.version, &self.active_version) {
            (Some(version), Some(active)) if self.active && version != active => {
                Err(Failure::conflict(format!(
                    "the workflow `{}` ({}) has changes that are not published; publish or discard them in n8n first",
                    self.id, self.name
                )))
            }
            _ => Ok(()),
        }
    }
}

/// What a node refers to.
pub fn references(node: &Value) -> impl Iterator<Item = Reference<'_>> {
    let credentials = node["credentials"].as_object().into_iter().flatten();
    credentials.map(move |(kind, reference)| Reference {
        node,
        kind,
        id: reference["id"].as_str().unwrap_or_default(),
        name: reference["name"].as_str().unwrap_or_default(),
    })
}
