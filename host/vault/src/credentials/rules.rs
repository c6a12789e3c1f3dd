//! What callers' input must hold to, whatever surface it comes from. All rules that one breaks are told at once.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::input::{CredentialPatch, NewCredential};
use super::model::{Credential, CredentialName};
use crate::error::{Problem, VaultError};

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 500;
/// The most tags, and the longest of them in characters.
const MOST_TAGS: usize = 50;
const LONGEST_TAG: usize = 100;
/// The largest metadata, in bytes of JSON.
const LARGEST_METADATA: usize = 16 * 1024;
/// The longest word for a kind or a provider, in characters.
const LONGEST_WORD: usize = 64;
/// The longest id at a provider, in characters.
const LONGEST_EXTERNAL_ID: usize = 256;
/// Ten years: the longest interval and threshold, in hours.
const LONGEST_HOURS: u32 = 87_600;
/// How long before its end a credential counts as expiring, where nothing is said.
const ALERT_HOURS: u32 = 168;

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem::new(field, message));
    }

    fn require(&mut self, holds: bool, field: &str, message: &str) {
        if !holds {
            self.add(field, message);
        }
    }

    /// The value, or that there is none because of a problem.
    fn take<T>(&mut self, field: &str, result: Result<T, &'static str>) -> Option<T> {
        result.map_err(|message| self.add(field, message)).ok()
    }

    pub(super) fn settle(self) -> Result<(), VaultError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(VaultError::Invalid(self.0))
        }
    }
}

/// What is known of a new credential, checked; its secret is `resolve`'s matter. What has a problem is none.
pub(super) struct Checked {
    pub(super) name: Option<CredentialName>,
    pub(super) kind: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) connection: Option<String>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) alert_threshold_hours: u32,
}

/// Checks all of a new credential but its secret. Problems are added.
pub(super) fn check_new(new: &NewCredential, problems: &mut Problems) -> Checked {
    let name = problems.take("name", CredentialName::parse(&new.name));
    let kind = problems.take("credential_type", kind(&new.kind));
    let provider = new
        .provider
        .as_ref()
        .and_then(|provider| problems.take("provider", word(provider)));
    let connection = new.connection.as_ref();
    let connection =
        connection.and_then(|name| problems.take("connection", CredentialName::parse(name)));
    check_description(new.description.as_deref(), problems);
    check_tags(&new.tags, problems);
    check_metadata(&new.metadata, problems);
    check_external_id(new.provider_credential_id.as_deref(), problems);
    check_interval(new.rotation.interval_hours, problems);
    let alert_threshold_hours = new.alert_threshold_hours.unwrap_or(ALERT_HOURS);
    check_threshold(alert_threshold_hours, problems);
    Checked {
        name,
        kind,
        provider,
        connection: connection.map(|name| name.to_string()),
        expires_at: new.expires_at.map(to_milliseconds),
        alert_threshold_hours,
    }
}

/// A kind's word: lower case, with underscores. Callers may write it in any case, and with hyphens.
pub(super) fn kind(text: &str) -> Result<String, &'static str> {
    let word = text.trim().to_ascii_lowercase().replace('-', "_");
    let plain = word
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let begins = word
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase());
    if plain && begins && word.len() <= LONGEST_WORD {
        Ok(word)
    } else {
        Err(
            "is not a credential type; write 1 to 64 letters, digits and underscores, such as `api_key`",
        )
    }
}

/// A provider's word, in lower case.
fn word(text: &str) -> Result<String, &'static str> {
    let word = text.trim().to_lowercase();
    if word.is_empty() || word.chars().count() > LONGEST_WORD || word.chars().any(char::is_control)
    {
        return Err("is not a provider's name; write 1 to 64 characters, such as `openai`");
    }
    Ok(word)
}

fn check_description(description: Option<&str>, problems: &mut Problems) {
    let Some(description) = description else {
        return;
    };
    let length = description.chars().count();
    problems.require(
        length <= LONGEST_DESCRIPTION,
        "description",
        "is longer than 500 characters",
    );
    problems.require(
        !description.contains('\0'),
        "description",
        "has a NUL character; leave it out",
    );
}

