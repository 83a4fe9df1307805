//! What telemetry is set up with: a JSON object, and OpenTelemetry's environment variables where
//! it says nothing.

use std::{fmt, time::Duration};

use odbc_engine::{Error, ErrorKind, Result, telemetry::QueryText};
use opentelemetry::{
    Array, Context, KeyValue, StringValue, TraceId, Value,
    trace::{SpanKind, TraceContextExt},
};
use opentelemetry_sdk::{
    metrics::Temporality,
    trace::{IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, ShouldSample},
};
use serde_json::{Map, Value as Json};

use crate::environment as env;

/// Where spans go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exporter {
    Otlp,
    Stdout,
    Memory,
    None,
}

/// Where one signal goes by OTLP.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    pub endpoint: String,
    pub headers: Vec<(String, String)>,
    pub timeout: Duration,
}

impl fmt::Debug for Destination {
    /// Headers hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Which traces are sampled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sampling {
    by_parent: bool,
    /// The part of traces, from 0 to 1.
    ratio: f64,
}

impl Sampling {
    fn root(&self) -> Sampler {
        match self.ratio {
            1.0 => Sampler::AlwaysOn,
            0.0 => Sampler::AlwaysOff,
            ratio => Sampler::TraceIdRatioBased(ratio),
        }
    }

    pub fn sampler(&self) -> Sampler {
        if self.by_parent { Sampler::ParentBased(Box::new(self.root())) } else { self.root() }
    }

    /// Whether a span below this parent is sampled; where a trace begins, as often as one is.
    pub fn samples_below(&self, parent: &Context) -> bool {
        let above = parent.span();
        let above = above.span_context();
        match (above.is_valid(), self.by_parent) {
            (true, true) => above.is_sampled(),
            (true, false) => self.samples(above.trace_id()),
            (false, _) => self.samples(RandomIdGenerator::default().new_trace_id()),
        }
    }

    /// Whether a trace that begins here is sampled.
    pub fn samples(&self, id: TraceId) -> bool {
        let result = self.root().should_sample(None, id, "", &SpanKind::Internal, &[], &[]);
        result.decision == SamplingDecision::RecordAndSample
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    /// Whether nothing is to be done at all.
    pub disabled: bool,
    pub spans: Exporter,
    pub metrics: bool,
    pub traces_to: Destination,
    pub metrics_to: Destination,
    pub temporality: Temporality,
    pub service_name: Option<String>,
    pub resource: Vec<KeyValue>,
    pub sampler: Sampling,
    pub query_text: QueryText,
    pub queue_spans_max: usize,
    pub batch_spans_max: usize,
    pub memory_spans_max: usize,
    pub schedule_delay: Duration,
    pub metrics_interval: Duration,
    pub shutdown_timeout: Duration,
}

const KEYS: [&str; 16] = [
    "endpoint",
    "protocol",
    "headers",
    "timeout_ms",
    "exporter",
    "metrics",
    "service_name",
    "resource_attributes",
    "sampler",
    "sampler_ratio",
    "query_text",
    "queue_spans_max",
    "schedule_delay_ms",
    "metrics_interval_ms",
    "shutdown_timeout_ms",
    "memory_spans_max",
];

const DEFAULT_ENDPOINT: &str = "http://localhost:4318";
const BATCH_SPANS: usize = 512;

pub(crate) fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, "otel_init", message)
}

fn bad(key: &str, what: &str) -> Error {
    invalid(format!("option {key:?}: {what}"))
}

/// The members that were given.
struct Given(Map<String, Json>);

impl Given {
    fn read(json: &str) -> Result<Self> {
        if json.trim().is_empty() {
            return Ok(Self(Map::new()));
        }
        let object: Json = serde_json::from_str(json)
            .map_err(|error| invalid(format!("the configuration is not JSON: {error}")))?;
        let Json::Object(members) = object else {
            return Err(invalid("the configuration is not a JSON object".to_owned()));
        };
        match members.keys().find(|key| !KEYS.contains(&key.as_str())) {
            Some(key) => Err(invalid(format!("there is no option {key:?}"))),
            None => Ok(Self(members)),
        }
    }

