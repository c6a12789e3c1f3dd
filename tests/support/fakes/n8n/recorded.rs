//! What the two versions of n8n were seen to answer, request by request.
//!
//! A line has the request (`key` where it isn't a good one; of a workflow's usual two nodes the second one's `credentials`)
//! and what of the answer matters: status, message, the `id` of what was made, what the node `uses` afterwards. A line
//! `runs` the workflow instead, and says what secret the node then sent.

use serde_json::Value;

use super::Version;

/// What was recorded and the fake leaves out, with the reason.
pub const LEFT_OUT: [(&str, &str); 6] = [
    (
        "cred create malformed json",
        "the real one answers with a page of HTML that has its own paths in it",
    ),
    (
        "cred list cursor",
        "cursors are opaque, and the fake's are others",
    ),
    ("executions list incl data", "no plugin asks for executions"),
    ("executions list", "no plugin asks for executions"),
    ("discover", "no plugin asks for it"),
    (
        "probe",
        "its credential was made in a session that wasn't recorded; what it shows is tested by itself",
    ),
];

/// The lines of a version, in their order.
pub fn entries(version: Version) -> Vec<Value> {
    let text = match version {
        Version::V1_123_81 => include_str!("recorded/v1_123_81.json"),
        Version::V2_41_1 => include_str!("recorded/v2_41_1.json"),
    };
    serde_json::from_str(text).expect("lines of JSON")
}
