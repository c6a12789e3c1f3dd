//! AWS Signature Version 4 over a request as it leaves (docs.aws.amazon.com, "Create a signed AWS API request").
//!
//! Written here rather than taken from a crate: `aws-sigv4` brings a dozen crates of AWS's SDK with it for what is two
//! hashes over a text, and wants the key as a `String` that nothing zeroes. The canonical request is never written down:
//! it goes into the hash piece by piece, because pieces of it may be secrets.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use jiff::Timestamp;
use percent_encoding::percent_decode;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::encode;
use super::failure::SendFailure;
use crate::secret::Secret;

/// When it was signed.
pub(crate) const DATE: HeaderName = HeaderName::from_static("x-amz-date");

/// The body's hash; only S3 wants it said.
pub(crate) const CONTENT_HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// The token that belongs to a temporary key.
pub(crate) const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What is signed for.
pub(crate) struct Scope {
    pub(crate) access_key_id: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// A request, all but complete: the signature's own headers are added to it.
pub(crate) struct Message<'m> {
    pub(crate) method: &'m str,
    /// Path and query as they are sent.
    pub(crate) target: &'m [u8],
    /// With `host`.
    pub(crate) headers: &'m mut HeaderMap,
    pub(crate) body: &'m [u8],
}

/// Signs a request at a time, in milliseconds since the Unix epoch.
pub(crate) fn sign(
    secret: &Secret,
    scope: &Scope,
    now_ms: u64,
    message: Message<'_>,
) -> Result<(), SendFailure> {
    let now = i64::try_from(now_ms).ok();
    let now = now.and_then(|now| Timestamp::from_millisecond(now).ok());
    let now =
        now.ok_or_else(|| SendFailure::unsupported("the host's clock is too far in the future"))?;
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    let hash = hex(&Sha256::digest(message.body));
    let headers = message.headers;
    headers.insert(DATE, value(&time)?);
    if scope.service == "s3" {
        headers.insert(CONTENT_HASH, value(&hash)?);
    }

    let signed = signed_headers(headers);
    let mut request = Sha256::new();
    let (path, query) = parts(message.target);
    request.update(message.method);
    request.update("\n");
    path_into(&mut request, path, &scope.service);
    request.update("\n");
    query_into(&mut request, query)?;
    request.update("\n");
    for name in &signed {
        header_into(&mut request, headers, name);
    }
    let names: Vec<&str> = signed.iter().map(HeaderName::as_str).collect();
    let names = names.join(";");
    request.update(format!("\n{names}\n{hash}"));

    let Scope {
        access_key_id,
        region,
        service,
    } = scope;
    let reach = format!("{day}/{region}/{service}/aws4_request");
    let text = format!("{ALGORITHM}\n{time}\n{reach}\n{}", hex(&request.finalize()));
    let mut key = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
    key.extend_from_slice(b"AWS4");
    key.extend_from_slice(secret.expose());
    let mut derived = mac(&key, day.as_bytes());
    for part in [region.as_str(), service, "aws4_request"] {
        derived = mac(&*derived, part.as_bytes());
    }
    let signature = hex(&*mac(&*derived, text.as_bytes()));
    let authorization = format!(
        "{ALGORITHM} Credential={access_key_id}/{reach}, SignedHeaders={names}, Signature={signature}"
    );
    headers.insert(AUTHORIZATION, value(&authorization)?);
    Ok(())
}

fn mac(key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    let mac = Hmac::<Sha256>::new_from_slice(key);
    // RFC 2104, section 2: a key of any length is one.
    let mut mac = mac.expect("HMAC takes keys of any length");
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn hex(bytes: &[u8]) -> String {
    encode::hex(bytes).iter().copied().map(char::from).collect()
}

fn value(text: &str) -> Result<HeaderValue, SendFailure> {
    HeaderValue::from_str(text)
        .map_err(|_| SendFailure::invalid("the signature's parameters can't go into a header"))
}

/// All headers but those that are added or changed on the way, in the order of their names.
fn signed_headers(headers: &HeaderMap) -> Vec<HeaderName> {
    const CHANGING: [&str; 3] = ["accept-encoding", "user-agent", "x-amzn-trace-id"];
    let names = headers.keys();
    let mut signed: Vec<HeaderName> = names
        .filter(|name| !CHANGING.contains(&name.as_str()))
        .cloned()
        .collect();
    signed.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    signed
}

fn parts(target: &[u8]) -> (&[u8], &[u8]) {
    match target.iter().position(|byte| *byte == b'?') {
        Some(at) => (&target[..at], &target[at + 1..]),
        None => (target, b""),
    }
}

/// The path: for S3 each segment as it means, else as it is sent, encoded once more and without what leads nowhere.
fn path_into(hash: &mut Sha256, path: &[u8], service: &str) {
    let segments = path.split(|byte| *byte == b'/').skip(1);
    if service == "s3" {
        for segment in segments {
            hash.update("/");
            hash.update(percent_of(segment).as_bytes());
        }
        return;
    }
    let mut plain: Vec<&[u8]> = Vec::new();
    for segment in segments {
        match segment {
            b"" | b"." => {}
            b".." => {
                plain.pop();
            }
            name => plain.push(name),
        }
    }
    for segment in &plain {
        hash.update("/");
        hash.update(encode::percent(segment).as_bytes());
    }
    if plain.is_empty() || path.ends_with(b"/") {
        hash.update("/");
    }
}

/// The query's pairs, each encoded in one way, in their order.
fn query_into(hash: &mut Sha256, query: &[u8]) -> Result<(), SendFailure> {
    if query.contains(&b'+') {
        return Err(SendFailure::invalid(
            "a `+` in the query of a signed request is a space to some and a plus to others; write %20 or %2B",
        ));
    }
    let pairs = query
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(Zeroizing<String>, Zeroizing<String>)> = pairs
        .map(|pair| match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (percent_of(&pair[..at]), percent_of(&pair[at + 1..])),
            None => (percent_of(pair), Zeroizing::default()),
        })
        .collect();
    pairs.sort_by(|(a, b), (c, d)| (a.as_str(), b.as_str()).cmp(&(c.as_str(), d.as_str())));
    for (number, (name, value)) in pairs.iter().enumerate() {
        if number > 0 {
            hash.update("&");
        }
        hash.update(name.as_bytes());
        hash.update("=");
        hash.update(value.as_bytes());
    }
    Ok(())
}

/// What is encoded somehow, encoded as signatures want it.
fn percent_of(text: &[u8]) -> Zeroizing<String> {
    let plain: Zeroizing<Vec<u8>> = Zeroizing::new(percent_decode(text).collect());
    encode::percent(&plain)
}

/// `name:value,value` and a line's end; of several spaces in a value one is left.
fn header_into(hash: &mut Sha256, headers: &HeaderMap, name: &HeaderName) {
    hash.update(name.as_str());
    hash.update(":");
    for (number, value) in headers.get_all(name).iter().enumerate() {
        if number > 0 {
            hash.update(",");
        }
        let words = value
            .as_bytes()
            .split(|byte| *byte == b' ')
            .filter(|word| !word.is_empty());
        for (number, word) in words.enumerate() {
            if number > 0 {
                hash.update(" ");
            }
            hash.update(word);
        }
    }
    hash.update("\n");
}

#[cfg(test)]
mod tests;
