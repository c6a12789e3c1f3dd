//! Names of interfaces, and which versions of them go together.

use semver::Version;

use crate::contract::VERSION as OURS;
use crate::load::LoadError;

/// The package that plugins are written against.
const PACKAGE: &str = "claviger:provider/";

/// `wasi:io/streams@0.2.6` is `wasi:io/streams` and `0.2.6`.
pub(crate) fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once('@')
        .map_or((name, None), |(interface, version)| {
            (interface, Some(version))
        })
}

/// The interface's own name, where it is one of this host's contract in a version that goes together with the host's.
pub(crate) fn own<'n>(name: &'n str, verb: &'static str) -> Result<Option<&'n str>, LoadError> {
    let (interface, version) = split(name);
    let Some(own) = interface.strip_prefix(PACKAGE) else {
        return Ok(None);
    };
    if version.is_some_and(goes_together) {
        return Ok(Some(own));
    }
    Err(LoadError::Version {
        verb,
        interface: interface.to_owned(),
        theirs: version.unwrap_or("none").to_owned(),
        ours: OURS,
    })
}

/// Versions that differ in the patch alone, as wasmtime links them. A pre-release goes with nothing.
fn goes_together(theirs: &str) -> bool {
    let track = |version: Version| {
        version
            .pre
            .is_empty()
            .then_some((version.major, version.minor))
    };
    let ours = OURS.parse().ok().and_then(track);
    ours.is_some() && theirs.parse().ok().and_then(track) == ours
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_go_together_and_nothing_else_does() {
        for theirs in ["0.1.0", "0.1.7"] {
            assert!(goes_together(theirs), "{theirs}");
        }
        for theirs in ["0.2.0", "1.0.0", "0.1.0-rc.1", "0.1", ""] {
            assert!(!goes_together(theirs), "{theirs}");
        }
    }
}