    fn text(&self, key: &str) -> Result<Option<&str>> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Json::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(bad(key, "give a text that is not empty")),
        }
    }

    fn flag(&self, key: &str) -> Result<Option<bool>> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Json::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(bad(key, "give true or false")),
        }
    }

    fn number(&self, key: &str, min: u64, max: u64) -> Result<Option<u64>> {
        let Some(value) = self.0.get(key) else { return Ok(None) };
        match value.as_u64().filter(|number| (min..=max).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(bad(key, &format!("give a whole number from {min} to {max}"))),
        }
    }

    fn milliseconds(&self, key: &str) -> Result<Option<Duration>> {
        Ok(self.number(key, 1, 600_000)?.map(Duration::from_millis))
    }

    fn object(&self, key: &str) -> Result<Option<&Map<String, Json>>> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Json::Object(members)) => Ok(Some(members)),
            Some(_) => Err(bad(key, "give an object")),
        }
    }
}

impl Config {
    pub fn read(json: &str) -> Result<Self> {
        let given = Given::read(json)?;
        let spans = exporter(&given)?;
        let sends = spans == Exporter::Otlp;
        if sends {
            protocol(&given)?;
        }
        Ok(Self {
            disabled: env::is_true("OTEL_SDK_DISABLED"),
            spans,
            metrics: metrics(&given, sends)?,
            traces_to: destination(&given, "TRACES", "v1/traces", sends)?,
            metrics_to: destination(&given, "METRICS", "v1/metrics", sends)?,
            temporality: temporality()?,
            service_name: given.text("service_name")?.map(str::to_owned),
            resource: resource(&given)?,
            sampler: sampling(&given)?,
            query_text: query_text(&given)?,
            queue_spans_max: number(&given, "queue_spans_max", "OTEL_BSP_MAX_QUEUE_SIZE", 2048)?,
            batch_spans_max: batch_spans_max()?,
            memory_spans_max: number(&given, "memory_spans_max", "", 10_000)?,
            schedule_delay: given
                .milliseconds("schedule_delay_ms")?
                .or(env::milliseconds(&["OTEL_BSP_SCHEDULE_DELAY"])?)
                .unwrap_or(Duration::from_secs(5)),
            metrics_interval: given
                .milliseconds("metrics_interval_ms")?
                .or(env::milliseconds(&["OTEL_METRIC_EXPORT_INTERVAL"])?)
                .unwrap_or(Duration::from_secs(60)),
            shutdown_timeout: given
                .milliseconds("shutdown_timeout_ms")?
                .unwrap_or(Duration::from_secs(5)),
        })
    }
}

fn number(given: &Given, key: &str, variable: &str, default: usize) -> Result<usize> {
    let number = match given.number(key, 1, 1_000_000)? {
        None => env::number(variable)?,
        given => given,
    };
    let number = number.map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    Ok(number.unwrap_or(default).clamp(1, 1_000_000))
}

fn batch_spans_max() -> Result<usize> {
    let number = env::number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")?;
    let number = number.and_then(|number| usize::try_from(number).ok());
    Ok(number.unwrap_or(BATCH_SPANS).clamp(1, 100_000))
}

fn exporter(given: &Given) -> Result<Exporter> {
    const VARIABLE: &str = "OTEL_TRACES_EXPORTER";
    if let Some(name) = given.text("exporter")? {
        return match name {
            "otlp" => Ok(Exporter::Otlp),
            "stdout" => Ok(Exporter::Stdout),
            "memory" => Ok(Exporter::Memory),
            "none" => Ok(Exporter::None),
            _ => Err(bad("exporter", "give \"otlp\", \"stdout\", \"memory\" or \"none\"")),
        };
    }
    match env::get(VARIABLE).as_deref() {
        None | Some("otlp") => Ok(Exporter::Otlp),
        Some("console") => Ok(Exporter::Stdout),
        Some("none") => Ok(Exporter::None),
        Some(_) => Err(env::unsupported(VARIABLE, "give \"otlp\", \"console\" or \"none\"")),
    }
}

