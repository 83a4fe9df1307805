//! The objects that requests name, and what is done with them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use odbc_engine::{
    BulkOptions, BulkParallelOptions, BulkResult, CancelHandle, CatalogQuery, Connection,
    ConnectionOptions, ConnectionString, Diagnostic, Error, Execution, PageOptions,
    PartitionOptions, Pool, PoolOptions, Statement, Stream, StreamOptions, TransactionOptions,
    arrow_array::RecordBatchIterator,
    arrow_schema::{ArrowError, SchemaRef},
    telemetry::opentelemetry,
};
use odbc_engine_telemetry as telemetry;
use serde_json::{Map, Value, json};

use crate::{
    cells, format, parameters,
    request::{CancelRequest, Options, Request, Values},
};

/// Why a request has no `ok`.
pub enum Failure {
    /// What the engine reported.
    Engine(Error),
    /// The same of a bulk insert over a pool.
    Bulk(Error),
    /// The request makes no sense.
    Fault(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

type Answer = Result<Value, Failure>;

/// Objects stay under their names when they are closed.
#[derive(Default)]
pub struct Harness {
    connections: HashMap<String, Connection>,
    statements: HashMap<String, Statement>,
    streams: HashMap<String, Stream>,
    pools: HashMap<String, Pool>,
    /// The caller's span, on this thread.
    caller: Option<opentelemetry::ContextGuard>,
}

impl Harness {
    pub fn answer(&mut self, request: Request) -> Value {
        reply(self.run(request))
    }

    /// Answers a request while another thread cancels what is named, after a while.
    pub fn answer_cancelled(&mut self, request: Request, cancel: &CancelRequest) -> Value {
        let handle = match self.cancel_handle(cancel) {
            Ok(handle) => handle,
            Err(failure) => return reply(Err(failure)),
        };
        let (ended, has_ended) = channel();
        let after = Duration::from_millis(cancel.after_ms);
        thread::scope(|scope| {
            let cancelling = scope.spawn(move || match has_ended.recv_timeout(after) {
                Ok(()) => Ok(()),
                Err(_) => (0..cancel.times).try_for_each(|_| handle.cancel()),
            });
            let answer = self.answer(request);
            // It may have cancelled already.
            let _ = ended.send(());
            match cancelling.join() {
                Ok(Ok(())) => answer,
                Ok(Err(error)) => json!({ "error": report(&error) }),
                Err(_) => json!({ "fault": "the cancelling panicked" }),
            }
        })
    }

    fn cancel_handle(&self, cancel: &CancelRequest) -> Result<CancelHandle, Failure> {
        let CancelRequest { connection, statement, stream, pool, .. } = cancel;
        Ok(match (connection, statement, stream, pool) {
            (Some(name), None, None, None) => self.connection(name)?.cancel_handle(),
            (None, Some(name), None, None) => self.statement(name)?.cancel_handle(),
            (None, None, Some(name), None) => self.stream(name)?.cancel_handle(),
            (None, None, None, Some(name)) => self.pool(name)?.cancel_handle(),
            _ => return Err(Failure::Fault("cancel names one thing".to_owned())),
        })
    }

    fn run(&mut self, request: Request) -> Answer {
        match request {
            Request::Hello => {
                return Ok(
                    json!({ "binding": "rust", "version": odbc_engine::version(), "abi": null }),
                );
            }
            Request::Open { connection, connection_string, options } => {
                let options = ConnectionOptions::from_json(&text(options))?;
                let opened = Connection::open(&connection_string, &options)?;
                self.connections.insert(connection, opened);
            }
            Request::Close { connection } => self.connection(&connection)?.close()?,
            Request::Info { connection } => {
                return Ok(json!(self.connection(&connection)?.info()));
            }
            Request::Capabilities { connection } => {
                return Ok(json!(self.connection(&connection)?.capabilities()));
            }
            Request::Autocommit { connection, enabled } => {
                self.connection(&connection)?.set_autocommit(enabled)?;
            }
            Request::Commit { connection } => self.connection(&connection)?.commit()?,
            Request::Rollback { connection } => self.connection(&connection)?.rollback()?,
            Request::Begin { connection, options } => {
                let options = TransactionOptions::from_json(&text(options))?;
                self.connection(&connection)?.begin(&options)?;
            }
            Request::Savepoint { connection, name } => {
                self.connection(&connection)?.savepoint(&name)?;
            }
            Request::RollbackToSavepoint { connection, name } => {
                self.connection(&connection)?.rollback_to_savepoint(&name)?;
            }
            Request::ReleaseSavepoint { connection, name } => {
                self.connection(&connection)?.release_savepoint(&name)?;
            }
            Request::Execute { connection, sql, params } => {
                let parameters = parameters::build(&params)?;
                let execution = self.connection(&connection)?.execute(&sql, &parameters)?;
                return Ok(executed(&execution));
            }
            Request::Query { connection, sql, params, options } => {
                let parameters = parameters::build(&params)?;
                let options = StreamOptions::from_json(&text(options))?;
                let stream = self.connection(&connection)?.query(&sql, &parameters, &options)?;
                return drained(&stream);
            }
            Request::QueryParts { connection, sql, params, partition, options } => {
                let parts = self.connection(&connection)?;
                return drained(&query_parts(parts, &sql, &params, partition, options)?);
            }
            Request::PartsOpen { connection, stream, sql, params, partition, options } => {
                let parts = self.connection(&connection)?;
                let opened = query_parts(parts, &sql, &params, partition, options)?;
                return self.opened(stream, opened);
            }
            Request::QueryPages { connection, sql, params, page, options } => {
                let pages = self.connection(&connection)?;
                return drained(&query_pages(pages, &sql, &params, page, options)?);
            }
            Request::PagesOpen { connection, stream, sql, params, page, options } => {
                let pages = self.connection(&connection)?;
                let opened = query_pages(pages, &sql, &params, page, options)?;
                return self.opened(stream, opened);
            }
            Request::BulkInsert { connection, table, fields, rows, batch_rows, options } => {
                let (schema, batches) = parameters::batches(&fields, &rows, batch_rows)?;
                let batches = batches.into_iter().map(Ok::<_, ArrowError>);
                let reader = Box::new(RecordBatchIterator::new(batches, schema));
                let options = BulkOptions::from_json(&text(options))?;
                let result = self.connection(&connection)?.bulk_insert(&table, reader, &options)?;
                return Ok(inserted(&result));
            }
            Request::BulkInsertParallel { pool, table, fields, rows, batch_rows, options } => {
                let (schema, batches) = parameters::batches(&fields, &rows, batch_rows)?;
                let batches = batches.into_iter().map(Ok::<_, ArrowError>);
                let reader = Box::new(RecordBatchIterator::new(batches, schema));
                let pool = self.pool(&pool)?;
                let result = BulkParallelOptions::from_json(&text(options))
                    .and_then(|options| pool.bulk_insert_parallel(&table, reader, &options))
                    .map_err(Failure::Bulk)?;
                let mut reply = inserted(&result);
                reply["workers"] = json!(result.workers);
                return Ok(reply);
            }
            Request::PoolOpen { pool, connection_string, options } => {
                let options = PoolOptions::from_json(&text(options))?;
                self.pools.insert(pool, Pool::open(&connection_string, &options)?);
            }
            Request::PoolAcquire { pool, connection } => {
                let lent = self.pool(&pool)?.acquire()?;
                self.connections.insert(connection, lent);
            }
            Request::PoolState { pool } => return Ok(json!(self.pool(&pool)?.state()?)),
            Request::PoolResize { pool, options } => {
                self.pool(&pool)?.resize(&text(options))?;
            }
            Request::PoolClose { pool } => self.pool(&pool)?.close()?,
            Request::Catalog { connection, query } => {
                let query = CatalogQuery::from_json(&text(query))?;
                let statement = self.connection(&connection)?.catalog(&query)?;
                return drained(&statement.stream(&StreamOptions::default())?);
            }
            Request::Call { connection, statement, procedure, params } => {
                let parameters = parameters::build(&params)?;
                let call = self.connection(&connection)?.call(&procedure, &parameters)?;
                let mut reply = executed_with_columns(&call.execution);
                let rows = cells::rows(&call.outputs).map_err(Failure::Fault)?;
                let names = call.outputs.schema();
                let names = names.fields().iter().map(|field| field.name().clone());
                let outputs: Map<String, Value> =
                    names.zip(rows.concat()).map(|(name, cell)| (name, json!(cell))).collect();
                reply["outputs"] = outputs.into();
                self.statements.insert(statement, call.statement);
                return Ok(reply);
            }
            Request::StatementOpen { connection, statement, sql } => {
                let opened = self.connection(&connection)?.statement(&sql)?;
                self.statements.insert(statement, opened);
            }
            Request::StatementExecute { statement, params } => {
                let parameters = parameters::build(&params)?;
                let execution = self.statement(&statement)?.execute(&parameters)?;
                return Ok(executed_with_columns(&execution));
            }
            Request::StatementQuery { statement, params } => {
                let statement = self.statement(&statement)?;
                statement.execute(&parameters::build(&params)?)?;
                return drained(&statement.stream(&StreamOptions::default())?);
            }
            Request::StatementNext { statement } => {
                return Ok(match self.statement(&statement)?.next_result()? {
                    Some(execution) => executed_with_columns(&execution),
                    None => json!({ "found": false }),
                });
            }
            Request::StatementClose { statement } => self.statement(&statement)?.close()?,
            Request::StatementCancel { statement } => self.statement(&statement)?.cancel()?,
            Request::StatementSetQueryTimeout { statement, query_timeout_ms } => {
                self.statement(&statement)?.set_query_timeout(query_timeout_ms)?;
            }
            Request::StreamOpen { statement, stream, options } => {
                let options = StreamOptions::from_json(&text(options))?;
                let opened = self.statement(&statement)?.stream(&options)?;
                return self.opened(stream, opened);
            }
            Request::StreamFetch { stream } => {
                return match self.stream(&stream)?.fetch()? {
                    Some(batch) => {
                        Ok(json!({ "rows": cells::rows(&batch).map_err(Failure::Fault)? }))
                    }
                    None => Ok(json!({ "end": true })),
                };
            }
            Request::StreamWarnings { stream } => {
                let warnings = self.stream(&stream)?.warnings();
                return Ok(json!({ "warnings": warnings.iter().map(warning).collect::<Vec<_>>() }));
            }
            Request::StreamProgress { stream } => {
                let progress = self.stream(&stream)?.progress();
                return Ok(json!({ "delivered": progress.rows, "bytes": progress.bytes }));
            }
            Request::StreamCancel { stream } => self.stream(&stream)?.cancel(),
            Request::StreamClose { stream } => self.stream(&stream)?.close()?,
            Request::ConnectionCancel { connection } => self.connection(&connection)?.cancel()?,
            Request::Clear { connection } => {
                self.connection(&connection)?.clear_statements()?;
            }
            Request::ClearAll => {
                odbc_engine::clear_all_statements()?;
            }
            Request::Metrics => return Ok(json!(odbc_engine::metrics())),
            Request::MetricsReset => odbc_engine::reset_metrics(),
            Request::TelemetryInit { options } => telemetry::init(&text(options))?,
            Request::TelemetryExport { spans } => telemetry::export_trace(&spans.to_string())?,
            Request::TelemetrySpans => return finished(),
            Request::TelemetryLastError => {
                return Ok(json!({ "text": telemetry::last_error() }));
            }
            Request::TelemetryCleanup => telemetry::cleanup(),
            Request::TelemetryShutdown => telemetry::shutdown()?,
            Request::TraceContext { traceparent } => {
                self.caller = None;
                if !traceparent.is_empty() {
                    self.caller = Some(odbc_engine::telemetry::enter(&traceparent)?);
                }
            }
            Request::ConnectionStringBuild { pairs } => {
                return Ok(json!({ "text": ConnectionString::from_pairs(pairs)?.to_text() }));
            }
            Request::ConnectionStringParse { text } => {
                return Ok(json!({ "pairs": ConnectionString::parse(&text)?.pairs() }));
            }
            Request::ConnectionStringRedact { text } => {
                return Ok(json!({ "text": ConnectionString::parse(&text)?.redacted() }));
            }
        }
        Ok(json!({}))
    }

    /// Keeps a stream under its name.
    fn opened(&mut self, name: String, stream: Stream) -> Answer {
        let reply = json!({ "schema": columns(&stream.schema())? });
        self.streams.insert(name, stream);
        Ok(reply)
    }

    fn connection(&self, name: &str) -> Result<&Connection, Failure> {
        named("connection", &self.connections, name)
    }

    fn statement(&self, name: &str) -> Result<&Statement, Failure> {
        named("statement", &self.statements, name)
    }

    fn pool(&self, name: &str) -> Result<&Pool, Failure> {
        named("pool", &self.pools, name)
    }

    fn stream(&self, name: &str) -> Result<&Stream, Failure> {
        named("stream", &self.streams, name)
    }
}

fn reply(answer: Answer) -> Value {
    match answer {
        Ok(ok) => json!({ "ok": ok }),
        Err(Failure::Engine(error)) => json!({ "error": report(&error) }),
        Err(Failure::Bulk(error)) => {
            let mut report = report(&error);
            report["bulk"] =
                json!(error.bulk.as_ref().map(|bulk| json!({ "committed": bulk.committed })));
            json!({ "error": report })
        }
        Err(Failure::Fault(fault)) => json!({ "fault": fault }),
    }
}

fn named<'a, T>(kind: &str, objects: &'a HashMap<String, T>, name: &str) -> Result<&'a T, Failure> {
    objects.get(name).ok_or_else(|| Failure::Fault(format!("no {kind} named {name}")))
}

