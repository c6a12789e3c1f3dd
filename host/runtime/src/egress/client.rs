//! One exchange over a plugin's own pool of connections, within limits of time and size.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, HeaderMap, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::legacy::{self, Client as PooledClient};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::connect::{ConnectError, Connector};
use super::failure::{FailureCause, FailureCode, SendFailure, SetupError};
use super::resolve::Resolve;
use super::rules::{EgressRules, Limits};
use super::tls::Trust;

/// How long a connection is kept without being used.
const IDLE: Duration = Duration::from_secs(10);

/// How many unused connections are kept for one origin.
const MOST_IDLE: usize = 32;

/// The most bytes in an answer's headers together.
const LONGEST_HEAD: usize = 64 * 1024;

/// A plugin's connections.
pub(crate) struct Client {
    pool: PooledClient<Connector, Full<Bytes>>,
    limits: Limits,
}

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Client {
    pub(crate) fn new(
        rules: Arc<EgressRules>,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, SetupError> {
        let limits = rules.limits;
        let trust = Trust::new(&rules.roots)?;
        let pool = PooledClient::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .http1_max_buf_size(LONGEST_HEAD)
            .build(Connector::new(rules, resolver, trust));
        Ok(Self { pool, limits })
    }

    /// Sends a request and reads the whole answer, until `until` at the latest. `on_the_wire` becomes true where the request
    /// was given to a connection that stood, also if nobody waits for the answer any more. If not, nothing of it can have
    /// left.
    pub(crate) async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
        idempotent: bool,
        until: Instant,
        on_the_wire: &AtomicBool,
    ) -> Result<Answer, SendFailure> {
        let now = Instant::now();
        let until = until.min(now + self.limits.total);
        let first_byte = until.min(now + self.limits.first_byte);
        let mut wire = Wire {
            connection: capture_connection(&mut request),
            given_back: false,
            told: on_the_wire,
        };
        let head = timeout_at(first_byte, self.pool.request(request)).await;
        // A connection that closed first gives a request back as it was.
        wire.given_back = matches!(&head, Ok(Err(error)) if is_given_back(error));
        let sent = wire.has_request();
        let unknown = sent && !idempotent;
        match head {
            Err(_) if sent => Err(lost(
                unknown,
                FailureCause::AnswerTime,
                "the provider took the request and didn't answer in time",
            )),
            Err(_) => Err(lost(
                unknown,
                FailureCause::ConnectionTime,
                "no connection to the provider in time",
            )),
            Ok(Err(error)) => Err(refused(&error, unknown)),
            Ok(Ok(response)) => match timeout_at(until, self.read(response)).await {
                Err(_) => Err(lost(
                    unknown,
                    FailureCause::AnswerTime,
                    "the provider began to answer and didn't finish in time",
                )),
                Ok(Err((cause, what))) => Err(lost(unknown, cause, what)),
                Ok(Ok(answer)) => Ok(answer),
            },
        }
    }

    async fn read(&self, response: Response<Incoming>) -> Result<Answer, (FailureCause, String)> {
        let (head, mut body) = response.into_parts();
        let encodings = head.headers.get_all(CONTENT_ENCODING).iter();
        if encodings
            .into_iter()
            .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            return Err((
                FailureCause::Answer,
                "the provider's answer has a content-encoding, though none was asked for"
                    .to_owned(),
            ));
        }
        let transfers = head.headers.get_all(TRANSFER_ENCODING).iter();
        if transfers
            .into_iter()
            .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
        {
            return Err((
                FailureCause::Answer,
                "the provider's answer has a transfer-encoding other than `chunked`, though none was asked for".to_owned(),
            ));
        }
        let limit = self.limits.response_body;
        let too_long = || {
            let what = format!("the provider's answer is longer than {limit} bytes");
            (FailureCause::AnswerSize, what)
        };
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(too_long());
        }
        let mut whole = Zeroizing::new(Vec::with_capacity(announced));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                let what = format!("the provider's answer broke off: {error}");
                (FailureCause::Closed, what)
            })?;
            // Trailers are not part of what a guest sees.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if whole.len() + data.len() > limit {
                return Err(too_long());
            }
            whole.extend_from_slice(&data);
        }
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: whole,
        })
    }
}

/// Tells whether a request left, once nobody works on its exchange any more.
struct Wire<'a> {
    connection: CaptureConnection,
    given_back: bool,
    told: &'a AtomicBool,
}

impl Wire<'_> {
    fn has_request(&self) -> bool {
        !self.given_back && self.connection.connection_metadata().is_some()
    }
}

impl Drop for Wire<'_> {
    fn drop(&mut self) {
        if self.has_request() {
            self.told.store(true, Ordering::Release);
        }
    }
}

/// There is no usable answer. Where the request may have been acted on and asking again is not the same as asking once,
/// nobody knows what happened.
fn lost(unknown: bool, cause: FailureCause, what: impl Into<String>) -> SendFailure {
    SendFailure {
        code: without_answer(unknown),
        cause,
        message: what.into(),
    }
}

/// What a plugin is told where there is no usable answer.
pub(crate) fn without_answer(unknown: bool) -> FailureCode {
    if unknown {
        FailureCode::UnknownOutcome
    } else {
        FailureCode::Unreachable
    }
}

/// Whether HTTP says of a request that nothing of it was written.
fn is_given_back(error: &legacy::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_canceled();
        }
        cause = error.source();
    }
    false
}

/// Why the pool gave no answer: the connector's own reason, or what HTTP ran into.
fn refused(error: &legacy::Error, unknown: bool) -> SendFailure {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<ConnectError>() {
            Some(ConnectError::Denied(reason)) => {
                return SendFailure {
                    cause: FailureCause::Address,
                    ..SendFailure::denied(reason.clone())
                };
            }
            Some(error) => return lost(false, error.cause(), error.to_string()),
            None => {}
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return if error.is_parse() {
                lost(
                    unknown,
                    FailureCause::Answer,
                    format!("the provider answered something that isn't HTTP: {error}"),
                )
            } else if error.is_canceled() {
                lost(
                    false,
                    FailureCause::Closed,
                    "the provider closed the connection before it took the request",
                )
            } else {
                lost(
                    unknown,
                    FailureCause::Closed,
                    format!("the provider closed the connection without an answer: {error}"),
                )
            };
        }
        cause = error.source();
    }
    lost(unknown, FailureCause::Closed, "the request was not sent")
}
