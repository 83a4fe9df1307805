//! Inserting many rows as fast as the driver takes them.

mod cells;
mod chunk;
mod create;
mod literals;
mod options;
mod plan;
mod run;
mod search;
mod source;
mod target;
mod unnest;
mod write;

use std::sync::Arc;

use arrow_array::RecordBatchReader;
use serde::Serialize;

pub use options::{BulkMode, BulkOptions, BulkStrategy};
pub(crate) use write::Writer;

use crate::{
    connection::Shared,
    error::{Diagnostic, Result},
    metrics,
    telemetry::{Description, Operation},
};

const OPERATION: &str = "bulk_insert";

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
    /// What the driver had to say beside success, the first hundred.
    pub warnings: Vec<Diagnostic>,
}

/// Inserts rows on one connection.
pub(crate) fn bulk_insert(
    shared: &Arc<Shared>,
    table: &str,
    rows: Box<dyn RecordBatchReader + Send>,
    options: &BulkOptions,
) -> Result<BulkResult> {
    let describe = || Description::of_operation("BATCH INSERT", table);
    let mut observed = Operation::begin_described(&shared.place, OPERATION, "", describe);
    let inserted = run::run(shared, table, source::Source::new(rows), options);
    if let Ok(result) = &inserted {
        // A batch of one is none, by the conventions.
        let size = || i64::try_from(result.rows).ok().filter(|rows| *rows > 1);
        observed.set("db.operation.batch.size", size);
        observed.set("odbc_engine.chunks", || result.chunks.try_into().ok());
        observed.inserted(result.rows);
    }
    observed.end(&inserted);
    inserted.inspect_err(metrics::count_error)
}
