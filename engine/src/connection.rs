//! A connection to a database: its life, its transactions, and what it can do.

mod cache;
mod capabilities;
mod clear;
mod connection_string;
mod database_file;
mod guard;
mod lease;
mod open;
mod reset;
mod schema;
mod session;
mod transaction;

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError, TryLockError, Weak,
    atomic::{AtomicBool, Ordering},
};

pub(crate) use cache::Prepared;
pub use capabilities::{Cancel, Capabilities, ConnectionInfo, Streaming};
pub use clear::clear_all_statements;
pub use connection_string::ConnectionString;
pub(crate) use guard::SessionGuard;
use guard::{Turn, not_inserting};
pub(crate) use lease::{Home, Origin, Parked, Reset};
pub(crate) use reset::Traces;
pub(crate) use schema::SchemaMark;
pub(crate) use session::{Session, StatementKey};
pub use transaction::{Isolation, TransactionOptions};

use arrow_array::RecordBatchReader;

use crate::{
    cancel::{CancelHandle, Control, Job, Phase, Target},
    catalog::{self, CatalogQuery},
    dbms::Dbms,
    error::{Diagnostic, Error, ErrorKind, Result},
    insert::{self, BulkOptions, BulkResult},
    options::{ConnectionOptions, StreamOptions},
    parameters::Parameters,
    procedure::{self, CallOptions, ProcedureCall},
    several::{self, PageOptions, PartitionOptions},
    statement::{Execution, Statement},
    stream::Stream,
    telemetry::{Operation, Place},
};

/// What a connection, its statements and its streams share.
pub(crate) struct Shared {
    /// Everything that touches the driver; None once closed.
    session: Mutex<Option<Session>>,
    closed: AtomicBool,
    /// Statements that were dropped while the session was busy.
    orphans: Mutex<Vec<StatementKey>>,
    /// Set where every statement is to be closed as soon as the running call ends.
    clear_requested: AtomicBool,
    info: Arc<ConnectionInfo>,
    streams: bool,
    told: capabilities::Told,
    /// What runs, and can be stopped; reached without the session's lock.
    pub control: Arc<Control>,
    /// Which of those it is who have the session one after another.
    lease: u64,
    /// How the connection was opened, for others like it.
    origin: Arc<Origin>,
    /// Others like it that were opened for one of its streams, and are closed with it.
    helpers: Mutex<Vec<Weak<Shared>>>,
    /// Where the session goes when the connection is closed, if it does not disconnect.
    home: OnceLock<Box<dyn Home>>,
    pub place: Arc<Place>,
    pub dbms: &'static Dbms,
}

impl Shared {
    /// Waits for the running call of this connection, if any, and takes its place.
    pub fn session(&self, operation: &'static str) -> Result<SessionGuard<'_>> {
        not_inserting(self.session_while_inserting(operation)?, operation)
    }

    /// The same, also between the chunks of a bulk insert.
    pub fn session_while_inserting(&self, operation: &'static str) -> Result<SessionGuard<'_>> {
        self.lock(operation, None)
    }

    /// The same for a job that can be stopped.
    pub fn session_of(&self, job: &Job) -> Result<SessionGuard<'_>> {
        not_inserting(self.session_of_while_inserting(job)?, job.name)
    }

    /// One or the other.
    pub fn session_for(&self, job: &Job, while_inserting: bool) -> Result<SessionGuard<'_>> {
        match while_inserting {
            true => self.session_of_while_inserting(job),
            false => self.session_of(job),
        }
    }

