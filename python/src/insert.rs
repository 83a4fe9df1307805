//! Rows for a bulk insert: whatever tells its Arrow columns, or rows of Python objects.

mod capsules;
mod column;
mod family;
mod objects;
mod shape;
mod types;

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatchReader;
use arrow_schema::ArrowError;
use odbc_engine::{BulkOptions, BulkResult, Error, ErrorKind, Result};
use pyo3::{
    prelude::*,
    types::{PyList, PyString},
};

use crate::{enter::enter_on_this_thread, exceptions, interrupt::Stop, parameters::text};
use objects::Objects;
use types::Types;

const OPERATION: &str = "bulk_insert";

/// The rows that were written, the strategy, the executions and connections, and warnings.
pub(crate) type Inserted<'py> = (u64, &'static str, u64, usize, Bound<'py, PyList>);

/// What Python raised while rows were read, which the caller shall see unchanged.
type Raised = Arc<Mutex<Option<PyErr>>>;

/// Keeps what Python raised; returns what the engine is told instead.
fn keep(raised: &Raised, error: PyErr) -> ArrowError {
    let message = error.to_string();
    *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    ArrowError::CDataInterface(message)
}

/// What is inserted.
pub(crate) struct Rows<'a, 'py> {
    pub(crate) data: &'a Bound<'py, PyAny>,
    pub(crate) columns: Option<&'a Bound<'py, PyAny>>,
    pub(crate) types: Option<&'a Bound<'py, PyAny>>,
}

type Reader = Box<dyn RecordBatchReader + Send>;

/// Rows that are ready to be read.
pub(crate) struct ReadRows {
    reader: Reader,
    raised: Raised,
}

impl Rows<'_, '_> {
    /// Makes them ready; the columns that they go to become an option where they are Arrow data.
    pub(crate) fn read(&self, options: &mut BulkOptions) -> PyResult<ReadRows> {
        let columns = self.columns.map(names).transpose()?;
        let raised = Raised::default();
        let reader: Reader = match capsules::rows(self.data, &raised)? {
            Some(_) if self.types.is_some() => {
                let message = "types is for rows of Python objects: Arrow data has its own";
                return Err(invalid(self.data.py(), message));
            }
            Some(rows) => {
                options.columns = columns;
                rows
            }
            None => {
                let types = self.types.map(Types::of).transpose()?.unwrap_or_default();
                Box::new(Objects::new(self.data, columns, types, Arc::clone(&raised))?)
            }
        };
        Ok(ReadRows { reader, raised })
    }
}

impl ReadRows {
    /// Inserts them by `insert`, which Ctrl-C stops by `stop`.
    pub(crate) fn insert<'py>(
        self,
        py: Python<'py>,
        stop: &Stop,
        insert: impl FnOnce(Reader) -> Result<BulkResult> + Send,
    ) -> PyResult<Inserted<'py>> {
        let Self { reader, raised } = self;
        // The rows are read on this thread, which looks for signals as it does so.
        let inserted = enter_on_this_thread(py, stop, || insert(reader));
        let inserted = inserted.map_err(|error| {
            let raised = raised.lock().unwrap_or_else(PoisonError::into_inner).take();
            match raised {
                Some(raised) => with_report(py, raised, &error).unwrap_or_else(|failure| failure),
                None => error,
            }
        })?;
        let BulkResult { rows, strategy, chunks, workers, warnings, .. } = inserted;
        Ok((rows, strategy, chunks, workers, exceptions::diagnostics(py, &warnings)?))
    }
}

/// What Python raised, with what the engine's error tells of the rows before.
fn with_report(py: Python<'_>, raised: PyErr, error: &PyErr) -> PyResult<PyErr> {
    let module = py.import("odbc_engine.bulk")?;
    module.call_method1("add_report", (raised.value(py), error.value(py)))?;
    Ok(raised)
}

/// The names of columns, in order.
fn names(columns: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if columns.is_instance_of::<PyString>() {
        return Err(invalid(columns.py(), "columns must be a list of names, not a str"));
    }
    columns.try_iter()?.map(|name| text(&name?, OPERATION, "the name of a column")).collect()
}

fn invalid(py: Python<'_>, message: impl Into<String>) -> PyErr {
    exceptions::from_engine(py, &Error::new(ErrorKind::InvalidArgument, OPERATION, message))
}
