//! What an operator writes for a plugin, under `[plugins.<name>]` of the configuration.
//!
//! Unknown keys and values that can't work are errors when the configuration is read, not when a call needs them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::egress::PrivateGrant;
use crate::origin::{Origin, OriginPattern};

pub mod limits;

pub use limits::{CallTimeout, LimitError, MemoryLimit};

/// The operator's settings for one plugin. None of them is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PluginSettings {
    /// Handed to the plugin as `context.settings`; what they mean is the plugin's to say. Not for secrets.
    pub settings: BTreeMap<String, String>,
    /// Origins that the plugin may reach beside those of its manifest. Only here may one be plain `http`.
    pub origins: Vec<OriginPattern>,
    /// Where requests to an origin go instead: a self-hosted or a test endpoint. Written out, so granted, private or not.
    pub replace_origins: BTreeMap<Origin, Origin>,
    /// Private addresses that a credential's own fields (`{base_url}`) may lead to.
    pub allow_private: Vec<PrivateGrant>,
    /// The most memory that one call may have, over all memories and tables of its instance.
    pub memory: Option<MemoryLimit>,
    /// The longest that one call may take.
    pub timeout: Option<CallTimeout>,
    /// A PEM file of root certificates that this plugin's connections trust beside the system's.
    pub ca: Option<PathBuf>,
    /// A directory that calls find as `/data`, to read and to write; the plugin's own, and a whole path. Links in it don't
    /// lead out of it. It has to be there, and how much goes in is for the file system to limit.
    pub directory: Option<PathBuf>,
    /// Variables of the server's environment that calls find in theirs. No secrets: the plugin would hold them itself, and
    /// nothing takes them out of what it sends, logs or answers. A secret is a credential's field.
    pub environment: BTreeSet<String>,
    /// Lets the plugin see secrets themselves, where its manifest asks for that.
    pub reveal: bool,
    /// Lets the plugin take credentials whose provider nobody named, by what their values look like and by their kind, as
    /// those that are part of the server do.
    pub recognises: bool,
}

impl PluginSettings {
    /// Whether they lend the plugin more than the way to its provider: a directory, variables, secrets in clear, or
    /// credentials whose provider nobody named. They are written for one plugin, and must not go to another file that
    /// bears its name.
    #[must_use]
    pub fn lends(&self) -> bool {
        self.directory.is_some() || !self.environment.is_empty() || self.reveal || self.recognises
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn parse(json: &str) -> Result<PluginSettings, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn all_keys_are_read() {
        let settings = parse(
            r#"{"settings": {"region": "eu"}, "origins": ["https://*.example.com"],
                "replace-origins": {"https://api.openai.com": "http://127.0.0.1:9000"},
                "allow-private": ["http://127.0.0.1:5678", "10.20.0.0/16"],
                "memory": "128MiB", "timeout": "10s", "ca": "/etc/ca.pem",
                "directory": "/var/lib/claviger/openai", "environment": ["HTTP_PROXY", "TZ"], "reveal": true,
                "recognises": true}"#,
        )
        .expect("settings");
        assert_eq!(settings.memory.expect("memory").bytes(), 128 * 1024 * 1024);
        assert_eq!(
            settings.timeout.expect("timeout").duration(),
            Duration::from_secs(10)
        );
        assert_eq!(settings.replace_origins.len(), 1);
        assert_eq!(settings.allow_private.len(), 2);
        assert_eq!(settings.environment.len(), 2);
        assert!(settings.directory.is_some());
        assert!(settings.reveal && settings.recognises);
    }

    #[test]
    fn a_misspelt_key_is_an_error_that_names_it() {
        let error = parse(r#"{"time-out": "10s"}"#)
            .expect_err("unknown key")
            .to_string();
        assert!(
            error.contains("time-out") && error.contains("timeout"),
            "{error}"
        );
    }

    #[test]
    fn settings_survive_a_round_trip() {
        let settings =
            parse(r#"{"memory": "65MiB", "timeout": "1500ms", "allow-private": ["fd00::/8"]}"#)
                .expect("settings");
        let text = serde_json::to_string(&settings).expect("JSON");
        assert_eq!(parse(&text).expect("settings"), settings);
    }
}
