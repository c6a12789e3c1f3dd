//! n8n: puts credentials to use in the nodes of workflows, keeps them up to date there, and lists what an instance holds.
//!
//! A credential is one credential of n8n's, however many nodes use it. Where this n8n lets data be changed (2.x), a new
//! secret is written into that one and no workflow is touched. Where it doesn't (1.x answers 405), a new n8n credential is
//! made, every node that refers to the old one is pointed to the new one, and the old one is deleted once nothing refers to
//! it. Versions 1.123.81 and 2.41.1 were looked at closely: in both, a running workflow uses what was written at once, so
//! nothing is activated anew.
//!
//! What a lost answer leaves behind: 2.x takes an id of our own, derived from the operation, so the same operation finds
//! what it made. 1.x takes none and lists none: a credential that was made there and is in no workflow yet can't be found
//! again and stays, unused, until somebody deletes it. Those that are in a workflow are known by their names.
//!
//! n8n overwrites whatever is there: a workflow is read again right before it is written, and right after. An edit in the
//! moment between the two can't be seen.

mod api;
mod application;
mod edit;
mod inventory;
mod mark;
mod refresh;
mod schema;
mod stored;
mod validation;
mod wanted;
mod workflow;

struct N8nPlugin;

claviger_sdk::export!(
    N8nPlugin,
    manifest: "../manifest.json",
    capabilities: [validation, application, inventory]
);
