//! Names to addresses.

use std::io;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;

/// Where addresses come from. A parameter, so that a test can answer with what a hostile name server would.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of a name, in the order in which to try them. It is asked once per connection.
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The system's own resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}
