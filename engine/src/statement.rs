//! Statements: SQL text that is executed, once or many times.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::{
    connection::{Shared, StatementKey},
    dbms::Dbms,
    error::{Diagnostic, Error, ErrorKind, Result},
    fetch::Cursor,
    handle::{Context, Outcome, StatementHandle},
    options::StreamOptions,
    parameters::{BoundParameters, Parameters},
    stream::Stream,
    types::ColumnInfo,
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

/// The driver's side of a statement. Field order is drop order: the handle lets go of what is
/// bound before that is freed.
#[derive(Default)]
pub(crate) struct StatementState {
    handle: Option<StatementHandle>,
    /// What reads the result of the last execution.
    cursor: Option<Cursor>,
    /// Some drivers read parameters while they fetch, so the values stay until the next execution.
    parameters: BoundParameters,
    /// The number of parameter markers, once the statement is prepared.
    prepared: Option<usize>,
    failed: bool,
    executions: u64,
    column_count: usize,
}

impl StatementState {
    /// Whether the next execution wants a new handle.
    fn wants_handle(&self, dbms: &Dbms) -> bool {
        self.handle.is_none() || (self.failed && !dbms.handle_survives_errors)
    }

    fn set_handle(&mut self, handle: StatementHandle) {
        // The old handle goes before the buffers that are bound to it.
        self.handle = None;
        self.close_cursor();
        self.prepared = None;
        self.handle = Some(handle);
    }

    fn close_cursor(&mut self) {
        if let Some(handle) = &mut self.handle {
            handle.reset();
        }
        self.cursor = None;
        self.column_count = 0;
    }

    fn execute(
        &mut self,
        sql: &str,
        parameters: BoundParameters,
        context: Context,
    ) -> Result<Execution> {
        self.close_cursor();
        self.executions += 1;
        self.failed = true;
        let outcome = self.run(sql, parameters, context)?;
        let handle = self.handle.as_mut().expect("a statement is executed on a handle");
        self.column_count = handle.column_count(context)?;
        let affected_rows = match outcome {
            _ if self.column_count > 0 => None,
            // A searched update or delete that found nothing.
            Outcome::NoData => Some(0),
            _ => handle.row_count(),
        };
        self.failed = false;
        Ok(Execution {
            affected_rows,
            column_count: self.column_count,
            warnings: outcome.into_warnings(),
        })
    }

    fn run(&mut self, sql: &str, parameters: BoundParameters, context: Context) -> Result<Outcome> {
        self.parameters = parameters;
        let handle = self.handle.as_mut().expect("a statement is executed on a handle");
        let once = self.executions == 1 && self.parameters.len() == 0 && !sql.contains('?');
        if once {
            return handle.execute_direct(sql, context);
        }
        let markers = match self.prepared {
            Some(markers) => markers,
            None => {
                handle.prepare(sql, context)?;
                *self.prepared.insert(handle.parameter_count(context)?)
            }
        };
        if markers != self.parameters.len() {
            // Nothing was executed, so the handle is as good as before.
            self.failed = false;
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                context.operation,
                format!(
                    "the statement has {markers} parameter markers, but {} parameters were given",
                    self.parameters.len()
                ),
            ));
        }
        self.parameters.bind(handle, context)?;
        // SAFETY: The bound values are kept beside the handle until it is reset or dropped.
        unsafe { handle.execute(context) }
    }

    fn describe(&mut self, context: Context) -> Result<Vec<ColumnInfo>> {
        let no_result = || {
            Error::new(
                ErrorKind::InvalidState,
                context.operation,
                "there is no result to read: execute a query first",
            )
        };
        if self.cursor.is_some() {
            return Err(Error::new(
                ErrorKind::InvalidState,
                context.operation,
                "the result is already being read: execute the statement again",
            ));
        }
        if self.column_count == 0 {
            return Err(no_result());
        }
        let handle = self.handle.as_mut().ok_or_else(no_result)?;
        (1..=self.column_count)
            .map(|number| {
                let number = u16::try_from(number).map_err(|_| {
                    Error::new(
                        ErrorKind::Limit,
                        context.operation,
                        "the result has too many columns",
                    )
                })?;
                handle.describe_column(number, context)
            })
            .collect()
    }

    /// The cursor that the execution numbered `execution` is read by, with its handle.
    pub fn reading(
        &mut self,
        execution: u64,
        operation: &'static str,
    ) -> Result<(&mut StatementHandle, &mut Cursor)> {
        let again = self.executions != execution;
        match (&mut self.handle, &mut self.cursor) {
            (Some(handle), Some(cursor)) if !again => Ok((handle, cursor)),
            _ => Err(Error::new(
                ErrorKind::InvalidState,
                operation,
                if again {
                    "the stream is closed: its statement was executed again"
                } else {
                    "the stream is closed"
                },
            )),
        }
    }

    /// Closes the cursor of the execution numbered `execution`, if that is the last one.
    pub fn close_reading(&mut self, execution: u64) {
        if self.executions == execution {
            self.close_cursor();
        }
    }

    /// Closes the cursor after a failure, which some handles do not survive.
    pub fn fail_reading(&mut self) {
        self.failed = true;
        self.close_cursor();
    }
}