fn finished() -> Answer {
    let mut spans = String::new();
    telemetry::take_finished(|text| {
        text.clone_into(&mut spans);
        true
    })?;
    let spans: Value = serde_json::from_str(&spans).map_err(|e| Failure::Fault(e.to_string()))?;
    Ok(json!({ "spans": spans }))
}

/// Options as the JSON text that the engine reads.
fn text(options: Options) -> String {
    Value::Object(options).to_string()
}

fn query_parts(
    connection: &Connection,
    sql: &str,
    params: &Values,
    partition: Options,
    options: Options,
) -> Result<Stream, Failure> {
    let parameters = parameters::build(params)?;
    let partition = PartitionOptions::from_json(&text(partition))?;
    let options = StreamOptions::from_json(&text(options))?;
    Ok(connection.query_parts(sql, &parameters, &partition, &options)?)
}

fn query_pages(
    connection: &Connection,
    sql: &str,
    params: &Values,
    page: Options,
    options: Options,
) -> Result<Stream, Failure> {
    let parameters = parameters::build(params)?;
    let page = PageOptions::from_json(&text(page))?;
    let options = StreamOptions::from_json(&text(options))?;
    Ok(connection.query_pages(sql, &parameters, &page, &options)?)
}

fn drained(stream: &Stream) -> Answer {
    let schema = columns(&stream.schema())?;
    let mut rows = Vec::new();
    let mut batches = 0;
    while let Some(batch) = stream.fetch()? {
        rows.extend(cells::rows(&batch).map_err(Failure::Fault)?);
        batches += 1;
    }
    stream.close()?;
    Ok(json!({ "schema": schema, "rows": rows, "batches": batches }))
}

