//! One statement, executed as often as one likes, and the rows of its result.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use odbc_engine::{Execution, StreamOptions};
use pyo3::{prelude::*, types::PyList};

use crate::{
    enter::{Detached, enter, enter_stoppable},
    exceptions::{self, diagnostics},
    interrupt::Stop,
    parameters,
    stream::{Reader, Stream},
};

/// Affected rows if known, how many columns the result has, and the driver's warnings if any.
pub(crate) type Executed<'py> = (Option<u64>, usize, Option<Bound<'py, PyList>>);

#[pyclass(frozen, module = "odbc_engine._native")]
pub(crate) struct Statement {
    engine: Detached<Arc<odbc_engine::Statement>>,
    connection: Detached<Arc<odbc_engine::Connection>>,
    /// What reads the present result, once somebody has asked for it.
    reader: Detached<Mutex<Option<Arc<Reader>>>>,
    stop: Stop,
}

impl Statement {
    pub(crate) fn new(
        engine: odbc_engine::Statement,
        connection: Arc<odbc_engine::Connection>,
    ) -> Self {
        Self {
            stop: Stop::Call(engine.cancel_handle()),
            engine: Detached::new(Arc::new(engine)),
            connection: Detached::new(connection),
            reader: Detached::new(Mutex::default()),
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Arc<Reader>>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, py: Python<'_>, options: Option<&str>) -> PyResult<Arc<Reader>> {
        enter_stoppable(py, &self.stop, || {
            let options = options.map(StreamOptions::from_json).transpose()?.unwrap_or_default();
            self.begin_reading(&options)
        })
    }

    fn begin_reading(&self, options: &StreamOptions) -> odbc_engine::Result<Arc<Reader>> {
        let engine = self.engine.stream(options)?;
        let statement = Some(Arc::clone(&self.engine));
        let reader = Reader::new(engine, statement, Arc::clone(&self.connection));
        *self.held() = Some(Arc::clone(&reader));
        Ok(reader)
    }

    /// Up to `rows_max` rows, at least one, as tuples, appended to a list; returns what reads them,
    /// and how many.
    fn append_rows(
        &self,
        list: &Bound<'_, PyList>,
        rows_max: usize,
    ) -> PyResult<(Arc<Reader>, usize)> {
        let held = self.held().clone();
        if let Some(reader) = held {
            let rows = reader.append_rows(list, rows_max)?;
            return Ok((reader, rows));
        }
        // Letting go of the GIL once takes less time than twice.
        let (reader, window) = enter_stoppable(list.py(), &self.stop, || {
            let reader = self.begin_reading(&StreamOptions::default())?;
            let window = reader.read(rows_max)?;
            Ok((reader, window))
        })?;
        let rows = reader.append(list, window)?;
        Ok((reader, rows))
    }

    /// What reads the present result.
    fn reader(&self, py: Python<'_>) -> PyResult<Arc<Reader>> {
        let held = self.held().clone();
        held.map_or_else(|| self.open(py, None), Ok)
    }
}

pub(crate) fn executed(py: Python<'_>, execution: Execution) -> PyResult<Executed<'_>> {
    let Execution { affected_rows, column_count, warnings, .. } = execution;
    let warnings = match warnings.as_slice() {
        [] => None,
        some => Some(diagnostics(py, some)?),
    };
    Ok((affected_rows, column_count, warnings))
}

#[pymethods]
impl Statement {
    #[pyo3(signature = (parameters = None))]
    fn execute<'py>(
        &self,
        py: Python<'py>,
        parameters: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Executed<'py>> {
        let before = self.held().take();
        let execution = parameters::to_engine(py, parameters).and_then(|parameters| {
            enter_stoppable(py, &self.stop, || self.engine.execute(&parameters))
        });
        if let Some(before) = before
            && (execution.is_err() || Arc::strong_count(&before) > 1)
        {
            // Where nobody else reads it, it has ended with the execution.
            enter(py, move || before.close())?;
        }
        executed(py, execution?)
    }

    /// The next result of the last execution; None where there is no other.
    fn next_result<'py>(&self, py: Python<'py>) -> PyResult<Option<Executed<'py>>> {
        let before = self.held().take();
        let next = enter_stoppable(py, &self.stop, || {
            if let Some(before) = before {
                before.close()?;
            }
            self.engine.next_result()
        });
        next?.map(|next| executed(py, next)).transpose()
    }

    /// What is left of the result; with options, it must not have been asked for before.
    #[pyo3(signature = (options = None))]
    fn stream(&self, py: Python<'_>, options: Option<&str>) -> PyResult<Stream> {
        let reader = match options {
            Some(_) => self.open(py, options)?,
            None => self.reader(py)?,
        };
        Ok(Stream::new(reader))
    }

    /// Some rows as tuples, up to `rows_max`; an empty list at the end and only there.
    fn rows<'py>(&self, py: Python<'py>, rows_max: usize) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        self.append_rows(&list, rows_max)?;
        Ok(list)
    }

    /// The next `rows_max` rows as tuples, or all that are left.
    fn fetch<'py>(&self, py: Python<'py>, rows_max: usize) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        if rows_max == 0 {
            self.reader(py)?;
            return Ok(list);
        }
        let mut wanted = rows_max;
        loop {
            let (reader, rows) = self.append_rows(&list, wanted)?;
            wanted -= rows;
            if rows == 0 || wanted == 0 || reader.is_at_end() {
                return Ok(list);
            }
        }
    }

    /// Gives the last rows of the current batch back.
    fn unread(&self, rows: usize) {
        if let Some(reader) = &*self.held() {
            reader.unread(rows);
        }
    }

    /// Never waits, so that it stops what another thread waits for.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.stop.cancel().map_err(|error| exceptions::from_engine(py, &error))
    }

    /// How long an execution, or the fetching of a batch, may take; 0 is no limit.
    fn set_query_timeout(&self, py: Python<'_>, query_timeout_ms: u32) -> PyResult<()> {
        let set = self.engine.set_query_timeout(query_timeout_ms);
        set.map_err(|error| exceptions::from_engine(py, &error))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let before = self.held().take();
        enter(py, || {
            let closed = before.map_or(Ok(()), |before| before.close());
            closed.and(self.engine.close())
        })
    }
}
