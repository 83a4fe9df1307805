//! What spans and metrics are made with, while telemetry is on.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

use opentelemetry::{
    Context, InstrumentationScope, global,
    metrics::{Counter, Histogram, Meter},
};

use super::pools::{self, Durations};

/// What of a statement's text goes into its span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueryText {
    /// The text with `?` for each literal, without comments.
    #[default]
    Sanitised,
    /// Nothing.
    Off,
}

/// Where anything is to be observed, asked before all else.
static ON: AtomicBool = AtomicBool::new(false);
static INSTRUMENTS: RwLock<Option<Arc<Instruments>>> = RwLock::new(None);

/// The version of the conventions that names and attributes follow.
const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.38.0";

/// The bounds that the conventions give for durations in seconds.
const SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// Those for numbers of rows.
const ROWS: [f64; 13] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0];

/// Whether a span is to be made below this parent. Where it is not, nothing of it is built, so that
/// one that would be dropped anyway costs next to nothing.
pub type Admits = Box<dyn Fn(&Context) -> bool + Send + Sync>;

pub(crate) struct Instruments {
    pub tracer: global::BoxedTracer,
    pub query_text: QueryText,
    pub admits: Option<Admits>,
    pub operation_duration: Histogram<f64>,
    pub returned_rows: Histogram<u64>,
    pub fetched_rows: Counter<u64>,
    pub fetched_bytes: Counter<u64>,
    pub inserted_rows: Counter<u64>,
    pub pools: Durations,
}

impl Instruments {
    /// Whether the instruments record what is told to bound ones; others drop that.
    pub fn can_be_bound(&self) -> bool {
        self.admits.is_some()
    }

    fn new(query_text: QueryText, admits: Option<Admits>) -> Self {
        let scope = InstrumentationScope::builder("odbc_engine")
            .with_version(crate::version())
            .with_schema_url(SCHEMA_URL)
            .build();
        let meter = global::meter_with_scope(scope.clone());
        pools::observe(&meter);
        let rows = |name, what| counter(&meter, name, what, "{row}");
        Self {
            tracer: global::tracer_with_scope(scope),
            query_text,
            admits,
            operation_duration: seconds(
                &meter,
                "db.client.operation.duration",
                "Duration of database client operations.",
            ),
            returned_rows: meter
                .u64_histogram("db.client.response.returned_rows")
                .with_description(
                    "The actual number of records returned by the database operation.",
                )
                .with_unit("{row}")
                .with_boundaries(ROWS.to_vec())
                .build(),
            fetched_rows: rows("odbc_engine.fetched.rows", "Rows that were fetched."),
            fetched_bytes: counter(
                &meter,
                "odbc_engine.fetched.bytes",
                "Bytes of the Arrow buffers that rows were fetched in.",
                "By",
            ),
            inserted_rows: rows("odbc_engine.inserted.rows", "Rows that bulk inserts wrote."),
            pools: Durations::new(&meter),
        }
    }
}

pub(super) fn seconds(meter: &Meter, name: &'static str, what: &'static str) -> Histogram<f64> {
    meter
        .f64_histogram(name)
        .with_description(what)
        .with_unit("s")
        .with_boundaries(SECONDS.to_vec())
        .build()
}

fn counter(
    meter: &Meter,
    name: &'static str,
    what: &'static str,
    unit: &'static str,
) -> Counter<u64> {
    meter.u64_counter(name).with_description(what).with_unit(unit).build()
}

/// Begins to observe, by the global providers of the [`opentelemetry`](super::opentelemetry) crate
/// as they are now. Where it was on already, these providers take over.
pub fn start(query_text: QueryText) {
    begin(Instruments::new(query_text, None));
}

/// The same, where `admits` is asked before each span. The global meter provider must be one whose
/// instruments can be bound.
pub fn start_admitting(query_text: QueryText, admits: Admits) {
    begin(Instruments::new(query_text, Some(admits)));
}

fn begin(instruments: Instruments) {
    let instruments = Arc::new(instruments);
    *INSTRUMENTS.write().unwrap_or_else(PoisonError::into_inner) = Some(instruments);
    ON.store(true, Ordering::Release);
}

/// Observes no more. What has begun is still told to the providers that it began with.
pub fn stop() {
    ON.store(false, Ordering::Release);
    *INSTRUMENTS.write().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Whether anything is observed.
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

pub(super) fn current() -> Option<Arc<Instruments>> {
    if !is_on() {
        return None;
    }
    INSTRUMENTS.read().unwrap_or_else(PoisonError::into_inner).clone()
}
