//! `CLAVIGER_…`: the configuration's keys as environment variables.
//!
//! `CLAVIGER_DATA_DIR` is `data-dir`; a double underscore goes one table down, so that
//! `CLAVIGER_PLUGINS__OPENAI__TIMEOUT` is `timeout` in `[plugins.openai]`. Top-level values are taken as they are written
//! (a password of digits stays text); values in tables are read as TOML-like values, since they may be lists and tables.

use std::ffi::{OsStr, OsString};
use std::net::IpAddr;

use claviger_runtime::Secret;
use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};

const PREFIX: &str = "CLAVIGER_";

/// The name that errors carry, by which they are told from a file's.
pub(super) const NAME: &str = "environment";

/// Names the configuration file.
pub const CONFIG: &str = "CLAVIGER_CONFIG";
pub(super) const MASTER_KEY: &str = "CLAVIGER_MASTER_KEY";
pub(super) const ADMIN_PASSWORD: &str = "CLAVIGER_ADMIN_PASSWORD";

/// Keys of `[plugins]` itself, which a single underscore reaches: no plugin has these names.
const OF_ALL_PLUGINS: [&str; 3] = ["APPROVAL", "REQUIRE_SIGNATURE", "AUTHORS"];

/// Those that are no keys of the file.
const NO_KEYS: [&str; 3] = [CONFIG, MASTER_KEY, ADMIN_PASSWORD];

/// What the tests read.
const TESTS: &str = "TEST_DATABASE_URL";

/// The variables that begin with `CLAVIGER_`.
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// The process's own.
    #[must_use]
    pub fn of_process() -> Self {
        Self::of(std::env::vars_os())
    }

    /// Those of `variables` that are meant for this server. An empty one is one that isn't set.
    pub fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let ours = |name: &OsStr, value: &OsStr| {
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            name.strip_prefix(PREFIX)
                .is_some_and(|rest| rest != TESTS && !is_of_orchestrator(rest, &value))
        };
        Self(
            variables
                .into_iter()
                .filter(|(name, value)| ours(name, value) && !value.is_empty())
                .collect(),
        )
    }

    /// The value of a variable that is a secret.
    pub(super) fn secret(&self, name: &str) -> Result<Option<Secret>, String> {
        let Some((_, value)) = self.0.iter().find(|(known, _)| known == name) else {
            return Ok(None);
        };
        let text = value
            .to_str()
            .ok_or_else(|| format!("{name} is not UTF-8"))?;
        Ok(Some(Secret::from(text.to_owned())))
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named(NAME)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut root = Dict::new();
        for (name, value) in &self.0 {
            if NO_KEYS.iter().any(|known| name == known) {
                continue;
            }
            let text = |part: &OsStr| part.to_str().map(ToOwned::to_owned);
            let (Some(name), Some(value)) = (text(name), text(value)) else {
                return Err(Error::from(format!(
                    "{} is not UTF-8",
                    name.to_string_lossy()
                )));
            };
            insert(&mut root, &name, value);
        }
        Ok(Profile::Default.collect(root))
    }
}

fn insert(root: &mut Dict, name: &str, value: String) {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    let rest = match rest.strip_prefix("PLUGINS_") {
        Some(key) if OF_ALL_PLUGINS.contains(&key) => format!("PLUGINS__{key}"),
        _ => rest.to_owned(),
    };
    let mut path: Vec<String> = rest
        .split("__")
        .map(|part| part.to_ascii_lowercase().replace('_', "-"))
        .collect();
    let nested = path.len() > 1;
    let Some(last) = path.pop() else { return };
    let mut table = root;
    for part in path {
        let entry = table
            .entry(part)
            .or_insert_with(|| Value::from(Dict::new()));
        if !matches!(entry, Value::Dict(..)) {
            *entry = Value::from(Dict::new());
        }
        let Value::Dict(_, inner) = entry else { return };
        table = inner;
    }
    // Parsing can't fail: what is no TOML-like value is text.
    let value = if nested {
        value.parse().unwrap_or_else(|never| match never {})
    } else {
        Value::from(value)
    };
    table.insert(last, value);
}

/// Whether it is what an orchestrator adds by itself for a service of the name `claviger`, in exactly its forms: where the
/// service is (`PORT=tcp://10.0.0.1:80`, `PORT_80_TCP_ADDR`, `SERVICE_HOST`, `SERVICE_PORT_HTTP`). Anything that only looks
/// like it was meant for the server, and has to be told that it is no key.
fn is_of_orchestrator(name: &str, value: &str) -> bool {
    let is_number = |text: &str| text.parse::<u16>().is_ok();
    let is_address = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    match name {
        "PORT" => is_address,
        "SERVICE_HOST" => value.parse::<IpAddr>().is_ok(),
        "SERVICE_PORT" => is_number(value),
        _ => {
            let named_port = name.starts_with("SERVICE_PORT_") && is_number(value);
            let port = name.strip_prefix("PORT_").unwrap_or_default();
            let (number, of_port) = port.split_once('_').unwrap_or_default();
            named_port || is_number(number) && is_of_port(of_port)
        }
    }
}

/// `TCP`, `TCP_ADDR`, …
fn is_of_port(text: &str) -> bool {
    let (protocol, what) = text.split_once('_').unwrap_or((text, ""));
    ["TCP", "UDP", "SCTP"].contains(&protocol)
        && ["", "PROTO", "PORT", "ADDR"].contains(&what)
        && !text.ends_with('_')
}

/// The variable that sets the key at `path`, for error messages.
pub(super) fn variable(path: &[String]) -> String {
    let parts: Vec<String> = path
        .iter()
        .map(|part| part.to_ascii_uppercase().replace('-', "_"))
        .collect();
    format!("{PREFIX}{}", parts.join("__"))
}
