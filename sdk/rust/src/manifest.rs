//! The manifest, as far as the compiler can check it.

pub use crate::bindings::manifest::exports::claviger::provider::manifest::Guest as Describe;

/// Fails the build where the manifest is not even brackets and strings that close. The host checks the rest when it loads
/// the plugin.
pub const fn check(text: &str) {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut in_string) = (0, 0_usize, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                assert!(
                    depth > 0,
                    "the manifest closes a bracket that it did not open"
                );
                depth -= 1;
            }
            byte => assert!(
                in_string || depth > 0 || byte.is_ascii_whitespace(),
                "the manifest is not a JSON object"
            ),
        }
        at += 1;
    }
    assert!(!in_string, "the manifest has a string that does not end");
    assert!(depth == 0, "the manifest has a bracket that does not close");
}
