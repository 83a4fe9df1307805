//! What one connection holds in the driver, behind the connection's one lock.

use std::sync::Arc;

use super::{Traces, cache::StatementCache, schema::Schema, transaction::Level};
use slotmap::{SlotMap, new_key_type};

use crate::{
    cancel::{Control, Facts, Kill},
    dbms::{Dbms, ReadOnly, TransactionProbe},
    error::{Diagnostic, Error, ErrorKind, Result},
    handle::{ConnectionHandle, Context, StatementHandle},
    insert::Writer,
    metrics::{Gauge, Open},
    options::ConnectionOptions,
    statement::{Loss, StatementState},
};

new_key_type! {
    /// Names a statement of a session; a key of a closed statement finds nothing.
    pub(crate) struct StatementKey;
}

/// The driver's side of a connection. Field order is drop order: statements before their
/// connection.
pub(crate) struct Session {
    pub statements: SlotMap<StatementKey, StatementState>,
    pub cache: StatementCache,
    pub(super) schema: Schema,
    /// The statements of a bulk insert, while one runs.
    pub inserting: Option<Writer>,
    /// A statement for SQLCancel alone, where the driver wants that.
    spare: Option<StatementHandle>,
    /// What is to be undone for the next borrower, where there may be one.
    pub(super) traces: Option<Traces>,
    handle: ConnectionHandle,
    pub dbms: &'static Dbms,
    pub autocommit: bool,
    /// Whether the whole session is read-only.
    pub(super) read_only: bool,
    /// The transactions that were begun and did not end, outermost first.
    pub(super) levels: Vec<Level>,
    /// Whether a statement failed since the transaction began.
    failed_in_transaction: bool,
    /// Whether something was done in the transaction that must not be lost.
    worked: bool,
    /// Whether the transaction was undone as a whole when a statement of it failed.
    pub(super) undone: bool,
    /// Whether the driver streams.
    pub streams: bool,
    /// Counts what may have changed the meaning of names, such as MariaDB's USE.
    pub generation: u64,
    /// Whether the server has a plan for what is prepared, which it keeps to.
    pub plans_on_server: bool,
    /// Where it does so by cursors, the rows that it fetches at once.
    pub cursor_rows: Option<u64>,
    _gauge: Gauge,
}

