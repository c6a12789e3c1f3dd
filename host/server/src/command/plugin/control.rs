//! Asks the running server, by its control socket.

use std::io;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::UnixStream;

use crate::command::Failure;
use crate::config::Config;
use crate::control::ControlSocket;
use crate::surfaces::PluginsAnswer;

/// A connection to the running server.
pub(super) struct Control(SendRequest<Full<Bytes>>);

/// The server's own error.
#[derive(Deserialize)]
struct Refused {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    message: String,
}

impl Control {
    /// Connects. None where no server runs.
    pub(super) async fn connect(config: &Config) -> Result<Option<Self>, Failure> {
        let path = ControlSocket::path(&config.data_dir);
        let stream = match UnixStream::connect(&path).await {
            Ok(stream) => stream,
            Err(error) if is_nobody(&error) => return Ok(None),
            Err(error) => {
                return Err(
                    format!("the server can't be asked at {}: {error}", path.display()).into(),
                );
            }
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // What goes wrong on the connection goes wrong with the request.
        tokio::spawn(connection);
        Ok(Some(Self(sender)))
    }

    /// The same for commands that do nothing without a server.
    pub(super) async fn connect_or_fail(config: &Config) -> Result<Self, Failure> {
        let connected = Self::connect(config).await?;
        connected.ok_or_else(|| {
            format!(
                "no server runs on the data directory {}; start it first, or name the right directory (CLAVIGER_DATA_DIR)",
                config.data_dir.display()
            )
            .into()
        })
    }

    /// Lists the plugins.
    pub(super) async fn list(&mut self) -> Result<PluginsAnswer, Failure> {
        self.ask(Method::GET, "/admin/plugins", None).await
    }

    /// Has something done about plugins.
    pub(super) async fn post(
        &mut self,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<PluginsAnswer, Failure> {
        self.ask(Method::POST, path, body).await
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<PluginsAnswer, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "claviger");
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(ToString::to_string).unwrap_or_default();
        let answer = self.0.send_request(request.body(body.into())?).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status == StatusCode::OK {
            return Ok(serde_json::from_slice(&body)?);
        }
        let refused: Refused = serde_json::from_slice(&body)?;
        Err(refused.error.message.into())
    }
}

/// There is no socket, or nobody listens at the one that was left behind.
fn is_nobody(error: &io::Error) -> bool {
    // A path that is too long for a socket has none.
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::InvalidInput
    )
}
