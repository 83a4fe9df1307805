//! Rows into a table, on one connection or several.

use std::{sync::Arc, time::Instant};

use odbc_engine::{
    BulkOptions, BulkParallelOptions, Connection, ConnectionOptions, Pool, PoolOptions,
    arrow_array::{
        Float64Array, Int64Array, RecordBatch, RecordBatchIterator, StringArray,
        TimestampMicrosecondArray,
    },
};

use crate::{Failure, Measured, setting};

const BATCH_ROWS: i64 = 65_536;

pub fn insert(options: &ConnectionOptions) -> Result<Measured, Failure> {
    let string = setting("BENCH_CONNECTION")?;
    let count: i64 = setting("BENCH_ROWS")?.parse()?;
    let table = setting("BENCH_TABLE")?;
    let batches = (1..=count)
        .step_by(BATCH_ROWS as usize)
        .map(|first| batch(first, count.min(first + BATCH_ROWS - 1)))
        .collect::<Result<Vec<_>, _>>()?;
    let schema = batches[0].schema();
    let rows = Box::new(RecordBatchIterator::new(batches.into_iter().map(Ok), schema));
    let workers: usize = setting("BENCH_WORKERS").map_or(Ok(1), |workers| workers.parse())?;
    let began;
    let inserted = if workers > 1 {
        let pool = PoolOptions { size_min: workers, size_max: workers, ..PoolOptions::default() };
        let pool = Pool::open(&string, &pool)?;
        let options = BulkParallelOptions { parallelism: Some(workers), ..Default::default() };
        began = Instant::now();
        pool.bulk_insert_parallel(&table, rows, &options)?
    } else {
        let connection = Connection::open(&string, options)?;
        began = Instant::now();
        connection.bulk_insert(&table, rows, &BulkOptions::default())?
    };
    let took = began.elapsed();
    let checksum = count * (count + 1) / 2;
    Ok(Measured { rows: inserted.rows, checksum, took, ..Measured::nothing() })
}

/// The same rows in every contestant.
fn batch(first: i64, last: i64) -> Result<RecordBatch, Failure> {
    const BEGIN: i64 = 1_577_836_800_000_000;
    let ids = || first..=last;
    let names = ids().map(|id| format!("customer {:011}", id * 7919));
    let moments = ids().map(|id| BEGIN + id * 37_000_001);
    Ok(RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(ids())) as _),
        ("ratio", Arc::new(Float64Array::from_iter_values(ids().map(|id| id as f64 / 7.0))) as _),
        ("name", Arc::new(StringArray::from_iter_values(names)) as _),
        ("created", Arc::new(TimestampMicrosecondArray::from_iter_values(moments)) as _),
    ])?)
}
