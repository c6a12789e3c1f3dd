//! What `aegis` calls what was done.
//!
//! Its document has the word `applied`; its answers have `rotated`, `rolled_back` and `retired`. What its endpoints do with a
//! credential is told in the same manner, whoever did it and through whichever surface: whether it succeeded is `success`.
//! What the document doesn't know has the log's own name: what was about to be done (`credential.rotate.intent`), what the
//! server does by itself, and what is about no credential.

use claviger_vault::audit::action;

/// The log's names, and the document's words for them.
const WORDS: [(&str, &str); 13] = [
    (action::CREDENTIAL_CREATE, "created"),
    (action::CREDENTIAL_UPDATE, "updated"),
    (action::CREDENTIAL_REVEAL, "revealed"),
    (action::CREDENTIAL_ACTIVATE, "activated"),
    (action::CREDENTIAL_DEACTIVATE, "deactivated"),
    (action::CREDENTIAL_RETIRE, "retired"),
    (action::CREDENTIAL_DELETE, "deleted"),
    (action::CREDENTIAL_TEST, "tested"),
    (action::CREDENTIAL_ROTATE, "rotated"),
    (action::CREDENTIAL_ROTATE_FAILED, "rotated"),
    (action::CREDENTIAL_ROLLBACK, "rolled_back"),
    ("credential.apply", "applied"),
    ("sync", "synced"),
];

/// What an action is called here.
pub(super) fn shown(action: &str) -> &str {
    let word = WORDS.iter().find(|(name, _)| *name == action);
    word.map_or(action, |(_, word)| word)
}

/// The names of the actions that a word means: those that are shown as it, or the one that is named so.
pub(super) fn meant(word: &str) -> Vec<String> {
    let shown = WORDS
        .iter()
        .filter(|(_, shown)| *shown == word)
        .map(|(name, _)| (*name).to_owned());
    let mut names: Vec<_> = shown.collect();
    if names.is_empty() {
        names.push(word.to_owned());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_found_by_either_name() {
        assert_eq!(shown("credential.create"), "created");
        assert_eq!(shown("credential.test.intent"), "credential.test.intent");
        assert_eq!(meant("created"), ["credential.create"]);
        assert_eq!(meant("credential.create"), ["credential.create"]);
        assert_eq!(
            meant("rotated"),
            ["credential.rotate", "credential.rotate.failed"]
        );
        assert_eq!(meant("nothing"), ["nothing"]);
    }
}
