//! Streams that are made of several queries.

use arrow_array::RecordBatch;

use crate::{cancel::CancelHandle, error::Result};

/// What gives the batches of a stream that no single result gives.
pub(crate) trait Batches: Send {
    /// The next batch, or None at the end.
    fn next(&mut self) -> Result<Option<RecordBatch>>;

    /// What else is to stop when the stream is cancelled, such as other connections.
    fn cancel_handles(&self) -> Vec<CancelHandle> {
        Vec::new()
    }
}