fn check_tags(tags: &[String], problems: &mut Problems) {
    problems.require(tags.len() <= MOST_TAGS, "tags", "are more than 50");
    let fits = |tag: &String| {
        let length = tag.chars().count();
        (1..=LONGEST_TAG).contains(&length) && !tag.chars().any(char::is_control)
    };
    problems.require(
        tags.iter().all(fits),
        "tags",
        "are of 1 to 100 characters each, without control characters",
    );
}

fn check_metadata(metadata: &Map<String, Value>, problems: &mut Problems) {
    // A map of JSON values always serialises; were it not so, it would be refused as too large.
    let size = serde_json::to_vec(metadata).map_or(usize::MAX, |bytes| bytes.len());
    problems.require(
        size <= LARGEST_METADATA,
        "metadata",
        "is larger than 16 KiB of JSON",
    );
    let nul = |text: &str| text.contains('\0');
    let has_nul = metadata
        .iter()
        .any(|(key, value)| nul(key) || has_string(value, nul));
    problems.require(!has_nul, "metadata", "has a NUL character; leave it out");
}

fn has_string(value: &Value, wanted: fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => wanted(text),
        Value::Array(values) => values.iter().any(|value| has_string(value, wanted)),
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| wanted(key) || has_string(value, wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Plugins put it into paths.
pub(super) fn check_external_id(id: Option<&str>, problems: &mut Problems) {
    let leads_elsewhere =
        |it: char| it.is_control() || it.is_whitespace() || matches!(it, '/' | '\\');
    let fits = id.is_none_or(|id| {
        id.chars().count() <= LONGEST_EXTERNAL_ID
            && !id.contains(leads_elsewhere)
            && !matches!(id, "." | "..")
    });
    problems.require(
        fits,
        "provider_credential_id",
        "is longer than 256 characters, is `.` or `..`, or has slashes, blanks or control characters",
    );
}

fn check_interval(hours: u32, problems: &mut Problems) {
    let fits = (1..=LONGEST_HOURS).contains(&hours);
    problems.require(
        fits,
        "rotation_interval_hours",
        "is not from 1 to 87600 (ten years)",
    );
}

fn check_threshold(hours: u32, problems: &mut Problems) {
    problems.require(
        hours <= LONGEST_HOURS,
        "alert_threshold_hours",
        "is more than 87600 (ten years)",
    );
}

/// Times are kept in milliseconds; what is answered is what is kept.
fn to_milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

/// A patch that was checked.
pub(super) struct CheckedPatch {
    name: Option<CredentialName>,
    patch: CredentialPatch,
}

/// Checks a patch.
pub(super) fn check_patch(patch: &CredentialPatch) -> Result<CheckedPatch, VaultError> {
    let mut problems = Problems::default();
    let name = patch
        .name
        .as_ref()
        .and_then(|name| problems.take("name", CredentialName::parse(name)));
    check_description(
        patch.description.as_ref().and_then(Option::as_deref),
        &mut problems,
    );
    check_tags(patch.tags.as_deref().unwrap_or_default(), &mut problems);
    if let Some(metadata) = &patch.metadata {
        check_metadata(metadata, &mut problems);
    }
    check_external_id(
        patch
            .provider_credential_id
            .as_ref()
            .and_then(Option::as_deref),
        &mut problems,
    );
    if let Some(hours) = patch.rotation_interval_hours {
        check_interval(hours, &mut problems);
    }
    check_threshold(
        patch.alert_threshold_hours.unwrap_or_default(),
        &mut problems,
    );
    problems.settle()?;
    Ok(CheckedPatch {
        name,
        patch: patch.clone(),
    })
}

impl CheckedPatch {
    /// Applies it; the names of those fields that are not as they were.
    pub(super) fn apply(&self, credential: &mut Credential) -> Vec<&'static str> {
        let patch = &self.patch;
        let mut changed = Vec::new();
        set(
            &mut credential.name,
            self.name.as_ref(),
            "name",
            &mut changed,
        );
        set(
            &mut credential.description,
            patch.description.as_ref(),
            "description",
            &mut changed,
        );
        let expires_at = patch.expires_at.map(|time| time.map(to_milliseconds));
        set(
            &mut credential.expires_at,
            expires_at.as_ref(),
            "expires_at",
            &mut changed,
        );
        set(
            &mut credential.rotation.enabled,
            patch.rotation_enabled.as_ref(),
            "rotation_enabled",
            &mut changed,
        );
        let interval = patch.rotation_interval_hours.as_ref();
        set(
            &mut credential.rotation.interval_hours,
            interval,
            "rotation_interval_hours",
            &mut changed,
        );
        set(
            &mut credential.rotation.strategy,
            patch.rotation_strategy.as_ref(),
            "rotation_strategy",
            &mut changed,
        );
        let threshold = patch.alert_threshold_hours.as_ref();
        set(
            &mut credential.alert_threshold_hours,
            threshold,
            "alert_threshold_hours",
            &mut changed,
        );
        set(
            &mut credential.tags,
            patch.tags.as_ref(),
            "tags",
            &mut changed,
        );
        set(
            &mut credential.metadata,
            patch.metadata.as_ref(),
            "metadata",
            &mut changed,
        );
        let external_id = patch.provider_credential_id.as_ref();
        set(
            &mut credential.provider_credential_id,
            external_id,
            "provider_credential_id",
            &mut changed,
        );
        changed
    }
}

fn set<T: Clone + PartialEq>(
    place: &mut T,
    new: Option<&T>,
    name: &'static str,
    changed: &mut Vec<&'static str>,
) {
    if let Some(new) = new
        && new != place
    {
        place.clone_from(new);
        changed.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(new: &NewCredential) -> Vec<String> {
        let mut problems = Problems::default();
        let _ = check_new(new, &mut problems);
        problems
            .0
            .into_iter()
            .map(|problem| problem.field)
            .collect()
    }

    fn good() -> NewCredential {
        NewCredential {
            name: "key".to_owned(),
            kind: "API_KEY".to_owned(),
            ..NewCredential::default()
        }
    }

    #[test]
    fn all_problems_are_told_at_once() {
        assert!(problems_of(&good()).is_empty());
        let mut bad = good();
        bad.name = "a\nb".to_owned();
        bad.description = Some("x".repeat(501));
        bad.tags = vec![String::new()];
        bad.metadata
            .insert("blob".to_owned(), Value::String("x".repeat(17 * 1024)));
        bad.rotation.interval_hours = 0;
        bad.alert_threshold_hours = Some(u32::MAX);
        assert_eq!(
            problems_of(&bad),
            [
                "name",
                "description",
                "tags",
                "metadata",
                "rotation_interval_hours",
                "alert_threshold_hours"
            ]
        );
    }

    #[test]
    fn an_id_at_a_provider_is_one_part_of_a_path() {
        for bad in [".", "..", "a/b", "a\\b", "a b", "a\nb", "a\u{a0}b"] {
            let mut new = good();
            new.provider_credential_id = Some(bad.to_owned());
            assert_eq!(problems_of(&new), ["provider_credential_id"], "{bad:?}");
        }
        let mut new = good();
        new.provider_credential_id = Some("key_01-a..b:c".to_owned());
        assert!(problems_of(&new).is_empty());
    }

    #[test]
    fn a_kind_may_be_written_as_in_paths_and_bodies() {
        assert_eq!(kind("GITHUB_APP").as_deref(), Ok("github_app"));
        assert_eq!(kind("github-app").as_deref(), Ok("github_app"));
        for bad in ["", "api key", "1st", "ключ", &"x".repeat(65)] {
            assert!(kind(bad).is_err(), "{bad}");
        }
    }
}
