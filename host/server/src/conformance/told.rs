//! All texts of a call's outcome, each with where it stands: where a secret could be.

use claviger_runtime::{CallError, CallOutcome, Report};

/// An answer of a plugin's, as texts.
pub(crate) trait Told {
    /// Each text that leaves the sandbox as text.
    fn texts(&self) -> Vec<(&'static str, String)>;
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
