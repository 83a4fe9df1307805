//! `uuid.UUID`, and the 16 bytes that Arrow marks as one.

use pyo3::{
    prelude::*,
    sync::PyOnceLock,
    types::{IntoPyDict, PyBytes, PyType},
};

/// The Arrow extension type of a uuid.
pub(crate) const EXTENSION: &str = "arrow.uuid";

fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static UUID: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    UUID.import(py, "uuid", "UUID")
}

pub(crate) fn to_python<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let arguments = [("bytes", PyBytes::new(py, bytes))].into_py_dict(py)?;
    class(py)?.call((), Some(&arguments))
}

/// The bytes of a `uuid.UUID`; None if `value` is something else.
pub(crate) fn bytes(value: &Bound<'_, PyAny>) -> PyResult<Option<[u8; 16]>> {
    if !value.is_instance(class(value.py())?)? {
        return Ok(None);
    }
    value.getattr("bytes")?.extract().map(Some)
}
