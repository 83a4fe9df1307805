//! One operation that is observed, from its call to its return.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use opentelemetry::{
    Context, KeyValue, StringValue,
    global::BoxedSpan,
    trace::{Span, SpanKind, Status, Tracer},
};

use super::{
    describe::Description,
    instruments::{self, Instruments},
    place::Place,
};
use crate::error::{Error, Result};

/// When an operation began of which it shows only later what it is about; nothing where telemetry
/// is off.
#[derive(Clone, Copy)]
pub(crate) struct Begun(Option<(SystemTime, Instant)>);

impl Begun {
    pub fn now() -> Self {
        Self(instruments::is_on().then(|| (SystemTime::now(), Instant::now())))
    }
}

/// An operation that is observed, or nothing where telemetry is off.
#[must_use]
pub(crate) struct Operation(Option<Box<Running>>);

pub(super) struct Running {
    pub instruments: Arc<Instruments>,
    pub span: BoxedSpan,
    /// Those that the metrics have as well.
    pub attributes: Vec<KeyValue>,
    begin: Instant,
}

impl Running {
    /// Begins a span of the engine's `operation`, such as "connect", on a place.
    pub fn begin(
        instruments: Arc<Instruments>,
        place: &Place,
        operation: &'static str,
        description: Option<(&Description, &str)>,
    ) -> Self {
        Self::begin_at(instruments, place, operation, description, None)
    }

    fn begin_at(
        instruments: Arc<Instruments>,
        place: &Place,
        operation: &'static str,
        description: Option<(&Description, &str)>,
        begin: Option<SystemTime>,
    ) -> Self {
        let mut attributes = place.attributes.clone();
        attributes.push(KeyValue::new(OPERATION, operation));
        if let Some((description, _)) = description {
            let named = [
                ("db.operation.name", &description.operation),
                ("db.query.summary", &description.summary),
                ("db.collection.name", &description.collection),
                ("db.stored_procedure.name", &description.procedure),
            ];
            let known = named.into_iter().filter_map(|(key, value)| {
                value.as_ref().map(|value| KeyValue::new(key, Arc::clone(value)))
            });
            attributes.extend(known);
        }
        let summary = description.and_then(|(description, _)| description.summary.as_deref());
        let name = match (operation, summary, place.target.as_deref()) {
            (EXECUTE | INSERT, Some(summary), _) => summary.to_owned(),
            (EXECUTE, None, _) => place.system.to_owned(),
            (_, Some(summary), _) => format!("{operation} {summary}"),
            (_, None, Some(target)) => format!("{operation} {target}"),
            (_, None, None) => format!("{operation} {}", place.system),
        };
        let parent: Context = place.parent();
        let mut builder = instruments
            .tracer
            .span_builder(name)
            .with_kind(SpanKind::Client)
            .with_attributes(attributes.clone());
        builder.start_time = begin;
        let mut span = instruments.tracer.build_with_context(builder, &parent);
        if span.is_recording()
            && let Some((description, sql)) = description
            && let Some(text) = place.query_text(instruments.query_text, description, sql)
        {
            span.set_attribute(text);
        }
        Self { instruments, span, attributes, begin: Instant::now() }
    }

    /// Notes how the operation failed, in kinds and codes alone: messages may hold values.
    pub fn failed(&mut self, error: &Error) {
        let kind = error.kind.name();
        let sqlstate = error.sqlstate.as_deref().filter(|state| !state.is_empty());
        let code = sqlstate.map(|state| StringValue::from(state.to_owned()));
        let type_ = code.clone().unwrap_or_else(|| kind.into());
        let status = code.map(|code| KeyValue::new("db.response.status_code", code));
        let errors = status.into_iter().chain([KeyValue::new("error.type", type_)]);
        for attribute in errors {
            self.span.set_attribute(attribute.clone());
            self.attributes.push(attribute);
        }
        self.span.set_attribute(KeyValue::new("odbc_engine.error.kind", kind));
        self.span.set_status(Status::error(kind));
    }

    pub fn record_duration(&self) {
        let seconds = self.begin.elapsed().as_secs_f64();
        self.instruments.operation_duration.record(seconds, &self.attributes);
    }
}

const OPERATION: &str = "odbc_engine.operation";
const EXECUTE: &str = "execute";
const INSERT: &str = "bulk_insert";

impl Operation {
    /// Begins to observe an operation without a statement.
    pub fn begin(place: &Place, operation: &'static str) -> Self {
        let observe = |instruments| Running::begin(instruments, place, operation, None);
        Self(instruments::current().map(observe).map(Box::new))
    }

    /// Begins to observe an operation with a statement, which is described where that is needed.
    pub fn begin_described<D: AsRef<Description>>(
        place: &Place,
        operation: &'static str,
        sql: &str,
        describe: impl FnOnce() -> D,
    ) -> Self {
        Self(instruments::current().map(|instruments| {
            let description = describe();
            let described = Some((description.as_ref(), sql));
            Box::new(Running::begin(instruments, place, operation, described))
        }))
    }

    /// Observes an operation without a statement that has begun before.
    pub fn since(begun: Begun, place: &Place, operation: &'static str) -> Self {
        let Some((time, begin)) = begun.0 else { return Self(None) };
        Self(instruments::current().map(|instruments| {
            let mut running = Running::begin_at(instruments, place, operation, None, Some(time));
            running.begin = begin;
            Box::new(running)
        }))
    }

    /// Notes what is known only now.
    pub fn set(&mut self, key: &'static str, value: impl FnOnce() -> Option<i64>) {
        if let Some(running) = &mut self.0
            && let Some(value) = value()
        {
            running.span.set_attribute(KeyValue::new(key, value));
        }
    }

    /// Counts rows that were written.
    pub fn inserted(&self, rows: u64) {
        if let Some(running) = &self.0 {
            running.instruments.inserted_rows.add(rows, &running.attributes);
        }
    }

    /// Ends the span, and records how long the operation took.
    pub fn end<T>(self, result: &Result<T>) {
        let Some(mut running) = self.0 else { return };
        if let Err(error) = result {
            running.failed(error);
        }
        running.record_duration();
        running.span.end();
    }
}

impl AsRef<Self> for Description {
    fn as_ref(&self) -> &Self {
        self
    }
}
