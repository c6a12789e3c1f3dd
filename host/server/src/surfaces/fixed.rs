//! What an update of a credential's metadata can't change. Whoever sends it would believe it changed, so it is refused, with
//! the way to change it, rather than ignored.

use std::collections::BTreeSet;

use claviger_runtime::Catalogue;

use crate::request::Fields;

/// What is sealed or fixed when a credential is stored, beside the fields of its kind.
const STORED: [&str; 7] = [
    "connection",
    "credential_data",
    "credential_provider",
    "credential_type",
    "fields",
    "provider",
    "value",
];
/// Whether a credential is in use.
const STATE: [&str; 2] = ["is_active", "status"];

/// How a surface's clients change it.
pub(super) struct Elsewhere {
    /// The endpoint that stores a credential.
    pub(super) store: &'static str,
    /// What takes a credential out of use, or back into it.
    pub(super) state: &'static str,
}

impl Elsewhere {
    /// Takes note of what was sent of it, once all that the surface can change is read.
    pub(super) fn refuse(&self, fields: &mut Fields, catalogue: &Catalogue) {
        let kinds = catalogue.iter().flat_map(|plugin| &plugin.manifest().kinds);
        let sealed = kinds.flat_map(|kind| kind.fields.iter().map(|field| field.name.as_str()));
        let stored: BTreeSet<&str> = sealed
            .chain(STORED)
            .filter(|name| !STATE.contains(name))
            .collect();
        for name in stored {
            if fields.has(name) {
                let store = self.store;
                fields.problem(
                    name,
                    format!("can't be changed here; store a new credential with {store}"),
                );
            }
        }
        for name in STATE {
            if fields.has(name) {
                fields.problem(name, format!("can't be changed here; {}", self.state));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Value;

    #[test]
    fn what_is_changed_elsewhere_is_refused_with_the_way_there() {
        let sent = ["value", "is_active", "name", "id"].map(|name| (name.to_owned(), Value::Null));
        let mut fields = Fields::of_body(sent.into());
        let elsewhere = Elsewhere {
            store: "POST /credentials",
            state: "DELETE retires it",
        };
        elsewhere.refuse(&mut fields, &Catalogue::default());
        let message = fields.finish().expect_err("refused").message();
        assert_eq!(
            message,
            "value: can't be changed here; store a new credential with POST /credentials; \
             is_active: can't be changed here; DELETE retires it"
        );
    }
}
