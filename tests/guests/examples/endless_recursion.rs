//! Calls itself for ever, with something on each frame that the compiler can't do away with.

use std::hint::black_box;

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct EndlessRecursion;

claviger_guests::guest!(
    EndlessRecursion,
    claviger_guests::manifest("endless-recursion")
);

impl Validation for EndlessRecursion {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report {
            quota_remaining: Some(deeper(0)),
            ..Report::default()
        })
    }
}

#[expect(unconditional_recursion, reason = "it is what this guest is for")]
fn deeper(depth: u32) -> u32 {
    let frame = black_box([depth; 16]);
    deeper(black_box(depth.wrapping_add(1))).wrapping_add(black_box(frame)[3])
}
