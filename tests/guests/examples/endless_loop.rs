//! Computes for ever, without a host call.

use std::hint::black_box;

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct EndlessLoop;

claviger_guests::guest!(EndlessLoop, claviger_guests::manifest("endless-loop"));

impl Validation for EndlessLoop {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        let mut rounds = 0_u64;
        loop {
            rounds = black_box(rounds.wrapping_add(1));
        }
    }
}
