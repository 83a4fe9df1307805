//! Handing finished spans to an exporter without ever waiting for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed},
    },
    time::Duration,
};

use odbc_engine::{Error, ErrorKind, Result};
use opentelemetry::Context;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{BatchSpanProcessor, Span, SpanData, SpanProcessor},
};

use crate::{counts::Counts, finished};

/// The room of a queue. The SDK's own queue is larger, so that every span that is dropped is
/// dropped and counted here.
#[derive(Debug)]
pub(crate) struct Room {
    taken: AtomicUsize,
    spans_max: usize,
}

impl Room {
    pub fn new(spans_max: usize) -> Self {
        Self { taken: AtomicUsize::new(0), spans_max }
    }

    fn take(&self) -> bool {
        let next = |taken| (taken < self.spans_max).then_some(taken + 1);
        self.taken.fetch_update(AcqRel, Acquire, next).is_ok()
    }

    pub fn give_back(&self, spans: usize) {
        self.taken.fetch_sub(spans, AcqRel);
    }

    pub fn is_full(&self) -> bool {
        self.taken() >= self.spans_max
    }

    /// How many spans wait.
    pub fn taken(&self) -> usize {
        self.taken.load(Acquire)
    }
}

/// Where finished spans go.
#[derive(Debug, Clone)]
pub(crate) enum SpanQueue {
    /// To a thread that exports them.
    Batches {
        to: Arc<BatchSpanProcessor>,
        room: Arc<Room>,
        counts: Arc<Counts>,
    },
    /// To memory.
    Memory,
    Nowhere,
}

impl SpanQueue {
    /// Takes a span; false where there is no room.
    fn offer(&self, span: SpanData) -> bool {
        match self {
            Self::Batches { to, room, counts } => {
                let has_room = room.take();
                if has_room {
                    to.on_end(span);
                } else {
                    counts.dropped.fetch_add(1, Relaxed);
                }
                has_room
            }
            Self::Memory => finished::keep(span),
            Self::Nowhere => true,
        }
    }

    /// Takes spans that were made outside of the engine.
    pub fn export(&self, spans: Vec<SpanData>) -> Result<()> {
        let count = spans.len();
        let dropped = spans.into_iter().filter(|span| !self.offer(span.clone())).count();
        if dropped == 0 {
            return Ok(());
        }
        let message = format!("{dropped} of {count} spans were dropped: no room in the queue");
        Err(Error::new(ErrorKind::Limit, "otel_export_trace", message))
    }
}

impl SpanProcessor for SpanQueue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.offer(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        match self {
            Self::Batches { to, .. } => to.force_flush(),
            Self::Memory | Self::Nowhere => Ok(()),
        }
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        match self {
            Self::Batches { to, .. } => to.shutdown_with_timeout(timeout),
            Self::Memory | Self::Nowhere => Ok(()),
        }
    }
}
