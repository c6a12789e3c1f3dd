//! The name by which a user logs in.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// A user's name: Unicode NFC, 1 to 64 characters, none of them blank, a control character or invisible. Two names that
/// differ only in case are the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(Arc<str>);

impl Username {
    /// The most characters that it has.
    pub const LONGEST: usize = 64;

    /// Reads a name as a person typed it.
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        // Counted before it is normalised, so that a megabyte of accents is refused without being worked on. NFC may
        // still lengthen a few characters, hence the second look.
        if text.is_empty() || text.chars().nth(Self::LONGEST * 4).is_some() {
            return Err(InvalidUsername);
        }
        let name = text.nfc().collect::<String>();
        if name.chars().nth(Self::LONGEST).is_some() || !name.chars().all(is_visible) {
            return Err(InvalidUsername);
        }
        Ok(Self(name.into()))
    }

    /// The name itself, as its owner spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What names are compared by: lower case, composed again, since lowering may decompose.
    pub(crate) fn folded(&self) -> String {
        self.0.chars().flat_map(char::to_lowercase).nfc().collect()
    }
}

/// Whether a reader sees that the character is there: two names that look the same must not be two users.
fn is_visible(character: char) -> bool {
    let formats = matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !(character.is_control() || character.is_whitespace() || formats)
}

impl fmt::Display for Username {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The text is no user's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a username has 1 to {} characters, without blanks, control characters or invisible ones",
    Username::LONGEST
)]
pub struct InvalidUsername;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_name_fold_together() {
        let folded = |text: &str| Username::parse(text).unwrap().folded();
        assert_eq!(folded("Ada"), folded("aDA"));
        assert_eq!(folded("Zoe\u{308}"), folded("ZOË"));
        assert_ne!(folded("ada"), folded("adá"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let too_long = "ä".repeat(Username::LONGEST + 1);
        for text in [
            "",
            " ",
            "a b",
            "a\n",
            "a\u{0}",
            "a\u{200b}",
            "a\u{202e}b",
            "\u{a0}",
            &too_long,
        ] {
            assert_eq!(Username::parse(text), Err(InvalidUsername), "{text:?}");
        }
        assert!(Username::parse(&"ä".repeat(Username::LONGEST)).is_ok());
        assert!(Username::parse("ada.lovelace+ops@example.org").is_ok());
        assert!(Username::parse("шифр-🔑").is_ok());
    }

    proptest! {
        #[test]
        fn a_name_reads_back_as_itself(text in "\\PC{1,64}") {
            if let Ok(name) = Username::parse(&text) {
                prop_assert_eq!(Username::parse(name.as_str()), Ok(name));
            }
        }
    }
}
