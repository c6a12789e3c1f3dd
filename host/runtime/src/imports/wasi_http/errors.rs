//! Failures in the words that `wasi:http` has, which every language knows. Texts go along where there is no word.

use wasmtime_wasi_http::Error;

use crate::egress::{FailureCause, SendFailure};

/// A failure of the way out.
pub(super) fn of(failure: SendFailure) -> Error {
    match failure.cause {
        FailureCause::Policy => Error::HttpRequestDenied,
        FailureCause::Address => Error::DestinationIpProhibited,
        FailureCause::Name => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        FailureCause::Refused => Error::ConnectionRefused,
        FailureCause::ConnectionTime => Error::ConnectionTimeout,
        FailureCause::Tls => Error::TlsCertificateError,
        FailureCause::AnswerTime => Error::HttpResponseTimeout,
        FailureCause::AnswerSize => Error::HttpResponseBodySize(None),
        FailureCause::Closed => Error::ConnectionTerminated,
        // It says what to change, and holds no secret.
        FailureCause::Request => Error::InternalError(Some(failure.message)),
        FailureCause::Answer => Error::HttpProtocolError,
    }
}

/// A request that can't be made as it is.
pub(super) fn invalid(message: &str) -> Error {
    Error::InternalError(Some(message.to_owned()))
}
