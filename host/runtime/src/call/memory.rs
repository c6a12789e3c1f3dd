//! Memory, counted over all the memories and tables of an instance.
//!
//! wasmtime's own limits are for each memory, so a guest with sixteen of them would have sixteen times as much. What was
//! granted is never taken back, not even where it could not be had after all: which grant a failure is about isn't said
//! reliably, and a guest that could earn memory by failing would have no limit.

use wasmtime::ResourceLimiter;

/// What an element of a table costs, in bytes.
const ELEMENT: usize = size_of::<usize>();

/// Counts what a guest has, and refuses what would be too much.
pub(crate) struct MemoryLimiter {
    most: usize,
    left: usize,
    refused: bool,
}

impl MemoryLimiter {
    /// Lets a guest have `most` bytes.
    pub(crate) fn new(most: u64) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Self {
            most,
            left: most,
            refused: false,
        }
    }

    /// What the guest was granted so far, in bytes.
    pub(crate) fn granted(&self) -> u64 {
        (self.most - self.left) as u64
    }

    /// Whether the guest was refused memory.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    fn grow(&mut self, current: usize, desired: usize, unit: usize) -> bool {
        let more = desired.saturating_sub(current).saturating_mul(unit);
        let granted = more <= self.left;
        if granted {
            self.left -= more;
        }
        self.refused |= !granted;
        granted
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(current, desired, 1))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(current, desired, ELEMENT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 64 << 10;

    #[test]
    fn all_memories_and_tables_count_together() {
        let mut limiter = MemoryLimiter::new(4 * PAGE as u64);
        for _memory in 0..3 {
            assert!(limiter.memory_growing(0, PAGE, None).expect("an answer"));
        }
        assert!(
            limiter
                .table_growing(0, PAGE / ELEMENT, None)
                .expect("an answer")
        );
        assert!(!limiter.refused());
        assert!(
            !limiter
                .memory_growing(PAGE, 2 * PAGE, None)
                .expect("an answer")
        );
        assert!(!limiter.table_growing(0, 1, None).expect("an answer"));
        assert!(limiter.refused());
    }

    #[test]
    fn a_grant_that_failed_is_not_given_back() {
        let mut limiter = MemoryLimiter::new(2 * PAGE as u64);
        assert!(
            limiter
                .memory_growing(0, 2 * PAGE, None)
                .expect("an answer")
        );
        for _failure in 0..3 {
            let error = || wasmtime::Error::msg("beyond the maximum");
            limiter.memory_grow_failed(error()).expect("an answer");
            limiter.table_grow_failed(error()).expect("an answer");
        }
        assert!(!limiter.memory_growing(0, PAGE, None).expect("an answer"));
    }

    #[test]
    fn absurd_sizes_do_not_wrap() {
        let mut limiter = MemoryLimiter::new(PAGE as u64);
        assert!(
            !limiter
                .table_growing(0, usize::MAX, None)
                .expect("an answer")
        );
        assert!(
            !limiter
                .memory_growing(0, usize::MAX, None)
                .expect("an answer")
        );
        assert!(limiter.memory_growing(0, PAGE, None).expect("an answer"));
    }
}
