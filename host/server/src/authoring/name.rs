//! A plugin's name, and what becomes of it in source code.

use std::fmt;
use std::str::FromStr;

use claviger_runtime::manifest;

/// A name that a manifest may bear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PluginName(String);

impl PluginName {
    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a module or a variable of any of the languages is named: `acme-eu` is `acme_eu`.
    pub(super) fn module(&self) -> String {
        self.0.replace('-', "_")
    }

    /// As a type is named: `acme-eu` is `AcmeEu`. `Self` is a word of Rust's own.
    pub(super) fn type_name(&self) -> String {
        let words = self.0.split(['-', '_']).map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        });
        match words.collect::<String>() {
            name if name == "Self" => "SelfProvider".to_owned(),
            name => name,
        }
    }
}

impl FromStr for PluginName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if manifest::is_plugin_name(text) {
            return Ok(Self(text.to_owned()));
        }
        Err("a plugin's name is 1 to 64 of a-z, 0-9, `-` and `_`, a letter first".to_owned())
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
