//! Counts its calls in a static. Each call has a sandbox of its own, so it never gets past 1.

use std::sync::atomic::{AtomicU64, Ordering};

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Stateful;

claviger_guests::guest!(Stateful, claviger_guests::manifest("stateful"));

impl Validation for Stateful {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        Ok(Report {
            rate_limit_remaining: Some(CALLS.fetch_add(1, Ordering::Relaxed) + 1),
            ..Report::default()
        })
    }
}
