//! What runs while telemetry is on.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed, mpsc::sync_channel},
    thread,
    time::{Duration, Instant},
};

use odbc_engine::{
    Error, ErrorKind, Result,
    telemetry::{self, Admits},
};
use opentelemetry::{global, metrics::noop::NoopMeterProvider, trace::noop::NoopTracerProvider};
use opentelemetry_otlp::{
    MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
    trace::{
        BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanExporter as ExportsSpans,
        SpanProcessor,
    },
};

use crate::{
    config::{Config, Exporter},
    counts::{self, Counts},
    exporter::{Lines, Metrics, Spans},
    finished,
    http::Client,
    queue::{Room, SpanQueue},
};

/// How much longer than a shutdown its threads wait for an exporter that is late.
const LEFT_BEHIND: Duration = Duration::from_secs(60);

/// The providers, and what they were made of.
pub(crate) struct Pipeline {
    pub config: Config,
    pub spans: SpanQueue,
    traces: SdkTracerProvider,
    metrics: Option<SdkMeterProvider>,
    clients: Vec<Client>,
    counts: Arc<Counts>,
    room: Arc<Room>,
}

/// Lets the engine observe nothing any more.
pub(crate) fn detach() {
    telemetry::stop();
    global::set_tracer_provider(NoopTracerProvider::new());
    global::set_meter_provider(NoopMeterProvider::new());
}

impl Pipeline {
    /// Starts the exporters, and lets the engine tell them what it does.
    pub fn start(config: Config) -> Result<Self> {
        let counts = counts::begin();
        let room = Arc::new(Room::new(config.queue_spans_max));
        let resource = resource(&config);
        let mut clients = Vec::new();
        finished::end();
        let spans = match config.spans {
            _ if config.disabled => SpanQueue::Nowhere,
            Exporter::None => SpanQueue::Nowhere,
            Exporter::Memory => {
                finished::begin(config.memory_spans_max, Arc::clone(&counts));
                SpanQueue::Memory
            }
            Exporter::Stdout => {
                let lines = Lines { counts: Arc::clone(&counts), room: Arc::clone(&room) };
                batches(lines, &config, &resource, &room, &counts)
            }
            Exporter::Otlp => {
                let client = Client::new(&config.traces_to, config.schedule_delay);
                clients.push(client.clone());
                let spans = Spans {
                    inner: span_exporter(&config, &client)?,
                    endpoint: config.traces_to.endpoint.clone(),
                    client,
                    counts: Arc::clone(&counts),
                    room: Arc::clone(&room),
                };
                batches(spans, &config, &resource, &room, &counts)
            }
        };
        let metrics = if config.metrics && !config.disabled {
            let client = Client::new(&config.metrics_to, config.schedule_delay);
            clients.push(client.clone());
            let exporter = Metrics {
                inner: metric_exporter(&config, &client)?,
                endpoint: config.metrics_to.endpoint.clone(),
                client,
                counts: Arc::clone(&counts),
            };
            let reader =
                PeriodicReader::builder(exporter).with_interval(config.metrics_interval).build();
            let builder = SdkMeterProvider::builder().with_reader(reader);
            Some(builder.with_resource(resource.clone()).build())
        } else {
            None
        };
        let traces = SdkTracerProvider::builder()
            .with_sampler(config.sampler.sampler())
            .with_resource(resource)
            .with_span_processor(spans.clone())
            .build();
        if !config.disabled && (config.spans != Exporter::None || metrics.is_some()) {
            global::set_tracer_provider(traces.clone());
            if let Some(metrics) = &metrics {
                global::set_meter_provider(metrics.clone());
            }
            telemetry::start_admitting(config.query_text, admits(&config, &room, &counts));
        }
        Ok(Self { config, spans, traces, metrics, clients, counts, room })
    }

