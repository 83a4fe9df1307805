//! One connection.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::FieldRef;
use odbc_engine::{
    BulkOptions, CallOptions, CatalogQuery, ConnectionOptions, PageOptions, PartitionOptions,
    Result, StreamOptions, TransactionOptions,
};
use pyo3::{prelude::*, types::PyList};

use crate::{
    batch::Batch,
    enter::{Detached, enter, enter_or_abandon, enter_stoppable},
    exceptions,
    insert::{Inserted, Rows},
    interrupt::Stop,
    parameters::{text, to_engine},
    statement::{Executed, Statement, executed},
    stream::{Reader, Stream},
};

/// The place of a parameter, counted from 1, its name and its value.
type Output<'py> = (usize, String, Bound<'py, PyAny>);

#[pyclass(frozen, module = "odbc_engine._native")]
pub(crate) struct Connection {
    engine: Detached<Arc<odbc_engine::Connection>>,
    stop: Stop,
}

impl Connection {
    pub(crate) fn new(engine: odbc_engine::Connection) -> Self {
        let stop = Stop::Call(engine.cancel_handle());
        Self { engine: Detached::new(Arc::new(engine)), stop }
    }

    /// Does what Ctrl-C stops.
    fn stoppable<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce() -> Result<T> + Send,
    ) -> PyResult<T> {
        enter_stoppable(py, &self.stop, work)
    }
}

/// One call of a procedure.
#[pyclass(frozen, module = "odbc_engine._native")]
pub(crate) struct Calling {
    options: CallOptions,
    stop: Stop,
}

#[pymethods]
impl Calling {
    /// Never waits, so that it stops what another thread waits for.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.stop.cancel().map_err(|error| exceptions::from_engine(py, &error))
    }
}

#[pymethods]
impl Connection {
    #[staticmethod]
    fn open(py: Python<'_>, connection_string: &Bound<'_, PyAny>, options: &str) -> PyResult<Self> {
        let connection_string = text(connection_string, "connect", "the connection string")?;
        let options = ConnectionOptions::from_json(options)
            .map_err(|error| exceptions::from_engine(py, &error))?;
        let engine = enter_or_abandon(py, move || {
            odbc_engine::Connection::open(&connection_string, &options)
        })?;
        Ok(Self::new(engine))
    }

    fn statement(&self, py: Python<'_>, sql: &Bound<'_, PyAny>) -> PyResult<Statement> {
        let sql = text(sql, "execute", "the SQL text")?;
        let engine = enter(py, || self.engine.statement(&sql))?;
        Ok(Statement::new(engine, Arc::clone(&self.engine)))
    }

    /// A statement whose result is the answer of a catalog function, and how many columns it has.
    fn catalog(&self, py: Python<'_>, query: &str) -> PyResult<(Statement, usize)> {
        let (engine, columns) = self.stoppable(py, || {
            let statement = self.engine.catalog(&CatalogQuery::from_json(query)?)?;
            let columns = statement.column_count()?;
            Ok((statement, columns))
        })?;
        Ok((Statement::new(engine, Arc::clone(&self.engine)), columns))
    }

    /// What a procedure is to be called by, so that others can stop that.
    fn calling(&self, query_timeout_ms: Option<u32>) -> Calling {
        let options = CallOptions::with_timeout(query_timeout_ms);
        let stop = Stop::Call(self.engine.cancel_handle_of_call(&options));
        Calling { options, stop }
    }

