//! A JSON body. It is read to its end only after the caller is known, and taken apart only after the caller's permission
//! has been checked, so a stranger learns nothing from what is wrong with it.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use zeroize::Zeroizing;

use super::fields::Fields;
use super::value::Value;
use crate::connections::Stopping;
use crate::refusal::Refusal;

/// The longest body that is read, in bytes.
pub(crate) const LONGEST_BODY: usize = 1024 * 1024;

/// How much of a body that is too long is read and thrown away, in bytes: a client that is still sending when the
/// connection closes may never see the answer.
const LONGEST_DISCARDED: usize = 8 * LONGEST_BODY;

/// How long a client may take to send a body. A request that never ends would hold its connection for good.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The bytes of a body that says that it is JSON. They zero themselves: they may hold secrets.
pub(crate) struct JsonBody(Zeroizing<Vec<u8>>);

impl JsonBody {
    /// The fields of the object that the body is.
    pub(crate) fn fields(&self) -> Result<Fields, Refusal> {
        match serde_json::from_slice(&self.0) {
            Ok(Value::Object(object)) => Ok(Fields::of_body(object)),
            Ok(other) => Err(Refusal::Malformed(format!(
                "The body must be a JSON object, not {}",
                other.kind()
            ))),
            Err(error) => Err(Refusal::Malformed(format!(
                "The body is not valid JSON: {error}"
            ))),
        }
    }
}

impl JsonBody {
    /// What tells a request with this body from others of its `path`: bytes that are the same however a client orders its
    /// keys and where it leaves spaces. They zero themselves.
    pub(crate) fn told_apart(&self, path: &str) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let value: Value = serde_json::from_slice(&self.0)
            .map_err(|error| Refusal::Malformed(format!("The body is not valid JSON: {error}")))?;
        let mut length = path.len() + 1;
        value.walk(&mut |part| length += part.len());
        // A buffer that doesn't move leaves no copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        bytes.extend_from_slice(path.as_bytes());
        bytes.push(0);
        value.walk(&mut |part| bytes.extend_from_slice(part));
        Ok(bytes)
    }
}

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        if !says_json(&request) {
            return Err(Refusal::NotJson);
        }
        let stopping = request.extensions().get::<Stopping>().cloned();
        let stopped = async move {
            match stopping {
                Some(stopping) => stopping.stopped().await,
                None => std::future::pending().await,
            }
        };
        in_time(read(request.into_body()), BODY_TIMEOUT, stopped)
            .await
            .map(Self)
    }
}

/// What `read` comes to, if it comes to its end in time and before the server stops.
async fn in_time<T>(
    read: impl Future<Output = Result<T, Refusal>>,
    limit: Duration,
    stopped: impl Future<Output = ()>,
) -> Result<T, Refusal> {
    tokio::select! {
        // What has come whole is served, also while stopping.
        biased;
        read = read => read,
        () = stopped => Err(Refusal::Unavailable {
            message: "The server is stopping; send the request again".to_owned(),
            cause: None,
        }),
        () = tokio::time::sleep(limit) => Err(Refusal::TooSlow),
    }
}

/// Where a body may be left out: none is none, and anything else is as it would be otherwise.
impl<S: Sync> OptionalFromRequest<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Refusal> {
        if request.body().is_end_stream() && !request.headers().contains_key(CONTENT_TYPE) {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state)
            .await
            .map(Some)
    }
}

fn says_json(request: &Request) -> bool {
    let header = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = header
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let (kind, subtype) = essence.split_once('/').unwrap_or_default();
    kind.eq_ignore_ascii_case("application")
        && (subtype.eq_ignore_ascii_case("json") || subtype.to_ascii_lowercase().ends_with("+json"))
}

async fn read(mut body: Body) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut bytes = Zeroizing::new(Vec::new());
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|_| Refusal::Malformed("The body broke off before its end".to_owned()))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        length += data.len();
        if length <= LONGEST_BODY {
            append(&mut bytes, data);
        } else if length > LONGEST_DISCARDED {
            break;
        }
    }
    if length > LONGEST_BODY {
        Err(Refusal::TooLarge {
            limit: LONGEST_BODY,
        })
    } else {
        Ok(bytes)
    }
}

/// Appends without leaving a copy behind where the buffer has to move.
fn append(bytes: &mut Zeroizing<Vec<u8>>, data: &[u8]) {
    if bytes.capacity() - bytes.len() < data.len() {
        let mut larger = Zeroizing::new(Vec::with_capacity(
            (bytes.len() + data.len()).max(2 * bytes.capacity()),
        ));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
    bytes.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[test]
    fn a_body_is_told_apart_by_what_it_says() {
        let told = |text: &str| {
            let body = JsonBody(Zeroizing::new(text.as_bytes().to_vec()));
            body.told_apart("/credentials").expect("JSON").to_vec()
        };
        let one = told(r#"{"a": [1, "x", null], "b": {"c": true, "d": "\u00e9"}}"#);
        assert_eq!(one, told(r#"{"b":{"d":"é","c":true},"a":[1,"x",null]}"#));
        let others = [
            r#"{"a": ["x", 1, null], "b": {"c": true, "d": "é"}}"#,
            r#"{"a": [1, "x"], "b": {"c": true, "d": "é"}}"#,
            r#"{"a": [1, "x", null], "b": {"c": false, "d": "é"}}"#,
            r#"{"a": ["1", "x", null], "b": {"c": true, "d": "é"}}"#,
            r#"{"a": [1, "x", null], "b": {"c": true}, "d": "é"}"#,
        ];
        for other in others {
            assert_ne!(one, told(other), "{other}");
        }
        assert_ne!(told(r#"{"a":"b"}"#), told(r#"["a","b"]"#));
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let slow = in_time(pending::<Result<(), Refusal>>(), Duration::ZERO, pending()).await;
        assert!(matches!(slow, Err(Refusal::TooSlow)));
        let stopped = in_time(pending::<Result<(), Refusal>>(), BODY_TIMEOUT, ready(())).await;
        assert!(matches!(stopped, Err(Refusal::Unavailable { .. })));
        assert!(
            in_time(ready(Ok(())), Duration::ZERO, ready(()))
                .await
                .is_ok()
        );
    }
}
