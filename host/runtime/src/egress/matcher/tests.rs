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

fn first(matcher: &Matcher, text: &[u8]) -> Option<Hit> {
    let hit = matcher.find(text, 0, &Work::of(text.len()));
    hit.expect("little work")
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
        let html: Vec<String> = text
            .chars()
            .map(|c| match c {
                '&' => "&amp;".to_owned(),
                '"' => "&quot;".to_owned(),
                '<' => "&lt;".to_owned(),
                c if c.is_alphanumeric() => c.to_string(),
                c if u32::from(c) % 2 == 0 => format!("&#{};", u32::from(c)),
                c => format!("&#x{:X};", u32::from(c)),
            })
            .collect();
        writings.push(html.concat());
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
    for line_break in ["\n", "\r\n", r"\n", r"\r\n", "%0D%0A", "&#10;"] {
        for width in [7, 64, 76] {
            let encoded = STANDARD.encode(&around);
            let lines = encoded.as_bytes().chunks(width);
            let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
            writings.push(lines.join(line_break));
        }
    }
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
        first(&matcher, b"a sk-0123456789-more b"),
        Some(Hit {
            word: 1,
            range: 2..20
        })
    );
    assert_eq!(
        first(&matcher, b"a sk-0123456789 b"),
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
    let hits: Result<Vec<_>, _> = matcher.hits(b"-abcdefghijklmnop-").collect();
    assert_eq!(
        hits.expect("little work"),
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

/// The steps that a scan of `text` costs, all of them where it was too much.
fn steps(matcher: &Matcher, text: &[u8]) -> (u64, bool) {
    let work = Work::of(text.len());
    let whole = work.left();
    let mut from = 0;
    let too_much = loop {
        match matcher.next_hit(text, from, &work) {
            Ok(Some(hit)) => from = hit.range.end,
            Ok(None) => break false,
            Err(TooMuchWork) => break true,
        }
    };
    (whole - work.left(), too_much)
}

#[test]
fn text_that_repeats_a_word_costs_no_more_than_it_may() {
    let text = vec![b'a'; 1 << 20];
    // One that is there in every place and one that fails at its last byte in every place.
    for word in [vec![b'a'; 4096], [vec![b'a'; 4096], vec![b'b']].concat()] {
        let matcher = matcher(&word);
        let (_, too_much) = steps(&matcher, &text);
        assert!(too_much);
        assert!(matcher.is_in(&text), "in doubt it counts as there");
        assert!(matcher.hits(&text).any(|hit| hit.is_err()));
    }
}

#[test]
fn escapes_cost_only_the_forms_that_they_begin() {
    let mut matcher = Matcher::default();
    for word in 0..32 {
        matcher.add(word, format!("sk-{word:02}-0123456789abcdef").as_bytes());
    }
    for piece in [r"\n", r"\u0041", "%0a", "&amp;", "&#65;", "\n"] {
        let (steps, too_much) = steps(&matcher, piece.repeat(10_000).as_bytes());
        assert!(!too_much && steps < 10_000, "{piece}: {steps}");
    }
}

#[test]
fn ordinary_text_costs_less_than_a_step_a_byte() {
    let matcher = matcher(b"sk-proj-0123456789abcdef");
    let text = r#"{"id": "model-0123", "object": "model", "owned_by": "openai", "a": ["b", 1.5]}"#;
    let text = text.repeat(1000);
    let (steps, too_much) = steps(&matcher, text.as_bytes());
    let most = u64::try_from(text.len()).expect("a small number");
    assert!(!too_much && steps < most, "{steps} for {most}");
}
