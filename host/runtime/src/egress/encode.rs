//! The encodings that a secret is written in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zeroize::Zeroizing;

/// Everything but RFC 3986's unreserved characters: what is left means nothing in any part of a URL.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encoded, so that it is a value in a query, a field of a form or a segment of a path and nothing more.
pub(crate) fn percent(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 3));
    percent_encode(bytes, RESERVED).for_each(|piece| text.push_str(piece));
    text
}

/// As the inside of a JSON string. It has room for the longest escapes from the start, so no copy is left behind.
pub(crate) fn json(text: &str) -> Zeroizing<String> {
    let mut escaped = Zeroizing::new(String::with_capacity(text.len() * 6));
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            control if control < ' ' => {
                escaped.push_str("\\u00");
                escaped.extend(
                    [control as u8 >> 4, control as u8 & 15]
                        .map(|nibble| char::from(hex_digits(nibble)[0])),
                );
            }
            plain => escaped.push(plain),
        }
    }
    escaped
}

/// In lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len() * 2));
    for byte in bytes {
        text.extend_from_slice(&[hex_digits(byte >> 4)[0], hex_digits(byte & 15)[0]]);
    }
    text
}

/// The digit of a nibble in both cases, lower first.
pub(crate) fn hex_digits(nibble: u8) -> [u8; 2] {
    let at = usize::from(nibble & 15);
    [b"0123456789abcdef"[at], b"0123456789ABCDEF"[at]]
}

/// What is sure to be in the base64 of any text that holds `bytes` after a multiple of three bytes and `skip` more: the
/// characters that `bytes` alone decide.
pub(crate) fn base64_core(bytes: &[u8], skip: usize) -> Zeroizing<Vec<u8>> {
    let mut shifted = Zeroizing::new(vec![0; skip + bytes.len()]);
    shifted[skip..].copy_from_slice(bytes);
    let whole = (skip * 8).div_ceil(6)..shifted.len() * 8 / 6;
    let mut encoded = Zeroizing::new(STANDARD_NO_PAD.encode(&shifted).into_bytes());
    encoded.truncate(whole.end);
    encoded.drain(..whole.start.min(whole.end));
    encoded
}

/// Reads `%XX` at the start of `text`.
pub(crate) fn percent_escape(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = *text else {
        return None;
    };
    Some(nibble(high)? << 4 | nibble(low)?)
}

/// Reads a JSON escape at the start of `text`: its length and what it stands for. A surrogate pair is one escape.
pub(crate) fn json_escape(text: &[u8]) -> Option<(usize, char)> {
    let simple = match text.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let first = unit(text)?;
            if let Some(character) = char::from_u32(first.into()) {
                return Some((6, character));
            }
            let second = unit(&text[6..])?;
            let character = char::decode_utf16([first, second]).next()?.ok()?;
            return Some((12, character));
        }
        _ => return None,
    };
    Some((2, simple))
}

/// The second bytes of what [`html_escape`] reads.
pub(crate) const HTML_ESCAPES: &[u8] = b"#qalgspecn";

/// The longest escape of HTML that is read, in bytes: `&#x0010FFFF;`.
const LONGEST_HTML: usize = 12;

/// Reads an HTML escape at the start of `text`: its length and what it stands for. Of the names those that encoders give to
/// ASCII's punctuation, which is what secrets are made of.
pub(crate) fn html_escape(text: &[u8]) -> Option<(usize, char)> {
    let length = text.iter().take(LONGEST_HTML).position(|b| *b == b';')?;
    let name = std::str::from_utf8(text.get(1..length)?).ok()?;
    let character = match name {
        "quot" => '"',
        "apos" => '\'',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "sol" => '/',
        "plus" => '+',
        "equals" => '=',
        "percnt" => '%',
        "num" => '#',
        "colon" => ':',
        "comma" => ',',
        _ => {
            let digits = name.strip_prefix('#')?;
            let hex = digits.strip_prefix(['x', 'X']);
            let value = hex.map_or_else(|| digits.parse(), |hex| u32::from_str_radix(hex, 16));
            char::from_u32(value.ok()?)?
        }
    };
    Some((length + 1, character))
}

/// Reads `\uXXXX` at the start of `text`.
fn unit(text: &[u8]) -> Option<u16> {
    let [b'\\', b'u', a, b, c, d, ..] = *text else {
        return None;
    };
    [a, b, c, d]
        .into_iter()
        .try_fold(0, |unit, digit| Some(unit << 4 | u16::from(nibble(digit)?)))
}

fn nibble(digit: u8) -> Option<u8> {
    // A hex digit is below 16.
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_core_is_in_the_base64_of_whatever_holds_the_bytes(
            before in proptest::collection::vec(any::<u8>(), 0..7),
            bytes in proptest::collection::vec(any::<u8>(), 8..40),
            after in proptest::collection::vec(any::<u8>(), 0..7),
        ) {
            let core = String::from_utf8(base64_core(&bytes, before.len() % 3).to_vec()).expect("base64 is ASCII");
            let whole = STANDARD.encode([before, bytes, after].concat());
            prop_assert!(whole.contains(&core));
        }

        #[test]
        fn json_escapes_read_back(text in any::<String>()) {
            let quoted = format!("\"{}\"", json(&text).as_str());
            prop_assert_eq!(serde_json::from_str::<String>(&quoted).expect("a JSON string"), text);
        }

        #[test]
        fn percent_escapes_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let text = percent(&bytes);
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
            prop_assert_eq!(percent_encoding::percent_decode_str(&text).collect::<Vec<u8>>(), bytes);
        }
    }

    #[test]
    fn html_escapes_are_read_by_name_and_by_number() {
        for (escape, character) in [
            ("&amp;", '&'),
            ("&quot;x", '"'),
            ("&#43;", '+'),
            ("&#x2F;", '/'),
            ("&#X2f;", '/'),
            ("&#0047;", '/'),
        ] {
            let (length, read) = html_escape(escape.as_bytes()).expect(escape);
            assert_eq!((&escape[length - 1..length], read), (";", character));
            assert!(HTML_ESCAPES.contains(&escape.as_bytes()[1]), "{escape}");
        }
        for text in [
            "&amp",
            "&;",
            "&#;",
            "&#x;",
            "&#xd800;",
            "&nothing;",
            "&#x000000002F;",
        ] {
            assert_eq!(html_escape(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_surrogate_pair_is_one_escape() {
        assert_eq!(json_escape(br"\ud83d\ude00x"), Some((12, '\u{1f600}')));
        assert_eq!(json_escape(br"\ud83d"), None);
        assert_eq!(json_escape(br"\u00e9"), Some((6, '\u{e9}')));
    }
}
