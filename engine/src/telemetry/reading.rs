//! One result that is read and observed: a span from the stream's begin to its end.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::{KeyValue, trace::Span};

use super::{
    instruments,
    operation::{Running, What},
    place::Place,
    subject::{FETCH, Subject},
};
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
    pub fn begin(place: &Place, sql: &str, subject: impl FnOnce() -> Arc<Subject>) -> Self {
        Self(Mutex::new(instruments::current().map(|instruments| {
            let subject = subject();
            let what = What { operation: FETCH, subject: Some((&subject, sql)), begun: None };
            let running = Running::begin(instruments, place, what);
            Box::new(Progress { running, rows: 0, bytes: 0, batches: 0 })
        })))
    }

    /// Notes a batch.
    pub fn batch(&self, rows: u64, bytes: u64) {
        let mut progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(progress) = progress.as_mut() else { return };
        progress.rows += rows;
        progress.bytes += bytes;
        progress.batches += 1;
        if let Some(span) = progress.running.recording() {
            let rows = KeyValue::new("odbc_engine.batch.rows", signed(rows));
            let bytes = KeyValue::new("odbc_engine.batch.bytes", signed(bytes));
            span.add_event("batch", vec![rows, bytes]);
        }
    }

    /// Ends the span; what was read until then is what counts.
    pub fn end(&self, error: Option<&Error>) {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(progress) = ended else { return };
        let Progress { mut running, rows, bytes, batches } = *progress;
        if let Some(error) = error {
            running.failed(error);
        }
        running.record_rows(rows, bytes);
        if let Some(span) = running.recording() {
            span.set_attributes([
                KeyValue::new("db.response.returned_rows", signed(rows)),
                KeyValue::new("odbc_engine.batches", signed(batches)),
                KeyValue::new("odbc_engine.bytes", signed(bytes)),
            ]);
        }
        running.end();
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
