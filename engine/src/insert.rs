//! Inserting many rows as fast as the driver takes them.

mod cells;
mod chunk;
mod create;
mod literals;
mod options;
mod parallel;
mod plan;
mod run;
mod search;
mod source;
mod stop;
mod target;
mod unnest;
mod worker;
mod write;

use std::sync::Arc;

use arrow_array::RecordBatchReader;
use serde::Serialize;

pub use options::{BulkMode, BulkOptions, BulkParallelOptions, BulkStrategy};
pub(crate) use stop::Inserts;
use stop::Stop;
pub(crate) use write::Writer;

use crate::{
    connection::Shared,
    error::{Diagnostic, Result},
    metrics,
    pool::Pool,
    telemetry::Operation,
};

pub(crate) const OPERATION: &str = "bulk_insert";

/// What a bulk insert did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BulkResult {
    /// The rows that were written: all that were given.
    pub rows: u64,
    /// How they were sent: "array", "multi_row", "unnest" or "row".
    pub strategy: &'static str,
    /// How many executions that took.
    pub chunks: u64,
    /// Over how many connections they were sent.
    pub workers: usize,
    /// What the driver had to say beside success, the first hundred.
    pub warnings: Vec<Diagnostic>,
}

impl BulkResult {
    fn new(strategy: &'static str) -> Self {
        Self { rows: 0, strategy, chunks: 0, workers: 1, warnings: Vec::new() }
    }

    fn warn(&mut self, warnings: Vec<Diagnostic>) {
        Diagnostic::keep(&mut self.warnings, warnings, write::Written::WARNINGS_MAX);
    }
}

/// Inserts rows on one connection.
pub(crate) fn bulk_insert(
    shared: &Arc<Shared>,
    table: &str,
    rows: Box<dyn RecordBatchReader + Send>,
    options: &BulkOptions,
) -> Result<BulkResult> {
    let subject = || shared.place.subject_of("BATCH INSERT", table);
    let mut observed = Operation::begin_on(&shared.place, OPERATION, "", subject);
    let inserted = run::run(shared, table, source::Source::new(rows), options);
    observe(&mut observed, &inserted);
    observed.end(&inserted);
    inserted.inspect_err(metrics::count_error)
}

fn observe(observed: &mut Operation, inserted: &Result<BulkResult>) {
    let Ok(result) = inserted else { return };
    // A batch of one is none, by the conventions.
    let size = || i64::try_from(result.rows).ok().filter(|rows| *rows > 1);
    observed.set("db.operation.batch.size", size);
    observed.set("odbc_engine.chunks", || result.chunks.try_into().ok());
    observed.inserted(result.rows);
}

/// Inserts rows over several connections of a pool.
pub(crate) fn bulk_insert_parallel(
    pool: &Pool,
    table: &str,
    rows: Box<dyn RecordBatchReader + Send>,
    options: &BulkParallelOptions,
    stop: &Stop,
) -> Result<BulkResult> {
    options.check()?;
    let size_max = pool.size_max(OPERATION)?;
    let first = pool.acquire()?;
    let asked = options.parallelism.unwrap_or(size_max.min(BulkParallelOptions::UNASKED)).max(1);
    let mut warnings = Vec::new();
    let mut warn = |message: String| {
        warnings.push(Diagnostic { sqlstate: "01S02".to_owned(), native_code: 0, message });
    };
    let mut workers = asked;
    if asked > size_max {
        warn(format!("{asked} workers are more than the pool has connections: {size_max} insert"));
        workers = size_max;
    }
    if workers > 1 && !first.shared().dbms.bulk.concurrent {
        let dbms = first.shared().dbms.id;
        warn(format!("{dbms} has one writer at a time: one worker inserts"));
        workers = 1;
    }
    let inserted = if workers == 1 && options.stop_on_error {
        // What is not committed would be undone when the connection goes back.
        first.set_autocommit(true)?;
        // A request to stop that comes from here on finds it.
        let _job = first.shared().job(OPERATION)?;
        stop.add(first.cancel_handle());
        if stop.is_stopped() {
            Err(parallel::asked_to_stop())
        } else {
            first.bulk_insert(table, rows, &options.bulk)
        }
    } else {
        let place = Arc::clone(&first.shared().place);
        let subject = || place.subject_of("BATCH INSERT", table);
        let mut observed = Operation::begin_on(&place, OPERATION, "", subject);
        let source = source::Source::new(rows);
        let inserted = parallel::run(pool, first, table, source, workers, options, stop);
        observe(&mut observed, &inserted);
        observed.end(&inserted);
        inserted.inspect_err(metrics::count_error)
    };
    inserted.map(|mut result| {
        result.warn(warnings);
        result
    })
}
