use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use proptest::prelude::*;

use super::*;

fn matcher(word: &[u8]) -> Matcher {
    let mut matcher = Matcher::default();
    matcher.add(0, word);
    matcher
}

/// The writings of a word that must be found, in some text around it.
fn writings(word: &[u8], before: &str, after: &str) -> Vec<String> {
    let mut writings = Vec::new();
    let hex = word
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect::<Vec<_>>()
        .concat();
    writings.extend([hex.to_uppercase(), hex]);
    let percent = percent_encode(word, NON_ALPHANUMERIC).to_string();
    writings.push(percent);
    writings.push(url::form_urlencoded::byte_serialize(word).collect());
    writings.push(
        word.iter()
            .map(|b| format!("%{b:02x}"))
            .collect::<Vec<_>>()
            .concat(),
    );
    if let Ok(text) = std::str::from_utf8(word) {
        writings.push(text.to_owned());
        let json = serde_json::to_string(text).expect("a string is JSON");
        writings.push(json.replace('/', r"\/"));
        writings.push(json);
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
        writings.push(units.collect());
    }
    let mut writings: Vec<String> = writings
        .into_iter()
        .filter(|writing| !writing.is_empty())
        .map(|w| format!("{before}{w}{after}"))
        .collect();
    let around = [before.as_bytes(), word, after.as_bytes()].concat();
    writings.push(STANDARD.encode(&around));
    writings.push(STANDARD.encode(&around).replace('/', r"\/"));
    writings.push(URL_SAFE_NO_PAD.encode(&around));
    writings
        .push(percent_encode(STANDARD.encode(&around).as_bytes(), NON_ALPHANUMERIC).to_string());
    writings
}

proptest! {
    #[test]
    fn a_word_is_found_however_it_is_written(
        word in prop_oneof!["[ -~]{8,60}", "\\PC{8,30}", "[\\\\%+/\"a25 n]{8,20}"],
        before in "[a-zA-Z0-9:, ]{0,5}",
        after in "[a-zA-Z0-9:, ]{0,5}",
    ) {
        let matcher = matcher(word.as_bytes());
        for writing in writings(word.as_bytes(), &before, &after) {
            prop_assert!(matcher.is_in(writing.as_bytes()), "{writing}");
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_found_too(word in proptest::collection::vec(any::<u8>(), 8..40)) {
        let matcher = matcher(&word);
        for writing in writings(&word, "a", "b") {
            prop_assert!(matcher.is_in(writing.as_bytes()), "{writing}");
        }
        prop_assert!(matcher.is_in(&[b"x".as_slice(), &word, b"y"].concat()));
    }

    #[test]
    fn what_is_not_there_is_not_found(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!matcher(b"a-secret-that-no-random-text-has").is_in(&text));
    }
}

#[test]
fn the_longest_of_two_that_begin_alike_is_meant() {
    let mut matcher = Matcher::default();
    matcher.add(0, b"sk-0123456789");
    matcher.add(1, b"sk-0123456789-more");
    assert_eq!(
        matcher.find(b"a sk-0123456789-more b", 0),
        Some(Hit {
            word: 1,
            range: 2..20
        })
    );
    assert_eq!(
        matcher.find(b"a sk-0123456789 b", 0),
        Some(Hit {
            word: 0,
            range: 2..15
        })
    );
}

#[test]
fn words_that_overlap_leave_no_rest() {
    let mut matcher = Matcher::default();
    matcher.add(0, b"abcdefghij");
    matcher.add(1, b"ghijklmnop");
    let hits: Vec<_> = matcher.hits(b"-abcdefghijklmnop-").collect();
    assert_eq!(
        hits,
        [Hit {
            word: 0,
            range: 1..17
        }]
    );
}

#[test]
fn any_case_is_found_where_asked() {
    let mut matcher = Matcher::default();
    matcher.add_in_any_case(0, b"clvabcdefgh");
    assert!(matcher.is_in(b"https://CLVabcDEFGH.example"));
    assert!(matcher.is_in(b"https://%43lvabcdefgh"));
    assert!(!matcher.is_in(b"clvabcdefg"));
}
