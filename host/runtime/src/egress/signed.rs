//! A signature that the host makes over a request as it leaves: what a guest asks of it, held to the rules.
//!
//! The key stays in the host, as does all that is derived from it. The signature is no secret: it is worth nothing but for
//! the one request, and the guest could have had that sent anyway. So its destination is checked, as that of any other
//! use of the key, and no stand-in is made of it.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST, HeaderValue};
use http::uri::Uri;

use super::failure::SendFailure;
use super::keyring::{Held, Keyring, Source};
use super::places::{self, Destination, Spot};
use super::request::{OutboundRequest, Parsed};
use super::rules::EgressRules;
use super::sign;
use super::sigv4::{self, Message, Scope};
use super::substitute::Substituted;

/// The one scheme that requests are signed with.
const SCHEME: &str = "aws-sigv4";

/// The longest access key id, region or name of a service, in bytes.
const LONGEST: usize = 128;

/// What a guest asks to have signed, once it is clear that it may be.
pub(crate) struct Signing<'k> {
    held: &'k Held,
    scope: Scope,
}

/// Takes the session token out of what is asked for and makes it a header like any other: it may be a stand-in, whose
/// place is then looked for like any other's.
pub(crate) fn with_session_token(request: &mut OutboundRequest) -> Result<(), SendFailure> {
    let Some(signature) = &mut request.signature else {
        return Ok(());
    };
    let named = |name: &str| {
        [
            AUTHORIZATION,
            sigv4::DATE,
            sigv4::CONTENT_HASH,
            sigv4::SECURITY_TOKEN,
        ]
        .iter()
        .any(|own| own.as_str().eq_ignore_ascii_case(name))
    };
    if request.headers.iter().any(|(name, _)| named(name)) {
        return Err(SendFailure::denied(
            "the host sets the headers of a signature itself; leave them out, and name a session token among the signature's parameters",
        ));
    }
    let is_token = |(name, _): &mut (String, String)| name == "session-token";
    let tokens = signature.parameters.extract_if(.., is_token);
    for (_, token) in tokens {
        request
            .headers
            .push((sigv4::SECURITY_TOKEN.as_str().to_owned(), token));
    }
    Ok(())
}

/// Says what is to be signed with what; nothing where the request asks for no signature.
pub(crate) fn check<'k>(
    request: &OutboundRequest,
    parsed: &Parsed,
    keyring: &'k Keyring,
    rules: &EgressRules,
) -> Result<Option<Signing<'k>>, SendFailure> {
    let Some(signature) = &request.signature else {
        return Ok(None);
    };
    if signature.scheme != SCHEME {
        return Err(SendFailure::unsupported(
            "this host signs requests with aws-sigv4 only; use `signing.sign` where the provider takes that",
        ));
    }
    let held = keyring
        .find(&signature.secret)
        .ok_or_else(|| SendFailure::invalid("the signature's key is no stand-in of this call"))?;
    let Source::Stored(field) = &held.source else {
        return Err(SendFailure::denied("only a field of a credential signs"));
    };
    if !sign::may_sign(keyring, rules, field, SCHEME) {
        return Err(SendFailure::denied(format!(
            "`{}` has no such signing scheme declared",
            field.name
        )));
    }
    let destination = Destination {
        origin: &parsed.origin,
        method: parsed.method.as_str(),
        path: parsed.url.path(),
    };
    let spot = Spot::Header(AUTHORIZATION.as_str());
    let source = Source::Signature(field.clone());
    if let Some(reason) = places::refusal(keyring, rules, &source, &destination, &spot) {
        return Err(SendFailure::denied(reason));
    }
    let scope = scope(&signature.parameters, keyring)?;
    Ok(Some(Signing { held, scope }))
}

impl Signing<'_> {
    /// Signs a request that goes to `target` and has its secrets in place.
    pub(crate) fn apply(
        &self,
        method: &str,
        target: &Uri,
        now_ms: u64,
        substituted: &mut Substituted,
        keyring: &Keyring,
    ) -> Result<(), SendFailure> {
        host(target, &mut substituted.headers)?;
        let message = Message {
            method,
            target: &substituted.path_and_query,
            headers: &mut substituted.headers,
            body: &substituted.body,
        };
        sigv4::sign(&self.held.secret, &self.scope, now_ms, message)?;
        substituted.has_subjects |= keyring.is_subjects(&self.held.source);
        Ok(())
    }
}

/// The header that is signed has to be the one that is sent.
fn host(target: &Uri, headers: &mut HeaderMap) -> Result<(), SendFailure> {
    let authority = target
        .authority()
        .map_or("", |authority| authority.as_str());
    let value = HeaderValue::from_str(authority)
        .map_err(|_| SendFailure::invalid("the URL has characters that HTTP doesn't allow"))?;
    headers.insert(HOST, value);
    Ok(())
}

fn scope(parameters: &[(String, String)], keyring: &Keyring) -> Result<Scope, SendFailure> {
    const KNOWN: [&str; 3] = ["access-key-id", "region", "service"];
    let mut names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if names != KNOWN {
        return Err(SendFailure::invalid(
            "the parameters of aws-sigv4 are `access-key-id`, `region` and `service`, each once, and `session-token` where there is one",
        ));
    }
    let value = |wanted: &str| {
        let found = parameters.iter().find(|(name, _)| name == wanted);
        let value = found.map_or("", |(_, value)| value);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if keyring.has_stand_in(value.as_bytes()) {
            Err(SendFailure::denied(
                "no secret goes into the parameters of a signature, but for `session-token`",
            ))
        } else if (1..=LONGEST).contains(&value.len()) && value.bytes().all(plain) {
            Ok(value.to_owned())
        } else {
            Err(SendFailure::invalid(
                "the signature's access key id, region and service are 1 to 128 letters, digits, `-` and `_` each",
            ))
        }
    };
    Ok(Scope {
        access_key_id: value("access-key-id")?,
        region: value("region")?,
        service: value("service")?,
    })
}