    /// Exports what is left, within the deadline.
    pub fn shutdown(self) -> Result<()> {
        let Self { config, spans, traces, metrics, clients, counts, room } = self;
        drop(spans);
        let timeout = config.shutdown_timeout;
        clients.iter().for_each(Client::hurry);
        let deadline = Instant::now() + timeout;
        let failed = || counts.failed.load(Relaxed) + counts.failed_metrics.load(Relaxed);
        let failed_before = failed();
        // Each tells whether it ended. They wait longer than this, on threads of their own: the SDK
        // waits five seconds for metrics, whatever it is told.
        let (done, finished) = sync_channel(2);
        let metrics_done = done.clone();
        let metrics_counts = Arc::clone(&counts);
        let flush = [
            spawn(move || {
                let _ = traces.shutdown_with_timeout(timeout + LEFT_BEHIND);
                drop(traces);
                let _ = done.send(true);
            }),
            spawn(move || {
                let failed_before = metrics_counts.failed_metrics.load(Relaxed);
                let ended = metrics.is_none_or(|metrics| metrics.shutdown().is_ok());
                let failed = metrics_counts.failed_metrics.load(Relaxed) > failed_before;
                let _ = metrics_done.send(ended || failed);
            }),
        ];
        flush.into_iter().collect::<Result<Vec<_>>>()?;
        let mut late = false;
        for _ in 0..2 {
            let left = deadline.saturating_duration_since(Instant::now());
            late |= finished.recv_timeout(left) != Ok(true);
        }
        // What still runs ends with the request that it waits for.
        clients.iter().for_each(Client::abandon);
        if late {
            let lost = room.taken();
            counts.dropped.fetch_add(lost as u64, Relaxed);
            let message = format!(
                "the exporter did not end within {} ms; {lost} waiting spans are lost",
                timeout.as_millis()
            );
            return Err(Error::new(ErrorKind::Timeout, "otel_shutdown", message));
        }
        if failed() > failed_before {
            let message = format!("the last export failed: {}", counts::failure());
            return Err(Error::new(ErrorKind::Connection, "otel_shutdown", message));
        }
        Ok(())
    }
}

/// Whether a span is to be made: not while the queue is full, which is then counted as its drop.
fn admits(config: &Config, room: &Arc<Room>, counts: &Arc<Counts>) -> Admits {
    let (sampling, room, counts) = (config.sampler.clone(), Arc::clone(room), Arc::clone(counts));
    Box::new(move |parent| {
        let admitted = !room.is_full();
        if !admitted && sampling.samples_below(parent) {
            counts.dropped.fetch_add(1, Relaxed);
        }
        admitted
    })
}

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<()> {
    let spawned = thread::Builder::new().name("otel_shutdown".to_owned()).spawn(work);
    spawned
        .map(drop)
        .map_err(|error| Error::new(ErrorKind::Limit, "otel_shutdown", error.to_string()))
}

/// A queue in front of an exporter, with the thread that exports.
fn batches<E: ExportsSpans + 'static>(
    exporter: E,
    config: &Config,
    resource: &Resource,
    room: &Arc<Room>,
    counts: &Arc<Counts>,
) -> SpanQueue {
    let batch = config.batch_spans_max.min(config.queue_spans_max);
    let limits = BatchConfigBuilder::default()
        .with_max_queue_size(config.queue_spans_max + batch)
        .with_max_export_batch_size(batch)
        .with_scheduled_delay(config.schedule_delay)
        .build();
    let mut to = BatchSpanProcessor::builder(exporter).with_batch_config(limits).build();
    to.set_resource(resource);
    SpanQueue::Batches { to: Arc::new(to), room: Arc::clone(room), counts: Arc::clone(counts) }
}

fn resource(config: &Config) -> Resource {
    let resource = Resource::builder().with_attributes(config.resource.clone());
    match &config.service_name {
        Some(name) => resource.with_service_name(name.clone()).build(),
        None => resource.build(),
    }
}

fn built<T>(built: std::result::Result<T, opentelemetry_otlp::ExporterBuildError>) -> Result<T> {
    built.map_err(|error| {
        Error::new(ErrorKind::InvalidArgument, "otel_init", format!("the exporter: {error}"))
    })
}

fn span_exporter(config: &Config, client: &Client) -> Result<SpanExporter> {
    let to = &config.traces_to;
    built(
        SpanExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&to.endpoint)
            .with_timeout(to.timeout)
            .build(),
    )
}

fn metric_exporter(config: &Config, client: &Client) -> Result<MetricExporter> {
    let to = &config.metrics_to;
    built(
        MetricExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&to.endpoint)
            .with_timeout(to.timeout)
            .with_temporality(config.temporality)
            .build(),
    )
}
