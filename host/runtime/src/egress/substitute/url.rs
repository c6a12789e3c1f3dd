//! Stand-ins in the URL: whole segments of the path, and whole values of the query.

use bytes::Bytes;
use url::Position;
use zeroize::Zeroizing;

use super::super::encode;
use super::super::failure::SendFailure;
use super::super::keyring::Held;
use super::super::places::Spot;
use super::pairs::{self, Pairs};
use super::{Pass, zeroing};

/// The path and the query as they are sent.
pub(super) fn path_and_query(pass: &mut Pass<'_>) -> Result<Bytes, SendFailure> {
    let url = &pass.parsed.url;
    let sent = &url[Position::BeforePath..Position::AfterQuery];
    let has_user = !url.username().is_empty() || url.password().is_some();
    let hits = pass.stand_ins(url.as_str().as_bytes(), "URL")?;
    if hits.is_empty() {
        return if has_user {
            Err(SendFailure::invalid(
                "the URL has a user name or a password; put them into an Authorization header",
            ))
        } else {
            Ok(Bytes::copy_from_slice(sent.as_bytes()))
        };
    }
    let part = |from, to| url[from..to].as_bytes();
    pass.none_in(
        part(Position::BeforeScheme, Position::BeforePath),
        "URL's user name, password, host or port",
    )?;
    pass.none_in(
        part(Position::AfterQuery, Position::AfterFragment),
        "URL's fragment",
    )?;

    let mut written = Zeroizing::new(Vec::with_capacity(sent.len()));
    let mut placed = 0;
    for segment in url.path().split('/').skip(1) {
        written.push(b'/');
        match pass.whole(segment.as_bytes(), &Spot::Path)? {
            Some(held) => {
                written = grown(written, as_segment(held)?.as_bytes());
                placed += 1;
            }
            None => written = grown(written, segment.as_bytes()),
        }
    }
    if let Some(query) = url.query() {
        let (query, in_query) = pairs::pairs(pass, query, Pairs::Query)?;
        written = grown(grown(written, b"?"), &query);
        placed += in_query;
    }
    if placed != hits.len() {
        return Err(SendFailure::denied(
            "a stand-in in the URL is neither a segment of the path nor a value of the query",
        ));
    }
    Ok(zeroing(written))
}

/// Appends without leaving a copy in a buffer that was too short.
fn grown(text: Zeroizing<Vec<u8>>, more: &[u8]) -> Zeroizing<Vec<u8>> {
    if text.capacity() - text.len() >= more.len() {
        let mut text = text;
        text.extend_from_slice(more);
        return text;
    }
    let mut longer = Zeroizing::new(Vec::with_capacity((text.len() + more.len()) * 2));
    longer.extend_from_slice(&text);
    longer.extend_from_slice(more);
    longer
}

/// A secret as one segment of a path. Servers that decode before they split would read dots between slashes as a way
/// out of the path, so such a secret isn't sent.
fn as_segment(held: &Held) -> Result<Zeroizing<String>, SendFailure> {
    let secret = held.secret.expose();
    let climbs = secret
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .any(|piece| {
            let name = piece.split(|byte| *byte == b';').next().unwrap_or(piece);
            matches!(name, b"." | b"..")
        });
    if climbs || secret.iter().any(u8::is_ascii_control) {
        return Err(SendFailure::invalid(
            "the secret can't be a segment of a path: it has dots or control characters that change it",
        ));
    }
    Ok(encode::percent(secret))
}
