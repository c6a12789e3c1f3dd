//! Answers what the field `what` names: lists, texts and numbers that no plugin has a reason to answer.

use claviger_sdk::Attribute;
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct GarbageResults;

claviger_guests::guest!(GarbageResults, claviger_guests::manifest("garbage-results"));

impl Validation for GarbageResults {
    fn validate(_: Context, credential: Credential) -> Result<Report, Failure> {
        let detail = |key: &str, value: &str| Attribute {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        match credential.field("what").unwrap_or_default() {
            "huge-list" => Ok(Report {
                scopes: vec!["scope".to_owned(); 1_000_000],
                ..Report::default()
            }),
            "many-details" => Ok(Report {
                details: vec![detail("key", "value"); 100_000],
                ..Report::default()
            }),
            "long-text" => Ok(Report {
                account: Some("a".repeat(8 << 20)),
                ..Report::default()
            }),
            "control-characters" => Ok(Report {
                account: Some("\0\x1b[2J\r\nset-cookie: x\u{202e}".to_owned()),
                ..Report::default()
            }),
            "bad-utf8" => Ok(Report {
                account: Some(not_utf8()),
                ..Report::default()
            }),
            "impossible-numbers" => Ok(Report {
                rate_limit_remaining: Some(u64::MAX),
                quota_remaining: Some(u32::MAX),
                expires_at_ms: Some(u64::MAX),
                ..Report::default()
            }),
            "long-message" => Err(Failure::rejected("m".repeat(1 << 20))),
            "weird-code" => Err(Failure::new(
                "\r\nHTTP/1.1 200 OK \u{1f480}",
                "a code that nobody knows",
            )),
            "empty-code" => Err(Failure::new("", "")),
            "long-code" => Err(Failure::new(&"c".repeat(1 << 20), "a long code")),
            "retry-never" => Err(Failure::rate_limited("in seven weeks", Some(u32::MAX))),
            // It never asked anyone.
            "rejected-unsent" => Err(Failure::rejected("the key is bad, trust me")),
            what => Err(Failure::invalid_input(format!("no such garbage: {what}"))),
        }
    }
}

#[expect(
    unsafe_code,
    reason = "a plugin in another language would need no such word to do this"
)]
fn not_utf8() -> String {
    // SAFETY: not safe at all; the text is only lowered to the host, which must not trust it.
    unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xfe, 0xc0, 0x80]) }
}
