//! Collectors that are down, slow, or refuse: queries go on, and what was lost is told.

mod support;

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::mpsc::{Sender, channel},
    thread,
    time::{Duration, Instant},
};

use odbc_engine::{Connection, ConnectionOptions, ErrorKind, Parameters};
use odbc_engine_telemetry as telemetry;
use support::{MEMORY, SQLITE, alone, alone_and_off};

const SPAN: &str = r#"{"trace_id": "0af7651916cd43dd8448eb211c80319c",
    "span_id": "b7ad6b7169203331", "name": "work",
    "start_time_unix_nano": 1, "end_time_unix_nano": 2}"#;

/// Answers each request with `status`, once `gate` is dropped or tells it to.
fn collector(status: &'static str) -> (String, Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (gate, wait) = channel::<()>();
    thread::spawn(move || {
        let _ = wait.recv();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut buffer = [0; 65536];
                let _ = stream.read(&mut buffer);
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
            });
        }
    });
    (endpoint, gate)
}

fn config(endpoint: &str, more: &str) -> String {
    format!(r#"{{"endpoint": "{endpoint}", "shutdown_timeout_ms": 1500{more}}}"#)
}

fn queries(count: usize) {
    let connection = Connection::open(SQLITE, &ConnectionOptions::default()).unwrap();
    for _ in 0..count {
        connection.execute("SELECT 1", &Parameters::none()).unwrap();
    }
}

#[test]
fn a_collector_that_refuses_is_told() {
    let (endpoint, gate) = collector("500 Internal Server Error");
    drop(gate);
    let _alone = alone(&config(&endpoint, ""));
    queries(10);
    let error = telemetry::shutdown().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection);
    let last = telemetry::last_error();
    assert!(last.contains("status code: 500"), "{last}");
    assert!(last.contains("11 spans were lost"), "{last}");
    telemetry::cleanup();
    assert!(!telemetry::last_error().contains("500"));
}

#[test]
fn a_collector_that_is_down_is_told() {
    // Nobody listens once the listener is dropped.
    let endpoint =
        format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let _alone = alone(&config(&endpoint, r#", "timeout_ms": 300"#));
    queries(10);
    let error = telemetry::shutdown().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection);
    assert!(telemetry::last_error().contains("refused"), "{}", telemetry::last_error());
}

#[test]
fn a_slow_collector_delays_neither_queries_nor_the_shutdown() {
    let (endpoint, gate) = collector("200 OK");
    let more = r#", "queue_spans_max": 100, "schedule_delay_ms": 1, "timeout_ms": 20000"#;
    let _alone = alone(&config(&endpoint, more));
    let begin = Instant::now();
    queries(1000);
    assert!(begin.elapsed() < Duration::from_secs(15), "a query waited for the collector");
    assert!(telemetry::last_error().contains("no room in the queue"));
    let full = loop {
        // The thread that exports may just have taken a batch.
        if let Err(error) = telemetry::export_trace(SPAN) {
            break error;
        }
    };
    assert_eq!(full.kind, ErrorKind::Limit);
    let begin = Instant::now();
    let error = telemetry::shutdown().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(begin.elapsed() < Duration::from_secs(15), "the deadline is 1.5 seconds");
    drop(gate);
}

#[test]
fn what_a_collector_took_is_no_error() {
    let (endpoint, gate) = collector("200 OK");
    drop(gate);
    let _alone = alone(&config(&endpoint, ""));
    queries(10);
    telemetry::export_trace(SPAN).unwrap();
    telemetry::shutdown().unwrap();
    assert_eq!(telemetry::last_error(), "");
}

#[test]
fn calls_are_safe_in_any_order() {
    let _alone = alone_and_off();
    let kind = |result: odbc_engine::Result<()>| result.unwrap_err().kind;
    telemetry::shutdown().unwrap();
    assert_eq!(kind(telemetry::export_trace(SPAN)), ErrorKind::InvalidState);
    telemetry::init(MEMORY).unwrap();
    telemetry::init(MEMORY).unwrap();
    assert_eq!(kind(telemetry::init("{\"exporter\": \"none\"}")), ErrorKind::InvalidState);
    assert_eq!(
        telemetry::last_error(),
        "otel_init: telemetry is on with another configuration; call otel_shutdown first"
    );
    telemetry::shutdown().unwrap();
    telemetry::shutdown().unwrap();
    assert_eq!(kind(telemetry::export_trace(SPAN)), ErrorKind::InvalidState);
    telemetry::take_finished(|_| false).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let _ = telemetry::init(MEMORY);
                    let _ = telemetry::export_trace(SPAN);
                    telemetry::cleanup();
                    let _ = telemetry::take_finished(|_| true);
                    let _ = telemetry::shutdown();
                    telemetry::last_error();
                }
            });
        }
    });
}

#[test]
fn memory_is_bounded() {
    let _alone = alone(r#"{"exporter": "memory", "memory_spans_max": 3}"#);
    queries(10);
    assert_eq!(support::spans().0.len(), 3);
    assert_eq!(telemetry::last_error(), "8 spans were dropped: no room in the queue");
}

#[test]
fn a_configuration_that_does_not_fit_is_named() {
    let _alone = alone_and_off();
    for (config, kind, named) in [
        ("{", ErrorKind::InvalidArgument, "not JSON"),
        ("[]", ErrorKind::InvalidArgument, "not a JSON object"),
        (r#"{"endpont": "x"}"#, ErrorKind::InvalidArgument, "\"endpont\""),
        (r#"{"endpoint": "localhost:4318"}"#, ErrorKind::InvalidArgument, "\"endpoint\""),
        (r#"{"endpoint": 5}"#, ErrorKind::InvalidArgument, "\"endpoint\""),
        (r#"{"protocol": "grpc"}"#, ErrorKind::Unsupported, "\"protocol\""),
        (r#"{"protocol": "x"}"#, ErrorKind::InvalidArgument, "\"protocol\""),
        (r#"{"headers": {"a": 1}}"#, ErrorKind::InvalidArgument, "\"headers\""),
        (r#"{"headers": {"a b": "1"}}"#, ErrorKind::InvalidArgument, "\"headers\""),
        (r#"{"timeout_ms": 0}"#, ErrorKind::InvalidArgument, "\"timeout_ms\""),
        (r#"{"exporter": "jaeger"}"#, ErrorKind::InvalidArgument, "\"exporter\""),
        (r#"{"exporter": "memory", "metrics": true}"#, ErrorKind::InvalidArgument, "\"metrics\""),
        (r#"{"resource_attributes": {"a": null}}"#, ErrorKind::InvalidArgument, "\"a\""),
        (r#"{"sampler": "some"}"#, ErrorKind::InvalidArgument, "\"sampler\""),
        (r#"{"sampler_ratio": 0.5}"#, ErrorKind::InvalidArgument, "\"sampler_ratio\""),
        (r#"{"sampler": "traceidratio", "sampler_ratio": 2}"#, ErrorKind::InvalidArgument, "ratio"),
        (r#"{"query_text": "all"}"#, ErrorKind::InvalidArgument, "\"query_text\""),
        (r#"{"queue_spans_max": 1000001}"#, ErrorKind::InvalidArgument, "\"queue_spans_max\""),
    ] {
        let error = telemetry::init(config).unwrap_err();
        assert_eq!(error.kind, kind, "{config}");
        assert!(error.message.contains(named), "{config}: {}", error.message);
        // Behind it stands what the tests before have lost, where they ran in this process.
        let told = telemetry::last_error();
        assert_eq!(told.lines().next(), Some(format!("otel_init: {}", error.message).as_str()));
    }
}
