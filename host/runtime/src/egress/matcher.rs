//! Finds words in bytes, as they are and as they are commonly written.
//!
//! Used twice: for a call's secrets in what comes back, and for its stand-ins in what goes out. A list of encoded needles
//! would have to foresee every encoder's choice of what to escape; comparing through the escapes does not: at each place
//! a byte of the word may stand for itself, as `%2f` or `%2F`, or as JSON's `\/` or `\u002f`, whichever the writer chose.
//! Base64 and hex have no such freedom beyond case and alphabet, so they are needles of their own, and are looked for
//! through the same escapes (`\/` inside base64 inside JSON is common).
//!
//! A table of two-byte beginnings keeps the scan at a load and a test per byte, and costs less to build than an automaton:
//! it lives for one call.

use std::ops::Range;

use zeroize::Zeroizing;

use super::encode;

/// Finds any of several words.
#[derive(Default)]
pub(crate) struct Matcher {
    forms: Vec<Form>,
    /// One bit for each pair of bytes that a match may begin with; empty while there is nothing to find.
    beginnings: Vec<u64>,
}

/// Where a word was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The number that the word was added under.
    pub(crate) word: usize,
    /// Where it stands, as it is written there.
    pub(crate) range: Range<usize>,
}

/// One way to write a word.
struct Form {
    word: usize,
    needle: Zeroizing<Vec<u8>>,
    fold: Fold,
}

/// Which bytes count as the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fold {
    Exact,
    AsciiCase,
    /// The URL-safe alphabet beside the standard one.
    Base64,
}

/// Which escapes are read. A word may hold `\` or `%` itself, so each reading is tried on its own.
#[derive(Clone, Copy)]
struct Reading {
    json: bool,
    percent: bool,
}

const READINGS: [Reading; 4] = [
    Reading {
        json: false,
        percent: false,
    },
    Reading {
        json: true,
        percent: false,
    },
    Reading {
        json: false,
        percent: true,
    },
    Reading {
        json: true,
        percent: true,
    },
];

/// The second bytes of JSON's escapes (RFC 8259, section 7).
const JSON_ESCAPES: &[u8] = b"\"\\/bfnrtu";

impl Matcher {
    /// Looks for a word whose case matters, in each of its encodings. A word that is written otherwise in JSON or in a URL
    /// is also looked for encoded once more: what echoes a request in base64 has the word in it as the request had it.
    pub(crate) fn add(&mut self, word: usize, bytes: &[u8]) {
        self.add_forms(word, bytes, Fold::Exact);
        let percent = encode::percent(bytes);
        if percent.as_bytes() != bytes {
            self.add_forms(word, percent.as_bytes(), Fold::Exact);
        }
        let json = std::str::from_utf8(bytes).ok().map(encode::json);
        if let Some(json) = json.filter(|json| json.as_bytes() != bytes) {
            self.add_forms(word, json.as_bytes(), Fold::Exact);
        }
    }

    /// Looks for a word in either case, in each of its encodings.
    pub(crate) fn add_in_any_case(&mut self, word: usize, bytes: &[u8]) {
        self.add_forms(word, bytes, Fold::AsciiCase);
    }

    fn add_forms(&mut self, word: usize, bytes: &[u8], fold: Fold) {
        if bytes.len() < 2 {
            return;
        }
        self.add_form(word, Zeroizing::new(bytes.to_vec()), fold);
        self.add_form(word, encode::hex(bytes), Fold::AsciiCase);
        for skip in 0..3 {
            let core = encode::base64_core(bytes, skip);
            if core.len() >= 2 {
                self.add_form(word, core, Fold::Base64);
            }
        }
    }

    fn add_form(&mut self, word: usize, needle: Zeroizing<Vec<u8>>, fold: Fold) {
        if self.beginnings.is_empty() {
            self.beginnings = vec![0; 1024];
            for escape in JSON_ESCAPES {
                self.mark(b'\\', *escape);
            }
        }
        let [second, other_second] = fold.variants(needle[1]);
        for first in fold.variants(needle[0]) {
            for second in [second, other_second, b'%', b'\\', b'+'] {
                self.mark(first, second);
            }
            for nibble in encode::hex_digits(first >> 4) {
                self.mark(b'%', nibble);
            }
        }
        if needle[0] == b' ' {
            (0..=u8::MAX).for_each(|second| self.mark(b'+', second));
        }
        self.forms.push(Form { word, needle, fold });
    }

    fn mark(&mut self, first: u8, second: u8) {
        let pair = usize::from(first) << 8 | usize::from(second);
        self.beginnings[pair / 64] |= 1 << (pair % 64);
    }

