//! Percent and base64 encoding, small enough to need no crate in every plugin.

use std::fmt::Write;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Percent-encodes everything but RFC 3986's unreserved characters: good for a path segment, a query and a form.
#[must_use]
pub fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Base64 with padding (RFC 4648, 4).
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0, |group, &byte| group << 8 | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let sextet = group >> (18 - 6 * place) & 63;
            encoded.push(if place <= chunk.len() {
                char::from(BASE64[sextet as usize])
            } else {
                '='
            });
        }
    }
    encoded
}

/// Base64 in the URL-safe alphabet, without padding (RFC 4648, 5): the parts of a JWT.
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    let standard = base64(bytes);
    let safe = |letter| match letter {
        '+' => '-',
        '/' => '_',
        other => other,
    };
    standard.trim_end_matches('=').chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_the_rfc() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
        assert_eq!(base64url(&[0xff, 0xfe, 0xfb, 0x01]), "__77AQ");
    }

    #[test]
    fn percent_keeps_only_what_is_unreserved() {
        assert_eq!(percent("a-z.A~_9"), "a-z.A~_9");
        assert_eq!(percent("a/b c+ü"), "a%2Fb%20c%2B%C3%BC");
    }
}
