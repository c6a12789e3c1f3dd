//! Stand-ins in headers: a part of a value, or the password inside Basic authentication.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::super::failure::SendFailure;
use super::super::places::Spot;
use super::super::request;
use super::{Pass, spliced, zeroing};

/// The headers as they are sent, the host's own left out.
pub(super) fn headers(pass: &mut Pass<'_>) -> Result<HeaderMap, SendFailure> {
    let mut sent = HeaderMap::with_capacity(pass.parsed.headers.len() + 4);
    for (name, value) in &pass.parsed.headers {
        pass.none_in(name.as_str().as_bytes(), "name of a header")?;
        let basic = (*name == AUTHORIZATION)
            .then(|| basic(value.as_bytes()))
            .flatten();
        let basic = basic.filter(|credentials| pass.keyring.has_stand_in(credentials));
        if basic.is_none() && !pass.keyring.has_stand_in(value.as_bytes()) {
            if !request::is_hosts_own(name) {
                sent.append(name, value.clone());
            }
            continue;
        }
        if request::is_hosts_own(name) {
            return Err(SendFailure::denied(
                "no secret goes into a header that is the host's own",
            ));
        }
        if pass.parsed.only(name).is_none() {
            return Err(SendFailure::denied(
                "a header is there more than once, and one has a stand-in",
            ));
        }
        let value = match basic {
            Some(credentials) => basic_password(pass, &credentials)?,
            None => substituted(pass, name, value)?,
        };
        sent.insert(name, value);
    }
    Ok(sent)
}

fn substituted(
    pass: &mut Pass<'_>,
    name: &HeaderName,
    value: &HeaderValue,
) -> Result<HeaderValue, SendFailure> {
    let text = value.as_bytes();
    let spot = Spot::Header(name.as_str());
    let mut replaced = Vec::new();
    for hit in pass.stand_ins(text, &spot.to_string())? {
        let held = pass.secret(&hit, &spot)?;
        replaced.push((hit, held.secret.expose()));
    }
    as_value(spliced(text, &replaced))
}

/// What Basic authentication carries (RFC 7617): the scheme in any case, one or more spaces, base64.
fn basic(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    STANDARD.decode(rest.trim_ascii()).ok()
}

fn basic_password(pass: &mut Pass<'_>, credentials: &[u8]) -> Result<HeaderValue, SendFailure> {
    let colon = credentials.iter().position(|byte| *byte == b':');
    let Some((user, password)) =
        colon.and_then(|at| Some((&credentials[..at], credentials.get(at + 1..)?)))
    else {
        return Err(SendFailure::denied(format!(
            "{AUTHORIZATION}: Basic needs `user:stand-in` inside its base64"
        )));
    };
    pass.none_in(user, "user name of Basic authentication")?;
    let Some(held) = pass.whole(password, &Spot::BasicPassword)? else {
        return Err(SendFailure::denied(
            "the stand-in in Basic authentication is encoded once more",
        ));
    };
    let mut plain = Zeroizing::new(Vec::with_capacity(user.len() + 1 + held.secret.len()));
    plain.extend_from_slice(user);
    plain.push(b':');
    plain.extend_from_slice(held.secret.expose());
    let mut value = Zeroizing::new(String::with_capacity(6 + plain.len().div_ceil(3) * 4));
    value.push_str("Basic ");
    STANDARD.encode_string(&plain, &mut value);
    as_value(Zeroizing::new(std::mem::take(&mut *value).into_bytes()))
}

fn as_value(text: Zeroizing<Vec<u8>>) -> Result<HeaderValue, SendFailure> {
    let mut value = HeaderValue::from_maybe_shared(zeroing(text)).map_err(|_| {
        SendFailure::invalid("the secret can't go into a header: it has a line break, a NUL or another control character")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
