//! Values that the host makes.

use std::collections::BTreeSet;

use claviger_runtime::manifest::FieldRule;
use claviger_runtime::secret::Secret;
use zeroize::Zeroizing;

use super::Generate;
use crate::error::{Problem, VaultError};
use crate::seal::random;

const LETTERS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: u32 = 32;
const LENGTHS: std::ops::RangeInclusive<u32> = 8..=1024;
/// How often a value is drawn anew that the field's pattern doesn't take: one may be unlucky, all can't be.
const DRAWS: usize = 100;

/// A value for a field; none of a plugin's rules hold for an opaque one.
pub(super) fn generate(
    wanted: Option<&Generate>,
    rule: Option<&FieldRule>,
) -> Result<Secret, VaultError> {
    let unsaid = Generate::default();
    let wanted = wanted.unwrap_or(&unsaid);
    let length = wanted.length.unwrap_or(LENGTH);
    if !LENGTHS.contains(&length) {
        return Err(problem("generate.length", "is not from 8 to 1024"));
    }
    let alphabet = wanted.alphabet.as_deref().unwrap_or(LETTERS_AND_DIGITS);
    let characters: Vec<char> = alphabet
        .chars()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    if characters.len() < 2 || characters.len() > 256 || characters.iter().any(|c| c.is_control()) {
        return Err(problem(
            "generate.alphabet",
            "is not 2 to 256 different characters, none of them a control character",
        ));
    }
    let pattern = rule.and_then(|rule| rule.pattern.as_ref());
    for _ in 0..DRAWS {
        let value = draw(&characters, length);
        if pattern.is_none_or(|pattern| pattern.matches_whole(&value)) {
            return Ok(Secret::from(String::from(&**value)));
        }
    }
    let label = rule.map_or("the field", |rule| rule.label.as_str());
    Err(problem(
        "generate",
        &format!(
            "makes nothing that looks like what it should be ({label}); say another `length` and `alphabet`, or bring the \
             new `value`"
        ),
    ))
}

fn draw(characters: &[char], length: u32) -> Zeroizing<String> {
    // Each character takes up to four bytes; a buffer that grows leaves what it held behind.
    let capacity = usize::try_from(length).unwrap_or_default() * 4;
    let mut value = Zeroizing::new(String::with_capacity(capacity));
    // The largest multiple of their number that a byte reaches: above it, the first ones would be likelier than the others.
    let fair = 256 - 256 % characters.len();
    let mut left = length;
    while left > 0 {
        let bytes = Zeroizing::new(random::bytes::<64>());
        let fair = bytes
            .iter()
            .map(|byte| usize::from(*byte))
            .filter(|byte| *byte < fair);
        for byte in fair {
            if left == 0 {
                break;
            }
            value.push(characters[byte % characters.len()]);
            left -= 1;
        }
    }
    value
}

fn problem(field: &str, message: &str) -> VaultError {
    VaultError::Invalid(vec![Problem::new(field, message)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(pattern: &str) -> FieldRule {
        let rule = serde_json::json!({ "name": "key", "label": "Key", "secret": true, "pattern": pattern });
        serde_json::from_value(rule).unwrap()
    }

    fn made(length: Option<u32>, alphabet: Option<&str>, pattern: &str) -> Result<String, String> {
        let wanted = Generate {
            length,
            alphabet: alphabet.map(str::to_owned),
        };
        generate(Some(&wanted), Some(&rule(pattern)))
            .map(|secret| secret.expose_str().unwrap().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_as_they_are_asked_for() {
        let value = made(None, None, "[A-Za-z0-9]{32}").unwrap();
        assert_ne!(made(None, None, ".*").unwrap(), value);
        let value = made(Some(100), Some("abba-ä"), "[abä-]{100}").unwrap();
        assert!(value.contains('ä') && value.contains('-'));
        for (length, alphabet, pattern, told) in [
            (Some(7), None, ".*", "generate.length"),
            (Some(1025), None, ".*", "generate.length"),
            (None, Some("aaa"), ".*", "generate.alphabet"),
            (None, Some("a\nb"), ".*", "generate.alphabet"),
            (None, None, "sk-.*", "bring the new `value`"),
        ] {
            let error = made(length, alphabet, pattern).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