impl Session {
    pub fn new(
        handle: ConnectionHandle,
        dbms: &'static Dbms,
        options: &ConnectionOptions,
    ) -> Result<Self> {
        let session = Self {
            statements: SlotMap::with_key(),
            cache: StatementCache::new(options.statement_cache_size),
            schema: Schema::default(),
            inserting: None,
            spare: None,
            traces: None,
            _gauge: Gauge::new(Open::Connection),
            handle,
            dbms,
            autocommit: true,
            read_only: options.read_only,
            levels: Vec::new(),
            failed_in_transaction: false,
            worked: false,
            undone: false,
            streams: false,
            generation: 0,
            plans_on_server: false,
            cursor_rows: None,
        };
        for sql in dbms.session_setup {
            session.run("connect", sql)?;
        }
        if options.read_only {
            let ReadOnly::Statement(sql) = dbms.read_only else {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "connect",
                    format!(
                        "option \"read_only\": nothing makes a session of {} read-only",
                        dbms.id
                    ),
                ));
            };
            session.run("connect", sql)?;
        }
        Ok(session)
    }

    pub fn context(&self, operation: &'static str) -> Context {
        Context { operation, dbms: self.dbms }
    }

    /// What runs on this connection, and can be stopped.
    pub fn control(&self) -> &Arc<Control> {
        self.handle.control()
    }

    /// Learns how calls of this connection are stopped.
    pub fn set_up_control(
        &mut self,
        connection_string: &str,
        streams: bool,
        options: &ConnectionOptions,
    ) -> Result<()> {
        let kill = match self.dbms.cancelling.kill.filter(|_| options.cancel_connection) {
            None => None,
            Some(kill) => {
                let id = self.ask("connect", kill.id)?;
                Some(Kill {
                    connection_string: connection_string.to_owned(),
                    login_timeout_ms: options.login_timeout_ms,
                    statement: kill.statement.replace("{}", &id),
                })
            }
        };
        if self.dbms.cancelling.by_spare {
            self.spare = Some(self.allocate("connect")?);
        }
        let spare = self.spare.as_ref().map(|statement| statement.as_sys().0 as usize);
        self.control().set_up(Facts { dbms: self.dbms, streams, kill, spare });
        Ok(())
    }

    pub fn allocate(&self, operation: &'static str) -> Result<StatementHandle> {
        self.handle
            .allocate_statement(self.context(operation))
            .map_err(|error| self.explain_lost(error))
    }

    /// Closes a statement; its prepared handle is kept where another may use it.
    pub fn close_statement(&mut self, key: StatementKey) {
        let closed = self.statements.remove(key);
        self.handle.control().close_streams(|statement| statement == Some(key));
        let generation = self.generation;
        let prepared = closed.and_then(|state| state.into_prepared(generation, self.dbms));
        if let Some(prepared) = prepared {
            self.cache.put(prepared);
        }
    }

    /// Closes every statement, and those in the cache; returns how many were open. Where the driver
    /// fails to close one the others are closed all the same, and its error tells.
    pub fn clear_statements(&mut self) -> Result<usize> {
        let context = self.context("clear");
        let open = self.statements.len();
        self.handle.control().close_streams(|statement| statement.is_some());
        let freed = self.statements.drain().map(|(_, statement)| statement.free(context));
        let failures: Vec<_> = freed.filter_map(Result::err).collect();
        self.cache.clear();
        self.schema.clear();
        let failed = failures.len();
        match failures.into_iter().next() {
            None => Ok(open),
            // unixODBC 2.3.11 does not pass on why a driver fails to free a statement.
            Some(error) if error.records.is_empty() => Err(Error::new(
                error.kind,
                context.operation,
                format!("the driver failed to close {failed} of {open} statements"),
            )),
            Some(error) => Err(self.explain_lost(error)),
        }
    }

    /// Runs a statement of the engine's own.
    pub fn run(&self, operation: &'static str, sql: &str) -> Result<StatementHandle> {
        let mut statement = self.allocate(operation)?;
        statement
            .execute_direct(sql, self.context(operation))
            .map_err(|error| self.explain(error))?;
        Ok(statement)
    }

    /// The text in the first column of the first row of a query of the engine's own.
    pub fn ask(&self, operation: &'static str, sql: &str) -> Result<String> {
        let mut statement = self.run(operation, sql)?;
        crate::fetch::single_text(&mut statement, self.context(operation))
    }

    /// Adds to a driver's error what the session knows: that the call was to stop, that the
    /// connection is lost, and that a transaction may have been.
    pub fn failed(&mut self, error: Error) -> Error {
        self.note_failure();
        self.forget_schema();
        let error = self.explain(error);
        self.look_for_losses(error)
    }

    /// Notes that something failed of which nobody has heard yet.
    pub fn note_failure(&mut self) {
        self.failed_in_transaction |= !self.autocommit;
    }

    /// Ends the transaction that statements of the engine's own began without autocommit: what the
    /// user does next would see the database as it was then.
    pub fn end_own_work(&mut self) -> Result<()> {
        if self.autocommit || self.is_in_use() {
            return Ok(());
        }
        self.end_transaction(true)
    }

    /// Notes that a statement was executed, whose transaction must not be lost without a word.
    pub fn succeeded(&mut self) {
        self.worked |= !self.autocommit;
    }

    /// Finds out whether more is undone than the statement that failed.
    fn look_for_losses(&mut self, error: Error) -> Error {
        if error.records.is_empty() {
            return error;
        }
        // It comes first, since the next statement begins a transaction where none is open.
        let error = self.look_for_lost_work(error);
        self.look_for_lost_cursors();
        error
    }

    fn look_for_lost_work(&mut self, error: Error) -> Error {
        if self.autocommit || self.undone {
            return error;
        }
        let codes = self.dbms.undoing_codes;
        let is_gone = error.native_code.is_some_and(|code| codes.contains(&code))
            || match self.dbms.transaction_probe {
                Some(TransactionProbe::Begin) => self.run("execute", "BEGIN").is_ok(),
                // In a transaction that is open, but aborted, it fails.
                Some(TransactionProbe::Ask(query)) if self.worked => {
                    self.ask("execute", query).is_ok_and(|begins| begins == "1")
                }
                _ => false,
            };
        if !is_gone || !self.worked {
            return error;
        }
        self.undone = true;
        let message = format!("{}; the whole transaction was rolled back", error.message);
        error.with_message(message)
    }

    fn look_for_lost_cursors(&mut self) {
        let (Some(cursors), Some(rows)) = (self.dbms.cursors, self.cursor_rows) else { return };
        if !self.statements.values().any(StatementState::has_result) {
            return;
        }
        // Where this fails, so does reading on.
        let Ok(open) = self.ask("execute", cursors.open) else { return };
        let is_open = |name: &str| open.split(',').any(|one| one == name);
        for state in self.statements.values_mut().filter(|state| state.has_result()) {
            if !state.cursor_name().is_some_and(|name| is_open(&name)) {
                state.lose(Loss::Cursor { rows });
            }
        }
    }

    fn explain(&self, error: Error) -> Error {
        match self.handle.control().explain(error) {
            (error, true) => error,
            (error, false) => self.explain_lost(error),
        }
    }

    /// Refuses to go on with a transaction that was undone as a whole.
    pub(super) fn check_undone(&self, operation: &'static str) -> Result<()> {
        if !self.undone {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Transaction,
            operation,
            "the transaction was rolled back as a whole when a statement of it failed or was \
             stopped: roll back, and begin again",
        ))
    }

    /// Refuses to read instants in a session that renders them in another zone than UTC, where
    /// their offset is lost.
    pub fn check_time_zone(&mut self, operation: &'static str) -> Result<()> {
        let Some(query) = self.dbms.time_zone_query else { return Ok(()) };
        let zone = self.ask(operation, query)?;
        if matches!(zone.as_str(), "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT" | "Zulu" | "Etc/Zulu") {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::InvalidState,
            operation,
            format!(
                "the session's time zone was changed to {zone}, in which the driver drops the \
                 offset of a timestamp with time zone: run SET TIME ZONE 'UTC', or read it as text"
            ),
        ))
    }

    fn explain_lost(&self, error: Error) -> Error {
        // Lost connections come as 08S01, 57P01, 01000 or HY000.
        let suspicious = matches!(error.kind, ErrorKind::Driver | ErrorKind::Connection);
        if suspicious && self.handle.is_dead() {
            error.of_kind(ErrorKind::Connection)
        } else {
            error
        }
    }

    /// Whether the driver knows that the connection is lost.
    pub fn is_dead(&self) -> bool {
        self.handle.is_dead()
    }

    /// Whether the transaction that is open without autocommit is one in which something was done.
    pub(super) fn is_in_use(&self) -> bool {
        self.worked || self.failed_in_transaction || self.undone || self.has_begun()
    }

    /// Whether a transaction that was begun is open.
    pub fn has_begun(&self) -> bool {
        !self.levels.is_empty()
    }

    /// How many transactions within each other were begun.
    pub fn depth(&self) -> usize {
        self.levels.len()
    }

    pub fn set_autocommit(&mut self, on: bool) -> Result<Vec<Diagnostic>> {
        if on && !self.autocommit {
            self.prove_commit()?;
        }
        let outcome = self.handle.set_autocommit(on, self.context("autocommit"))?;
        if self.streams && self.dbms.begin_ends_streams && self.autocommit && !on {
            for state in self.statements.values_mut() {
                state.lose(Loss::Rest { fetched: state.fetched() });
            }
        }
        self.autocommit = on;
        (self.failed_in_transaction, self.worked) = (false, false);
        Ok(outcome.into_warnings())
    }

    /// Ends the driver's transaction.
    pub(super) fn end_transaction(&mut self, commit: bool) -> Result<()> {
        let operation = if commit { "commit" } else { "rollback" };
        if commit {
            self.prove_commit()?;
        } else {
            self.forget_schema();
        }
        let ended = self.handle.end_transaction(commit, self.context(operation));
        if ended.is_ok() {
            (self.failed_in_transaction, self.worked, self.undone) = (false, false, false);
        }
        ended.map(drop).map_err(|error| self.explain(error))
    }

    /// Makes sure that a transaction in which something failed is still there to be committed.
    fn prove_commit(&mut self) -> Result<()> {
        if let Err(undone) = self.check_undone("commit") {
            // What was done since must not be committed in the name of the whole.
            self.end_transaction(false)?;
            return Err(undone);
        }
        if !self.dbms.commit_needs_proof {
            return Ok(());
        }
        // Closing a cursor may have found that out, and nobody hears of it.
        if self.worked && self.handle.is_dead() {
            let message = "the connection is lost, and with it the transaction";
            return Err(Error::new(ErrorKind::Transaction, "commit", message));
        }
        if !self.failed_in_transaction {
            return Ok(());
        }
        let Err(error) = self.run("commit", "SELECT 1") else { return Ok(()) };
        // The first error is what the user needs; the rollback only frees the session.
        let _ = self.end_transaction(false);
        Err(error.of_kind(ErrorKind::Transaction))
    }

    /// Rolls back, frees every statement and ends the connection.
    pub fn disconnect(mut self) -> Result<()> {
        self.inserting = None;
        self.spare = None;
        // What the driver cannot close ends with its connection.
        let _ = self.clear_statements();
        let context = self.context("close");
        if !self.autocommit {
            // A connection that is lost cannot roll back, and needs not.
            let _ = self.handle.end_transaction(false, context);
        }
        match self.handle.disconnect(context) {
            Err(error) if self.dbms.disconnect_needs_rollback && !self.handle.is_dead() => {
                self.run("close", "ROLLBACK").map_err(|_| error)?;
                self.handle.disconnect(context)
            }
            // Nothing is left to disconnect from.
            Err(_) if self.handle.is_dead() => Ok(()),
            ended => ended,
        }
    }
}