/// Metrics go by OTLP or nowhere.
fn metrics(given: &Given, sends: bool) -> Result<bool> {
    const VARIABLE: &str = "OTEL_METRICS_EXPORTER";
    if let Some(wanted) = given.flag("metrics")? {
        if wanted && !sends {
            return Err(bad("metrics", "they are exported by \"otlp\" alone"));
        }
        return Ok(wanted);
    }
    match env::get(VARIABLE).as_deref() {
        None | Some("otlp") => Ok(sends),
        Some("none") => Ok(false),
        Some(_) => Err(env::unsupported(VARIABLE, "give \"otlp\" or \"none\"")),
    }
}

fn protocol(given: &Given) -> Result<()> {
    const ONLY: &str = "only \"http/protobuf\" is supported";
    if let Some(protocol) = given.text("protocol")? {
        return match protocol {
            "http/protobuf" => Ok(()),
            "grpc" | "http/json" => {
                let message = format!("option \"protocol\": {ONLY}");
                Err(Error::new(ErrorKind::Unsupported, "otel_init", message))
            }
            _ => Err(bad("protocol", "give \"http/protobuf\"")),
        };
    }
    for name in [
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
    ] {
        if env::get(name).is_some_and(|protocol| protocol != "http/protobuf") {
            return Err(env::unsupported(name, ONLY));
        }
    }
    Ok(())
}

fn destination(given: &Given, signal: &str, path: &str, sends: bool) -> Result<Destination> {
    let own = |what: &str| format!("OTEL_EXPORTER_OTLP_{signal}_{what}");
    let both = |what: &str| format!("OTEL_EXPORTER_OTLP_{what}");
    if sends {
        env::refuse_unsupported(signal)?;
    }
    let under = |base: &str| format!("{}/{path}", base.trim_end_matches('/'));
    let endpoint = if let Some(base) = given.text("endpoint")? {
        check_endpoint(base).map_err(|what| bad("endpoint", what))?;
        under(base)
    } else if let Some(endpoint) = env::get(&own("ENDPOINT")) {
        check_endpoint(&endpoint).map_err(|what| env::invalid(&own("ENDPOINT"), what))?;
        endpoint
    } else if let Some(base) = env::get(&both("ENDPOINT")) {
        check_endpoint(&base).map_err(|what| env::invalid(&both("ENDPOINT"), what))?;
        under(&base)
    } else {
        under(DEFAULT_ENDPOINT)
    };
    let headers = match given.object("headers")? {
        Some(headers) => given_headers(headers)?,
        None => match env::first(&[&own("HEADERS"), &both("HEADERS")]) {
            Some((name, text)) => {
                let headers = env::pairs(&name, &text)?;
                check_headers(&headers).map_err(|what| env::invalid(&name, &what))?;
                headers
            }
            None => Vec::new(),
        },
    };
    let timeout = match given.milliseconds("timeout_ms")? {
        None => env::milliseconds(&[&own("TIMEOUT"), &both("TIMEOUT")])?,
        given => given,
    };
    Ok(Destination { endpoint, headers, timeout: timeout.unwrap_or(Duration::from_secs(10)) })
}

fn check_endpoint(endpoint: &str) -> std::result::Result<(), &'static str> {
    let uri = endpoint.parse::<ureq::http::Uri>();
    let scheme = uri.as_ref().ok().and_then(|uri| uri.scheme_str());
    match (scheme, uri.as_ref().ok().and_then(|uri| uri.host())) {
        (Some("http" | "https"), Some(_)) => Ok(()),
        _ => Err("give a URL that begins with http:// or https://"),
    }
}

fn given_headers(headers: &Map<String, Json>) -> Result<Vec<(String, String)>> {
    let texts = headers.iter().map(|(name, value)| match value {
        Json::String(value) => Ok((name.clone(), value.clone())),
        _ => Err(bad("headers", &format!("the value of {name:?} is not a text"))),
    });
    let texts = texts.collect::<Result<Vec<_>>>()?;
    check_headers(&texts).map_err(|what| bad("headers", &what))?;
    Ok(texts)
}

fn check_headers(headers: &[(String, String)]) -> std::result::Result<(), String> {
    use ureq::http::{HeaderName, HeaderValue};
    for (name, value) in headers {
        if name.parse::<HeaderName>().is_err() || value.parse::<HeaderValue>().is_err() {
            return Err(format!("{name:?} is not a header, or its value cannot be one"));
        }
    }
    Ok(())
}

