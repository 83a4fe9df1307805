//! What is known of a connection's calls and streams.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::ThreadId,
    time::Instant,
};

use super::{CancelHandle, Cause, Phase};
use crate::connection::StatementKey;

/// Marks a stream to be stopped; each has its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamFlag(Arc<AtomicBool>);

impl StreamFlag {
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub jobs: Vec<Entry>,
    pub streams: Vec<OpenStream>,
    /// Whether somebody has the session, and the operation, if it is of one.
    pub taken: bool,
    pub current: Option<u64>,
    /// The driver's call that runs.
    pub call: Option<Call>,
    /// Whether a request is on its way to the server, for the call or, once that was waited for in
    /// vain, for an earlier one.
    pub sending: bool,
    /// How many threads wait for a change.
    pub waiting: usize,
    /// Nothing is to run any more.
    pub stopped: bool,
    pub last_id: u64,
    /// Counts those who had this connection one after another, as from a pool.
    pub lease: u64,
}

/// An operation that runs or waits for the session.
#[derive(Debug)]
pub(super) struct Entry {
    pub id: u64,
    pub thread: ThreadId,
    /// How many operations of the same thread are one with it.
    pub depth: usize,
    pub statement: Option<StatementKey>,
    /// The statement of the part that runs, where that is another one.
    pub part: Option<StatementKey>,
    pub stream: Option<StreamFlag>,
    pub cause: Option<Cause>,
    /// What else is to stop with it.
    pub others: Vec<CancelHandle>,
    /// The alarm that will stop it.
    pub alarm: Option<u64>,
    /// Why it could not be stopped.
    pub trouble: Option<String>,
}

impl Entry {
    /// Whether a stream is one that this operation reads, itself or by a part of it.
    pub fn reads(&self, open: &OpenStream) -> bool {
        open.statement == self.statement
            || (open.statement.is_some() && open.statement == self.part)
            || self.stream.as_ref().is_some_and(|stream| open.flag.is(stream))
    }
}

#[derive(Debug)]
pub(super) struct OpenStream {
    pub flag: StreamFlag,
    pub statement: Option<StatementKey>,
    pub others: Vec<CancelHandle>,
}

#[derive(Debug)]
pub(super) struct Call {
    pub id: u64,
    /// SQLHSTMT as a number; 0 for none.
    pub statement: usize,
    pub phase: Phase,
    /// Known where the call must have run for a while before it may be stopped.
    pub begin: Option<Instant>,
    pub chased: bool,
    /// Whether SQLCancel was called for it.
    pub cancelled: bool,
}

impl State {
    pub fn entry(&self, id: u64) -> Option<&Entry> {
        self.jobs.iter().find(|entry| entry.id == id)
    }

    pub fn entry_mut(&mut self, id: u64) -> Option<&mut Entry> {
        self.jobs.iter_mut().find(|entry| entry.id == id)
    }

    /// Why the operation that has the session is to stop.
    pub fn cause(&self) -> Option<Cause> {
        self.current.and_then(|id| self.entry(id)?.cause)
    }
}
