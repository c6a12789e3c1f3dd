//! What every request passes on its way in and out: it gets a trace id, a panic becomes an answer, a refusal becomes its
//! surface's error, and what is internal is logged, here and nowhere else.
//!
//! One service around the router rather than layers in it: a layer costs every route a box and a clone, each request.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use claviger_vault::RequestInfo;
use futures_util::FutureExt;
use http::header::ALLOW;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use hyper::body::Incoming;
use tower::Service;
use tracing::{debug, error};

use crate::app::App;
use crate::connections::Stopping;
use crate::refusal::{Refusal, Refused};
use crate::surfaces::Surface;

mod trace;

pub(crate) use trace::TraceId;

const X_TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// The router with what stands before it. One for each connection, so it is cheap to clone.
#[derive(Clone)]
pub(crate) struct Front {
    router: Router,
    app: App,
    door: Door,
    stopping: Stopping,
}

/// Where a connection came in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Door {
    /// From this address.
    Network(IpAddr),
    /// By the control socket: whoever can open it acts as the operator.
    Control,
}

impl Front {
    /// For a connection that came in by `door`.
    pub(crate) fn new(router: Router, app: App, door: Door, stopping: Stopping) -> Self {
        Self {
            router,
            app,
            door,
            stopping,
        }
    }
}

impl hyper::service::Service<http::Request<Incoming>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        let mut request: Request = request.map(axum::body::Body::new);
        let trace = TraceId::random();
        let surface = Surface::of(request.uri().path());
        let line = Line::of(&request);
        let info = RequestInfo {
            trace_id: trace.as_str().to_owned(),
            address: match self.door {
                Door::Network(address) => Some(address),
                Door::Control => None,
            },
        };
        request.extensions_mut().insert(self.door);
        request.extensions_mut().insert(info);
        request.extensions_mut().insert(self.stopping.clone());
        let mut router = self.router.clone();
        let app = self.app.clone();
        Box::pin(async move {
            let answered = AssertUnwindSafe(async move { router.call(request).await })
                .catch_unwind()
                .await;
            let response = match answered {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(_) => axum::response::IntoResponse::into_response(Refusal::Internal(
                    "a handler panicked".into(),
                )),
            };
            let mut response = render(response, surface, &trace, &app);
            // A copy of 32 hexadecimal digits is always a header value.
            if let Ok(value) =
                HeaderValue::from_maybe_shared(Bytes::copy_from_slice(trace.as_str().as_bytes()))
            {
                response.headers_mut().insert(X_TRACE_ID, value);
            }
            if let Some(Line { method, path }) = line {
                debug!(trace_id = trace.as_str(), %method, path, status = response.status().as_u16(), "answered");
            }
            Ok(response)
        })
    }
}

/// What the log says of a request, taken only if it will: the path without the query, which may hold anything.
struct Line {
    method: Method,
    path: String,
}

impl Line {
    fn of(request: &Request) -> Option<Self> {
        tracing::enabled!(tracing::Level::DEBUG).then(|| Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
        })
    }
}

/// Turns a refusal into its surface's error, and leaves any other answer alone.
fn render(mut response: Response, surface: Surface, trace: &TraceId, app: &App) -> Response {
    let Some(Refused(refusal)) = response.extensions_mut().remove::<Refused>() else {
        return response;
    };
    log_internal(&refusal, trace);
    let mut error = surface.error(&refusal, trace, app.now());
    if let Some(allow) = response.headers_mut().remove(ALLOW) {
        error.headers_mut().insert(ALLOW, allow);
    }
    if error.status() == StatusCode::UNAUTHORIZED {
        error.headers_mut().insert(
            http::header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer"),
        );
    }
    if let Some(ms) = retry_after_ms(&refusal) {
        error.headers_mut().insert(
            http::header::RETRY_AFTER,
            HeaderValue::from(ms.div_ceil(1000).max(1)),
        );
    }
    error
}

fn retry_after_ms(refusal: &Refusal) -> Option<u64> {
    match refusal {
        Refusal::TooManyRequests { retry_after_ms } => Some(*retry_after_ms),
        Refusal::Conflict { retry_after_ms, .. } => *retry_after_ms,
        Refusal::Unavailable { .. } => Some(1000),
        _ => None,
    }
}

fn log_internal(refusal: &Arc<Refusal>, trace: &TraceId) {
    if let Refusal::Internal(cause)
    | Refusal::Unavailable {
        cause: Some(cause), ..
    } = &**refusal
    {
        error!(trace_id = trace.as_str(), error = %Chain(&**cause), "a request failed");
    }
}

/// An error and what caused it, on one line. A cause that the error before it has told already is not told again.
pub(crate) struct Chain<'e>(pub(crate) &'e dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.0.to_string();
        f.write_str(&told)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !told.ends_with(&text) {
                write!(f, ": {text}")?;
                told = text;
            }
            cause = error.source();
        }
        Ok(())
    }
}
