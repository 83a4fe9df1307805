//! The rows of one execution, read once, as tuples, as batches or as an Arrow stream.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use odbc_engine::{Error, Result};
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
    connection: Arc<odbc_engine::Connection>,
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
    /// The row of the result at which `batch` begins.
    first_row: u64,
}

/// Some rows of a batch, which nobody else will read.
pub(crate) struct Window {
    batch: RecordBatch,
    span: Span,
    /// The row of the result at which the batch begins.
    first_row: u64,
}

impl Window {
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
        Arc::new(Self { engine, _statement: statement, connection, stop, position, failure })
    }

    /// Reads up to `rows_max` rows, all of one batch; None at the end of the result.
    pub(crate) fn read(&self, rows_max: usize) -> Result<Option<Window>> {
        let mut position = lock(&self.position);
        if self.connection.is_closed() {
            // What is left of a batch must not outlive it; the engine says why there is no more.
            position.batch = None;
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

    /// Up to `rows_max` rows of one batch as tuples, appended to a list; returns how many.
    ///
    /// A row that Python cannot hold is an error only where it is the first one: the next call will
    /// meet it first.
    pub(crate) fn append_rows(&self, list: &Bound<'_, PyList>, rows_max: usize) -> PyResult<usize> {
        let window = enter_stoppable(list.py(), &self.stop, || self.read(rows_max))?;
        self.append(list, window)
    }

    /// The rows of a window as tuples, appended to a list; returns how many.
    pub(crate) fn append(
        &self,
        list: &Bound<'_, PyList>,
        window: Option<Window>,
    ) -> PyResult<usize> {
        let Some(window) = window else { return Ok(0) };
        let (rows, failure) = rows::append(list, &window.batch, window.span, window.first_row)?;
        if rows < window.span.length {
            self.unread(window.span.length - rows);
        }
        match failure {
            Some(failure) if rows == 0 => Err(failure),
            _ => Ok(rows),
        }
    }

    /// Whether every row has been read.
    pub(crate) fn is_at_end(&self) -> bool {
        let position = lock(&self.position);
        let rows = position.batch.as_ref().map_or(0, RecordBatch::num_rows);
        position.read == rows && self.engine.is_at_end()
    }

    /// Gives the last `rows` rows back, to be read again. Whoever has the lock needs no GIL.
    pub(crate) fn unread(&self, rows: usize) {
        let mut position = lock(&self.position);
        position.read = position.read.saturating_sub(rows);
    }

    pub(crate) fn close(&self) -> Result<()> {
        lock(&self.position).batch = None;
        self.engine.close()
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        self.engine.schema()
    }

    pub(crate) fn remember(&self, failure: Failure) {
        *lock(&self.failure) = Some(failure);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
        let reader = &self.reader;
        let window = enter_stoppable(py, &reader.stop, || reader.read(usize::MAX))?;
        Ok(window.map(|window| {
            let first_row = window.first_row + window.span.first as u64;
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
