//! The rows of one execution, read once, as tuples, as batches or as an Arrow stream.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use odbc_engine::{Error, ErrorKind, Result};
use pyo3::{
    prelude::*,
    types::{PyCapsule, PyList},
};

use crate::{
    arrow::{self, Column},
    batch::Batch,
    enter::{Detached, enter, enter_stoppable},
    exceptions,
    interrupt::Stop,
    rows::{self, Span},
};

/// Where reading has come to. All ways of reading share it, so that none loses or repeats a row.
///
/// Whoever holds its lock needs no GIL to give it back, so a consumer that waits for the lock with
/// the GIL held still gets it.
pub(crate) struct Reader {
    engine: odbc_engine::Stream,
    /// A forgotten statement would close its stream, which a consumer may still read.
    _statement: Option<Arc<odbc_engine::Statement>>,
    /// So would a forgotten connection.
    _connection: Arc<odbc_engine::Connection>,
    pub(crate) stop: Stop,
    position: Mutex<Position>,
    failure: Mutex<Option<Failure>>,
}

/// What ended an Arrow stream, which can carry no more of it than the message.
pub(crate) enum Failure {
    Engine(Error),
    /// By a signal handler, between two batches.
    Raised(PyErr),
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(error) => error.fmt(out),
            Self::Raised(error) => error.fmt(out),
        }
    }
}

#[derive(Default)]
struct Position {
    batch: Option<RecordBatch>,
    /// How many rows of `batch` have been read.
    read: usize,
    /// How many of these, the last ones, were read ahead: they are taken, or read again.
    ahead: usize,
    /// Whether a call failed behind rows of batches that are gone.
    lost: bool,
    /// The row of the result at which `batch` begins.
    first_row: u64,
}

impl Position {
    /// How many rows of the batch have not been read.
    fn rest(&self) -> usize {
        self.batch.as_ref().map_or(0, RecordBatch::num_rows) - self.read
    }

    /// The row of the result that is read next.
    fn row(&self) -> u64 {
        self.first_row + (self.read - self.ahead) as u64
    }

    /// Goes back by the last `rows` rows that were read, which ended at row `end`. Where others have
    /// read since, or the rows' batches are gone, nothing is read any more: what follows must not
    /// pass for the whole.
    fn give_back(&mut self, end: u64, rows: usize) {
        let read = self.read - std::mem::take(&mut self.ahead);
        match read.checked_sub(rows) {
            Some(before) if self.first_row + read as u64 == end => self.read = before,
            _ => self.lost = self.batch.is_some(),
        }
    }
}

/// The rows that one call has read, all of which come back if it fails.
#[derive(Default)]
pub(crate) struct Claim {
    rows: usize,
    end: u64,
    /// Whether others read between these rows.
    torn: bool,
}

impl Claim {
    fn add(&mut self, window: &Window) {
        self.torn |= self.rows > 0 && window.begins() != self.end;
        self.rows += window.span.length;
        self.end = window.ends();
    }

    /// Leaves out the last rows, which have come back already.
    fn drop_last(&mut self, rows: usize) {
        self.rows = self.rows.saturating_sub(rows);
        self.end = self.end.saturating_sub(rows as u64);
    }
}

/// Some rows of a batch, which nobody else will read.
pub(crate) struct Window {
    batch: RecordBatch,
    span: Span,
    /// The row of the result at which the batch begins.
    first_row: u64,
}

impl Window {
    /// The row of the result that it begins with.
    pub(crate) fn begins(&self) -> u64 {
        self.first_row + self.span.first as u64
    }

    fn ends(&self) -> u64 {
        self.begins() + self.span.length as u64
    }

    /// The rows as a batch of their own.
    pub(crate) fn into_batch(self) -> RecordBatch {
        let Span { first, length } = self.span;
        if length == self.batch.num_rows() { self.batch } else { self.batch.slice(first, length) }
    }
}