/// A statement of one connection.
///
/// It is closed by [`Statement::close`], by dropping it, or with its connection.
pub struct Statement {
    shared: Arc<Shared>,
    key: StatementKey,
    sql: String,
    /// Of the last execution; kept here so that reading them never waits for the connection.
    warnings: Mutex<Vec<Diagnostic>>,
}

impl Statement {
    pub(crate) fn new(shared: &Arc<Shared>, sql: &str) -> Result<Self> {
        let invalid = |message: &str| Error::new(ErrorKind::InvalidArgument, "statement", message);
        if sql.trim().is_empty() {
            return Err(invalid("the SQL text is empty"));
        }
        if sql.contains('\0') {
            return Err(invalid("the SQL text holds a NUL character"));
        }
        let mut session = shared.session("statement")?;
        let key = session.statements.insert(StatementState::default());
        let width = shared.dbms.statement_bytes_min;
        Ok(Self {
            shared: Arc::clone(shared),
            key,
            sql: format!("{sql:width$}"),
            warnings: Mutex::default(),
        })
    }

    /// The SQL text.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Executes the statement with these parameters; closes the result of the last execution.
    ///
    /// The first execution without parameters runs the text directly; later ones, and those with
    /// parameters, prepare it once.
    pub fn execute(&self, parameters: &Parameters) -> Result<Execution> {
        const OPERATION: &str = "execute";
        let dbms = self.shared.dbms;
        let parameters = parameters.encode(dbms)?;
        let mut session = self.shared.session(OPERATION)?;
        if dbms.transaction_text_desyncs && !session.autocommit && ends_transaction(&self.sql) {
            return Err(Error::new(
                ErrorKind::InvalidState,
                OPERATION,
                "with autocommit off, end the transaction by commit() or rollback(), not by SQL: \
                 the driver would not notice",
            ));
        }
        let wants_handle = self.state(&mut session, OPERATION)?.wants_handle(dbms);
        let handle = if wants_handle { Some(session.allocate(OPERATION)?) } else { None };
        let context = session.context(OPERATION);
        let state = self.state(&mut session, OPERATION)?;
        if let Some(handle) = handle {
            state.set_handle(handle);
        }
        let executed = state.execute(&self.sql, parameters, context);
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.clear();
        match executed {
            Ok(execution) => {
                warnings.clone_from(&execution.warnings);
                Ok(execution)
            }
            Err(error) => Err(session.failed(error)),
        }
    }

    /// What the driver had to say beside success, when the statement was executed last.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Streams the result set of the last execution.
    pub fn stream(&self, options: &StreamOptions) -> Result<Stream> {
        const OPERATION: &str = "stream";
        options.check()?;
        let mut session = self.shared.session(OPERATION)?;
        let context = session.context(OPERATION);
        let columns = self.state(&mut session, OPERATION)?.describe(context)?;
        let cursor = Cursor::new(&columns, context.dbms, options);
        if cursor.reads_instants() {
            session.check_time_zone(OPERATION)?;
        }
        let schema = cursor.schema();
        let state = self.state(&mut session, OPERATION)?;
        state.cursor = Some(cursor);
        let execution = state.executions;
        Ok(Stream::new(Arc::clone(&self.shared), self.key, execution, schema))
    }

    /// Closes the statement and its stream. Closing again does nothing.
    pub fn close(&self) -> Result<()> {
        match self.shared.session("close") {
            Ok(mut session) => {
                session.statements.remove(self.key);
                Ok(())
            }
            // A closed connection has closed its statements.
            Err(error) if error.kind == ErrorKind::InvalidState => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn state<'a>(
        &self,
        session: &'a mut crate::connection::Session,
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

fn without_leading_comments(sql: &str) -> &str {
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
