//! Statements: SQL text that is executed, once or many times.

mod closed;
mod held;
mod state;
mod steady;

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

use serde::Serialize;

pub(crate) use closed::CLOSED;
pub(crate) use held::HeldResult;
pub(crate) use state::{Loss, StatementState};

use crate::{
    cancel::{CancelHandle, StreamFlag, Target},
    catalog::CatalogQuery,
    connection::{Session, Shared, StatementKey},
    error::{Diagnostic, Error, ErrorKind, Result},
    metrics,
    options::{StreamOptions, check_query_timeout},
    parameters::Parameters,
    sql::{Named, is_one_of, may_add_nulls, may_write, name_markers},
    stream::{ResultKey, Stream},
    telemetry::{Operation, Reading, Subject},
};

/// What an execution did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Execution {
    /// How many rows were inserted, updated or deleted; None where there is a result set, or the
    /// driver does not say.
    pub affected_rows: Option<u64>,
    /// How many columns the result set has; 0 where there is none.
    pub column_count: usize,
    /// What the driver had to say beside success.
    pub warnings: Vec<Diagnostic>,
}

/// How often a statement is prepared anew whose tables change meanwhile.
const STALE_ATTEMPTS: u32 = 3;

/// Whether a statement may change rows, so that executing it again would do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writes {
    Never,
    /// What begins with WITH may insert, and give the rows that it has inserted.
    Perhaps,
    Always,
}

impl Writes {
    /// Of a statement whose first word this is.
    fn of(word: &str) -> Self {
        if is_one_of(word, &["SELECT", "VALUES"]) {
            Self::Never
        } else if is_one_of(word, &["WITH"]) {
            Self::Perhaps
        } else {
            Self::Always
        }
    }
}

/// A statement of one connection.
///
/// It is closed by [`Statement::close`], by dropping it, or with its connection.
pub struct Statement {
    shared: Arc<Shared>,
    key: StatementKey,
    sql: String,
    /// Whether it leaves every table's columns as they are.
    keeps_schema: bool,
    /// Whether it may run between the chunks of a bulk insert, whose rows it gives.
    feeds_insert: bool,
    writes: Writes,
    /// The text with its named parameters replaced by `?`.
    named: OnceLock<Named>,
    /// What the text is about, once that is asked for.
    subject: OnceLock<Arc<Subject>>,
    /// The number of the result that is read at present; 0 for none.
    reading: Arc<AtomicU64>,
    query_timeout_ms: AtomicU32,
    /// Of the last execution; kept here so that reading them never waits for the connection.
    warnings: Mutex<Vec<Diagnostic>>,
}

impl Statement {
    pub(crate) fn new(shared: &Arc<Shared>, sql: &str) -> Result<Self> {
        Self::made(shared, sql, false)
    }

    /// A statement that also works while a bulk insert takes its rows.
    pub(crate) fn feeding_insert(shared: &Arc<Shared>, sql: &str) -> Result<Self> {
        Self::made(shared, sql, true)
    }

    fn made(shared: &Arc<Shared>, sql: &str, feeds_insert: bool) -> Result<Self> {
        let invalid = |message: &str| Error::new(ErrorKind::InvalidArgument, "statement", message);
        if sql.trim().is_empty() {
            return Err(invalid("the SQL text is empty"));
        }
        if sql.contains('\0') {
            return Err(invalid("the SQL text holds a NUL character"));
        }
        let job = shared.job("statement")?;
        let mut session = shared.session_for(&job, feeds_insert)?;
        let state = StatementState::new();
        let reading = state.reading();
        let key = session.statements.insert(state);
        let width = shared.dbms.statement_bytes_min;
        let word = first_word(sql);
        Ok(Self {
            shared: Arc::clone(shared),
            key,
            named: OnceLock::new(),
            subject: OnceLock::new(),
            reading,
            query_timeout_ms: shared.query_timeout_ms().into(),
            keeps_schema: keeps_schema(word) && !sql.to_ascii_lowercase().contains("set_config"),
            feeds_insert,
            writes: Writes::of(word),
            sql: format!("{sql:width$}"),
            warnings: Mutex::default(),
        })
    }

