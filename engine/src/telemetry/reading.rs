//! One result that is read and observed: a span from the stream's begin to its end.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::{KeyValue, trace::Span};

use super::{describe::Description, instruments, operation::Running, place::Place};
use crate::error::Error;

/// The reading of a result, or nothing where telemetry is off. It may end from any thread.
#[derive(Default)]
pub(crate) struct Reading(Mutex<Option<Box<Progress>>>);

struct Progress {
    running: Running,
    rows: u64,
    bytes: u64,
    batches: u64,
}

impl Reading {
    /// Begins to observe the reading of a result.
    pub fn begin(place: &Place, sql: &str, describe: impl FnOnce() -> Arc<Description>) -> Self {
        Self(Mutex::new(instruments::current().map(|instruments| {
            let description = describe();
            let described = Some((description.as_ref(), sql));
            let running = Running::begin(instruments, place, "fetch", described);
            Box::new(Progress { running, rows: 0, bytes: 0, batches: 0 })
        })))
    }

    fn with(&self, note: impl FnOnce(&mut Progress)) {
        if let Some(progress) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            note(progress);
        }
    }

    /// Notes a batch.
    pub fn batch(&self, rows: u64, bytes: u64) {
        self.with(|progress| {
            progress.rows += rows;
            progress.bytes += bytes;
            progress.batches += 1;
            let Running { instruments, span, attributes, .. } = &mut progress.running;
            instruments.fetched_rows.add(rows, attributes);
            instruments.fetched_bytes.add(bytes, attributes);
            if span.is_recording() {
                let rows = KeyValue::new("odbc_engine.batch.rows", signed(rows));
                let bytes = KeyValue::new("odbc_engine.batch.bytes", signed(bytes));
                span.add_event("batch", vec![rows, bytes]);
            }
        });
    }

    /// Ends the span; what was read until then is what counts.
    pub fn end(&self, error: Option<&Error>) {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut progress) = ended else { return };
        let Progress { running, rows, bytes, batches } = &mut *progress;
        if let Some(error) = error {
            running.failed(error);
        }
        running.instruments.returned_rows.record(*rows, &running.attributes);
        running.span.set_attributes([
            KeyValue::new("db.response.returned_rows", signed(*rows)),
            KeyValue::new("odbc_engine.batches", signed(*batches)),
            KeyValue::new("odbc_engine.bytes", signed(*bytes)),
        ]);
        running.span.end();
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.end(None);
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
