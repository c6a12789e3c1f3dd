//! Looks for a secret in all the forms that it could have been left behind in.

use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A secret and the forms in which it would still be one.
pub struct Canary {
    forms: Vec<(&'static str, Vec<u8>)>,
    search: AhoCorasick,
}

impl Canary {
    /// For this secret.
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        let bytes = secret.as_ref();
        let joined = |between: &str| {
            bytes
                .iter()
                .map(u8::to_string)
                .collect::<Vec<_>>()
                .join(between)
                .into_bytes()
        };
        let hex = each(bytes, |byte| format!("{byte:02x}"));
        let percent = each(bytes, |byte| format!("%{byte:02X}"));
        let mut forms = vec![
            ("plain", bytes.to_vec()),
            ("reversed", bytes.iter().rev().copied().collect()),
            (
                "upper-case hexadecimal",
                hex.to_ascii_uppercase().into_bytes(),
            ),
            ("lower-case hexadecimal", hex.into_bytes()),
            (
                "percent, all of it",
                percent.to_ascii_lowercase().into_bytes(),
            ),
            ("percent, all of it", percent.into_bytes()),
            (
                "percent, as needed",
                url::form_urlencoded::byte_serialize(bytes)
                    .collect::<String>()
                    .into_bytes(),
            ),
            ("a list of numbers", joined(",")),
            ("a list of numbers", joined(", ")),
        ];
        if let Ok(text) = std::str::from_utf8(bytes) {
            forms.push((
                "JSON",
                serde_json::to_string(text)
                    .expect("text")
                    .trim_matches('"')
                    .as_bytes()
                    .to_vec(),
            ));
            forms.push((
                "UTF-16",
                text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            ));
        }
        for shift in 0..3 {
            // What stands before shifts the text by a byte; the first and last characters depend on the neighbours.
            let mut shifted = vec![b'x'; shift];
            shifted.extend_from_slice(bytes);
            let whole = shifted.len() / 3 * 4;
            for (name, engine) in [
                ("base64", &STANDARD_NO_PAD),
                ("base64url", &URL_SAFE_NO_PAD),
            ] {
                let text = engine.encode(&shifted);
                let skip = if shift == 0 { 0 } else { 4 };
                forms.push((name, text.as_bytes()[skip..whole].to_vec()));
            }
        }
        let search =
            AhoCorasick::new(forms.iter().map(|(_, bytes)| bytes)).expect("a few short patterns");
        Self { forms, search }
    }

    /// Which of its forms is in `haystack` first, and where.
    pub fn found_in(&self, haystack: &[u8]) -> Option<(&'static str, usize, usize)> {
        self.search
            .find(haystack)
            .map(|hit| (self.forms[hit.pattern()].0, hit.start(), hit.len()))
    }

    /// Fails if any form of it is in `haystack`.
    #[track_caller]
    pub fn assert_absent(&self, haystack: &[u8], whence: &str) {
        if let Some((form, at, length)) = self.found_in(haystack) {
            let around = &haystack[at.saturating_sub(80)..(at + length + 40).min(haystack.len())];
            panic!(
                "{whence} holds a secret ({form}), at byte {at}: …{}…",
                String::from_utf8_lossy(around)
            );
        }
    }
}

/// Each byte, written so.
pub fn each(bytes: &[u8], written: impl Fn(u8) -> String) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &written(*byte))
}

/// Every file below `directory`, with what is in it.
pub fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory that can be read") {
            let entry = entry.expect("an entry");
            let kind = entry.file_type().expect("a type");
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push((
                    entry.path(),
                    std::fs::read(entry.path()).expect("a file that can be read"),
                ));
            }
        }
    }
    found
}
