//! A JSON body. It is read to its end only after the caller is known, and taken apart only after the caller's permission
//! has been checked, so a stranger learns nothing from what is wrong with it.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use zeroize::Zeroizing;

use super::fields::Fields;
use super::value::Value;
use crate::refusal::Refusal;

/// The longest body that is read, in bytes.
pub(crate) const LONGEST_BODY: usize = 1024 * 1024;

/// The bytes of a body that says that it is JSON. They zero themselves: they may hold secrets.
pub(crate) struct JsonBody(Zeroizing<Vec<u8>>);

impl JsonBody {
    /// The fields of the object that the body is.
    pub(crate) fn fields(&self) -> Result<Fields, Refusal> {
        match serde_json::from_slice(&self.0) {
            Ok(Value::Object(object)) => Ok(Fields::of_body(object)),
            Ok(other) => Err(Refusal::Malformed(format!("The body must be a JSON object, not {}", other.kind()))),
            Err(error) => Err(Refusal::Malformed(format!("The body is not valid JSON: {error}"))),
        }
    }
}

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        if !says_json(&request) {
            return Err(Refusal::NotJson);
        }
        read(request.into_body()).await.map(Self)
    }
}

fn says_json(request: &Request) -> bool {
    let header = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = header.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let (kind, subtype) = essence.split_once('/').unwrap_or_default();
    kind.eq_ignore_ascii_case("application")
        && (subtype.eq_ignore_ascii_case("json") || subtype.to_ascii_lowercase().ends_with("+json"))
}

async fn read(body: Body) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut body = Limited::new(body, LONGEST_BODY);
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if error.is::<LengthLimitError>() {
                Refusal::TooLarge { limit: LONGEST_BODY }
            } else {
                Refusal::Malformed("The body broke off before its end".to_owned())
            }
        })?;
        if let Some(data) = frame.data_ref() {
            append(&mut bytes, data);
        }
    }
    Ok(bytes)
}

/// Appends without leaving a copy behind where the buffer has to move.
fn append(bytes: &mut Zeroizing<Vec<u8>>, data: &[u8]) {
    if bytes.capacity() - bytes.len() < data.len() {
        let mut larger = Zeroizing::new(Vec::with_capacity((bytes.len() + data.len()).max(2 * bytes.capacity())));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
    bytes.extend_from_slice(data);
}
