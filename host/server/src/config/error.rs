//! What is wrong with a configuration, in one line that names the key.

use std::path::PathBuf;

use figment::error::{Actual, Kind};
use thiserror::Error;

use super::environment;

/// Why a configuration is refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("the configuration file {} can't be read: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// One or more keys are wrong.
    #[error("{}", .0.join("; "))]
    Keys(Vec<String>),
    /// Two sources of the master key.
    #[error("CLAVIGER_MASTER_KEY and a master key file are both set: set one of them")]
    TwoMasterKeys,
    /// Signatures are required, and nobody may make them.
    #[error(
        "`plugins.require-signature` is set without `plugins.authors`: list the public keys of those who sign"
    )]
    NoAuthors,
}

impl From<String> for ConfigError {
    fn from(problem: String) -> Self {
        Self::Keys(vec![problem])
    }
}

impl From<figment::Error> for ConfigError {
    fn from(error: figment::Error) -> Self {
        Self::Keys(error.into_iter().map(|error| describe(&error)).collect())
    }
}

fn describe(error: &figment::Error) -> String {
    let source = error
        .metadata
        .as_ref()
        .map_or("configuration", |metadata| metadata.name.as_ref());
    let mut path = error.path.clone();
    if let Kind::UnknownField(field, _) = &error.kind
        && path.last() != Some(field)
    {
        path.push(field.clone());
    }
    let place = match (source, path.is_empty()) {
        (environment::NAME, false) => environment::variable(&path),
        (_, false) => format!("{source}: `{}`", path.join(".")),
        (_, true) => source.to_owned(),
    };
    format!("{place}: {}", reason(&error.kind))
}

/// Says what to change, without the value: it may be a secret.
fn reason(kind: &Kind) -> String {
    match kind {
        Kind::UnknownField(_, known) => format!(
            "is not a key that is known here; known: {}",
            known.join(", ")
        ),
        Kind::UnknownVariant(_, known) => format!("is none of {}", known.join(", ")),
        Kind::InvalidType(found, wanted) => format!("wants {wanted}, not {}", type_of(found)),
        Kind::InvalidValue(_, wanted) => format!("wants {wanted}"),
        Kind::MissingField(field) => format!("`{field}` is missing"),
        Kind::Message(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

fn type_of(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) => "text",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "what is written there",
    }
}
