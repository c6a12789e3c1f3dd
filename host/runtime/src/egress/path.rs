//! Whether a path is below a prefix, for every server that might read it.
//!
//! Servers disagree on what `%2e%2e`, `%2f`, `\`, `//` and `;` in a path mean. A path that some server could read as one
//! outside of the prefix is not below it: a secret must not follow it there.

use percent_encoding::percent_decode_str;

/// How often a server and what is behind it might decode a path.
const DECODINGS: usize = 3;

/// Whether `path`, as the `url` crate leaves it, is below `prefix`, in whole segments, and can't be read otherwise.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    let prefix: Vec<&str> = prefix
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let mut segments = path.split('/').skip(1);
    prefix.iter().all(|wanted| segments.next() == Some(wanted)) && is_unambiguous(path)
}

/// Whether every server reads the same segments, in the same order, from the path.
fn is_unambiguous(path: &str) -> bool {
    let mut decoded = path.to_owned();
    for _ in 0..DECODINGS {
        if !has_plain_segments(&decoded) {
            return false;
        }
        let Ok(next) = percent_decode_str(&decoded).decode_utf8() else {
            return false;
        };
        if next == decoded {
            return true;
        }
        decoded = next.into_owned();
    }
    // It is still encoded after all of them: that is a disguise.
    false
}

fn has_plain_segments(path: &str) -> bool {
    let path = path.replace('\\', "/");
    let inner = path.strip_prefix('/').unwrap_or(&path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let plain = |segment: &str| {
        // Some servers cut what follows a `;` off before they look for dots.
        let name = segment.split(';').next().unwrap_or(segment);
        !matches!(name, "" | "." | "..") && !segment.chars().any(char::is_control)
    };
    inner.is_empty() || inner.split('/').all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_segments_count() {
        for path in [
            "/v1/models",
            "/v1/models/",
            "/v1/models/gpt-4",
            "/v1/models/a%20b",
            "/v1/models/group%2Fproject",
        ] {
            assert!(is_below(path, "/v1/models"), "{path}");
            assert!(is_below(path, "/"), "{path}");
        }
        for path in [
            "/v1/models-x",
            "/v1/model",
            "/v1",
            "/",
            "",
            "/v2/models",
            "/V1/models",
            "/x/v1/models",
        ] {
            assert!(!is_below(path, "/v1/models"), "{path}");
        }
    }

    #[test]
    fn what_some_server_reads_otherwise_is_not_below() {
        for path in [
            "/v1/models/../evil",
            "/v1/models/%2e%2e/evil",
            "/v1/models/%252e%252e/evil",
            "/v1/models/%25252e%25252e/evil",
            "/v1/models/..%2fevil",
            "/v1/models/..%5cevil",
            "/v1/models/..\\evil",
            "/v1/models/..;/evil",
            "/v1/models/..;x=1/evil",
            "/v1/models/%2e%2e%3b/evil",
            "/v1/models//evil",
            "/v1//models",
            "//v1/models",
            "/v1/models/.",
            "/v1/models/%2f/evil",
            "/v1/models/x%00",
            "/v1/models/%ff",
            "/v1/models%2f..%2fevil",
            "/v1/mod%65ls",
        ] {
            assert!(!is_below(path, "/v1/models"), "{path}");
        }
    }
}
