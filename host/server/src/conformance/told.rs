//! All texts of a call's outcome, each with where it stands: where a secret could be.

use claviger_runtime::{
    CallError, CallOutcome, Field, FieldValue, Issued, Page, Receipt, Replacement, Report,
    Revocation,
};

/// An answer of a plugin's, as texts.
pub(crate) trait Told {
    /// Each text that leaves the sandbox as text.
    fn texts(&self) -> Vec<(&'static str, String)>;

    /// The new secrets that it has, which the host keeps.
    fn secrets(&self) -> Vec<&[u8]> {
        Vec::new()
    }
}

/// What the plugin told: its answer or its failure, its log, and what the host says of it.
pub(crate) fn texts<T: Told>(outcome: &CallOutcome<T>) -> Vec<(&'static str, String)> {
    let mut texts = match &outcome.result {
        Ok(answer) => answer.texts(),
        Err(CallError::Failure(failure)) => {
            let message = ("the failure's message", failure.message.clone());
            let details = pairs("the failure's details", &failure.details);
            details.chain([message]).collect()
        }
        Err(error) => vec![("the error", error.to_string())],
    };
    let evidence = &outcome.evidence;
    texts.extend(
        evidence
            .log
            .iter()
            .map(|line| ("the log", line.message.clone())),
    );
    texts.extend(evidence.denials.iter().flat_map(|denial| {
        [&denial.target, &denial.reason].map(|text| ("a denial", text.clone()))
    }));
    texts
}

pub(super) fn pairs<'p>(
    place: &'static str,
    pairs: &'p [(String, String)],
) -> impl Iterator<Item = (&'static str, String)> + 'p {
    let both = pairs.iter().flat_map(|(key, value)| [key, value]);
    both.map(move |text| (place, text.clone()))
}

impl Told for Report {
    fn texts(&self) -> Vec<(&'static str, String)> {
        let account = self
            .account
            .iter()
            .map(|text| ("the report's account", text.clone()));
        let scopes = self
            .scopes
            .iter()
            .map(|text| ("the report's scopes", text.clone()));
        account
            .chain(scopes)
            .chain(pairs("the report's details", &self.details))
            .collect()
    }
}

impl Told for () {
    fn texts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

impl Told for Revocation {
    fn texts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

impl Told for Replacement {
    fn texts(&self) -> Vec<(&'static str, String)> {
        let kept = kept([("external-id", &self.external_id), ("handle", &self.handle)]);
        kept.chain(fields(&self.fields))
            .chain(pairs("the replacement's details", &self.details))
            .collect()
    }

    fn secrets(&self) -> Vec<&[u8]> {
        secrets(&self.fields)
    }
}

impl Told for Issued {
    fn texts(&self) -> Vec<(&'static str, String)> {
        kept([("handle", &self.handle)])
            .chain(fields(&self.fields))
            .chain(pairs("the details of what was issued", &self.details))
            .collect()
    }

    fn secrets(&self) -> Vec<&[u8]> {
        secrets(&self.fields)
    }
}

impl Told for Receipt {
    fn texts(&self) -> Vec<(&'static str, String)> {
        kept([("external-id", &self.external_id)])
            .chain(pairs("the receipt's details", &self.details))
            .collect()
    }
}

impl Told for Page {
    fn texts(&self) -> Vec<(&'static str, String)> {
        let entry = |entry: &claviger_runtime::outcome::Entry| {
            let own = [&entry.external_id, &entry.name, &entry.kind].map(String::clone);
            let more = entry
                .attributes
                .iter()
                .flat_map(|(key, value)| [key.clone(), value.clone()]);
            own.into_iter()
                .chain(more)
                .map(|text| ("an entry", text))
                .collect::<Vec<_>>()
        };
        let next = kept([("next", &self.next)]);
        self.entries.iter().flat_map(entry).chain(next).collect()
    }
}

fn kept<const N: usize>(
    texts: [(&'static str, &Option<String>); N],
) -> impl Iterator<Item = (&'static str, String)> {
    texts
        .map(|(place, text)| (place, text.clone().unwrap_or_default()))
        .into_iter()
}

fn fields(fields: &[Field]) -> impl Iterator<Item = (&'static str, String)> {
    fields.iter().filter_map(|field| match &field.value {
        FieldValue::Text(text) => Some(("a field that isn't secret", text.clone())),
        FieldValue::Secret(_) => None,
    })
}

fn secrets(fields: &[Field]) -> Vec<&[u8]> {
    let secrets = fields.iter().filter_map(|field| match &field.value {
        FieldValue::Secret(secret) => Some(secret.expose()),
        FieldValue::Text(_) => None,
    });
    secrets.collect()
}
