//! One statement, executed as often as one likes.

use std::sync::Arc;

use odbc_engine::{Execution, StreamOptions};
use pyo3::{prelude::*, types::PyList};

use crate::{
    enter::{Detached, enter},
    exceptions::diagnostics,
    parameters,
    stream::Stream,
};

/// Affected rows if known, how many columns the result has, and the driver's warnings.
pub(crate) type Executed<'py> = (Option<u64>, usize, Bound<'py, PyList>);

#[pyclass(frozen, module = "odbc_engine._native")]
pub(crate) struct Statement {
    engine: Detached<Arc<odbc_engine::Statement>>,
    connection: Detached<Arc<odbc_engine::Connection>>,
}

impl Statement {
    pub(crate) fn new(
        engine: odbc_engine::Statement,
        connection: Arc<odbc_engine::Connection>,
    ) -> Self {
        Self { engine: Detached::new(Arc::new(engine)), connection: Detached::new(connection) }
    }
}

pub(crate) fn executed(py: Python<'_>, execution: Execution) -> PyResult<Executed<'_>> {
    let warnings = diagnostics(py, &execution.warnings)?;
    Ok((execution.affected_rows, execution.column_count, warnings))
}

#[pymethods]
impl Statement {
    #[pyo3(signature = (parameters = None))]
    fn execute<'py>(
        &self,
        py: Python<'py>,
        parameters: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Executed<'py>> {
        let parameters = parameters::to_engine(py, parameters)?;
        executed(py, enter(py, || self.engine.execute(&parameters))?)
    }

    /// The next result of the last execution; None where there is no other.
    fn next_result<'py>(&self, py: Python<'py>) -> PyResult<Option<Executed<'py>>> {
        enter(py, || self.engine.next_result())?.map(|next| executed(py, next)).transpose()
    }

    fn stream(&self, py: Python<'_>, options: &str) -> PyResult<Stream> {
        let engine = enter(py, || self.engine.stream(&StreamOptions::from_json(options)?))?;
        Ok(Stream::new(engine, Some(Arc::clone(&self.engine)), Arc::clone(&self.connection)))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        enter(py, || self.engine.close())
    }
}
