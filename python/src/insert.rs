//! Rows for a bulk insert: whatever tells its Arrow columns, or rows of Python objects.

mod capsules;
mod column;
mod family;
mod objects;
mod shape;
mod types;

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatchReader;
use odbc_engine::{BulkOptions, Error, ErrorKind};
use pyo3::{
    prelude::*,
    types::{PyList, PyString},
};

use crate::{enter::enter, exceptions, parameters::text};
use objects::Objects;
use types::Types;

const OPERATION: &str = "bulk_insert";

/// The rows that were written, the strategy, the executions that took, and warnings.
pub(crate) type Inserted<'py> = (u64, &'static str, u64, Bound<'py, PyList>);

/// What Python raised while rows were read, which the caller shall see unchanged.
type Raised = Arc<Mutex<Option<PyErr>>>;

pub(crate) fn bulk_insert<'py>(
    py: Python<'py>,
    connection: &odbc_engine::Connection,
    table: &str,
    data: &Bound<'py, PyAny>,
    columns: Option<&Bound<'py, PyAny>>,
    types: Option<&Bound<'py, PyAny>>,
    options: &str,
) -> PyResult<Inserted<'py>> {
    let mut options =
        BulkOptions::from_json(options).map_err(|error| exceptions::from_engine(py, &error))?;
    let columns = columns.map(names).transpose()?;
    let raised = Raised::default();
    let rows: Box<dyn RecordBatchReader + Send> = match capsules::rows(data)? {
        Some(_) if types.is_some() => {
            let message = "types is for rows of Python objects: Arrow data has its own";
            return Err(invalid(py, message));
        }
        Some(rows) => {
            options.columns = columns;
            rows
        }
        None => {
            let types = types.map(Types::of).transpose()?.unwrap_or_default();
            Box::new(Objects::new(data, columns, types, Arc::clone(&raised))?)
        }
    };
    let inserted = enter(py, || connection.bulk_insert(table, rows, &options));
    let inserted = inserted.map_err(|error| {
        let raised = raised.lock().unwrap_or_else(PoisonError::into_inner).take();
        raised.unwrap_or(error)
    })?;
    let warnings = exceptions::diagnostics(py, &inserted.warnings)?;
    Ok((inserted.rows, inserted.strategy, inserted.chunks, warnings))
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
