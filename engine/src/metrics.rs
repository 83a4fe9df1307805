//! What the engine did in this process, counted.

use std::sync::{
    LazyLock, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};
use std::{collections::BTreeMap, time::Duration};

use arrow_array::{Array, ArrayRef, RecordBatch, cast::AsArray};
use arrow_schema::DataType;
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::error::{Error, ErrorKind};

/// Counts of this process since its start, or since they were reset. What is open is a number of
/// now, which a reset leaves alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Metrics {
    /// Executions of statements, failed ones included.
    pub executions: u64,
    /// SQLPrepare calls.
    pub prepares: u64,
    /// Executions that found their statement prepared in a connection's cache.
    pub cache_hits: u64,
    /// Executions that looked for it there and did not find it.
    pub cache_misses: u64,
    /// Errors by the name of their kind, of executions and fetches.
    pub errors: BTreeMap<&'static str, u64>,
    /// Rows that were fetched.
    pub rows: u64,
    /// Bytes of the Arrow buffers they came in.
    pub bytes: u64,
    /// How long executions took, in milliseconds.
    pub latency_ms: Latency,
    /// Connections that are open.
    pub open_connections: i64,
    /// Statements that are open.
    pub open_statements: i64,
    /// Results that are being read.
    pub open_streams: i64,
    /// Prepared statements that are kept in the connections' caches.
    pub cached_statements: i64,
}

/// A distribution of durations in milliseconds, exact to three digits.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Latency {
    /// Half are at most this long.
    pub p50: f64,
    /// 95 of 100 are at most this long.
    pub p95: f64,
    /// 99 of 100 are at most this long.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

#[derive(Default)]
struct Counters {
    prepares: AtomicU64,
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
    errors: [AtomicU64; 16],
    rows: AtomicU64,
    bytes: AtomicU64,
    open: [AtomicI64; 4],
}

static COUNTERS: LazyLock<Counters> = LazyLock::new(Counters::default);

/// Durations of executions in microseconds, from one to an hour; longer ones count as an hour.
static LATENCY: LazyLock<Mutex<Histogram<u64>>> = LazyLock::new(|| {
    let hour_us = 3_600_000_000;
    Mutex::new(Histogram::new_with_bounds(1, hour_us, 3).expect("the bounds are in order"))
});

fn latency() -> MutexGuard<'static, Histogram<u64>> {
    LATENCY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something that is counted while it lives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Open {
    Connection,
    Statement,
    Stream,
    Cached,
}

/// Counts one thing as open until it is dropped.
#[derive(Debug)]
pub(crate) struct Gauge(Open);

impl Gauge {
    pub fn new(open: Open) -> Self {
        COUNTERS.open[open as usize].fetch_add(1, Relaxed);
        Self(open)
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        COUNTERS.open[self.0 as usize].fetch_sub(1, Relaxed);
    }
}

pub(crate) fn count_execution(took: Duration) {
    let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    latency().saturating_record(microseconds.max(1));
}

pub(crate) fn count_prepare() {
    COUNTERS.prepares.fetch_add(1, Relaxed);
}

pub(crate) fn count_cache(hit: bool) {
    let counter = if hit { &COUNTERS.cache_hits } else { &COUNTERS.cache_misses };
    counter.fetch_add(1, Relaxed);
}

pub(crate) fn count_error(error: &Error) {
    COUNTERS.errors[error.kind as usize].fetch_add(1, Relaxed);
}

pub(crate) fn count_batch(rows: u64, bytes: u64) {
    COUNTERS.rows.fetch_add(rows, Relaxed);
    COUNTERS.bytes.fetch_add(bytes, Relaxed);
}

/// The bytes of what a batch has in its buffers.
pub(crate) fn batch_bytes(batch: &RecordBatch) -> u64 {
    batch.columns().iter().map(buffer_bytes).sum::<usize>() as u64
}

/// The bytes of what an array has in its buffers. The array itself only knows of the memory that it
/// keeps, which the columns of a batch share.
fn buffer_bytes(array: &ArrayRef) -> usize {
    let bits = array.len().div_ceil(8);
    let text =
        |offsets: &[i32]| size_of_val(offsets) + (offsets[offsets.len() - 1] - offsets[0]) as usize;
    let values = match array.data_type() {
        DataType::Boolean => bits,
        DataType::Utf8 => text(array.as_string::<i32>().value_offsets()),
        DataType::Binary => text(array.as_binary::<i32>().value_offsets()),
        DataType::FixedSizeBinary(width) => array.len() * *width as usize,
        other => array.len() * other.primitive_width().unwrap_or_default(),
    };
    values + array.nulls().map_or(0, |_| bits)
}

/// The counts of now.
pub fn metrics() -> Metrics {
    let counters = &*COUNTERS;
    let open = |open: Open| counters.open[open as usize].load(Relaxed);
    let errors = ErrorKind::ALL.iter().filter_map(|kind| {
        let count = counters.errors[*kind as usize].load(Relaxed);
        (count > 0).then(|| (kind.name(), count))
    });
    let histogram = latency();
    let milliseconds = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1e3;
    Metrics {
        executions: histogram.len(),
        prepares: counters.prepares.load(Relaxed),
        cache_hits: counters.cache_hits.load(Relaxed),
        cache_misses: counters.cache_misses.load(Relaxed),
        errors: errors.collect(),
        rows: counters.rows.load(Relaxed),
        bytes: counters.bytes.load(Relaxed),
        latency_ms: Latency {
            p50: milliseconds(0.5),
            p95: milliseconds(0.95),
            p99: milliseconds(0.99),
            max: if histogram.is_empty() { 0.0 } else { histogram.max() as f64 / 1e3 },
        },
        open_connections: open(Open::Connection),
        open_statements: open(Open::Statement),
        open_streams: open(Open::Stream),
        cached_statements: open(Open::Cached),
    }
}

/// Sets every count back to zero, but what is open.
pub fn reset_metrics() {
    let counters = &*COUNTERS;
    let singles = [
        &counters.prepares,
        &counters.cache_hits,
        &counters.cache_misses,
        &counters.rows,
        &counters.bytes,
    ];
    for counter in singles.into_iter().chain(&counters.errors) {
        counter.store(0, Relaxed);
    }
    latency().reset();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        BinaryArray, BooleanArray, Decimal128Array, FixedSizeBinaryArray, Int32Array, StringArray,
    };

    use super::*;

    #[test]
    fn the_bytes_of_arrays_are_what_arrow_says() {
        let uuids = vec![Some([7u8; 16]), None, Some([0; 16])];
        let uuids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(uuids.into_iter(), 16);
        let arrays: [ArrayRef; 7] = [
            Arc::new(Int32Array::from(vec![1, 2, 3])),
            Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])),
            Arc::new(Decimal128Array::from(vec![1, 2])),
            Arc::new(BooleanArray::from(vec![true; 9])),
            Arc::new(StringArray::from(vec![Some("one"), None, Some("three")])),
            Arc::new(BinaryArray::from_vec(vec![b"12", b"345"])),
            Arc::new(uuids.expect("they have 16 bytes")),
        ];
        for array in arrays {
            let told = array.to_data().get_slice_memory_size().expect("it is told");
            assert_eq!(buffer_bytes(&array), told, "{}", array.data_type());
        }
        let sliced: ArrayRef = Arc::new(StringArray::from(vec!["one", "two", "three"]).slice(1, 1));
        assert_eq!(buffer_bytes(&sliced), 8 + 3);
    }
}
