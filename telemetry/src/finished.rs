//! Spans that are finished and kept in memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
};

use odbc_engine::{Error, ErrorKind, Result};
use opentelemetry_sdk::trace::SpanData;
use serde_json::Value;

use crate::{counts::Counts, lock, span};

/// What the exporter "memory" keeps. It outlives that, so that the last spans can still be read.
static FINISHED: Mutex<Option<Finished>> = Mutex::new(None);

struct Finished {
    spans: VecDeque<SpanData>,
    spans_max: usize,
    counts: Arc<Counts>,
}

/// Begins to keep spans, up to a number of them.
pub(crate) fn begin(spans_max: usize, counts: Arc<Counts>) {
    *lock(&FINISHED) = Some(Finished { spans: VecDeque::new(), spans_max, counts });
}

/// Keeps none any more, and forgets those that were.
pub(crate) fn end() {
    *lock(&FINISHED) = None;
}

pub(crate) fn forget() {
    if let Some(finished) = &mut *lock(&FINISHED) {
        finished.spans.clear();
    }
}

/// Keeps a span where there is room; tells whether there was.
pub(crate) fn keep(span: SpanData) -> bool {
    let mut finished = lock(&FINISHED);
    let Some(finished) = &mut *finished else { return false };
    if finished.spans.len() >= finished.spans_max {
        finished.counts.dropped.fetch_add(1, Relaxed);
        return false;
    }
    finished.spans.push_back(span);
    true
}

pub(crate) fn take(take: impl FnOnce(&str) -> bool) -> Result<()> {
    let mut finished = lock(&FINISHED);
    let finished = finished.as_mut().ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidState,
            "otel_export_trace_to_string",
            "no spans are kept in memory; call otel_init with the exporter \"memory\"",
        )
    })?;
    let spans = Value::Array(finished.spans.iter().map(span::to_json).collect());
    if take(&spans.to_string()) {
        finished.spans.clear();
    }
    Ok(())
}
