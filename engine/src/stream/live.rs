//! Whether rows that were fetched may still be handed on.

use std::sync::atomic::Ordering;

use super::{Origin, Stream};

impl Stream {
    /// Whether its connection is closed, so that nothing can be done with it. It never waits.
    pub fn is_orphan(&self) -> bool {
        match &self.origin {
            Origin::Result(result) => result.shared.is_closed(),
            Origin::Connection(shared) => shared.is_closed(),
        }
    }

    /// Whether nothing has closed or cancelled this stream. It never waits.
    pub fn is_live(&self) -> bool {
        !self.closed.load(Ordering::Acquire)
            && !self.cancelled.is_set()
            && self.origin.check().is_ok()
    }

    /// Whether it was asked to stop, be it after its end. It never waits.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_set()
    }
}
