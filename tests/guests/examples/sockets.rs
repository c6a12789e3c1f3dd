//! Goes past the host's way out: sockets and name resolution of its own.

use std::io::Result as IoResult;
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Sockets;

claviger_guests::guest!(Sockets, claviger_guests::manifest("sockets"));

impl Validation for Sockets {
    #[expect(
        clippy::disallowed_methods,
        reason = "that it does not work is what is tested"
    )]
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        let said = |name: &str, result: IoResult<String>| {
            let text = result.map_or_else(
                |error| format!("refused: {error}"),
                |what| format!("worked: {what}"),
            );
            (name.to_owned(), text)
        };
        Ok(claviger_guests::report([
            said(
                "tcp",
                TcpStream::connect(("127.0.0.1", 80)).map(|_| "connected".to_owned()),
            ),
            said(
                "listen",
                TcpListener::bind("127.0.0.1:0").map(|_| "listening".to_owned()),
            ),
            said(
                "udp",
                UdpSocket::bind("127.0.0.1:0")
                    .and_then(|udp| udp.send_to(b"x", "127.0.0.1:53"))
                    .map(|_| "sent".to_owned()),
            ),
            said(
                "names",
                ("localhost", 80)
                    .to_socket_addrs()
                    .map(|found| format!("{:?}", found.collect::<Vec<_>>())),
            ),
        ]))
    }
}
