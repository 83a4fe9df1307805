//! One batch of a result, complete in memory.

use arrow_array::RecordBatch;
use pyo3::{
    prelude::*,
    types::{PyCapsule, PyList},
};

use crate::{
    arrow::{self, Column},
    rows::{self, Span},
};

/// Some rows of a result, held as Arrow columns. It outlives its stream and connection.
#[pyclass(frozen, module = "odbc_engine")]
pub(crate) struct Batch {
    batch: RecordBatch,
    first_row: u64,
}

impl Batch {
    pub(crate) fn new(batch: RecordBatch, first_row: u64) -> Self {
        Self { batch, first_row }
    }
}

#[pymethods]
impl Batch {
    /// How many rows the batch holds.
    #[getter]
    fn num_rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// How many columns the batch holds.
    #[getter]
    fn num_columns(&self) -> usize {
        self.batch.num_columns()
    }

    /// The names of the columns; names may repeat or be empty.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn _columns(&self, py: Python<'_>) -> PyResult<Vec<Column>> {
        arrow::columns(py, &self.batch.schema())
    }

    /// The rows as tuples of Python objects.
    pub(crate) fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = PyList::empty(py);
        let all = Span { first: 0, length: self.batch.num_rows() };
        match rows::append(&rows, &self.batch, all, self.first_row)? {
            (_, Some(failure)) => Err(failure),
            (_, None) => Ok(rows),
        }
    }

    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("<Batch of {} rows, {} columns>", self.batch.num_rows(), self.batch.num_columns())
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        arrow::schema_capsule(py, &self.batch.schema())
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        // The interface lets a producer ignore the request; consumers cast for themselves.
        let _ = requested_schema;
        arrow::batch_capsules(py, &self.batch)
    }
}
