//! HTTP as a language's own client does it: through `wasi:http`, and with no function of the host's contract.

use bindings::wasi::http::outgoing_handler::handle;
use bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody,
    OutgoingRequest, RequestOptions, Scheme,
};
use bindings::wasi::io::streams::StreamError;

/// What may be written to a stream in one go, in bytes.
const CHUNK: usize = 4096;

/// A request.
#[derive(Default)]
pub struct Fetch {
    /// Such as `GET`.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// In their order.
    pub headers: Vec<(String, String)>,
    /// None where it is empty.
    pub body: Vec<u8>,
    /// How long to wait for the first byte.
    pub timeout_ms: Option<u64>,
}

/// An answer.
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// In their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// All of it.
    pub body: Vec<u8>,
}

/// A request that is under way. Dropped, it is given up.
pub struct UnderWay(FutureIncomingResponse);

impl Fetch {
    /// Sends it, and waits for nothing.
    ///
    /// # Errors
    ///
    /// What the host says, by the name that `wasi:http` has for it.
    pub fn start(&self) -> Result<UnderWay, String> {
        let (scheme, rest) = self.url.split_once("://").ok_or("the URL has no scheme")?;
        let path = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(path);
        let headers = Fields::new();
        for (name, value) in &self.headers {
            headers
                .append(name, value.as_bytes())
                .map_err(|error| format!("{error:?}"))?;
        }
        let request = OutgoingRequest::new(headers);
        let scheme = match scheme {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            other => Scheme::Other(other.to_owned()),
        };
        let set = request
            .set_method(&method(&self.method))
            .and_then(|()| request.set_scheme(Some(&scheme)))
            .and_then(|()| request.set_authority(Some(authority)))
            .and_then(|()| request.set_path_with_query(Some(path)));
        set.map_err(|()| "the request isn't one")?;
        let options = RequestOptions::new();
        let timeout = self.timeout_ms.map(|ms| ms * 1_000_000);
        options
            .set_first_byte_timeout(timeout)
            .map_err(|()| "no timeout can be set")?;
        let body = request.body().map_err(|()| "the request has no body")?;
        let under_way = handle(request, Some(options)).map_err(|code| named(&code))?;
        write(body, &self.body)?;
        Ok(UnderWay(under_way))
    }
}

impl UnderWay {
    /// Waits for the answer, and reads all of it.
    ///
    /// # Errors
    ///
    /// What the host says, by the name that `wasi:http` has for it.
    pub fn finish(self) -> Result<Fetched, String> {
        self.0.subscribe().block();
        let answer = self.0.get().ok_or("there is no answer after waiting")?;
        let answer = answer.map_err(|()| "the answer was taken")?;
        read(&answer.map_err(|code| named(&code))?)
    }
}

/// Nothing is said of a body that the host doesn't read to its end: why comes with the answer.
fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), String> {
    let stream = body.write().map_err(|()| "the body has no stream")?;
    for chunk in bytes.chunks(CHUNK) {
        if stream.blocking_write_and_flush(chunk).is_err() {
            return Ok(());
        }
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(|code| named(&code))
}

fn read(answer: &IncomingResponse) -> Result<Fetched, String> {
    let headers = answer.headers().entries().into_iter();
    let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()));
    let mut fetched = Fetched {
        status: answer.status(),
        headers: headers.collect(),
        body: Vec::new(),
    };
    let body = answer.consume().map_err(|()| "the body was taken")?;
    let stream = body.stream().map_err(|()| "the stream was taken")?;
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => fetched.body.extend(bytes),
            Err(StreamError::Closed) => return Ok(fetched),
            Err(StreamError::LastOperationFailed(_)) => return Err("the body broke off".to_owned()),
        }
    }
}

fn named(code: &ErrorCode) -> String {
    format!("{code:?}")
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "POST" => Method::Post,
        other => Method::Other(other.to_owned()),
    }
}

mod bindings {
    #![allow(
        missing_docs,
        unsafe_code,
        unused_qualifications,
        clippy::all,
        clippy::pedantic,
        reason = "generated code"
    )]

    wit_bindgen::generate!({
        path: "examples/fetcher/fetching.wit",
        world: "claviger:guests/fetching",
        generate_all,
    });
}
