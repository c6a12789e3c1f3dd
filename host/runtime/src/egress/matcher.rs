//! Finds words in bytes, as they are and as they are commonly written.
//!
//! Used twice: for a call's secrets in what comes back, and for its stand-ins in what goes out. A list of encoded needles
//! would have to foresee every encoder's choice of what to escape; comparing through the escapes does not: at each place
//! a byte of the word may stand for itself, as `%2f` or `%2F`, as JSON's `\/` or `\u002f`, or as HTML's `&#x2F;`, whichever the writer
//! chose.
//! Base64 and hex have no such freedom beyond case and alphabet, so they are needles of their own, and are looked for
//! through the same escapes (`\/` inside base64 inside JSON is common).
//!
//! A table of two-byte beginnings keeps the scan at a load and a test per byte, and costs less to build than an automaton:
//! it lives for one call. What passes it is compared only with the forms that begin with that very byte, and all of it
//! within a bound on the [`work`].

use std::ops::Range;

use zeroize::Zeroizing;

use super::encode;
use form::{Fold, Form, escaped};
pub(crate) use work::{TooMuchWork, Work};

mod form;
mod work;

/// Finds any of several words.
#[derive(Default, Clone)]
pub(crate) struct Matcher {
    forms: Vec<Form>,
    /// One bit for each pair of bytes that a match may begin with; empty while there is nothing to find.
    beginnings: Vec<u64>,
    /// For each byte the first of `entries` whose form begins with it; [`NONE`] where there is none.
    firsts: Vec<usize>,
    entries: Vec<Entry>,
}

/// A form in the list of those that begin with one byte.
#[derive(Clone, Copy)]
struct Entry {
    form: usize,
    next: usize,
}

/// The end of a list of entries.
const NONE: usize = usize::MAX;

/// Where a word was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The number that the word was added under.
    pub(crate) word: usize,
    /// Where it stands, as it is written there.
    pub(crate) range: Range<usize>,
}

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
            self.firsts = vec![NONE; 256];
            for escape in JSON_ESCAPES {
                self.mark(b'\\', *escape);
            }
            for escape in encode::HTML_ESCAPES {
                self.mark(b'&', *escape);
            }
        }
        let [second, other_second] = fold.variants(needle[1]);
        let firsts = fold.variants(needle[0]);
        for first in firsts {
            for second in [second, other_second, b'%', b'\\', b'+', b'&'] {
                self.mark(first, second);
            }
            if fold == Fold::Base64 {
                self.mark(first, b'\r');
                self.mark(first, b'\n');
            }
            for nibble in encode::hex_digits(first >> 4) {
                self.mark(b'%', nibble);
            }
        }
        if needle[0] == b' ' {
            (0..=u8::MAX).for_each(|second| self.mark(b'+', second));
        }
        let [first, other] = firsts;
        for first in [first].into_iter().chain((other != first).then_some(other)) {
            let next = std::mem::replace(&mut self.firsts[usize::from(first)], self.entries.len());
            let form = self.forms.len();
            self.entries.push(Entry { form, next });
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

    /// Whether there is nothing to find.
    pub(crate) fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// The leftmost word at or after `from`; of those that begin there the longest.
    fn find(&self, text: &[u8], from: usize, work: &Work) -> Result<Option<Hit>, TooMuchWork> {
        if self.is_empty() {
            return Ok(None);
        }
        let pairs = text.get(from..).unwrap_or_default().array_windows::<2>();
        let candidates = pairs
            .enumerate()
            .filter(|(_, [first, second])| self.may_begin(*first, *second));
        for (at, _) in candidates {
            if let Some(hit) = self.longest_at(text, from + at, work) {
                return Ok(Some(hit));
            }
            work.check()?;
        }
        Ok(None)
    }

    /// Whether any of the words is in the text. Where that costs too much to say, it counts as there.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        let found = self.find(text, 0, &Work::of(text.len()));
        !matches!(found, Ok(None))
    }

    /// The next word at or after `from`. Words that overlap are one hit: that of the first, reaching to the end of the last,
    /// so that what is replaced leaves no rest.
    pub(crate) fn next_hit(
        &self,
        text: &[u8],
        from: usize,
        work: &Work,
    ) -> Result<Option<Hit>, TooMuchWork> {
        let Some(mut hit) = self.find(text, from, work)? else {
            return Ok(None);
        };
        let mut within = hit.range.start + 1;
        while within < hit.range.end {
            let pair = text.get(within).zip(text.get(within + 1));
            if pair.is_some_and(|(first, second)| self.may_begin(*first, *second)) {
                if let Some(other) = self.longest_at(text, within, work) {
                    hit.range.end = hit.range.end.max(other.range.end);
                }
                work.check()?;
            }
            within += 1;
        }
        Ok(Some(hit))
    }

    /// Each word in the text, overlapping ones as one.
    pub(crate) fn hits<'t>(
        &'t self,
        text: &'t [u8],
    ) -> impl Iterator<Item = Result<Hit, TooMuchWork>> + 't {
        let work = Work::of(text.len());
        let mut from = 0;
        std::iter::from_fn(move || {
            let hit = self.next_hit(text, from, &work).transpose()?;
            from = hit.as_ref().map_or(text.len(), |hit| hit.range.end);
            Some(hit)
        })
    }

    fn longest_at(&self, text: &[u8], at: usize, work: &Work) -> Option<Hit> {
        let raw = *text.get(at)?;
        let escaped = escaped(&text[at..]).filter(|byte| *byte != raw);
        let mut longest: Option<Hit> = None;
        for first in [raw].into_iter().chain(escaped) {
            let mut entry = self.firsts[usize::from(first)];
            while let Some(Entry { form, next }) = self.entries.get(entry) {
                entry = *next;
                let form = &self.forms[*form];
                let Some(end) = form.end(text, at, work) else {
                    continue;
                };
                // Of two words that end at one place the first one added: an echo gives back the stand-in that came first.
                let is_better = longest.as_ref().is_none_or(|best| {
                    end > best.range.end || end == best.range.end && form.word < best.word
                });
                if is_better {
                    longest = Some(Hit {
                        word: form.word,
                        range: at..end,
                    });
                }
            }
        }
        longest
    }
}

#[cfg(test)]
mod tests;
