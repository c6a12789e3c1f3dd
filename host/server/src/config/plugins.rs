//! `[plugins]`: which files of the plugin directory serve, and beside that a table for each plugin.

use std::collections::BTreeMap;
use std::fmt;

use claviger_runtime::authors::Author;
use claviger_runtime::settings::PluginSettings;
use claviger_vault::plugins::ApprovalPolicy;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// What is set for plugins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plugins {
    /// Whether files get anything by themselves.
    pub approval: Approval,
    /// Whether a file without a signature by one of the authors is refused.
    pub require_signature: bool,
    /// The public keys of those who may sign plugin files.
    pub authors: Vec<Author>,
    /// What is set for each plugin, by its name. A name that is none of the keys above.
    pub settings: BTreeMap<String, PluginSettings>,
}

/// Whether plugin files get anything by themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Approval {
    /// A name that was never seen gets what its manifest asks for, and later as much again.
    #[default]
    Auto,
    /// Every file waits for an operator.
    Review,
}

impl From<Approval> for ApprovalPolicy {
    fn from(approval: Approval) -> Self {
        match approval {
            Approval::Auto => Self::Auto,
            Approval::Review => Self::Review,
        }
    }
}

/// By hand, since a flattened map would lose which key an error is about.
impl<'de> Deserialize<'de> for Plugins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tables;

        impl<'de> Visitor<'de> for Tables {
            type Value = Plugins;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plugins, A::Error> {
                let mut plugins = Plugins::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "approval" => plugins.approval = map.next_value()?,
                        "require-signature" => plugins.require_signature = map.next_value()?,
                        "authors" => plugins.authors = map.next_value::<Authors>()?.0,
                        _ => {
                            plugins.settings.insert(key, map.next_value()?);
                        }
                    }
                }
                Ok(plugins)
            }
        }

        deserializer.deserialize_map(Tables)
    }
}

/// A list, or one text with commas, as an environment variable has it.
struct Authors(Vec<Author>);

impl<'de> Deserialize<'de> for Authors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Vec<Author>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of Ed25519 public keys in base64")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
                keys.map(|key| key.parse().map_err(E::custom)).collect()
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut authors = Vec::new();
                while let Some(author) = list.next_element()? {
                    authors.push(author);
                }
                Ok(authors)
            }
        }

        deserializer.deserialize_any(Keys).map(Authors)
    }
}