    /// A statement that has asked the catalog, and has the answer as its result.
    pub(crate) fn of_catalog(shared: &Arc<Shared>, query: &CatalogQuery) -> Result<Self> {
        const OPERATION: &str = "catalog";
        query.check()?;
        let job = shared.job(OPERATION)?;
        let mut session = shared.session_of(&job)?;
        let _alarm = job.within(shared.query_timeout_ms());
        let context = session.context(OPERATION);
        let looked = session.load_schema();
        looked.map_err(|error| session.failed(error)).inspect_err(metrics::count_error)?;
        let handle = session.allocate(OPERATION)?;
        let mut state = StatementState::new();
        let asked = state.ask_catalog(query, handle, context);
        asked.map_err(|error| session.failed(error)).inspect_err(metrics::count_error)?;
        let reading = state.reading();
        let key = session.statements.insert(state);
        drop(session);
        Ok(Self {
            query_timeout_ms: shared.query_timeout_ms().into(),
            shared: Arc::clone(shared),
            key,
            sql: String::new(),
            keeps_schema: true,
            feeds_insert: false,
            writes: Writes::Never,
            named: OnceLock::new(),
            subject: OnceLock::new(),
            reading,
            warnings: Mutex::default(),
        })
    }

    /// The SQL text; empty where the statement has asked the catalog.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Executes the statement with these parameters; closes the result of the last execution.
    ///
    /// The first execution without parameters runs the text directly; later ones, and those with
    /// parameters, prepare it once.
    pub fn execute(&self, parameters: &Parameters) -> Result<Execution> {
        let place = &self.shared.place;
        let mut observed = Operation::begin_on(place, "execute", &self.sql, || self.subject());
        let executed = self.execute_unobserved(parameters);
        let affected = || executed.as_ref().ok()?.affected_rows.and_then(|n| n.try_into().ok());
        observed.set("odbc_engine.affected_rows", affected);
        observed.end(&executed);
        executed
    }

    fn subject(&self) -> Arc<Subject> {
        let describe = || self.shared.place.subject(&self.sql);
        Arc::clone(self.subject.get_or_init(describe))
    }

    fn execute_unobserved(&self, parameters: &Parameters) -> Result<Execution> {
        const OPERATION: &str = "execute";
        if self.sql.is_empty() {
            let message = "a statement that asks the catalog is not executed again";
            return Err(Error::new(ErrorKind::InvalidState, OPERATION, message));
        }
        let dbms = self.shared.dbms;
        let (sql, encoded) = if parameters.is_named() {
            let named = self.named()?;
            (named.text.as_str(), parameters.in_order_of(&named.names)?.encode(dbms)?)
        } else {
            (self.sql.as_str(), parameters.encode(dbms)?)
        };
        let job = self.shared.control.begin(OPERATION, Some(self.key), None)?;
        let mut session = self.shared.session_for(&job, self.feeds_insert)?;
        let _alarm = job.within(self.query_timeout_ms());
        if dbms.transaction_text_desyncs && !session.autocommit && ends_transaction(&self.sql) {
            return Err(Error::new(
                ErrorKind::InvalidState,
                OPERATION,
                "with autocommit off, end the transaction by commit() or rollback(), not by SQL: \
                 the driver would not notice",
            ));
        }
        let generation = session.generation;
        let state = self.state(&mut session, OPERATION)?;
        state.renew(generation, dbms);
        if state.wants_handle(dbms) {
            self.give_handle(&mut session, sql)?;
        }
        session.trace(sql);
        let context = session.context(OPERATION);
        let begin = Instant::now();
        let mut executed = self.execute_steadily(&mut session, sql, encoded, context);
        for _ in 0..STALE_ATTEMPTS {
            let state = self.state(&mut session, OPERATION)?;
            let reads_only = self.writes == Writes::Never;
            if !executed.as_ref().is_err_and(|error| state.is_stale(error, reads_only)) {
                break;
            }
            let handle = session.allocate(OPERATION)?;
            let state = self.state(&mut session, OPERATION)?;
            state.set_handle(handle);
            executed = state.execute_again(sql, context);
        }
        metrics::count_execution(begin.elapsed());
        if !self.keeps_schema {
            session.note_schema_change(&self.sql);
            // It has not changed what it means itself.
            let generation = session.generation;
            self.state(&mut session, OPERATION)?.keep_prepared(generation);
        }
        let executed = executed.and_then(|execution| {
            session.succeeded();
            self.settle_late_request(&mut session, execution)
        });
        self.keep_warnings(executed.as_ref().ok());
        executed.map_err(|error| session.failed(error)).inspect_err(metrics::count_error)
    }

