//! Streams that are made of several queries.

use super::Fetched;
use crate::cancel::CancelHandle;

/// What gives the batches of a stream that no single result gives.
pub(crate) trait Batches: Send {
    /// The next batch, or None at the end. Where a query fails, it has counted its error.
    fn next(&mut self) -> Fetched;

    /// What else is to stop when the stream is cancelled, such as other connections.
    fn cancel_handles(&self) -> Vec<CancelHandle> {
        Vec::new()
    }
}
