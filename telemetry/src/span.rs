//! Spans as JSON, in and out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use odbc_engine::{Error, ErrorKind, Result};
use opentelemetry::{
    Array, InstrumentationScope, KeyValue, SpanId, StringValue, TraceFlags, TraceId, Value,
    trace::{Event, Link, SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::config::attribute;

/// A span as it is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    trace_id: String,
    span_id: String,
    #[serde(default)]
    parent_span_id: Option<String>,
    name: String,
    #[serde(default)]
    kind: Kind,
    start_time_unix_nano: u64,
    end_time_unix_nano: u64,
    #[serde(default)]
    attributes: Map<String, Json>,
    #[serde(default)]
    events: Vec<GivenEvent>,
    #[serde(default)]
    links: Vec<GivenLink>,
    #[serde(default)]
    status: GivenStatus,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenEvent {
    name: String,
    time_unix_nano: u64,
    #[serde(default)]
    attributes: Map<String, Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenLink {
    trace_id: String,
    span_id: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct GivenStatus {
    code: Code,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Code {
    #[default]
    Unset,
    Ok,
    Error,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// Reads a span, or an array of spans.
pub(crate) fn read(text: &str) -> Result<Vec<SpanData>> {
    let invalid = |message| Error::new(ErrorKind::InvalidArgument, "otel_export_trace", message);
    let json: Json = serde_json::from_str(text)
        .map_err(|error| invalid(format!("the spans are not JSON: {error}")))?;
    let items = match json {
        Json::Array(items) => items,
        Json::Object(_) => vec![json],
        _ => return Err(invalid("give a JSON object, or an array of objects".to_owned())),
    };
    let spans = items.into_iter().enumerate().map(|(index, item)| {
        let given = serde_json::from_value::<Given>(item).map_err(|error| error.to_string());
        given.and_then(Given::into_data).map_err(|what| invalid(format!("span {index}: {what}")))
    });
    spans.collect()
}

pub(crate) fn trace_id(text: &str) -> Option<TraceId> {
    let id = TraceId::from_hex(text).ok().filter(|_| is_hex(text, 32))?;
    (id != TraceId::INVALID).then_some(id)
}

fn span_id(text: &str) -> Option<SpanId> {
    let id = SpanId::from_hex(text).ok().filter(|_| is_hex(text, 16))?;
    (id != SpanId::INVALID).then_some(id)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn context(trace: &str, span: &str) -> std::result::Result<SpanContext, String> {
    let trace = trace_id(trace).ok_or("trace_id: give 32 hex digits, not all 0")?;
    let span = span_id(span).ok_or("span_id: give 16 hex digits, not all 0")?;
    Ok(SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default()))
}

fn time(nanoseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanoseconds)
}

fn attributes(given: Map<String, Json>) -> std::result::Result<Vec<KeyValue>, String> {
    let read = |(key, value): (String, Json)| match attribute(&value) {
        Some(value) => Ok(KeyValue::new(key, value)),
        None => Err(format!(
            "attribute {key:?}: give a text, number or flag, or an array of one of these"
        )),
    };
    given.into_iter().map(read).collect()
}

impl Given {
    fn into_data(self) -> std::result::Result<SpanData, String> {
        let parent = match self.parent_span_id.as_deref() {
            None | Some("") => SpanId::INVALID,
            Some(id) => span_id(id).ok_or("parent_span_id: give 16 hex digits, not all 0")?,
        };
        if self.name.is_empty() {
            return Err("name: it is empty".to_owned());
        }
        if self.end_time_unix_nano < self.start_time_unix_nano {
            return Err("end_time_unix_nano: it is before the start".to_owned());
        }
        let mut events = SpanEvents::default();
        for event in self.events {
            let attributes = attributes(event.attributes)?;
            events.events.push(Event::new(event.name, time(event.time_unix_nano), attributes, 0));
        }
        let mut links = SpanLinks::default();
        for link in self.links {
            links.links.push(Link::with_context(context(&link.trace_id, &link.span_id)?));
        }
        let scope = self.scope.unwrap_or_else(|| "application".to_owned());
        Ok(SpanData {
            span_context: context(&self.trace_id, &self.span_id)?,
            parent_span_id: parent,
            parent_span_is_remote: false,
            span_kind: match self.kind {
                Kind::Internal => SpanKind::Internal,
                Kind::Server => SpanKind::Server,
                Kind::Client => SpanKind::Client,
                Kind::Producer => SpanKind::Producer,
                Kind::Consumer => SpanKind::Consumer,
            },
            name: self.name.into(),
            start_time: time(self.start_time_unix_nano),
            end_time: time(self.end_time_unix_nano),
            attributes: attributes(self.attributes)?,
            dropped_attributes_count: 0,
            events,
            links,
            status: match self.status.code {
                Code::Unset => Status::Unset,
                Code::Ok => Status::Ok,
                Code::Error => Status::error(self.status.message),
            },
            instrumentation_scope: InstrumentationScope::builder(scope).build(),
        })
    }
}

/// A span as JSON, in the form that [`read`] takes.
pub(crate) fn to_json(span: &SpanData) -> Json {
    let parent = span.parent_span_id;
    let (code, message) = match &span.status {
        Status::Unset => ("unset", ""),
        Status::Ok => ("ok", ""),
        Status::Error { description } => ("error", &**description),
    };
    let events = span.events.iter().map(|event| {
        json!({
            "name": event.name,
            "time_unix_nano": nanoseconds(event.timestamp),
            "attributes": attributes_to_json(&event.attributes),
        })
    });
    let links = span.links.iter().map(|link| {
        json!({
            "trace_id": link.span_context.trace_id().to_string(),
            "span_id": link.span_context.span_id().to_string(),
        })
    });
    json!({
        "trace_id": span.span_context.trace_id().to_string(),
        "span_id": span.span_context.span_id().to_string(),
        "parent_span_id": (parent != SpanId::INVALID).then(|| parent.to_string()),
        "name": span.name,
        "kind": match span.span_kind {
            SpanKind::Internal => "internal",
            SpanKind::Server => "server",
            SpanKind::Client => "client",
            SpanKind::Producer => "producer",
            SpanKind::Consumer => "consumer",
        },
        "start_time_unix_nano": nanoseconds(span.start_time),
        "end_time_unix_nano": nanoseconds(span.end_time),
        "attributes": attributes_to_json(&span.attributes),
        "events": events.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
        "status": {"code": code, "message": message},
        "scope": span.instrumentation_scope.name(),
    })
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn attributes_to_json(attributes: &[KeyValue]) -> Json {
    let member = |attribute: &KeyValue| (attribute.key.to_string(), value(&attribute.value));
    Json::Object(attributes.iter().map(member).collect())
}

fn value(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => json!(flag),
        Value::I64(number) => json!(number),
        Value::F64(number) => json!(number),
        Value::String(text) => json!(text.as_str()),
        Value::Array(Array::Bool(flags)) => json!(flags),
        Value::Array(Array::I64(numbers)) => json!(numbers),
        Value::Array(Array::F64(numbers)) => json!(numbers),
        Value::Array(Array::String(texts)) => {
            json!(texts.iter().map(StringValue::as_str).collect::<Vec<_>>())
        }
        other => json!(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: &str = r#"{
        "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
        "parent_span_id": "00f067aa0ba902b7", "name": "work", "kind": "server",
        "start_time_unix_nano": 1700000000000000001, "end_time_unix_nano": 1700000000000000002,
        "attributes": {"t": "x", "n": -5, "f": 1.5, "b": true, "a": ["x", "y"]},
        "events": [{"name": "e", "time_unix_nano": 5, "attributes": {"n": 1}}],
        "links": [{"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"}],
        "status": {"code": "error", "message": "no"}, "scope": "s"
    }"#;

    #[test]
    fn a_span_is_read_and_written_unchanged() {
        let expected: Json = serde_json::from_str(SPAN).unwrap();
        assert_eq!(to_json(&read(SPAN).unwrap()[0]), expected);
        assert_eq!(read(&format!("[{SPAN}, {SPAN}]")).unwrap().len(), 2);
        assert_eq!(read("[]").unwrap().len(), 0);
    }

    #[test]
    fn what_is_no_span_is_refused_by_name() {
        for (from, to, expected) in [
            (
                "0af7651916cd43dd8448eb211c80319c\", \"span_id\": \"b7",
                "x\", \"span_id\": \"b7",
                "trace_id",
            ),
            ("\"span_id\": \"b7ad6b7169203331\"", "\"span_id\": \"0000000000000000\"", "span_id"),
            ("00f067aa0ba902b7", "00f067aa0ba902", "parent_span_id"),
            ("\"work\"", "\"\"", "name"),
            ("1700000000000000002", "1600000000000000002", "end_time_unix_nano"),
            ("\"t\": \"x\"", "\"t\": null", "attribute \"t\""),
            ("\"server\"", "\"servant\"", "servant"),
            ("\"kind\"", "\"kin\"", "kin"),
            ("\"scope\": \"s\"", "\"scope\": \"s\"}", "not JSON"),
        ] {
            let text = SPAN.replacen(from, to, 1);
            assert_ne!(text, SPAN);
            let error = read(&text).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument);
            assert!(error.message.contains(expected), "{}", error.message);
        }
        for text in ["", "5", "[5]", "{}", "\"x\""] {
            assert_eq!(read(text).unwrap_err().kind, ErrorKind::InvalidArgument, "{text}");
        }
    }
}