impl Reader {
    pub(crate) fn new(
        engine: odbc_engine::Stream,
        statement: Option<Arc<odbc_engine::Statement>>,
        connection: Arc<odbc_engine::Connection>,
    ) -> Arc<Self> {
        let (stop, position, failure) =
            (Stop::Call(engine.cancel_handle()), Default::default(), Mutex::default());
        Arc::new(Self {
            engine,
            _statement: statement,
            _connection: connection,
            stop,
            position,
            failure,
        })
    }

    /// Reads up to `rows_max` rows, all of one batch; None at the end of the result.
    pub(crate) fn read(&self, rows_max: usize, claim: &mut Claim) -> Result<Option<Window>> {
        let window = self.read_into(&mut lock(&self.position), rows_max)?;
        if let Some(window) = &window {
            claim.add(window);
        }
        Ok(window)
    }

    /// The same for rows that nobody has asked for yet: until they are taken, others read them.
    pub(crate) fn read_ahead(&self, rows_max: usize) -> Result<Option<Window>> {
        let mut position = lock(&self.position);
        let window = self.read_into(&mut position, rows_max)?;
        position.ahead = window.as_ref().map_or(0, |window| window.span.length);
        Ok(window)
    }

    fn read_into(&self, position: &mut Position, rows_max: usize) -> Result<Option<Window>> {
        if position.lost {
            let message = "rows of this result were lost with a call that failed: execute it again";
            return Err(Error::new(ErrorKind::InvalidState, "fetch", message));
        }
        position.read -= std::mem::take(&mut position.ahead);
        if !self.engine.is_live() {
            self.drop_rest(position)?;
        }
        loop {
            if let Some(batch) = &position.batch {
                let length = rows_max.min(batch.num_rows() - position.read);
                if length > 0 {
                    let span = Span { first: position.read, length };
                    let (batch, first_row) = (batch.clone(), position.first_row);
                    position.read += length;
                    return Ok(Some(Window { batch, span, first_row }));
                }
            }
            let Some(next) = self.engine.fetch()? else { return Ok(None) };
            let skipped = position.batch.as_ref().map_or(0, RecordBatch::num_rows);
            position.first_row += skipped as u64;
            position.batch = Some(next);
            position.read = 0;
        }
    }

    /// Forgets what is left of a batch, which must not outlive its stream. Where the engine has no
    /// reason to say why there is no more, that is said here.
    fn drop_rest(&self, position: &mut Position) -> Result<()> {
        let had_rows = position.rest() > 0;
        (position.batch, position.read) = (None, 0);
        if had_rows && self.engine.is_at_end() && self.engine.is_cancelled() {
            self.engine.close()?;
            return Err(Error::new(ErrorKind::Cancelled, "fetch", "the stream was cancelled"));
        }
        Ok(())
    }

    /// The rows of a window as tuples, appended to a list; returns how many.
    ///
    /// A row that Python cannot hold is an error only where it is the first one: the next call will
    /// meet it first.
    pub(crate) fn append(
        &self,
        list: &Bound<'_, PyList>,
        window: Option<Window>,
        claim: &mut Claim,
    ) -> PyResult<usize> {
        let Some(window) = window else { return Ok(0) };
        let (rows, failure) = rows::append(list, &window.batch, window.span, window.first_row)?;
        let rest = window.span.length - rows;
        if rest > 0 {
            self.unread(&window, rest, claim.rows > 0);
            claim.drop_last(rest);
        }
        match failure {
            Some(failure) if rows == 0 => Err(failure),
            _ => Ok(rows),
        }
    }

    /// Gives back the last `rows` rows of a window, which was claimed or read ahead.
    fn unread(&self, window: &Window, rows: usize, is_claimed: bool) {
        let mut position = lock(&self.position);
        if is_claimed {
            position.give_back(window.ends(), rows);
        } else if position.ahead == window.span.length && position.row() == window.begins() {
            position.ahead -= rows;
            position.read -= rows;
        }
    }

