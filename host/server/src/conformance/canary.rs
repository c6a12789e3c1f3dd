//! Looks for secrets in what a plugin said, in the forms in which they would still be secrets.

use std::fmt::Write;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What a stand-in begins with, and how many letters of base32 follow.
const STAND_IN: &str = "clv";
const STAND_IN_LETTERS: usize = 26;

/// The shortest piece of a secret that is worth telling, in bytes.
const SHORTEST_PIECE: usize = 12;

/// A secret, and what it looks like encoded.
pub(crate) struct Canary {
    forms: Vec<(&'static str, Vec<u8>)>,
    pieces: Vec<Vec<u8>>,
}

impl Canary {
    pub(crate) fn new(secret: &[u8]) -> Self {
        let hex = each(secret, |text, byte| write!(text, "{byte:02x}"));
        let percent: String = url::form_urlencoded::byte_serialize(secret).collect();
        let mut forms = vec![
            ("as it is", secret.to_vec()),
            ("backwards", secret.iter().rev().copied().collect()),
            ("in hex", hex.to_ascii_uppercase().into_bytes()),
            ("in hex", hex.into_bytes()),
            ("percent-encoded", percent.into_bytes()),
        ];
        if let Ok(text) = std::str::from_utf8(secret) {
            let quoted = serde_json::Value::from(text).to_string();
            forms.push(("as JSON", quoted.as_bytes()[1..quoted.len() - 1].to_vec()));
        }
        for skipped in 0..3 {
            // What stands before shifts the text by a byte; the first and last characters depend on the neighbours.
            let shifted = [&b"xx"[..skipped], secret].concat();
            let from = if skipped == 0 { 0 } else { 4 };
            let until = shifted.len() / 3 * 4;
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let text = engine.encode(&shifted);
                forms.push(("in base64", text.as_bytes()[from..until].to_vec()));
            }
        }
        let length = SHORTEST_PIECE.max(secret.len() / 2);
        Self {
            forms,
            pieces: secret.windows(length).map(<[u8]>::to_vec).collect(),
        }
    }

    /// How the secret is in the text, if it is.
    pub(crate) fn found_in(&self, text: &str) -> Option<&'static str> {
        let has = |form: &[u8]| {
            text.as_bytes()
                .windows(form.len())
                .any(|window| window == form)
        };
        let whole = self
            .forms
            .iter()
            .find(|(_, form)| !form.is_empty() && has(form));
        whole.map(|(name, _)| *name).or_else(|| {
            self.pieces
                .iter()
                .any(|piece| has(piece))
                .then_some("in part")
        })
    }
}

/// Whether the text has a stand-in in it.
pub(crate) fn has_stand_in(text: &str) -> bool {
    first_stand_in(text).is_some()
}

/// The text with `…` for each stand-in: they are others in each call, and the rest is what is the same.
pub(crate) fn without_stand_ins(text: &str) -> String {
    let mut short = text.to_owned();
    while let Some(range) = first_stand_in(&short) {
        short.replace_range(range, "…");
    }
    short
}

/// Where the first stand-in is.
fn first_stand_in(text: &str) -> Option<Range<usize>> {
    text.match_indices(STAND_IN).find_map(|(at, _)| {
        let letters = text[at + STAND_IN.len()..].bytes();
        let word = letters.take_while(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(b));
        let end = at + STAND_IN.len() + STAND_IN_LETTERS;
        (word.count() >= STAND_IN_LETTERS).then_some(at..end)
    })
}

fn each(bytes: &[u8], one: impl Fn(&mut String, u8) -> std::fmt::Result) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _infallible = one(&mut text, *byte);
    }
    text
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const SECRET: &str = "s3cr3t/key+\"0123456789";

    #[test]
    fn every_form_is_found() {
        let canary = Canary::new(SECRET.as_bytes());
        let backwards: String = SECRET.chars().rev().collect();
        for (text, how) in [
            (format!("it is {SECRET}!"), "as it is"),
            (format!("<{backwards}>"), "backwards"),
            (serde_json::json!({ "k": SECRET }).to_string(), "as JSON"),
            (STANDARD.encode(format!("user:{SECRET}")), "in base64"),
            (STANDARD.encode(format!("u:{SECRET}")), "in base64"),
            (SECRET[5..18].to_owned(), "in part"),
        ] {
            assert_eq!(canary.found_in(&text), Some(how), "{text}");
        }
        assert_eq!(canary.found_in("s3cr3t 0123456789"), None);
    }

    #[test]
    fn stand_ins_are_words_of_26_letters() {
        assert!(has_stand_in("field clvabcdefghijklmnopqrstuvwx23 is bad"));
        assert!(!has_stand_in("clv, clvabc and claviger"));
        assert_eq!(
            without_stand_ins("https://clvabcdefghijklmnopqrstuvwx23.example"),
            "https://….example"
        );
    }
}
