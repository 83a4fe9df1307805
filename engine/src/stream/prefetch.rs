//! A thread that fetches batches ahead of their consumer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

use arrow_array::RecordBatch;

use super::{OPERATION, ResultKey};
use crate::error::{Diagnostic, Error, ErrorKind, Result};

/// What a fetch gave, with what the driver said meanwhile.
pub(crate) struct Fetched {
    pub batch: Result<Option<RecordBatch>>,
    /// Whether nothing comes after it, not even an error.
    pub last: bool,
    pub warnings: Vec<Diagnostic>,
}

impl Fetched {
    pub fn plain(batch: Result<Option<RecordBatch>>) -> Self {
        Self { last: matches!(batch, Ok(None)), batch, warnings: Vec::new() }
    }
}

/// Batches that were fetched ahead: one that is ready, while the driver fills another.
pub(super) struct Prefetch {
    batches: Receiver<Fetched>,
}

impl Prefetch {
    /// Starts the thread. It ends with the result, at a failure, or when this is dropped.
    pub fn start(result: &Arc<ResultKey>) -> Result<Self> {
        let (sender, batches) = sync_channel(1);
        let result = Arc::clone(result);
        let work = move || {
            loop {
                // A panic would look like the end of the result.
                let fetched = catch_unwind(AssertUnwindSafe(|| result.fetch()));
                let fetched = fetched.unwrap_or_else(|_| {
                    let message = "the fetching panicked";
                    Fetched::plain(Err(Error::new(ErrorKind::Internal, OPERATION, message)))
                });
                let goes_on = !fetched.last && fetched.batch.is_ok();
                if sender.send(fetched).is_err() || !goes_on {
                    return;
                }
            }
        };
        thread::Builder::new().name("odbc_prefetch".to_owned()).spawn(work).map_err(|error| {
            let message = format!("no thread for prefetching: {error}");
            Error::new(ErrorKind::Limit, OPERATION, message)
        })?;
        Ok(Self { batches })
    }

    /// The next batch; None when the thread has ended.
    pub fn next(&self) -> Fetched {
        self.batches.recv().unwrap_or_else(|_| Fetched::plain(Ok(None)))
    }
}
