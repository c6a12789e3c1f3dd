//! One way to write a word, compared with text through the escapes that the text's writer may have used.

use zeroize::Zeroizing;

use super::super::encode;
use super::work::Work;

/// One way to write a word.
#[derive(Clone)]
pub(super) struct Form {
    pub(super) word: usize,
    pub(super) needle: Zeroizing<Vec<u8>>,
    pub(super) fold: Fold,
}

/// Which bytes count as the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    Exact,
    AsciiCase,
    /// The URL-safe alphabet beside the standard one, in one line or in several.
    Base64,
}

/// Which escapes are read: a set of these. A word may hold `\`, `%` or `&` itself, so each set is tried on its own.
type Escapes = usize;
const JSON: Escapes = 1;
const PERCENT: Escapes = 2;
const HTML: Escapes = 4;
const SETS: usize = 8;

/// How many line breaks may stand between two characters of base64: one, as CR and LF, and as much again.
const MOST_BREAKS: usize = 4;

impl Form {
    /// Where this form ends if it begins at `at`, however it is escaped.
    pub(super) fn end(&self, text: &[u8], at: usize, work: &Work) -> Option<usize> {
        let (mut end, met) = self.end_as(0, text, at, work);
        if met == 0 {
            return end;
        }
        let mut met_by = [met; SETS];
        for escapes in 1..SETS {
            // Without one of its sorts this set met nothing of that sort, so with it it reads the same.
            let same = [JSON, PERCENT, HTML]
                .into_iter()
                .filter(|sort| escapes & sort != 0)
                .map(|sort| (sort, met_by[escapes & !sort]))
                .find(|(sort, met)| met & sort == 0);
            if let Some((_, met)) = same {
                met_by[escapes] = met;
                continue;
            }
            let (other, met) = self.end_as(escapes, text, at, work);
            met_by[escapes] = met;
            end = end.max(other);
        }
        end
    }

    /// Where it ends, and which sorts of escapes the text may have had until then, read or not.
    fn end_as(
        &self,
        escapes: Escapes,
        text: &[u8],
        mut at: usize,
        work: &Work,
    ) -> (Option<usize>, Escapes) {
        let (mut done, mut met, mut breaks, mut steps) = (0, 0, 0, 1);
        let end = loop {
            let Some(wanted) = self.needle.get(done..).filter(|rest| !rest.is_empty()) else {
                break Some(at);
            };
            let Some(byte) = text.get(at) else {
                break None;
            };
            steps += 1;
            let sort = sort_of(*byte);
            met |= sort;
            let escape = (sort & escapes != 0).then(|| self.escape(&text[at..], wanted));
            let step = escape.flatten().or_else(|| {
                let is_break = self.skips(char::from(*byte));
                let same = is_break || self.fold.same(*byte, wanted[0]);
                same.then_some((1, usize::from(!is_break)))
            });
            match step {
                Some((read, 0)) if done > 0 && breaks < MOST_BREAKS => {
                    breaks += 1;
                    at += read;
                }
                None | Some((_, 0)) => break None,
                Some((read, matched)) => {
                    breaks = 0;
                    at += read;
                    done += matched;
                }
            }
        };
        work.spend(steps);
        (end, met)
    }

    /// Reads the escape that `text` begins with: how long it is, and how many bytes of the needle it stands for.
    fn escape(&self, text: &[u8], wanted: &[u8]) -> Option<(usize, usize)> {
        let (length, character) = match text[0] {
            b'\\' => encode::json_escape(text)?,
            b'&' => encode::html_escape(text)?,
            b'+' => return (wanted[0] == b' ').then_some((1, 1)),
            _ => {
                let byte = encode::percent_escape(text)?;
                if self.skips(char::from(byte)) {
                    return Some((3, 0));
                }
                return self.fold.same(byte, wanted[0]).then_some((3, 1));
            }
        };
        if self.skips(character) {
            return Some((length, 0));
        }
        let mut buffer = [0; 4];
        let bytes = character.encode_utf8(&mut buffer).as_bytes();
        let mut pairs = bytes.iter().zip(wanted);
        let same = bytes.len() <= wanted.len() && pairs.all(|(b, w)| self.fold.same(*b, *w));
        same.then_some((length, bytes.len()))
    }

    /// Whether a character between two of this form's means nothing (RFC 2045, section 6.8).
    fn skips(&self, character: char) -> bool {
        self.fold == Fold::Base64 && matches!(character, '\r' | '\n')
    }
}

/// The sort of escapes that a byte begins; 0 for none.
fn sort_of(byte: u8) -> Escapes {
    match byte {
        b'\\' => JSON,
        b'%' | b'+' => PERCENT,
        b'&' => HTML,
        _ => 0,
    }
}

/// What an escape stands for, by its first byte; none where there is no escape.
pub(super) fn escaped(text: &[u8]) -> Option<u8> {
    let (_, character) = match text.first()? {
        b'\\' => encode::json_escape(text)?,
        b'&' => encode::html_escape(text)?,
        b'+' => return Some(b' '),
        b'%' => return encode::percent_escape(text),
        _ => return None,
    };
    let mut buffer = [0; 4];
    character.encode_utf8(&mut buffer).bytes().next()
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
    pub(super) fn variants(self, wanted: u8) -> [u8; 2] {
        match (self, wanted) {
            (Self::AsciiCase, _) => [wanted.to_ascii_lowercase(), wanted.to_ascii_uppercase()],
            (Self::Base64, b'+') => [b'+', b'-'],
            (Self::Base64, b'/') => [b'/', b'_'],
            (Self::Base64 | Self::Exact, _) => [wanted, wanted],
        }
    }
}
