//! The configuration's values: what they default to, and how they are read.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The words for a level. `tracing` takes any other word for a target, and would write nothing but that target's lines.
const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// What log lines look like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For a person.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Which log lines are written: a level such as `info`, which is the server's own, or directives such as
/// `info,claviger_vault=debug`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct LogLevel(String);

impl LogLevel {
    /// The filter that it means.
    #[must_use]
    pub fn filter(&self) -> EnvFilter {
        match self.0.parse::<LevelFilter>() {
            // What we build on says more at `debug` than anybody wants to read.
            Ok(level) => {
                EnvFilter::new(format!("{},claviger={level}", level.min(LevelFilter::WARN)))
            }
            Err(_) => EnvFilter::new(&self.0),
        }
    }
}

impl Default for LogLevel {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl TryFrom<String> for LogLevel {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let means_something = |directive: &str| {
            let is_level = |level: &str| directive.eq_ignore_ascii_case(level);
            directive.contains('=') || LEVELS.into_iter().any(is_level)
        };
        match EnvFilter::try_new(&text) {
            Ok(_) if text.split(',').all(means_something) => Ok(Self(text)),
            _ => Err("wants error, warn, info, debug or trace, or directives such as `info,claviger=debug`".to_owned()),
        }
    }
}

pub(super) fn default_data_dir() -> PathBuf {
    PathBuf::from("data")
}

pub(super) fn default_listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))
}

/// An address as text. A list of tables is what further listeners will be, so it gets an answer of its own.
pub(super) fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    struct Address;

    impl<'de> Visitor<'de> for Address {
        type Value = SocketAddr;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an IP address and a port, such as \"127.0.0.1:8080\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<SocketAddr, E> {
            text.parse().map_err(|_| {
                E::custom(format_args!(
                    "wants an IP address and a port, such as 127.0.0.1:8080, not `{text}`"
                ))
            })
        }

        fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<SocketAddr, A::Error> {
            Err(A::Error::custom(
                "`[[listen]]` entries are not known to this version; write `listen = \"127.0.0.1:8080\"`",
            ))
        }
    }

    deserializer.deserialize_any(Address)
}
