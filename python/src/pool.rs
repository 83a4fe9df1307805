//! Connections that are lent.

use std::sync::Arc;

use odbc_engine::{BulkParallelOptions, PoolOptions};
use pyo3::prelude::*;

use crate::{
    connection::{Connection, json},
    enter::{Detached, enter, enter_or_abandon},
    exceptions,
    insert::{Inserted, Rows},
    interrupt::Stop,
    parameters::text,
};

#[pyclass(frozen, module = "odbc_engine._native")]
pub(crate) struct Pool {
    engine: Detached<Arc<odbc_engine::Pool>>,
}

#[pymethods]
impl Pool {
    #[staticmethod]
    fn open(py: Python<'_>, connection_string: &Bound<'_, PyAny>, options: &str) -> PyResult<Self> {
        let connection_string = text(connection_string, "pool_open", "the connection string")?;
        let options =
            PoolOptions::from_json(options).map_err(|error| exceptions::from_engine(py, &error))?;
        let open = move || odbc_engine::Pool::open(&connection_string, &options);
        let engine = enter_or_abandon(py, open)?;
        Ok(Self { engine: Detached::new(Arc::new(engine)) })
    }

    fn acquire(&self, py: Python<'_>) -> PyResult<Connection> {
        if let Some(free) = enter(py, || self.engine.try_acquire())? {
            return Ok(Connection::new(free));
        }
        let engine = Arc::clone(&self.engine);
        enter_or_abandon(py, move || engine.acquire()).map(Connection::new)
    }

    /// Inserts rows over several connections at once.
    #[pyo3(signature = (table, data, columns, types, options))]
    fn bulk_insert_parallel<'py>(
        &self,
        py: Python<'py>,
        table: &Bound<'py, PyAny>,
        data: &Bound<'py, PyAny>,
        columns: Option<&Bound<'py, PyAny>>,
        types: Option<&Bound<'py, PyAny>>,
        options: &str,
    ) -> PyResult<Inserted<'py>> {
        let table = text(table, "bulk_insert", "the table's name")?;
        let mut options = BulkParallelOptions::from_json(options)
            .map_err(|error| exceptions::from_engine(py, &error))?;
        let rows = Rows { data, columns, types }.read(&mut options.bulk)?;
        let stop = Stop::Inserts(Arc::clone(&self.engine));
        rows.insert(py, &stop, |rows| self.engine.bulk_insert_parallel(&table, rows, &options))
    }

    /// Never waits, so that it stops what another thread waits for.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.engine.cancel().map_err(|error| exceptions::from_engine(py, &error))
    }

    /// How the pool is doing, as JSON.
    fn state(&self, py: Python<'_>) -> PyResult<String> {
        let state = self.engine.state().map_err(|error| exceptions::from_engine(py, &error))?;
        json(py, &state)
    }

    fn resize(&self, py: Python<'_>, options: &str) -> PyResult<()> {
        enter(py, || self.engine.resize(options))
    }

    /// Closes it without waiting for what is lent.
    fn shut(&self, py: Python<'_>) -> PyResult<()> {
        enter(py, || {
            self.engine.shut();
            Ok(())
        })
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        enter(py, || self.engine.close())
    }
}
