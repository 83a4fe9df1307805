//! Streams: the rows of a result, batch by batch.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::{
    connection::{Session, Shared, StatementKey},
    error::{Diagnostic, Error, ErrorKind, Result},
    metrics,
    statement::{Statement, StatementState},
};

/// The rows of one result.
///
/// It is closed by [`Stream::close`], by its statement's next execution, and with its statement
/// and connection.
pub struct Stream {
    shared: Arc<Shared>,
    key: StatementKey,
    result: u64,
    schema: SchemaRef,
    closed: AtomicBool,
    warnings: Mutex<Vec<Diagnostic>>,
    /// The statement that nobody else holds, freed with this stream.
    statement: Option<Statement>,
}

impl Stream {
    pub(crate) fn new(
        shared: Arc<Shared>,
        key: StatementKey,
        result: u64,
        schema: SchemaRef,
    ) -> Self {
        Self {
            shared,
            key,
            result,
            schema,
            closed: AtomicBool::new(false),
            warnings: Mutex::default(),
            statement: None,
        }
    }

    /// The same stream, which also closes its statement.
    pub(crate) fn owning(mut self, statement: Statement) -> Self {
        self.statement = Some(statement);
        self
    }

    /// The columns of the result.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next rows, or None at the end, however often it is asked. After an error the stream is
    /// closed.
    pub fn fetch(&self) -> Result<Option<RecordBatch>> {
        const OPERATION: &str = "fetch";
        let closed = || Error::new(ErrorKind::InvalidState, OPERATION, "the stream is closed");
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let mut session = self.shared.session(OPERATION)?;
        let context = session.context(OPERATION);
        let state = session.statements.get_mut(self.key).ok_or_else(closed)?;
        state.check_reading(self.result, OPERATION)?;
        let mut warnings = Vec::new();
        let fetched = state.fetch(context, &mut warnings);
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).append(&mut warnings);
        if let Ok(Some(batch)) = &fetched {
            metrics::count_batch(batch);
        }
        fetched.map_err(|error| {
            metrics::count_error(&error);
            if let Some(state) = session.statements.get_mut(self.key) {
                state.fail_reading();
            }
            session.failed(error)
        })
    }

    /// What the driver had to say while rows were fetched, so far.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Closes the stream; its statement can be executed again. Closing again does nothing.
    pub fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.shared.close_in_session(|session| self.close_in(session))
    }

    fn close_in(&self, session: &mut Session) {
        if self.statement.is_some() {
            session.close_statement(self.key);
        } else if let Some(state) = session.statements.get_mut(self.key) {
            StatementState::close_reading(state, self.result);
        }
    }
}
