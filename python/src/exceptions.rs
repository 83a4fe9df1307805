//! The exceptions of PEP 249, and how an error of the engine becomes one of them.

use odbc_engine::{BulkPartialFailure, Diagnostic, Error as EngineError, ErrorKind};
use pyo3::{
    PyTypeInfo, create_exception,
    exceptions::{PyException, PyRuntimeError},
    prelude::*,
    sync::PyOnceLock,
    types::{PyList, PyTuple, PyType},
};

create_exception!(odbc_engine, Warning, PyException, "An important warning.");
create_exception!(odbc_engine, Error, PyException, "The base of every error of this package.");
create_exception!(odbc_engine, InterfaceError, Error, "PEP 249 has it; nothing raises it.");
create_exception!(odbc_engine, DatabaseError, Error, "The base of what concerns the database.");
create_exception!(odbc_engine, DataError, DatabaseError, "A value does not fit its type.");
create_exception!(odbc_engine, OperationalError, DatabaseError, "The database cannot do it now.");
create_exception!(odbc_engine, IntegrityError, DatabaseError, "A constraint was violated.");
create_exception!(odbc_engine, InternalError, DatabaseError, "A bug in this package.");
create_exception!(odbc_engine, ProgrammingError, DatabaseError, "The SQL or the call is wrong.");
create_exception!(odbc_engine, NotSupportedError, DatabaseError, "The database cannot do it.");

/// The class for each kind; the only place that knows.
fn class(py: Python<'_>, kind: ErrorKind) -> Bound<'_, PyType> {
    match kind {
        // As sqlite3 and most others do; PEP 249 leaves open what a closed object raises.
        ErrorKind::InvalidArgument | ErrorKind::InvalidState | ErrorKind::Syntax => {
            ProgrammingError::type_object(py)
        }
        ErrorKind::Unsupported => NotSupportedError::type_object(py),
        ErrorKind::Connection
        | ErrorKind::Authentication
        | ErrorKind::Transaction
        | ErrorKind::Timeout
        | ErrorKind::Cancelled
        | ErrorKind::Limit
        | ErrorKind::Driver => OperationalError::type_object(py),
        ErrorKind::Constraint => IntegrityError::type_object(py),
        ErrorKind::Data | ErrorKind::Truncated => DataError::type_object(py),
        ErrorKind::Internal => InternalError::type_object(py),
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    for exception in [
        Warning::type_object(py),
        Error::type_object(py),
        InterfaceError::type_object(py),
        DatabaseError::type_object(py),
        DataError::type_object(py),
        OperationalError::type_object(py),
        IntegrityError::type_object(py),
        InternalError::type_object(py),
        ProgrammingError::type_object(py),
        NotSupportedError::type_object(py),
    ] {
        module.add(exception.name()?, exception)?;
    }
    // What others raise has the attributes as well.
    let base = Error::type_object(py);
    for name in
        ["kind", "kind_name", "operation", "sqlstate", "native_code", "column", "row", "bulk"]
    {
        base.setattr(name, py.None())?;
    }
    base.setattr("message", "")?;
    base.setattr("records", PyTuple::empty(py))?;
    base.setattr("retryable", false)
}

/// The exception for an error of the engine.
pub(crate) fn from_engine(py: Python<'_>, error: &EngineError) -> PyErr {
    build(py, error).map_or_else(|failure| failure, PyErr::from_value)
}

/// The exception for a value that came from the database but that Python has no value for.
pub(crate) fn unrepresentable(py: Python<'_>, column: &str, row: u64, reason: &str) -> PyErr {
    let message = format!("column {column:?}, row {row}: {reason}; the Arrow results hold it");
    let error = EngineError::new(ErrorKind::Data, "fetch", message);
    let locate = |exception: Bound<'_, PyAny>| {
        exception.setattr("column", column)?;
        exception.setattr("row", row)?;
        Ok(PyErr::from_value(exception))
    };
    build(py, &error).and_then(locate).unwrap_or_else(|failure| failure)
}

fn build<'py>(py: Python<'py>, error: &EngineError) -> PyResult<Bound<'py, PyAny>> {
    static KIND: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let kind = KIND.import(py, "odbc_engine.errors", "ErrorKind")?;
    let exception = class(py, error.kind).call1((error.to_string(),))?;
    exception.setattr("kind", kind.call1((error.kind as i32,))?)?;
    exception.setattr("kind_name", error.kind.name())?;
    exception.setattr("operation", error.operation)?;
    exception.setattr("message", &error.message)?;
    exception.setattr("sqlstate", error.sqlstate.as_deref())?;
    exception.setattr("native_code", error.native_code)?;
    exception.setattr("column", error.column.as_deref())?;
    exception.setattr("row", error.row)?;
    exception.setattr("records", diagnostics(py, &error.records)?)?;
    exception.setattr("retryable", error.retryable)?;
    exception.setattr("bulk", error.bulk.as_deref().map(|bulk| report(py, bulk)).transpose()?)?;
    Ok(exception)
}

/// What became of the rows of a bulk insert, as a dict like its JSON.
fn report<'py>(py: Python<'py>, bulk: &BulkPartialFailure) -> PyResult<Bound<'py, PyAny>> {
    let text =
        serde_json::to_string(bulk).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    py.import("json")?.call_method1("loads", (text,))
}

/// Driver records as a list of the package's `Diagnostic`.
pub(crate) fn diagnostics<'py>(
    py: Python<'py>,
    records: &[Diagnostic],
) -> PyResult<Bound<'py, PyList>> {
    static DIAGNOSTIC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = DIAGNOSTIC.import(py, "odbc_engine.errors", "Diagnostic")?;
    let records = records
        .iter()
        .map(|record| class.call1((&record.sqlstate, record.native_code, &record.message)))
        .collect::<PyResult<Vec<_>>>()?;
    PyList::new(py, records)
}

/// The operations in which the Python layer itself refuses calls.
const OPERATIONS: &[&str] = &[
    "connect",
    "statement",
    "execute",
    "query_timeout",
    "call",
    "next_result",
    "stream",
    "fetch",
    "catalog",
    "partition",
    "page",
    "bulk_insert",
    "begin",
    "pool_open",
    "pool_resize",
];

fn refusal(py: Python<'_>, kind: ErrorKind, operation: &str, message: &str) -> PyErr {
    let operation = OPERATIONS.iter().find(|known| **known == operation).unwrap_or(&"python");
    from_engine(py, &EngineError::new(kind, operation, message))
}

/// The exception for a call that the object's state forbids.
#[pyfunction]
pub(crate) fn invalid_state(py: Python<'_>, operation: &str, message: &str) -> Py<PyAny> {
    refusal(py, ErrorKind::InvalidState, operation, message).into_value(py).into_any()
}

/// The exception for an argument that cannot be used.
#[pyfunction]
pub(crate) fn invalid_argument(py: Python<'_>, operation: &str, message: &str) -> Py<PyAny> {
    refusal(py, ErrorKind::InvalidArgument, operation, message).into_value(py).into_any()
}

/// The exception for what is beyond the libraries that results are handed to.
#[pyfunction]
pub(crate) fn unsupported(py: Python<'_>, operation: &str, message: &str) -> Py<PyAny> {
    refusal(py, ErrorKind::Unsupported, operation, message).into_value(py).into_any()
}
