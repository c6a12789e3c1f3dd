//! `inventory`: what the provider behind the context's connection holds, a page at a time.

use super::{Operation, Texts, unsupported};
use crate::contract::told::Context;
use crate::contract::{Answering, Guest, Inventory};
use crate::outcome::{CallError, CallOutcome, Entry, Page};
use crate::plugin::{Capability, Plugin};
use crate::subject::CallContext;

/// The most entries of a page.
const MOST: usize = 1000;

struct Enumerate<'p>(&'p dyn Inventory);

impl Plugin {
    /// Lists what the provider holds: the first page, or the one that a page's `next` names.
    pub async fn enumerate(
        &self,
        context: CallContext,
        cursor: Option<String>,
    ) -> CallOutcome<Page> {
        let Some(inventory) = self.contract.inventory() else {
            return unsupported(Capability::Inventory);
        };
        self.call(context, |_| cursor, Enumerate(inventory)).await
    }
}

impl Operation for Enumerate<'_> {
    type Told = Option<String>;
    type Raw = Page;
    type Answer = Page;

    fn run<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        cursor: Option<String>,
    ) -> Answering<'a, Page> {
        self.0.enumerate(guest, context, cursor)
    }

    fn accept(&self, raw: Page, texts: &Texts<'_>) -> Result<Page, CallError> {
        accepted(raw, texts)
    }
}

/// A page that is cut would hide what is there, so one that is too long is refused.
fn accepted(raw: Page, texts: &Texts<'_>) -> Result<Page, CallError> {
    if raw.entries.len() > MOST {
        let found = raw.entries.len();
        return Err(texts.refuse(&format!(
            "`entries` are {found}; a page has at most {MOST}, and `next` leads on"
        )));
    }
    let accept = |entry: Entry| {
        Ok(Entry {
            external_id: texts.kept("entries.external-id", entry.external_id)?,
            name: texts.text(&entry.name),
            kind: texts.text(&entry.kind),
            attributes: texts.pairs(entry.attributes),
        })
    };
    Ok(Page {
        entries: raw
            .entries
            .into_iter()
            .map(accept)
            .collect::<Result<_, _>>()?,
        next: texts.kept_optional("next", raw.next)?,
    })
}
