//! Takes memory, a mebibyte at a time, writes to all of it, and never gives any back.

use std::hint::black_box;

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct MemoryBomb;

claviger_guests::guest!(MemoryBomb, claviger_guests::manifest("memory-bomb"));

impl Validation for MemoryBomb {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        let mut hoard = Vec::new();
        loop {
            hoard.push(black_box(vec![0xa5_u8; 1 << 20]));
        }
    }
}
