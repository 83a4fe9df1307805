//! One operation that is observed, from its call to its return.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use opentelemetry::{
    KeyValue, StringValue,
    global::BoxedSpan,
    metrics::Histogram,
    trace::{Span, SpanKind, Status, Tracer},
};

use super::{
    instruments::{self, Instruments},
    place::Place,
    subject::{EXECUTE, FETCH, Subject, attributes},
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
    /// None where it was not admitted.
    span: Option<BoxedSpan>,
    /// Those that the span and the metrics have from the beginning.
    pub attributes: Arc<[KeyValue]>,
    /// The statement, where it is executed or read.
    subject: Option<Arc<Subject>>,
    /// Those of a failure.
    failure: Vec<KeyValue>,
    begin: Instant,
}

/// What an operation is called, and what it is about.
#[derive(Clone, Copy)]
pub(super) struct What<'a> {
    pub operation: &'static str,
    /// The statement, with its text.
    pub subject: Option<(&'a Arc<Subject>, &'a str)>,
    /// When it began, where that was before now.
    pub begun: Option<(SystemTime, Instant)>,
}

impl What<'_> {
    fn attributes(self, place: &Place) -> Arc<[KeyValue]> {
        match (self.operation, self.subject) {
            (EXECUTE, Some((subject, _))) => Arc::clone(&subject.execute),
            (FETCH, Some((subject, _))) => Arc::clone(&subject.fetch),
            (operation, subject) => {
                attributes(place, operation, subject.map(|(subject, _)| &subject.description))
            }
        }
    }

    fn span_name(self, place: &Place) -> String {
        let operation = self.operation;
        let summary = self.subject.and_then(|(subject, _)| subject.description.summary.as_deref());
        match (operation, summary, place.target.as_deref()) {
            (EXECUTE | INSERT, Some(summary), _) => summary.to_owned(),
            (EXECUTE, None, _) => place.system.to_owned(),
            (_, Some(summary), _) => format!("{operation} {summary}"),
            (_, None, Some(target)) => format!("{operation} {target}"),
            (_, None, None) => format!("{operation} {}", place.system),
        }
    }

    fn span(
        self,
        instruments: &Instruments,
        place: &Place,
        attributes: &[KeyValue],
    ) -> Option<BoxedSpan> {
        let parent = place.parent();
        if !instruments.admits.as_ref().is_none_or(|admits| admits(&parent)) {
            return None;
        }
        let mut builder = instruments
            .tracer
            .span_builder(self.span_name(place))
            .with_kind(SpanKind::Client)
            .with_attributes(attributes.iter().cloned());
        builder.start_time = self.begun.map(|(time, _)| time);
        let mut span = instruments.tracer.build_with_context(builder, &parent);
        if span.is_recording()
            && let Some((subject, sql)) = self.subject
            && let Some(text) = place.query_text(instruments.query_text, subject, sql)
        {
            span.set_attribute(text);
        }
        Some(span)
    }
}

impl Running {
    /// Begins to observe an operation on a place.
    pub fn begin(instruments: Arc<Instruments>, place: &Place, what: What<'_>) -> Self {
        let attributes = what.attributes(place);
        let span = what.span(&instruments, place, &attributes);
        let begin = what.begun.map_or_else(Instant::now, |(_, begin)| begin);
        let subject = what.subject.filter(|_| matches!(what.operation, EXECUTE | FETCH));
        let subject = subject.map(|(subject, _)| Arc::clone(subject));
        Self { instruments, span, attributes, subject, failure: Vec::new(), begin }
    }

    /// The span, where anything is to be put into it.
    pub fn recording(&mut self) -> Option<&mut BoxedSpan> {
        self.span.as_mut().filter(|span| span.is_recording())
    }

    /// Notes how the operation failed, in kinds and codes alone: messages may hold values.
    pub fn failed(&mut self, error: &Error) {
        let kind = error.kind.name();
        let sqlstate = error.sqlstate.as_deref().filter(|state| !state.is_empty());
        let code = sqlstate.map(|state| StringValue::from(state.to_owned()));
        let type_ = code.clone().unwrap_or_else(|| kind.into());
        let status = code.map(|code| KeyValue::new("db.response.status_code", code));
        self.failure = status.into_iter().chain([KeyValue::new("error.type", type_)]).collect();
        let failure = self.failure.clone();
        if let Some(span) = self.recording() {
            span.set_attributes(failure);
            span.set_attribute(KeyValue::new("odbc_engine.error.kind", kind));
            span.set_status(Status::error(kind));
        }
    }

    /// The statement, where it was executed or read with success.
    fn succeeded(&self) -> Option<&Subject> {
        self.subject.as_deref().filter(|_| self.failure.is_empty())
    }

    fn record_duration(&self) {
        let seconds = self.begin.elapsed().as_secs_f64();
        let bound = |subject: &Subject| subject.record_duration(&self.instruments, seconds);
        if !self.succeeded().is_some_and(bound) {
            self.record(&self.instruments.operation_duration, seconds);
        }
    }

    /// Records a result of the statement that was read.
    pub fn record_rows(&self, rows: u64, bytes: u64) {
        let bound = |subject: &Subject| subject.record_rows(&self.instruments, rows, bytes);
        if !self.succeeded().is_some_and(bound) {
            self.record(&self.instruments.returned_rows, rows);
            let place = self.subject.as_deref().map_or(&[][..], |subject| &subject.place);
            self.instruments.fetched_rows.add(rows, place);
            self.instruments.fetched_bytes.add(bytes, place);
        }
    }

    /// Records a number of this operation.
    fn record<T>(&self, histogram: &Histogram<T>, value: T) {
        if self.failure.is_empty() {
            histogram.record(value, &self.attributes);
        } else {
            histogram.record(value, &[&*self.attributes, &self.failure].concat());
        }
    }

    pub fn end(mut self) {
        if let Some(span) = &mut self.span {
            span.end();
        }
    }
}

const INSERT: &str = "bulk_insert";

impl Operation {
    fn observe(place: &Place, what: What<'_>) -> Self {
        let observe = |instruments| Box::new(Running::begin(instruments, place, what));
        Self(instruments::current().map(observe))
    }

    /// Begins to observe an operation without a statement.
    pub fn begin(place: &Place, operation: &'static str) -> Self {
        Self::observe(place, What { operation, subject: None, begun: None })
    }

    /// Begins to observe an operation with a statement, which is asked for where that is needed.
    pub fn begin_on(
        place: &Place,
        operation: &'static str,
        sql: &str,
        subject: impl FnOnce() -> Arc<Subject>,
    ) -> Self {
        if !instruments::is_on() {
            return Self(None);
        }
        let subject = subject();
        Self::observe(place, What { operation, subject: Some((&subject, sql)), begun: None })
    }

    /// Observes an operation without a statement that has begun before.
    pub fn since(begun: Begun, place: &Place, operation: &'static str) -> Self {
        match begun.0 {
            None => Self(None),
            begun => Self::observe(place, What { operation, subject: None, begun }),
        }
    }

    /// Notes what is known only now.
    pub fn set(&mut self, key: &'static str, value: impl FnOnce() -> Option<i64>) {
        if let Some(span) = self.0.as_mut().and_then(|running| running.recording())
            && let Some(value) = value()
        {
            span.set_attribute(KeyValue::new(key, value));
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
        running.end();
    }
}
