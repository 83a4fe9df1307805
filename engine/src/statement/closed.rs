//! Whether a statement is closed, told without the session's lock.

use std::sync::atomic::Ordering;

use super::Statement;

/// What a closed statement reads in place of the number of a result.
pub(crate) const CLOSED: u64 = u64::MAX;

impl Statement {
    /// Whether its connection is closed, so that nothing can be done with it. It never waits.
    pub fn is_orphan(&self) -> bool {
        self.shared.is_closed()
    }

    /// Whether it is closed, such as by `clear_all_statements`, while its connection is open. It
    /// never waits.
    pub fn is_closed(&self) -> bool {
        self.reading.load(Ordering::Acquire) == CLOSED && !self.shared.is_closed()
    }
}
