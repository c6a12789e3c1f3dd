//! Who calls: `Authorization: Bearer …`, or the same in `X-API-Key`; and by the control socket the operator.

use axum::extract::FromRequestParts;
use claviger_vault::RequestInfo;
use claviger_vault::identity::Caller;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::app::App;
use crate::front::Door;
use crate::refusal::Refusal;

const MISSING: &str = "Authentication required: send a token as `Authorization: Bearer <token>`";
const MALFORMED: &str =
    "The Authorization header is malformed: send `Authorization: Bearer <token>`";

/// A caller whose token counts.
pub(crate) struct Authenticated(pub(crate) Caller);

impl FromRequestParts<App> for Authenticated {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let info = parts
            .extensions
            .get::<RequestInfo>()
            .ok_or_else(|| Refusal::Internal("no trace id".into()))?;
        if let Some(Door::Control) = parts.extensions.get() {
            return Ok(Self(app.vault().local_operator(info).await?));
        }
        let token = token(&parts.headers)?;
        Ok(Self(app.vault().authenticate(token, info).await?))
    }
}

/// The token that the headers carry.
fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let (scheme, token) = value
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .unwrap_or_default();
        let token = token.trim();
        let well_formed =
            scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ');
        return if well_formed {
            Ok(token)
        } else {
            Err(Refusal::Unauthenticated(MALFORMED))
        };
    }
    match headers.get("x-api-key") {
        Some(value) => value
            .to_str()
            .map_err(|_| Refusal::Unauthenticated(MALFORMED)),
        None => Err(Refusal::Unauthenticated(MISSING)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &'static str, value: &'static str) -> Option<String> {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static(name),
            value.parse().expect("a value"),
        )]);
        token(&headers).ok().map(ToOwned::to_owned)
    }

    #[test]
    fn a_token_comes_as_bearer_or_as_an_api_key() {
        assert_eq!(read("authorization", "Bearer abc").as_deref(), Some("abc"));
        assert_eq!(
            read("authorization", "bearer  abc ").as_deref(),
            Some("abc")
        );
        assert_eq!(read("x-api-key", "abc").as_deref(), Some("abc"));
    }

    #[test]
    fn anything_else_is_no_token() {
        for value in ["", "Bearer", "Bearer ", "Basic YTpi", "abc", "Bearer a b"] {
            assert_eq!(read("authorization", value), None, "{value}");
        }
        assert!(token(&HeaderMap::new()).is_err());
    }
}
