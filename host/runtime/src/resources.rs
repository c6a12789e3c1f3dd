//! What of the host an operator lends to a plugin: one directory, and variables of the host's environment. Nothing unless
//! it is written out under `[plugins.<name>]`; only calls get it, never `describe`, which runs before anything is granted.

use std::env;
use std::path::PathBuf;

use thiserror::Error;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::settings::PluginSettings;

/// Where a guest finds its directory.
const GUEST_DIRECTORY: &str = "/data";

/// The longest value of a variable, in bytes: each call has a copy.
const LONGEST_VALUE: usize = 32 << 10;

/// Why what an operator lends can't be lent.
#[derive(Debug, Error)]
pub enum ResourceError {
    /// The directory isn't written from the root.
    #[error(
        "`directory` is `{0}`; write the whole path, so that it doesn't depend on where the server is started"
    )]
    Relative(PathBuf),
    /// There is no such directory that the host may use.
    #[error("`directory` {path} can't be used: {cause}; make it before the plugin is loaded")]
    Directory {
        /// As it is written.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A variable isn't set, or its name or value is none that can be handed on.
    #[error("`environment` names `{name}`, which {reason}")]
    Variable {
        /// The variable's name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// What is lent to one plugin.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    directory: Option<PathBuf>,
    variables: Vec<(String, String)>,
}

impl Resources {
    /// What the settings say, checked. Variables are read now and don't change until the plugin is loaded again.
    pub(crate) fn lent(settings: &PluginSettings) -> Result<Self, ResourceError> {
        if let Some(path) = &settings.directory {
            check(path)?;
        }
        Ok(Self {
            directory: settings.directory.clone(),
            variables: settings
                .environment
                .iter()
                .map(variable)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Puts it into a guest's view of the host. A directory that was taken away since the plugin was loaded isn't there.
    pub(crate) fn lend(&self, guest: &mut WasiCtxBuilder) {
        guest.envs(&self.variables);
        let Some(path) = &self.directory else { return };
        if let Err(error) = guest.preopened_dir(path, GUEST_DIRECTORY, FsPerms::ReadWrite) {
            tracing::warn!(
                directory = %path.display(),
                error = format!("{error:#}"),
                "a plugin's directory can't be opened; its call goes on without"
            );
        }
    }
}

fn check(path: &PathBuf) -> Result<(), ResourceError> {
    if !path.is_absolute() {
        return Err(ResourceError::Relative(path.clone()));
    }
    // Lists it, as opening it for a guest does.
    std::fs::read_dir(path)
        .map(drop)
        .map_err(|cause| ResourceError::Directory {
            path: path.clone(),
            cause,
        })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the configuration itself names what is read here"
)]
fn variable(name: &String) -> Result<(String, String), ResourceError> {
    let refused = |reason| ResourceError::Variable {
        name: name.clone(),
        reason,
    };
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(refused("is no variable's name"));
    }
    let value = env::var(name).map_err(|error| match error {
        env::VarError::NotPresent => refused("isn't set in the server's environment"),
        env::VarError::NotUnicode(_) => refused("isn't text"),
    })?;
    if value.len() > LONGEST_VALUE {
        return Err(refused("has more than 32 KiB"));
    }
    Ok((name.clone(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lent(directory: Option<&str>, environment: &[&str]) -> Result<Resources, ResourceError> {
        Resources::lent(&PluginSettings {
            directory: directory.map(PathBuf::from),
            environment: environment.iter().map(|&name| name.to_owned()).collect(),
            ..PluginSettings::default()
        })
    }

    #[test]
    fn nothing_unless_it_is_written_out() {
        assert_eq!(lent(None, &[]).expect("nothing"), Resources::default());
    }

    #[test]
    fn what_can_not_work_is_named() {
        for (directory, environment, words) in [
            (Some("data"), [].as_slice(), "whole path"),
            (Some("/nowhere/at/all"), &[], "/nowhere/at/all"),
            (Some("/etc/passwd"), &[], "/etc/passwd"),
            (None, &["CLAVIGER_NO_SUCH_VARIABLE"], "isn't set"),
            (None, &["A=B"], "no variable's name"),
            (None, &[""], "no variable's name"),
        ] {
            let told = lent(directory, environment).expect_err(words).to_string();
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn a_variable_is_read_once() {
        let resources = lent(None, &["PATH"]).expect("a path");
        assert_eq!(resources.variables[0].0, "PATH");
        assert!(!resources.variables[0].1.is_empty());
    }
}