fn temporality() -> Result<Temporality> {
    const VARIABLE: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    match env::get(VARIABLE).map(|value| value.to_lowercase()).as_deref() {
        None | Some("cumulative") => Ok(Temporality::Cumulative),
        Some("delta") => Ok(Temporality::Delta),
        Some("lowmemory") => Ok(Temporality::LowMemory),
        Some(_) => Err(env::invalid(VARIABLE, "give cumulative, delta or lowmemory")),
    }
}

fn resource(given: &Given) -> Result<Vec<KeyValue>> {
    let Some(attributes) = given.object("resource_attributes")? else { return Ok(Vec::new()) };
    let values = attributes.iter().map(|(key, value)| {
        let value = attribute(value).ok_or_else(|| {
            let what = format!("{key:?} is no text, number or flag, nor an array of one of these");
            bad("resource_attributes", &what)
        })?;
        Ok(KeyValue::new(key.clone(), value))
    });
    values.collect()
}

/// The value of an attribute; None where JSON holds what none can be.
pub(crate) fn attribute(json: &Json) -> Option<Value> {
    match json {
        Json::String(text) => Some(text.clone().into()),
        Json::Bool(flag) => Some((*flag).into()),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Some(number.into()),
            None => number.as_f64().map(Value::from),
        },
        Json::Array(items) => array(items).map(Value::Array),
        Json::Null | Json::Object(_) => None,
    }
}

fn array(items: &[Json]) -> Option<Array> {
    let all = |is: fn(&Json) -> bool| items.iter().all(is);
    if all(Json::is_string) {
        let texts = items.iter().filter_map(Json::as_str).map(|text| text.to_owned().into());
        return Some(Array::String(texts.collect::<Vec<StringValue>>()));
    }
    if all(Json::is_boolean) {
        return Some(Array::Bool(items.iter().filter_map(Json::as_bool).collect()));
    }
    if all(Json::is_i64) {
        return Some(Array::I64(items.iter().filter_map(Json::as_i64).collect()));
    }
    all(Json::is_number).then(|| Array::F64(items.iter().filter_map(Json::as_f64).collect()))
}

fn query_text(given: &Given) -> Result<QueryText> {
    match given.text("query_text")? {
        None | Some("sanitised") => Ok(QueryText::Sanitised),
        Some("off") => Ok(QueryText::Off),
        Some(_) => Err(bad("query_text", "give \"sanitised\" or \"off\"")),
    }
}

fn sampling(given: &Given) -> Result<Sampling> {
    const VARIABLE: &str = "OTEL_TRACES_SAMPLER";
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    const NAMES: &str = "give always_on, always_off, traceidratio, parentbased_always_on, \
                         parentbased_always_off or parentbased_traceidratio";
    let by_option = given.text("sampler")?;
    let by_variable = env::get(VARIABLE);
    let name = by_option.or(by_variable.as_deref()).unwrap_or("parentbased_always_on");
    let (by_parent, root) = match name.strip_prefix("parentbased_") {
        Some(root) => (true, root),
        None => (false, name),
    };
    let given_ratio = match given.0.get("sampler_ratio") {
        None => None,
        Some(value) => Some(
            value
                .as_f64()
                .filter(|ratio| (0.0..=1.0).contains(ratio))
                .ok_or_else(|| bad("sampler_ratio", "give a number from 0 to 1"))?,
        ),
    };
    let ratio = match root {
        "always_on" => 1.0,
        "always_off" => 0.0,
        "traceidratio" => match (given_ratio, env::get(ARGUMENT)) {
            (Some(ratio), _) => ratio,
            (None, Some(text)) if by_option.is_none() => text
                .parse()
                .ok()
                .filter(|ratio| (0.0..=1.0).contains(ratio))
                .ok_or_else(|| env::invalid(ARGUMENT, "give a number from 0 to 1"))?,
            _ => 1.0,
        },
        _ if by_option.is_some() => return Err(bad("sampler", NAMES)),
        _ => return Err(env::unsupported(VARIABLE, NAMES)),
    };
    if given_ratio.is_some() && root != "traceidratio" {
        return Err(bad("sampler_ratio", "it belongs to the samplers with traceidratio"));
    }
    Ok(Sampling { by_parent, ratio })
}