    /// Does what is left to do about a request to stop that has come too late for the execution
    /// itself: its result is not read any more. Where nobody knows whether there is one, a query that
    /// changes nothing fails, lest it look like one without rows.
    fn settle_late_request(
        &self,
        session: &mut Session,
        mut execution: Execution,
    ) -> Result<Execution> {
        let Some((cause, trouble)) = session.control().was_late() else { return Ok(execution) };
        execution.warnings.extend(trouble);
        let Some(state) = session.statements.get_mut(self.key) else { return Ok(execution) };
        let unknown = state.was_cancelled() && execution.column_count == 0;
        state.cancel_result(cause, self.shared.dbms);
        if unknown
            && self.writes != Writes::Always
            && !may_write(&self.sql, self.shared.dbms.syntax)
        {
            return Err(cause.error("execute"));
        }
        Ok(execution)
    }

    /// How long an execution of this statement, or the fetching of a batch, may take in
    /// milliseconds; 0 is no limit. What the connection's options say, unless set here.
    pub fn query_timeout_ms(&self) -> u32 {
        self.query_timeout_ms.load(Ordering::Relaxed)
    }

    /// Sets how long an execution of this statement, or the fetching of a batch, may take: 0, which
    /// is no limit, to 86,400,000 ms. A call that takes longer is stopped and fails with an error
    /// of kind Timeout.
    pub fn set_query_timeout(&self, query_timeout_ms: u32) -> Result<()> {
        check_query_timeout("query_timeout", query_timeout_ms)?;
        self.shared.check_query_timeout("query_timeout", query_timeout_ms)?;
        self.query_timeout_ms.store(query_timeout_ms, Ordering::Relaxed);
        Ok(())
    }

    /// What stops this statement's execution and its stream, from any thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.shared.cancel_handle(Target::Statement(self.key))
    }

    /// Asks that this statement's execution or stream stops, without waiting. Where nothing of it
    /// runs, this does nothing.
    pub fn cancel(&self) -> Result<()> {
        self.cancel_handle().cancel()
    }

    /// Gives the statement a handle: one that was prepared for the same text, or a new one.
    fn give_handle(&self, session: &mut Session, sql: &str) -> Result<()> {
        const OPERATION: &str = "execute";
        let is_new = !self.state(session, OPERATION)?.has_handle();
        let prepared = if is_new && sql.contains('?') { session.cache.take(sql) } else { None };
        match prepared {
            Some(prepared) => self.state(session, OPERATION)?.set_prepared(prepared),
            None => {
                let handle = session.allocate(OPERATION)?;
                self.state(session, OPERATION)?.set_handle(handle);
            }
        }
        Ok(())
    }

    /// Goes on to the next result of the last execution, such as of a procedure or of several
    /// statements in one text: a result set to be streamed, or a count of rows. None where there
    /// is no other. The stream of the result before is closed.
    pub fn next_result(&self) -> Result<Option<Execution>> {
        const OPERATION: &str = "next_result";
        let job = self.shared.control.begin(OPERATION, Some(self.key), None)?;
        let mut session = self.shared.session_of(&job)?;
        let _alarm = job.within(self.query_timeout_ms());
        let context = session.context(OPERATION);
        let state = self.state(&mut session, OPERATION)?;
        let mut next = state.next_result(context);
        if let Ok(Some(_)) = next
            && state.was_cancelled()
            && let Some((cause, _)) = session.control().was_late()
        {
            self.state(&mut session, OPERATION)?.cancel_result(cause, self.shared.dbms);
            next = Err(cause.error(OPERATION));
        }
        self.keep_warnings(next.as_ref().ok().and_then(Option::as_ref));
        next.map_err(|error| session.failed(error))
    }

    /// Reads the present result set into memory.
    pub(crate) fn read(&self) -> Result<HeldResult> {
        let stream = self.stream(&StreamOptions::default())?;
        let schema = stream.schema();
        let column_count = schema.fields().len();
        let batches = std::iter::from_fn(|| stream.fetch().transpose()).collect::<Result<_>>()?;
        let execution = Execution { column_count, ..Execution::default() };
        Ok(HeldResult { execution, schema, batches })
    }

    /// Gives these results as those of the last execution; returns what the first is.
    pub(crate) fn hold(&self, results: Vec<HeldResult>) -> Result<Execution> {
        let mut session = self.shared.session("call")?;
        Ok(self.state(&mut session, "call")?.hold(results))
    }

    fn keep_warnings(&self, execution: Option<&Execution>) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        *warnings = execution.map_or_else(Vec::new, |execution| execution.warnings.clone());
    }

    /// The text with its named parameters replaced, once that is asked for.
    fn named(&self) -> Result<&Named> {
        let named = self.named.get_or_init(|| name_markers(&self.sql, self.shared.dbms.syntax));
        if named.has_positions {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "execute",
                "the parameters have names, but the statement has a '?', which stands for one without \
                 a name; use one or the other, and functions in place of operators with a '?'",
            ));
        }
        Ok(named)
    }

    /// What the driver had to say beside success, when the statement was executed last.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many columns the present result set has; 0 where there is none.
    pub fn column_count(&self) -> Result<usize> {
        const OPERATION: &str = "column_count";
        let mut session = self.shared.session(OPERATION)?;
        Ok(self.state(&mut session, OPERATION)?.column_count())
    }

    /// Streams the present result set of the last execution.
    pub fn stream(&self, options: &StreamOptions) -> Result<Stream> {
        const OPERATION: &str = "stream";
        options.check()?;
        let job = self.shared.control.begin(OPERATION, Some(self.key), None)?;
        let mut session = self.shared.session_for(&job, self.feeds_insert)?;
        let context = session.context(OPERATION);
        // psqlodbc 13.02 and MariaDB Connector/ODBC 3.1.15 tell the table's NOT NULL also behind
        // ROLLUP, and psqlodbc behind some outer joins.
        let not_null_holds = || !may_add_nulls(&self.sql, self.shared.dbms.syntax);
        let keeps_columns = session.plans_on_server && !self.sql.trim_end().contains(';');
        let state = self.state(&mut session, OPERATION)?;
        let key = |number| ResultKey {
            shared: Arc::clone(&self.shared),
            statement: self.key,
            number,
            reading: Arc::clone(&self.reading),
            flag: StreamFlag::default(),
            query_timeout_ms: self.query_timeout_ms(),
        };
        let reading = || Reading::begin(&self.shared.place, &self.sql, || self.subject());
        if let Some((schema, result)) = state.read_held() {
            return Ok(Stream::new(key(result), schema, Some(false), reading()));
        }
        let (schema, number, reads_instants) =
            state.read(options, keeps_columns, not_null_holds, context)?;
        if reads_instants && let Err(error) = session.check_time_zone(OPERATION) {
            self.state(&mut session, OPERATION)?.close_reading(number);
            return Err(error);
        }
        Ok(Stream::new(key(number), schema, options.prefetch, reading()))
    }

    /// Closes the statement and its stream. Closing again does nothing.
    pub fn close(&self) -> Result<()> {
        self.shared.close_in_session(|session| session.close_statement(self.key))
    }

    fn state<'a>(
        &self,
        session: &'a mut Session,
        operation: &'static str,
    ) -> Result<&'a mut StatementState> {
        session.statements.get_mut(self.key).ok_or_else(|| {
            Error::new(ErrorKind::InvalidState, operation, "the statement is closed")
        })
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        self.shared.discard(self.key);
    }
}

