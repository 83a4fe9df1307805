//! Stopping an insert over several connections.

use std::sync::{
    Arc, Mutex, PoisonError, Weak,
    atomic::{AtomicBool, Ordering},
};

use crate::cancel::CancelHandle;

/// What stops the workers of one insert: between their chunks, and within one where the database
/// can stop a running call.
#[derive(Debug, Default)]
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

    /// Has no worker begin anything more, and none commit; what runs goes on.
    pub fn hold(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// Stops all workers.
    pub fn stop(&self) {
        self.hold();
        for worker in &*self.workers.lock().unwrap_or_else(PoisonError::into_inner) {
            // Where nothing stops a running call, it ends by itself.
            let _ = worker.cancel();
        }
    }

    /// The same, because the caller wants it.
    fn ask(&self) {
        self.asked.store(true, Ordering::Release);
        self.stop();
    }

    /// Stops this one as well; what was stopped before, it has to find out by itself.
    pub fn add(&self, worker: CancelHandle) {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
    }
}

/// The inserts over several connections of one pool that may run.
#[derive(Debug, Default)]
pub(crate) struct Inserts(Mutex<Vec<Weak<Stop>>>);

impl Inserts {
    /// What stops an insert that begins here.
    pub fn begin(&self) -> Arc<Stop> {
        let stop = Arc::new(Stop::default());
        let mut inserts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inserts.retain(|insert| insert.strong_count() > 0);
        inserts.push(Arc::downgrade(&stop));
        stop
    }

    /// Stops all that run.
    pub fn stop(&self) {
        let inserts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for insert in inserts.iter().filter_map(Weak::upgrade) {
            insert.ask();
        }
    }
}
