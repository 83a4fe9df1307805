//! What was lost, and why.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::lock;

/// What a pipeline lost since it began.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Spans for which the queue had no room.
    pub dropped: AtomicU64,
    /// Spans whose export failed.
    pub failed: AtomicU64,
    /// Exports of metrics that failed. What they held is in the next one, except for the last.
    pub failed_metrics: AtomicU64,
}

#[derive(Default)]
struct Report {
    failure: String,
    counts: Arc<Counts>,
}

static REPORT: Mutex<Option<Report>> = Mutex::new(None);

/// Begins to count for a new pipeline.
pub(crate) fn begin() -> Arc<Counts> {
    let report = Report::default();
    let counts = Arc::clone(&report.counts);
    *lock(&REPORT) = Some(report);
    counts
}

pub(crate) fn fail(failure: String) {
    lock(&REPORT).get_or_insert_default().failure = failure;
}

pub(crate) fn forget_failure() {
    if let Some(report) = &mut *lock(&REPORT) {
        report.failure.clear();
    }
}

/// The last failure alone.
pub(crate) fn failure() -> String {
    lock(&REPORT).as_ref().map(|report| report.failure.clone()).unwrap_or_default()
}

/// The last failure, and what was lost so far, a line each.
pub(crate) fn last_error() -> String {
    let report = lock(&REPORT);
    let Some(Report { failure, counts }) = &*report else { return String::new() };
    let lost = |count: &AtomicU64, what: &str| {
        let count = count.load(Relaxed);
        (count > 0).then(|| format!("{count} {what}"))
    };
    let parts = [
        (!failure.is_empty()).then(|| failure.clone()),
        lost(&counts.dropped, "spans were dropped: no room in the queue"),
        lost(&counts.failed, "spans were lost: their export failed"),
        lost(&counts.failed_metrics, "exports of metrics failed"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}
