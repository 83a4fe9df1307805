//! What belongs to the process, not to one connection.

use odbc_engine::ConnectionString;
use pyo3::prelude::*;

use crate::{connection::json, enter::enter, exceptions, parameters::text};

/// Closes every statement of every connection; returns how many were open.
#[pyfunction]
pub(crate) fn clear_all_statements(py: Python<'_>) -> PyResult<usize> {
    enter(py, odbc_engine::clear_all_statements)
}

/// What the engine did, as JSON.
#[pyfunction]
pub(crate) fn metrics(py: Python<'_>) -> PyResult<String> {
    json(py, &odbc_engine::metrics())
}

#[pyfunction]
pub(crate) fn reset_metrics() {
    odbc_engine::reset_metrics();
}

#[pyfunction]
pub(crate) fn connection_string_build(
    py: Python<'_>,
    pairs: Vec<(String, String)>,
) -> PyResult<String> {
    let built = ConnectionString::from_pairs(pairs);
    built.map(|built| built.to_text()).map_err(|error| exceptions::from_engine(py, &error))
}

#[pyfunction]
pub(crate) fn connection_string_parse(
    connection_string: &Bound<'_, PyAny>,
) -> PyResult<Vec<(String, String)>> {
    Ok(parsed(connection_string)?.pairs().to_vec())
}

#[pyfunction]
pub(crate) fn connection_string_redact(connection_string: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(parsed(connection_string)?.redacted())
}

fn parsed(connection_string: &Bound<'_, PyAny>) -> PyResult<ConnectionString> {
    let given = text(connection_string, "connection_string", "the connection string")?;
    ConnectionString::parse(&given)
        .map_err(|error| exceptions::from_engine(connection_string.py(), &error))
}
