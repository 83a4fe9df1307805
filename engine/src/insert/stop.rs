//! Stopping an insert over several connections.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use crate::cancel::CancelHandle;

/// What stops the workers of one insert: between their chunks, and within one where the database
/// can stop a running call.
#[derive(Default)]
pub(crate) struct Stop {
    stopped: AtomicBool,
    /// Whether that was asked for by the caller, rather than for a failure.
    asked: AtomicBool,
    workers: Mutex<Vec<CancelHandle>>,
}

impl Stop {
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// Stops all workers.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        for worker in &*self.workers.lock().unwrap_or_else(PoisonError::into_inner) {
            // Where nothing stops a running call, it ends by itself.
            let _ = worker.cancel();
        }
    }

    /// The same, because the caller wants it.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Release);
        self.stop();
    }

    /// Stops this one as well; what was stopped before, it has to find out by itself.
    pub fn add(&self, worker: CancelHandle) {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
    }
}
