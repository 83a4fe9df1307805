//! Exporters that count what they lose, and keep why.

use std::{
    io::Write,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    metrics::{Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
    trace::{SpanData, SpanExporter},
};

use crate::{
    counts::{self, Counts},
    http::Client,
    queue::Room,
    span,
};

/// Keeps why a request failed, unless the shutdown has told already that it came too late.
fn keep_failure(what: &str, endpoint: &str, error: &OTelSdkError, client: &Client) {
    if !client.is_abandoned() {
        let reason = client.take_failure().unwrap_or_else(|| error.to_string());
        counts::fail(format!("the export of {what} to {endpoint} failed: {reason}"));
    }
}

/// Sends spans by OTLP.
#[derive(Debug)]
pub(crate) struct Spans {
    pub inner: opentelemetry_otlp::SpanExporter,
    pub endpoint: String,
    pub client: Client,
    pub counts: Arc<Counts>,
    pub room: Arc<Room>,
}

impl SpanExporter for Spans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        if self.client.is_abandoned() {
            // The shutdown has counted what still waits.
            return Err(OTelSdkError::AlreadyShutdown);
        }
        self.room.give_back(spans);
        let exported = self.inner.export(batch).await;
        if let Err(error) = &exported {
            self.counts.failed.fetch_add(spans as u64, Relaxed);
            let what = format!("{spans} spans");
            keep_failure(&what, &self.endpoint, error, &self.client);
            self.client.pause();
        }
        exported
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Sends metrics by OTLP.
pub(crate) struct Metrics {
    pub inner: opentelemetry_otlp::MetricExporter,
    pub endpoint: String,
    pub client: Client,
    pub counts: Arc<Counts>,
}

impl PushMetricExporter for Metrics {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let exported = self.inner.export(metrics).await;
        if let Err(error) = &exported {
            self.counts.failed_metrics.fetch_add(1, Relaxed);
            keep_failure("metrics", &self.endpoint, error, &self.client);
        }
        exported
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}

/// Writes each span to the standard output, as a line of JSON.
#[derive(Debug)]
pub(crate) struct Lines {
    pub counts: Arc<Counts>,
    pub room: Arc<Room>,
}

impl SpanExporter for Lines {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.room.give_back(batch.len());
        let mut output = std::io::stdout().lock();
        let mut written = 0;
        let mut write = || {
            for span in &batch {
                writeln!(output, "{}", span::to_json(span))?;
                written += 1;
            }
            output.flush()
        };
        write().map_err(|error: std::io::Error| {
            self.counts.failed.fetch_add((batch.len() - written) as u64, Relaxed);
            let failure = format!("writing spans to the standard output failed: {error}");
            counts::fail(failure.clone());
            OTelSdkError::InternalFailure(failure)
        })
    }
}