    /// Takes the first of the last `rows` rows, which were read ahead; tells whether they still are.
    /// None where somebody reads at this moment.
    pub(crate) fn take_ahead(&self, rows: usize) -> Option<bool> {
        let mut position = match self.position.try_lock() {
            Ok(position) => position,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let is_there = position.ahead == rows && self.engine.is_live();
        if is_there {
            position.ahead -= 1;
        }
        Some(is_there)
    }

    /// Gives back the rows of a call that failed.
    pub(crate) fn give_back(&self, claim: &Claim) {
        if claim.rows > 0 {
            // No position is that far, so torn rows are lost.
            let end = if claim.torn { u64::MAX } else { claim.end };
            lock(&self.position).give_back(end, claim.rows);
        }
    }

    /// Whether every row has been read.
    pub(crate) fn is_at_end(&self) -> bool {
        lock(&self.position).rest() == 0 && self.engine.is_at_end()
    }

    pub(crate) fn close(&self) -> Result<()> {
        *lock(&self.position) = Position::default();
        self.engine.close()
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        self.engine.schema()
    }

    pub(crate) fn remember(&self, failure: Failure) {
        *lock(&self.failure) = Some(failure);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[pyclass(frozen, module = "odbc_engine._native")]
pub(crate) struct Stream {
    reader: Detached<Arc<Reader>>,
}

impl Stream {
    pub(crate) fn new(reader: Arc<Reader>) -> Self {
        Self { reader: Detached::new(reader) }
    }
}

#[pymethods]
impl Stream {
    /// Name, Arrow format, nullability and metadata of each column.
    fn columns(&self, py: Python<'_>) -> PyResult<Vec<Column>> {
        arrow::columns(py, &self.reader.schema())
    }

    /// The next batch, or what is left of the current one; None at the end.
    fn fetch(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        let (reader, mut claim) = (&self.reader, Claim::default());
        // A signal handler may raise when the rows are there already.
        let window = enter_stoppable(py, &reader.stop, || reader.read(usize::MAX, &mut claim));
        let window = window.inspect_err(|_| reader.give_back(&claim))?;
        Ok(window.map(|window| {
            let first_row = window.begins();
            Batch::new(window.into_batch(), first_row)
        }))
    }

    fn warnings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let warnings = enter(py, || Ok(self.reader.engine.warnings()))?;
        exceptions::diagnostics(py, &warnings)
    }

    /// The error that ended an Arrow stream, as an exception with all its attributes.
    fn failure(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let failure = enter(py, || Ok(lock(&self.reader.failure).take()))?;
        // Where a signal is what stopped it, that is raised instead.
        py.check_signals()?;
        Ok(failure.map(|failure| {
            let raised = match failure {
                Failure::Engine(error) => exceptions::from_engine(py, &error),
                Failure::Raised(raised) => raised,
            };
            raised.into_value(py).into_any()
        }))
    }

    /// Never waits, so that it stops a fetch that another thread waits for.
    fn cancel(&self) {
        self.reader.engine.cancel();
    }

    /// Rows and bytes that were delivered, and seconds since the stream began.
    fn progress(&self) -> (u64, u64, f64) {
        let progress = self.reader.engine.progress();
        (progress.rows, progress.bytes, progress.elapsed.as_secs_f64())
    }

    /// The row of the result that is read next.
    fn position(&self, py: Python<'_>) -> PyResult<u64> {
        enter(py, || Ok(lock(&self.reader.position).row()))
    }

    /// Gives back the last `rows` rows that were read, which ended at the row `end`.
    fn give_back(&self, py: Python<'_>, end: u64, rows: usize) -> PyResult<()> {
        enter(py, || {
            self.reader.give_back(&Claim { rows, end, torn: false });
            Ok(())
        })
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        enter(py, || self.reader.close())
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        arrow::schema_capsule(py, &self.reader.schema())
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface lets a producer ignore the request; consumers cast for themselves.
        let _ = requested_schema;
        arrow::stream_capsule(py, Arc::clone(&self.reader))
    }
}
