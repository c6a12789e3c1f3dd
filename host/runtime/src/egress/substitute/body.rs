//! Stand-ins in the body, by its content type.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::super::failure::SendFailure;
use super::pairs::{self, Pairs};
use super::{Pass, json, zeroing};

/// The body as it is sent. One without a stand-in isn't looked into any further, whatever it is.
pub(super) fn body(pass: &mut Pass<'_>, body: Vec<u8>) -> Result<Bytes, SendFailure> {
    if !pass.keyring.has_stand_in(&body) {
        return Ok(body.into());
    }
    let hits = pass.stand_ins(&body, "body")?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| SendFailure::denied("the body has a stand-in and isn't UTF-8"))?;
    let (sent, placed) = match content_type(pass)?.as_str() {
        "application/x-www-form-urlencoded" => pairs::pairs(pass, text, Pairs::Form)?,
        kind if kind == "application/json" || kind.ends_with("+json") => {
            json::json(pass, text, &hits)?
        }
        _ => {
            return Err(SendFailure::denied(
                "the body has a stand-in and its content-type is another one; secrets go into JSON and URL-encoded forms only",
            ));
        }
    };
    if placed != hits.len() {
        return Err(SendFailure::denied(
            "a stand-in in the body is not at the place of a value",
        ));
    }
    Ok(zeroing(sent))
}

/// The body's media type, where there is no doubt about how the other end reads it.
fn content_type(pass: &Pass<'_>) -> Result<String, SendFailure> {
    if pass
        .parsed
        .headers
        .iter()
        .any(|(name, _)| *name == CONTENT_ENCODING)
    {
        return Err(SendFailure::denied(
            "the body has a stand-in and a content-encoding; leave the encoding out",
        ));
    }
    let value = pass
        .parsed
        .only(&CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let value = value.ok_or_else(|| {
        SendFailure::denied("the body has a stand-in; set its content-type, once")
    })?;
    let mut parts = value.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let utf8 = |parameter: &str| {
        let parameter = parameter.to_ascii_lowercase();
        parameter
            .strip_prefix("charset=")
            .is_none_or(|charset| charset.trim_matches('"') == "utf-8")
    };
    if parts.all(utf8) {
        Ok(kind)
    } else {
        Err(SendFailure::denied(
            "the body has a stand-in and its charset isn't UTF-8",
        ))
    }
}
