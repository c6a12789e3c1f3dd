//! That something is under way, for whoever looks at a terminal: compiling a Python plugin takes seconds.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shown on a terminal until it is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Shows `what` is under way, in the progressive form: `compiling`.
    pub(super) fn of(what: &'static str) -> Self {
        if !stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner()
            .with_style(ProgressStyle::default_spinner())
            .with_message(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Shows what is under way now.
    pub(super) fn now(&self, what: &'static str) {
        self.0.set_message(what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