/// Whether a statement of this first word leaves every table's columns as they are, so that prepared
/// statements still fit them.
fn keeps_schema(word: &str) -> bool {
    const WORDS: [&str; 10] = [
        "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES", "MERGE", "REPLACE", "SHOW",
        "EXPLAIN",
    ];
    is_one_of(word, &WORDS)
}

fn first_word(sql: &str) -> &str {
    let sql = without_leading_comments(sql);
    &sql[..sql.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(sql.len())]
}

/// Whether a text begins or ends a transaction, savepoints excepted.
fn ends_transaction(sql: &str) -> bool {
    let words: Vec<String> = without_leading_comments(sql)
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| !word.is_empty())
        .take(3)
        .map(str::to_ascii_uppercase)
        .collect();
    let to_savepoint = words.iter().skip(1).any(|word| word == "TO");
    matches!(words.first().map(String::as_str), Some("BEGIN" | "COMMIT" | "END" | "ROLLBACK"))
        && !to_savepoint
}

pub(crate) fn without_leading_comments(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        let after = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else {
            return rest;
        };
        rest = after.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_end_a_transaction_are_known_behind_comments() {
        for sql in
            ["COMMIT", " rollback;", "-- x\n/* y */ End", "begin immediate", "ROLLBACK TRANSACTION"]
        {
            assert!(ends_transaction(sql), "{sql}");
        }
        for sql in
            ["ROLLBACK TO a", "rollback transaction to savepoint a", "SELECT 1", "COMMITTED", ""]
        {
            assert!(!ends_transaction(sql), "{sql}");
        }
    }
}
