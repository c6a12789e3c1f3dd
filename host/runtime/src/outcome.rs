//! What came of a call: the plugin's answer or why there is none, and what the host saw meanwhile.
//!
//! A secret in an answer is one that the host took out of a provider's answer itself: the plugin named it by its stand-in,
//! and never held it. All text is without the call's secrets.

mod error;
mod evidence;
mod issued;
mod page;
mod receipt;
mod replacement;
mod report;

pub use error::{CallError, Failure};
pub use evidence::{Denial, Evidence, LogLevel, LogLine};
pub use issued::{Issued, Revocation};
pub use page::{Entry, Page};
pub use receipt::Receipt;
pub use replacement::Replacement;
pub use report::Report;

/// A call's result with what the host observed.
pub struct CallOutcome<T> {
    /// The plugin's answer, scrubbed of this call's secrets.
    pub result: Result<T, CallError>,
    /// What the host saw, whatever the plugin says.
    pub evidence: Evidence,
}

impl<T> CallOutcome<T> {
    /// A call that didn't begin.
    pub(crate) fn refused(error: CallError) -> Self {
        Self {
            result: Err(error),
            evidence: Evidence::default(),
        }
    }
}
