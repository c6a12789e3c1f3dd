//! Whether a component imports only what this host has. wasmtime would say so as well, in words for its own developers.

use semver::Version;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::LoadError;
use super::versions::{own, split};

/// The host's side of the contract; `types` holds no functions.
const OWN: [&str; 5] = ["types", "http", "signing", "disclosure", "logging"];

/// The packages that `wasi:cli/imports` 0.2 consists of.
const WASI: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// The way out of `wasi:http` 0.2, which any HTTP client of a language uses.
const WAY_OUT: [&str; 2] = ["wasi:http/types", "wasi:http/outgoing-handler"];

const NEWER: &str =
    "it may be of a later host; this one has `http`, `signing`, `disclosure` and `logging`";
const NO_SERVER: &str =
    "of `wasi:http` 0.2 it has `types` and `outgoing-handler`: a plugin asks, and is not asked";
const NO_ASYNC: &str = "build for WASI 0.2, without `async` functions";
const ONLY: &str = "a plugin may import `claviger:provider`, and of WASI 0.2 `wasi:cli/imports` and the way out of `wasi:http`, \
     and nothing else";

/// Names the first import that this host lacks.
pub(super) fn check(engine: &Engine, component: &Component) -> Result<(), LoadError> {
    component
        .component_type()
        .imports(engine)
        .try_for_each(|(name, _)| check_name(name))
}

pub(crate) fn check_name(name: &str) -> Result<(), LoadError> {
    let refuse = |hint| {
        Err(LoadError::UnknownImport {
            import: name.to_owned(),
            hint,
        })
    };
    if let Some(interface) = own(name, "imports")? {
        return if OWN.contains(&interface) {
            Ok(())
        } else {
            refuse(NEWER)
        };
    }
    let (interface, version) = split(name);
    let Some((package, _)) = interface
        .strip_prefix("wasi:")
        .and_then(|it| it.split_once('/'))
    else {
        return refuse(ONLY);
    };
    let http = package == "http";
    let Some(version) = version.and_then(|it| it.parse::<Version>().ok()) else {
        return refuse(ONLY);
    };
    // wasmtime links any patch of a version with any other, and no pre-release.
    match (version.major, version.minor, version.pre.is_empty()) {
        (0, 2, true) if WASI.contains(&package) || WAY_OUT.contains(&interface) => Ok(()),
        (0, 2, true) if http => refuse(NO_SERVER),
        (0, 3, _) if http || WASI.contains(&package) => refuse(NO_ASYNC),
        _ => refuse(ONLY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_told_apart() {
        for name in [
            "claviger:provider/http@0.1.3",
            "claviger:provider/types@0.1.0",
            "wasi:sockets/tcp@0.2.9",
            "wasi:http/types@0.2.0",
            "wasi:http/outgoing-handler@0.2.12",
        ] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for (name, hint) in [
            ("claviger:provider/storage@0.1.0", NEWER),
            ("wasi:http/incoming-handler@0.2.9", NO_SERVER),
            ("wasi:http/types@0.3.0", NO_ASYNC),
            ("wasi:http/handler@0.3.0-rc-2026-01-06", NO_ASYNC),
            ("wasi:http/outgoing-handler@0.2.0-rc-2023-11-10", ONLY),
            ("wasi:clocks/monotonic-clock@0.3.0", NO_ASYNC),
            ("wasi:nn/graph@0.2.0", ONLY),
            ("wasi:cli/environment", ONLY),
            ("other:package/thing@1.0.0", ONLY),
            ("memory", ONLY),
        ] {
            let error = check_name(name).expect_err(name).to_string();
            assert!(error.contains(name) && error.contains(hint), "{error}");
        }
    }

    #[test]
    fn another_version_names_both() {
        let error = check_name("claviger:provider/http@2.0.0")
            .expect_err("another version")
            .to_string();
        assert!(
            error.contains("2.0.0") && error.contains("0.1.0") && error.contains("imports"),
            "{error}"
        );
    }
}