fn columns(schema: &SchemaRef) -> Answer {
    let columns = schema.fields().iter().map(|field| {
        Ok(json!({
            "name": field.name(),
            "format": format::of(field.data_type()).map_err(Failure::Fault)?,
            "nullable": field.is_nullable(),
            "metadata": field.metadata().iter().collect::<BTreeMap<_, _>>(),
        }))
    });
    Ok(Value::Array(columns.collect::<Result<_, Failure>>()?))
}

fn executed(execution: &Execution) -> Value {
    json!({
        "affected_rows": execution.affected_rows,
        "warnings": execution.warnings.iter().map(warning).collect::<Vec<_>>(),
    })
}

fn executed_with_columns(execution: &Execution) -> Value {
    let mut reply = executed(execution);
    reply["columns"] = json!(execution.column_count);
    reply
}

fn inserted(result: &BulkResult) -> Value {
    json!({
        "written": result.rows,
        "strategy": result.strategy,
        "executions": result.chunks,
        "warnings": result.warnings.iter().map(warning).collect::<Vec<_>>(),
    })
}

fn warning(diagnostic: &Diagnostic) -> Value {
    json!({ "sqlstate": diagnostic.sqlstate, "native_code": diagnostic.native_code })
}

fn report(error: &Error) -> Value {
    json!({
        "kind": error.kind as i32,
        "kind_name": error.kind.name(),
        "sqlstate": error.sqlstate,
        "native_code": error.native_code,
        "operation": error.operation,
        "column": error.column,
        "row": error.row,
        "retryable": error.retryable,
        "record_count": error.records.len(),
        "message": error.message,
    })
}