    fn may_begin(&self, first: u8, second: u8) -> bool {
        let pair = usize::from(first) << 8 | usize::from(second);
        self.beginnings
            .get(pair / 64)
            .is_some_and(|bits| bits >> (pair % 64) & 1 == 1)
    }

    /// The leftmost word at or after `from`; of those that begin there the longest.
    pub(crate) fn find(&self, text: &[u8], from: usize) -> Option<Hit> {
        if self.forms.is_empty() {
            return None;
        }
        let pairs = text.get(from..)?.array_windows::<2>();
        pairs
            .enumerate()
            .filter(|(_, [first, second])| self.may_begin(*first, *second))
            .find_map(|(at, _)| self.longest_at(text, from + at))
    }

    /// Whether any of the words is in the text.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        self.find(text, 0).is_some()
    }

    /// Each word in the text. Words that overlap are one hit: that of the first, reaching to the end of the last, so that
    /// what is replaced leaves no rest.
    pub(crate) fn hits<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = Hit> + 't {
        let mut from = 0;
        std::iter::from_fn(move || {
            let mut hit = self.find(text, from)?;
            let mut within = hit.range.start + 1;
            while within < hit.range.end {
                if let Some(other) = self.longest_at(text, within) {
                    hit.range.end = hit.range.end.max(other.range.end);
                }
                within += 1;
            }
            from = hit.range.end;
            Some(hit)
        })
    }

    fn longest_at(&self, text: &[u8], at: usize) -> Option<Hit> {
        let ends = self
            .forms
            .iter()
            .filter_map(|form| Some((form.end(text, at)?, form.word)));
        // Of two words that end at one place the first one added: an echo gives back the stand-in that came first.
        let (end, word) = ends.reduce(|best, other| if other.0 > best.0 { other } else { best })?;
        Some(Hit {
            word,
            range: at..end,
        })
    }
}

impl Form {
    /// Where this form ends if it begins at `at`.
    fn end(&self, text: &[u8], at: usize) -> Option<usize> {
        READINGS
            .iter()
            .filter_map(|reading| self.end_as(*reading, text, at))
            .max()
    }

    fn end_as(&self, reading: Reading, text: &[u8], mut at: usize) -> Option<usize> {
        let mut done = 0;
        while done < self.needle.len() {
            let wanted = &self.needle[done..];
            let (read, matched) = self.escape(reading, text, at, wanted).or_else(|| {
                let same = self.fold.same(*text.get(at)?, wanted[0]);
                same.then_some((1, 1))
            })?;
            at += read;
            done += matched;
        }
        Some(at)
    }

    /// Reads one escape: how long it is, and how many bytes of the needle it stands for.
    fn escape(
        &self,
        reading: Reading,
        text: &[u8],
        at: usize,
        wanted: &[u8],
    ) -> Option<(usize, usize)> {
        match *text.get(at)? {
            b'\\' if reading.json => {
                let (length, character) = encode::json_escape(&text[at..])?;
                let mut buffer = [0; 4];
                let bytes = character.encode_utf8(&mut buffer).as_bytes();
                let same = bytes.len() <= wanted.len()
                    && bytes
                        .iter()
                        .zip(wanted)
                        .all(|(b, w)| self.fold.same(*b, *w));
                same.then_some((length, bytes.len()))
            }
            b'%' if reading.percent => {
                let byte = encode::percent_escape(&text[at..])?;
                self.fold.same(byte, wanted[0]).then_some((3, 1))
            }
            b'+' if reading.percent => (wanted[0] == b' ').then_some((1, 1)),
            _ => None,
        }
    }
}

impl Fold {
    fn same(self, found: u8, wanted: u8) -> bool {
        match self {
            Self::Exact => found == wanted,
            Self::AsciiCase => found.eq_ignore_ascii_case(&wanted),
            Self::Base64 => {
                found == wanted || matches!((found, wanted), (b'-', b'+') | (b'_', b'/'))
            }
        }
    }

    /// The bytes that count as `wanted`; one of them twice where there is only one.
    fn variants(self, wanted: u8) -> [u8; 2] {
        match (self, wanted) {
            (Self::AsciiCase, _) => [wanted.to_ascii_lowercase(), wanted.to_ascii_uppercase()],
            (Self::Base64, b'+') => [b'+', b'-'],
            (Self::Base64, b'/') => [b'/', b'_'],
            (Self::Base64 | Self::Exact, _) => [wanted, wanted],
        }
    }
}

#[cfg(test)]
mod tests;
