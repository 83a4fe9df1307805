//! Connections that are opened once and lent, one borrower after another.

mod core;
mod keeper;
mod options;
mod state;

use std::sync::Arc;

use arrow_array::RecordBatchReader;

pub use options::PoolOptions;
pub use state::{PoolClosed, PoolState};

use self::core::{Core, Turn};
use crate::{
    cancel::CancelHandle,
    connection::{Connection, Origin},
    error::{Error, ErrorKind, Result},
    insert::{self, BulkParallelOptions, BulkResult},
    telemetry::Operation,
};

/// Connections to one database, lent to one caller after another.
///
/// A connection of a pool is like any other. Closing or dropping it gives it back; its statements
/// and streams are then closed, and using it is `InvalidState`. Before the next caller has it, its
/// transaction is rolled back and its settings are as they were when it was opened; where that
/// cannot be, another connection takes its place. Dropping the pool closes it without waiting.
pub struct Pool {
    core: Arc<Core>,
}

impl Pool {
    /// Makes a pool, and opens its first `size_min` connections.
    pub fn open(connection_string: &str, options: &PoolOptions) -> Result<Self> {
        options.check("pool_open")?;
        let origin = Origin {
            connection_string: connection_string.to_owned(),
            options: options.connection.clone(),
        };
        let pool = Self { core: Core::new(origin, options.clone()) };
        for _ in 0..options.size_min {
            pool.core.lock().opening += 1;
            pool.core.open_idle()?;
        }
        keeper::spawn(&pool.core)?;
        Ok(pool)
    }

    /// Borrows a connection that works, or an error: `Timeout` where none becomes free within
    /// `acquire_timeout_ms`, and what opening one says. Who comes first is served first.
    pub fn acquire(&self) -> Result<Connection> {
        self.acquire_in_turn(Turn::Wait)?.ok_or_else(|| {
            Error::new(ErrorKind::Internal, "acquire", "the pool gave neither connection nor error")
        })
    }

    /// Borrows a connection where one is free, or may be opened; otherwise None, without waiting.
    pub fn try_acquire(&self) -> Result<Option<Connection>> {
        self.acquire_in_turn(Turn::Try)
    }

    fn acquire_in_turn(&self, turn: Turn) -> Result<Option<Connection>> {
        let place = &self.core.telemetry.place;
        let _entered = place.enter();
        let observed = Operation::begin(place, "acquire");
        let acquired = self.core.acquire(turn);
        observed.end(&acquired);
        acquired
    }

    /// Makes the span that a W3C `traceparent` names the parent of the spans of what is asked of
    /// this pool next, as [`Connection::set_trace_context`] does; empty for none.
    pub fn set_trace_context(&self, traceparent: &str) -> Result<()> {
        self.core.telemetry.place.set_parent(traceparent)
    }

    /// How the pool is doing.
    pub fn state(&self) -> Result<PoolState> {
        Ok(self.core.open_state("pool_state")?.told())
    }

    /// The most connections, for an operation on a pool that is open.
    pub(crate) fn size_max(&self, operation: &'static str) -> Result<usize> {
        Ok(self.core.open_state(operation)?.options.size_max)
    }

    /// Changes the sizes by a JSON object of `size_min` and `size_max`; what it does not name
    /// stays, as do all other options. Connections that are too many are closed when they are
    /// given back.
    pub fn resize(&self, options: &str) -> Result<()> {
        let expired = {
            let mut state = self.core.open_state("pool_resize")?;
            state.options = state.options.resized(options)?;
            state.serve();
            state.take_expired()
        };
        self.core.to_keep.notify_one();
        self.core.expire(expired);
        Ok(())
    }

    /// Inserts the rows of a reader into a table, over several connections at once. The rows are
    /// read on the caller's thread, and no more of them are held than the workers are given.
    ///
    /// Each worker inserts in a transaction of its own, and commits when there are no more rows, or
    /// after `commit_every_rows` of its own, so that a failure may come when others have committed
    /// already. The error then tells in `bulk` what is in the table and what is not; `row` is
    /// counted over all rows. A table that is made is there before rows are inserted, whatever
    /// becomes of them. With one worker all rows are inserted in one transaction, or none, as by
    /// [`Connection::bulk_insert`].
    pub fn bulk_insert_parallel(
        &self,
        table: &str,
        rows: Box<dyn RecordBatchReader + Send>,
        options: &BulkParallelOptions,
    ) -> Result<BulkResult> {
        let _entered = self.core.telemetry.place.enter();
        let stop = self.core.inserts.begin();
        insert::bulk_insert_parallel(self, table, rows, options, &stop)
    }

    /// Asks that the inserts that run over several connections of this pool stop, without waiting:
    /// within a chunk where the database can stop a running call, otherwise behind it. What they
    /// have not committed is undone; each fails with an error of kind Cancelled, unless it ended
    /// before. Any other call on a connection of the pool is stopped on that connection.
    pub fn cancel(&self) -> Result<()> {
        self.cancel_handle().cancel()
    }

    /// What does so, from any thread and at any time.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle::of_inserts(&self.core.inserts, &self.core.telemetry.place)
    }

    /// Does what [`Pool::close`] does, but waits for no connection that is lent.
    pub fn shut(&self) {
        self.core.shut();
    }

    /// Lends no more connections, closes those that are not lent, and waits up to
    /// `acquire_timeout_ms` for the others to come back; those that do not are closed when they
    /// do, and the error, of kind `Timeout`, tells how many they are. Closing again does nothing
    /// but wait for them.
    pub fn close(&self) -> Result<()> {
        self.shut();
        self.core.drain()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.core.shut();
    }
}
