//! One statement, executed as often as one likes, and the rows of its result.

use std::sync::{Arc, Mutex, MutexGuard};

use odbc_engine::{Execution, StreamOptions};
use pyo3::{prelude::*, types::PyList};

use crate::{
    enter::{Detached, enter, enter_stoppable},
    exceptions::{self, diagnostics},
    interrupt::Stop,
    parameters,
    stream::{Claim, Reader, Stream, Window, lock},
};

/// How many rows are converted at once where they are asked for one by one.
const ROWS_AHEAD: usize = 256;

/// Affected rows if known, how many columns the result has, and the driver's warnings if any.
pub(crate) type Executed<'py> = (Option<u64>, usize, Option<Bound<'py, PyList>>);

#[pyclass(frozen, module = "odbc_engine._native")]
pub(crate) struct Statement {
    engine: Detached<Arc<odbc_engine::Statement>>,
    connection: Detached<Arc<odbc_engine::Connection>>,
    /// What reads the present result, once somebody has asked for it.
    reader: Detached<Mutex<Option<Arc<Reader>>>>,
    /// Rows that it read ahead, as tuples, the next one last.
    ahead: Mutex<Vec<Py<PyAny>>>,
    stop: Stop,
    /// What the connection's options say.
    query_timeout_ms: u32,
}

impl Statement {
    pub(crate) fn new(
        engine: odbc_engine::Statement,
        connection: Arc<odbc_engine::Connection>,
    ) -> Self {
        Self {
            stop: Stop::Call(engine.cancel_handle()),
            query_timeout_ms: engine.query_timeout_ms(),
            engine: Detached::new(Arc::new(engine)),
            connection: Detached::new(connection),
            reader: Detached::new(Mutex::default()),
            ahead: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Arc<Reader>>> {
        lock(&self.reader)
    }

    /// What reads the result that is to end.
    fn let_go(&self) -> Option<Arc<Reader>> {
        lock(&self.ahead).clear();
        self.held().take()
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

    /// Some rows as tuples, at least one, appended to a list; returns what reads them, and how many.
    fn append_rows(
        &self,
        list: &Bound<'_, PyList>,
        claim: &mut Claim,
        read: impl FnOnce(&Reader, &mut Claim) -> odbc_engine::Result<Option<Window>> + Send,
    ) -> PyResult<(Arc<Reader>, usize)> {
        let py = list.py();
        let held = self.held().clone();
        let (reader, window) = match held {
            Some(reader) => {
                let window = enter_stoppable(py, &reader.stop, || read(&reader, claim))?;
                (reader, window)
            }
            // Letting go of the GIL once takes less time than twice.
            None => enter_stoppable(py, &self.stop, || {
                let reader = self.begin_reading(&StreamOptions::default())?;
                let window = read(&reader, claim)?;
                Ok((reader, window))
            })?,
        };
        let rows = reader.append(list, window, claim)?;
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
        let before = self.let_go();
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
        let before = self.let_go();
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

    /// The next row as a tuple; None at the end.
    fn row(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        loop {
            if let Some(row) = self.row_at_hand() {
                return Ok(Some(row));
            }
            let list = PyList::empty(py);
            let read = |reader: &Reader, _: &mut Claim| reader.read_ahead(ROWS_AHEAD);
            let (_, rows) = self.append_rows(&list, &mut Claim::default(), read)?;
            if rows == 0 {
                return Ok(None);
            }
            *lock(&self.ahead) = list.iter().rev().map(Bound::unbind).collect();
        }
    }

    /// The next row where it was read ahead, without waiting.
    fn row_at_hand(&self) -> Option<Py<PyAny>> {
        let mut ahead = lock(&self.ahead);
        if ahead.is_empty() {
            return None;
        }
        let taken = self.held().as_ref().map_or(Some(false), |held| held.take_ahead(ahead.len()));
        match taken {
            Some(true) => ahead.pop(),
            Some(false) => {
                ahead.clear();
                None
            }
            None => None,
        }
    }

    /// The next `rows_max` rows as tuples, or all that are left.
    fn fetch<'py>(&self, py: Python<'py>, rows_max: usize) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        if rows_max == 0 {
            self.reader(py)?;
            return Ok(list);
        }
        let (mut wanted, mut claim) = (rows_max, Claim::default());
        loop {
            let read = |reader: &Reader, claim: &mut Claim| reader.read(wanted, claim);
            let (reader, rows) = match self.append_rows(&list, &mut claim, read) {
                Ok(appended) => appended,
                Err(error) => {
                    let held = self.held().clone();
                    if let Some(reader) = held {
                        reader.give_back(&claim);
                    }
                    return Err(error);
                }
            };
            wanted -= rows;
            if rows == 0 || wanted == 0 || reader.is_at_end() {
                return Ok(list);
            }
        }
    }

    /// Never waits, so that it stops what another thread waits for.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.stop.cancel().map_err(|error| exceptions::from_engine(py, &error))
    }

    /// How long an execution, or the fetching of a batch, may take; 0 is no limit, and None what the
    /// connection's options say.
    fn set_query_timeout(&self, py: Python<'_>, query_timeout_ms: Option<u32>) -> PyResult<()> {
        let set = self.engine.set_query_timeout(query_timeout_ms.unwrap_or(self.query_timeout_ms));
        set.map_err(|error| exceptions::from_engine(py, &error))
    }

    /// Whether it was closed, such as by `clear_all_statements`, while its connection is open.
    fn is_closed(&self) -> bool {
        self.engine.is_closed()
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let before = self.let_go();
        enter(py, || {
            let closed = before.map_or(Ok(()), |before| before.close());
            closed.and(self.engine.close())
        })
    }
}