    /// Calls a procedure: its statement, what the first result is, and its outputs.
    fn call<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        parameters: Option<&Bound<'py, PyAny>>,
        calling: &Calling,
    ) -> PyResult<(Statement, Executed<'py>, Vec<Output<'py>>)> {
        let name = text(name, "call", "the procedure's name")?;
        let parameters = to_engine(py, parameters)?;
        let call = enter_stoppable(py, &calling.stop, || {
            self.engine.call_with(&name, &parameters, &calling.options)
        })?;
        let execution = executed(py, call.execution)?;
        let outputs = outputs(py, call.outputs)?;
        Ok((Statement::new(call.statement, Arc::clone(&self.engine)), execution, outputs))
    }

    #[pyo3(signature = (sql, parameters, partition, options))]
    fn query_parts(
        &self,
        py: Python<'_>,
        sql: &Bound<'_, PyAny>,
        parameters: Option<&Bound<'_, PyAny>>,
        partition: &str,
        options: &str,
    ) -> PyResult<Stream> {
        let sql = text(sql, "partition", "the SQL text")?;
        let parameters = to_engine(py, parameters)?;
        let engine = self.stoppable(py, || {
            let options = StreamOptions::from_json(options)?;
            let partition = PartitionOptions::from_json(partition)?;
            self.engine.query_parts(&sql, &parameters, &partition, &options)
        })?;
        Ok(Stream::new(Reader::new(engine, None, Arc::clone(&self.engine))))
    }

    #[pyo3(signature = (sql, parameters, page, options))]
    fn query_pages(
        &self,
        py: Python<'_>,
        sql: &Bound<'_, PyAny>,
        parameters: Option<&Bound<'_, PyAny>>,
        page: &str,
        options: &str,
    ) -> PyResult<Stream> {
        let sql = text(sql, "page", "the SQL text")?;
        let parameters = to_engine(py, parameters)?;
        let engine = self.stoppable(py, || {
            let options = StreamOptions::from_json(options)?;
            let page = PageOptions::from_json(page)?;
            self.engine.query_pages(&sql, &parameters, &page, &options)
        })?;
        Ok(Stream::new(Reader::new(engine, None, Arc::clone(&self.engine))))
    }

    /// Inserts rows: Arrow data, or Python objects in tuples or dicts.
    #[pyo3(signature = (table, data, columns, types, options))]
    fn bulk_insert<'py>(
        &self,
        py: Python<'py>,
        table: &Bound<'py, PyAny>,
        data: &Bound<'py, PyAny>,
        columns: Option<&Bound<'py, PyAny>>,
        types: Option<&Bound<'py, PyAny>>,
        options: &str,
    ) -> PyResult<Inserted<'py>> {
        let table = text(table, "bulk_insert", "the table's name")?;
        let mut options =
            BulkOptions::from_json(options).map_err(|error| exceptions::from_engine(py, &error))?;
        let rows = Rows { data, columns, types }.read(&mut options)?;
        rows.insert(py, &self.stop, |rows| self.engine.bulk_insert(&table, rows, &options))
    }

    fn begin(&self, py: Python<'_>, options: &str) -> PyResult<()> {
        self.stoppable(py, || self.engine.begin(&TransactionOptions::from_json(options)?))
    }

    fn savepoint(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = text(name, "savepoint", "the savepoint's name")?;
        self.stoppable(py, || self.engine.savepoint(&name))
    }

    fn rollback_to_savepoint(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = text(name, "rollback", "the savepoint's name")?;
        self.stoppable(py, || self.engine.rollback_to_savepoint(&name))
    }

    fn release_savepoint(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = text(name, "release", "the savepoint's name")?;
        self.stoppable(py, || self.engine.release_savepoint(&name))
    }

    /// Closes every statement; returns how many were open.
    fn clear_statements(&self, py: Python<'_>) -> PyResult<usize> {
        enter(py, || self.engine.clear_statements())
    }

    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        self.stoppable(py, || self.engine.commit())
    }

    fn commit_all(&self, py: Python<'_>) -> PyResult<()> {
        self.stoppable(py, || self.engine.commit_all())
    }

    fn transaction_depth(&self, py: Python<'_>) -> PyResult<usize> {
        enter(py, || self.engine.transaction_depth())
    }

    fn rollback(&self, py: Python<'_>) -> PyResult<()> {
        self.stoppable(py, || self.engine.rollback())
    }

    /// Turns autocommit on or off; returns the driver's warnings.
    fn set_autocommit<'py>(&self, py: Python<'py>, on: bool) -> PyResult<Bound<'py, PyList>> {
        let warnings = self.stoppable(py, || self.engine.set_autocommit(on))?;
        exceptions::diagnostics(py, &warnings)
    }

    fn autocommit(&self, py: Python<'_>) -> PyResult<bool> {
        enter(py, || self.engine.autocommit())
    }

    /// What is known of the database and its driver, as JSON.
    fn info(&self, py: Python<'_>) -> PyResult<String> {
        json(py, self.engine.info())
    }

    /// What this connection can do, as JSON.
    fn capabilities(&self, py: Python<'_>) -> PyResult<String> {
        json(py, &self.engine.capabilities())
    }

    /// Never waits, so that it stops what another thread waits for.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.stop.cancel().map_err(|error| exceptions::from_engine(py, &error))
    }

    fn is_closed(&self) -> bool {
        self.engine.is_closed()
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        enter(py, || self.engine.close())
    }
}

pub(crate) fn json(py: Python<'_>, value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| {
        let error = odbc_engine::Error::new(
            odbc_engine::ErrorKind::Internal,
            "python",
            format!("no JSON: {error}"),
        );
        exceptions::from_engine(py, &error)
    })
}

fn outputs<'py>(py: Python<'py>, batch: RecordBatch) -> PyResult<Vec<Output<'py>>> {
    let schema = batch.schema();
    let rows = Batch::new(batch, 0).rows(py)?;
    let Some(row) = rows.iter().next() else { return Ok(Vec::new()) };
    let told = |(field, value): (&FieldRef, PyResult<Bound<'py, PyAny>>)| {
        let place = field.metadata().get("odbc.parameter").and_then(|place| place.parse().ok());
        Ok((place.unwrap_or_default(), field.name().clone(), value?))
    };
    schema.fields().iter().zip(row.try_iter()?).map(told).collect()
}
