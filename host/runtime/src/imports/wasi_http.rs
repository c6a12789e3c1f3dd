//! `wasi:http/outgoing-handler`: the way out for plugins that bring an HTTP client of their own, such as JavaScript's
//! `fetch` and Python's libraries.
//!
//! A request goes the way of [`http.send`](super::http): the same origins, places, headers, sizes and counts, and no redirect
//! is followed. Stand-ins are replaced wherever the client put them. What `http.send` has and a client hasn't goes through
//! headers of the host's own, which never leave and never come from a provider:
//!
//! - `claviger-capture` on a request names new secrets to take out of the answer, as the manifest declares them: either
//!   names, separated by commas (`token, refresh_token`), or one name and the source that the manifest has for it
//!   (`token=json-pointer:/access_token`, `token=header:x-new-token`, `token=pattern:<t>([^<]+)</t>`). There may be several
//!   such lines.
//! - `claviger-captured` on a response: `<name>=<stand-in>`, a line for each capture that matched. The stand-in is also where
//!   the secret was, in the body or the header.
//! - `claviger-not-captured` on a response: `<name>=<reason>`, a line for each capture that didn't.
//!
//! The request's body is read to its end before anything is sent, and the answer's before the guest sees its head: what is
//! replaced and taken out may be anywhere in them. So of a client's timeouts those to connect and to the first byte count
//! together, for the whole exchange.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use tokio::time::Instant;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::call::Waiting;
use crate::egress::{OutboundRequest, SharedSession};

mod answer;
mod captures;
mod errors;

use answer::Unread;

/// What a body's stream takes in one go, in bytes: the host holds two of them for each body that a guest has begun.
const CHUNK: usize = 16 << 10;

type Worker = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(Response<WasiBody>, Worker), Error>;

/// How one call's `wasi:http` requests leave.
pub(crate) struct WayOut {
    session: Option<SharedSession>,
    deadline: Instant,
    waiting: Waiting,
    unread: Unread,
}

impl WayOut {
    /// For a call; without a session, everything is denied.
    pub(crate) fn new(session: Option<SharedSession>, deadline: Instant, waiting: Waiting) -> Self {
        Self {
            session,
            deadline,
            waiting,
            unread: Unread::default(),
        }
    }
}

impl WasiHttpHooks for WayOut {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Worker,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let (session, deadline) = (self.session.clone(), self.deadline);
        let (waiting, unread) = (self.waiting.clone(), self.unread.clone());
        Box::new(async move {
            let session = session.ok_or(Error::HttpRequestDenied)?;
            // Before all else, so that bodies are held for as many requests as there are turns; and let go last.
            let _turn = session.turn().await;
            let request = outbound(request, options, session.longest_body()).await?;
            let answer = {
                let _wait = waiting.begin();
                session.send(request, deadline).await
            };
            let response = unread.response(answer.map_err(errors::of)?)?;
            // Nothing is left to do once the answer is there.
            Ok((response, Box::new(async { Ok(()) }) as Worker))
        })
    }

    fn set_host_header(&mut self) -> bool {
        // It is the host's own to set, from where the request really goes.
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }
}

/// The guest's request in the words of the way out. `longest` is of the body, in bytes.
async fn outbound(
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
    longest: usize,
) -> Result<OutboundRequest, Error> {
    let (mut head, body) = request.into_parts();
    let captures = captures::taken(&mut head.headers)?;
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            let value = std::str::from_utf8(value.as_bytes());
            let value = value.map_err(|_| errors::invalid("a header's value isn't text"))?;
            Ok((name.as_str().to_owned(), value.to_owned()))
        })
        .collect::<Result<_, Error>>()?;
    let body = collected(body, longest).await?;
    Ok(OutboundRequest {
        method: head.method.as_str().to_owned(),
        url: head.uri.to_string(),
        headers,
        body: (!body.is_empty()).then_some(body),
        timeout: options.and_then(timeout),
        captures,
        ..OutboundRequest::default()
    })
}

/// What a client is willing to wait for an answer.
fn timeout(options: RequestOptions) -> Option<Duration> {
    let first_byte = options.first_byte_timeout?;
    Some(first_byte.saturating_add(options.connect_timeout.unwrap_or_default()))
}

async fn collected(mut body: WasiBody, longest: usize) -> Result<Vec<u8>, Error> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        // A secret in a trailer would leave unseen.
        let Ok(data) = frame?.into_data() else {
            return Err(errors::invalid("trailers aren't sent"));
        };
        if whole.len() + data.len() > longest {
            let longest = u64::try_from(longest).unwrap_or(u64::MAX);
            return Err(Error::HttpRequestBodySize(Some(longest)));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

fn boxed(body: Bytes) -> WasiBody {
    Full::new(body)
        .map_err(|never| match never {})
        .boxed_unsync()
}