    pub fn session_of_while_inserting(&self, job: &Job) -> Result<SessionGuard<'_>> {
        self.lock(job.name, Some(job))
    }

    fn lock(&self, name: &'static str, job: Option<&Job>) -> Result<SessionGuard<'_>> {
        let closed = || Error::new(ErrorKind::InvalidState, name, "the connection is closed");
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        self.control.take_turn(job)?;
        let turn = Turn(&self.control);
        let session = self.session.lock().map_err(|_| {
            Error::new(
                ErrorKind::InvalidState,
                name,
                "an internal error left the connection in an unknown state; close it",
            )
        })?;
        if session.is_none() {
            return Err(closed());
        }
        let Self { clear_requested, orphans, .. } = self;
        let mut guard = SessionGuard { session, clear_requested, orphans, _turn: turn };
        guard.settle();
        Ok(guard)
    }

    /// Begins what may run long, so that others can stop it.
    pub fn job(&self, name: &'static str) -> Result<Job> {
        self.control.begin(name, None, None)
    }

    pub fn cancel_handle(&self, target: Target) -> CancelHandle {
        CancelHandle::new(&self.control, self.lease, target, &self.place)
    }

    /// Refuses a query timeout where nothing would keep it.
    pub fn check_query_timeout(&self, operation: &'static str, ms: u32) -> Result<()> {
        if ms == 0 || self.control.stops(Phase::Execute) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unsupported,
            operation,
            "nothing is known to stop a running call on this connection, so that a query timeout \
             would not be kept",
        ))
    }

    /// How long executions may take unless their statement says so.
    pub fn query_timeout_ms(&self) -> u32 {
        self.origin.options.query_timeout_ms
    }

    /// Closes something of the session by `close`; where the connection is closed, that is done.
    pub fn close_in_session(&self, close: impl FnOnce(&mut Session)) -> Result<()> {
        match self.session_while_inserting("close") {
            Ok(mut session) => {
                close(&mut session);
                Ok(())
            }
            Err(error) if error.kind == ErrorKind::InvalidState => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Frees a statement without waiting: at once, or by the next call on this connection.
    pub fn discard(&self, key: StatementKey) {
        match self.session.try_lock() {
            Ok(mut session) => {
                if let Some(session) = session.as_mut() {
                    session.close_statement(key);
                }
            }
            Err(TryLockError::WouldBlock) => {
                self.orphans.lock().unwrap_or_else(PoisonError::into_inner).push(key);
            }
            Err(TryLockError::Poisoned(_)) => {}
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Opens another connection like this one, with autocommit, for one long result.
    pub fn connect_for_long_result(&self) -> Result<Connection> {
        let Origin { connection_string, options } = &*self.origin;
        let connection_string = open::string_for_long_result(connection_string, self.dbms)?;
        let options = ConnectionOptions { autocommit: true, ..options.clone() };
        let entered = self.place.enter();
        let connection = Connection::open(&connection_string, &options)?;
        drop(entered);
        connection.shared.place.adopt(&self.place);
        let mut helpers = self.helpers.lock().unwrap_or_else(PoisonError::into_inner);
        helpers.retain(|helper| helper.strong_count() > 0);
        helpers.push(Arc::downgrade(&connection.shared));
        Ok(connection)
    }

    fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::Release);
        let helpers =
            std::mem::take(&mut *self.helpers.lock().unwrap_or_else(PoisonError::into_inner));
        for helper in helpers.iter().filter_map(Weak::upgrade) {
            // What cannot be stopped is waited for; nobody would hear of another failure.
            let _ = helper.cancel_handle(Target::ForGood).ask();
            let _ = helper.close();
        }
        let unknown = self.session.is_poisoned();
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (session, self.home.get()) {
            (None, _) => Ok(()),
            (Some(session), None) => session.disconnect(),
            (Some(session), Some(home)) => {
                home.take_back(Parked::of(session, self, unknown));
                Ok(())
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure.
        let _ = self.close();
    }
}

/// A connection to a database.
///
/// It may be used from any thread; one call runs at a time, and another waits for it. Dropping it
/// closes it once its last statement and stream are gone; one of a pool goes back at once.
pub struct Connection {
    shared: Arc<Shared>,
}

impl Connection {
    /// Connects by an ODBC connection string, such as `Driver=SQLite3;Database=my.db`.
    pub fn open(connection_string: &str, options: &ConnectionOptions) -> Result<Self> {
        let connection_string = connection_string.to_owned();
        let origin = Origin { connection_string, options: options.clone() };
        Ok(Self { shared: Shared::open(&Arc::new(origin), options)? })
    }

    /// Makes a statement. The database sees it when it is executed.
    pub fn statement(&self, sql: &str) -> Result<Statement> {
        Statement::new(&self.shared, sql)
    }

    /// Executes a statement once, for its effect.
    pub fn execute(&self, sql: &str, parameters: &Parameters) -> Result<Execution> {
        self.statement(sql)?.execute(parameters)
    }

    /// Executes a query once and streams its result. The stream keeps the statement alive.
    pub fn query(
        &self,
        sql: &str,
        parameters: &Parameters,
        options: &StreamOptions,
    ) -> Result<Stream> {
        // A request that comes between the two is for both.
        let _job = self.shared.job("query")?;
        let statement = self.statement(sql)?;
        statement.execute(parameters)?;
        Ok(statement.stream(options)?.owning(statement))
    }

    /// Asks what the database holds. The statement has the answer as its result, whose columns
    /// are those of the ODBC standard on every database, and is not executed again.
    pub fn catalog(&self, query: &CatalogQuery) -> Result<Statement> {
        let observed = Operation::begin(&self.shared.place, "catalog");
        let asked = catalog::ask(&self.shared, query);
        observed.end(&asked);
        asked
    }

    /// Calls a procedure or function with a value for each of its parameters, by position or by
    /// name. An output parameter wants one too, such as NULL.
    ///
    /// Where the procedure has output or in/out parameters, all its results are read into memory,
    /// since the outputs come behind them; others are streamed. A function's value is its result.
    pub fn call(&self, procedure: &str, parameters: &Parameters) -> Result<ProcedureCall> {
        self.call_with(procedure, parameters, &CallOptions::default())
    }

    /// The same, with options.
    pub fn call_with(
        &self,
        procedure: &str,
        parameters: &Parameters,
        options: &CallOptions,
    ) -> Result<ProcedureCall> {
        procedure::call(&self.shared, procedure, parameters, options)
    }

    /// What stops the call of a procedure with these options, and nothing else, from any thread.
    pub fn cancel_handle_of_call(&self, options: &CallOptions) -> CancelHandle {
        self.shared.cancel_handle(Target::Stream(options.flag.clone()))
    }

    /// Executes a query in parts, which connections of their own read at once, and streams the rows
    /// in any order.
    ///
    /// The parts are those of a column's range, or of conditions. The connections are opened like
    /// this one, and see what is committed: on PostgreSQL all of them the same snapshot, elsewhere
    /// each what it finds when it begins.
    pub fn query_parts(
        &self,
        sql: &str,
        parameters: &Parameters,
        partition: &PartitionOptions,
        options: &StreamOptions,
    ) -> Result<Stream> {
        several::read_parts(&self.shared, sql, parameters, partition, options)
    }

    /// Executes a query page by page, in the order of a key, so that no driver has to hold more
    /// than a page of its rows in memory.
    ///
    /// Each page is a query of its own: without a transaction that sees no changes, rows that
    /// others insert or delete meanwhile may be among them or not. A key that is NULL or not
    /// unique is an error of kind Data, never a lost row.
    pub fn query_pages(
        &self,
        sql: &str,
        parameters: &Parameters,
        page: &PageOptions,
        options: &StreamOptions,
    ) -> Result<Stream> {
        several::read_pages(&self.shared, sql, parameters, page, options)
    }

    /// Inserts the rows of a reader into a table, as fast as the driver takes them.
    ///
    /// `table` is an identifier as SQL writes it, with its schema before a dot if need be; the
    /// rows' columns go to those of the same names, which are exact. All rows are written, or none
    /// unless `commit_every_rows` is set; within an open transaction it is a part of that.
    /// Meanwhile other calls on this connection are `InvalidState`, but for streams that are open:
    /// the rows may come from one.
    pub fn bulk_insert(
        &self,
        table: &str,
        rows: Box<dyn RecordBatchReader + Send>,
        options: &BulkOptions,
    ) -> Result<BulkResult> {
        insert::bulk_insert(&self.shared, table, rows, options)
    }

    /// Makes what the innermost transaction did last, and ends it.
    pub fn commit(&self) -> Result<()> {
        let job = self.shared.job("commit")?;
        self.shared.session_of(&job)?.commit()
    }

    /// Undoes what the innermost transaction did, and ends it.
    pub fn rollback(&self) -> Result<()> {
        self.shared.session("rollback")?.rollback()
    }

    /// Turns autocommit on, which commits an open transaction, or off. Returns the driver's
    /// warnings.
    pub fn set_autocommit(&self, on: bool) -> Result<Vec<Diagnostic>> {
        let mut session = self.shared.session("autocommit")?;
        if session.has_begun() {
            return Err(Error::new(
                ErrorKind::InvalidState,
                "autocommit",
                "a transaction is open: commit it or roll it back first",
            ));
        }
        session.set_autocommit(on)
    }

    /// Whether each statement commits by itself.
    pub fn autocommit(&self) -> Result<bool> {
        Ok(self.shared.session("autocommit")?.autocommit)
    }

    /// The database and the driver, by their own names and versions.
    pub fn info(&self) -> &ConnectionInfo {
        &self.shared.info
    }

    /// What this connection can do, by the facts of its database.
    pub fn capabilities(&self) -> Capabilities {
        let Shared { dbms, streams, told, control, .. } = &*self.shared;
        Capabilities::of(dbms, *streams, *told, control)
    }

    /// What stops everything that runs on this connection, its open streams included, from any
    /// thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.shared.cancel_handle(Target::Connection)
    }

    /// Asks that everything that runs on this connection stops, its open streams included, without
    /// waiting. Where nothing runs, this does nothing.
    pub fn cancel(&self) -> Result<()> {
        self.cancel_handle().cancel()
    }

    /// What stops everything that runs on this connection, and whatever would run later.
    pub(crate) fn stop_handle(&self) -> CancelHandle {
        self.shared.cancel_handle(Target::ForGood)
    }

    /// Makes the span that a W3C `traceparent` names the parent of the spans of what follows on this
    /// connection, for callers whose own span is not current on the thread; empty for none.
    pub fn set_trace_context(&self, traceparent: &str) -> Result<()> {
        self.shared.place.set_parent(traceparent)
    }

    /// Whether [`Connection::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Closes every statement and stream of this connection, cached ones included, once the
    /// running call ends; returns how many statements were open.
    pub fn clear_statements(&self) -> Result<usize> {
        self.shared.session("clear")?.clear_statements()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The session, for tests of what works on it.
    #[cfg(test)]
    pub(crate) fn session_for_test(&self) -> SessionGuard<'_> {
        self.shared.session("test").unwrap()
    }

    /// Waits for the running call, rolls back an open transaction, closes every statement and
    /// stream, and disconnects, or goes back to its pool. Closing again does nothing.
    pub fn close(&self) -> Result<()> {
        self.shared.close()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.shared.home.get().is_some() {
            // The pool replaces what it cannot use again.
            let _ = self.shared.close();
        }
    }
}
