//! Against signatures that others made.
//!
//! `published.json` is AWS's own test suite for signers, as `aws-c-auth` has it (tests/aws-signing-test-suite/v4,
//! Apache-2.0): all its cases but those that HTTP can't express any more (a header of several lines) and those of a signer
//! that is told not to normalise paths, which only S3's is. `botocore.json` is what botocore 1.44.5 answers for requests
//! beyond them: further services, S3, encoded paths, ports, session tokens.

use http::header::HOST;
use serde::Deserialize;

use super::*;

const NOW_MS: u64 = 1_440_938_160_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Published {
    name: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    token: Option<String>,
    hash_in_header: bool,
    signature: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    name: String,
    method: String,
    host: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    region: String,
    service: String,
    token: Option<String>,
    authorization: String,
}

fn headers(written: &[(String, String)], token: Option<&String>) -> HeaderMap {
    let token = token.map(|token| (SECURITY_TOKEN.to_string(), token.clone()));
    let mut headers = HeaderMap::new();
    for (name, text) in written.iter().chain(&token) {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        headers.append(name, value(text).expect("a value"));
    }
    headers
}

fn signed(region: &str, service: &str, message: Message<'_>) -> Result<(), SendFailure> {
    let secret = Secret::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned());
    let scope = Scope {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    };
    sign(&secret, &scope, NOW_MS, message)
}

#[test]
fn signatures_are_those_that_aws_published() {
    let cases: Vec<Published> =
        serde_json::from_str(include_str!("published.json")).expect("the cases");
    assert_eq!(cases.len(), 30);
    for case in cases {
        let mut headers = headers(&case.headers, case.token.as_ref());
        if case.hash_in_header {
            let hash = hex(&Sha256::digest(&case.body));
            headers.insert(CONTENT_HASH, value(&hash).expect("a value"));
        }
        let message = Message {
            method: &case.method,
            target: case.target.as_bytes(),
            headers: &mut headers,
            body: case.body.as_bytes(),
        };
        signed("us-east-1", "service", message).expect("a signature");
        let sent = headers[AUTHORIZATION].to_str().expect("text");
        let signature = sent.rsplit('=').next().expect("a last part");
        assert_eq!(signature, case.signature, "{}", case.name);
        assert_eq!(headers[DATE], "20150830T123600Z");
    }
}

#[test]
fn signatures_are_those_that_botocore_makes() {
    let cases: Vec<Recorded> =
        serde_json::from_str(include_str!("botocore.json")).expect("the cases");
    assert_eq!(cases.len(), 8);
    for case in cases {
        let mut headers = headers(&case.headers, case.token.as_ref());
        headers.insert(HOST, value(&case.host).expect("a value"));
        let message = Message {
            method: &case.method,
            target: case.target.as_bytes(),
            headers: &mut headers,
            body: case.body.as_bytes(),
        };
        signed(&case.region, &case.service, message).expect("a signature");
        assert_eq!(headers[AUTHORIZATION], case.authorization, "{}", case.name);
    }
}

#[test]
fn what_others_would_read_otherwise_is_not_signed() {
    let mut headers = HeaderMap::new();
    let message = Message {
        method: "GET",
        target: b"/?a=b+c",
        headers: &mut headers,
        body: b"",
    };
    let failure = signed("us-east-1", "service", message).expect_err("refused");
    assert!(failure.message.contains("%2B"), "{failure}");
}
