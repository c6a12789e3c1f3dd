//! A bound on what one scan costs. What is looked for may be chosen by a guest and what it is looked for in by a provider,
//! and both together can make a match fail late at every byte: `aaaa…` in `aaaa…`.

use std::cell::Cell;

use thiserror::Error;

/// Steps that any text may cost.
const BASE: u64 = 1 << 20;

/// Steps more for each byte of the text. Ordinary text costs less than one, since few bytes begin a word.
const PER_BYTE: u64 = 32;

/// What is left of the steps of one scan. A step is a byte that is compared, or a form that is tried.
pub(crate) struct Work {
    left: Cell<u64>,
}

/// A text costs more to scan than it may. It must not be passed on: what is in it isn't known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the text repeats parts of a secret too often to be searched")]
pub(crate) struct TooMuchWork;

impl Work {
    /// What a text of that many bytes may cost.
    pub(crate) fn of(length: usize) -> Self {
        let length = u64::try_from(length).unwrap_or(u64::MAX / PER_BYTE - BASE);
        Self {
            left: Cell::new(length.saturating_mul(PER_BYTE).saturating_add(BASE)),
        }
    }

    pub(super) fn spend(&self, steps: usize) {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.left.set(self.left.get().saturating_sub(steps));
    }

    pub(super) fn check(&self) -> Result<(), TooMuchWork> {
        if self.left.get() == 0 {
            Err(TooMuchWork)
        } else {
            Ok(())
        }
    }

    #[cfg(test)]
    pub(crate) fn left(&self) -> u64 {
        self.left.get()
    }
}
