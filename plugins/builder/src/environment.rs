//! The environment of the nested cargo run.

use std::process::Command;

/// What is meant for the host's crates, or describes the build script that runs, and must not reach the guests.
///
/// `RUSTC` stays: it is the compiler that builds the host. So do `CARGO_HOME`, `CARGO_NET_…` and `CARGO_HTTP_…`, which say
/// how to reach the registry, and `CARGO_MAKEFLAGS`, so that both runs together use as many processors as one.
const NAMES: [&str; 12] = [
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_ENCODED_RUSTDOCFLAGS",
    "CARGO_INCREMENTAL",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CLIPPY_ARGS",
    "OUT_DIR",
    "TARGET",
    "HOST",
    "PROFILE",
];

/// The beginnings of further such names.
const PREFIXES: [&str; 7] = [
    "CARGO_BUILD_",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_CFG_",
    "CARGO_FEATURE_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
];

/// Removes from the command's environment what is not for guests.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_for_the_host) {
            command.env_remove(name);
        }
    }
}

fn is_for_the_host(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_wrappers_stay_outside() {
        for name in [
            "RUSTFLAGS",
            "RUSTC_WORKSPACE_WRAPPER",
            "CARGO_TARGET_DIR",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_BUILD_TARGET",
        ] {
            assert!(is_for_the_host(name), "{name}");
        }
        for name in [
            "PATH",
            "HOME",
            "RUSTC",
            "RUSTUP_TOOLCHAIN",
            "CARGO_HOME",
            "CARGO_NET_OFFLINE",
            "CARGO_MAKEFLAGS",
        ] {
            assert!(!is_for_the_host(name), "{name}");
        }
    }
}
