//! The requests of the harness protocol.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// One value to bind: its Arrow format and its cell.
#[derive(Debug, Deserialize)]
pub struct Parameter {
    #[serde(rename = "type")]
    pub format: String,
    pub value: Option<String>,
}

/// The values of a request, by position or by name.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Values {
    Positional(Vec<Parameter>),
    Named(BTreeMap<String, Parameter>),
}

/// A column of rows to insert.
#[derive(Debug, Deserialize)]
pub struct RowField {
    pub name: String,
    #[serde(rename = "type")]
    pub format: String,
}

/// What another thread cancels while a request is answered.
#[derive(Debug, Deserialize)]
pub struct CancelRequest {
    pub after_ms: u64,
    #[serde(default = "once")]
    pub times: usize,
    pub connection: Option<String>,
    pub statement: Option<String>,
    pub stream: Option<String>,
    pub pool: Option<String>,
}

fn once() -> usize {
    1
}

/// Options as the bindings take them.
pub type Options = Map<String, Value>;

#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    Hello,
    Open {
        connection: String,
        connection_string: String,
        options: Options,
    },
    Close {
        connection: String,
    },
    Info {
        connection: String,
    },
    Capabilities {
        connection: String,
    },
    Autocommit {
        connection: String,
        enabled: bool,
    },
    Commit {
        connection: String,
    },
    Rollback {
        connection: String,
    },
    Begin {
        connection: String,
        options: Options,
    },
    Savepoint {
        connection: String,
        name: String,
    },
    RollbackToSavepoint {
        connection: String,
        name: String,
    },
    ReleaseSavepoint {
        connection: String,
        name: String,
    },
    Execute {
        connection: String,
        sql: String,
        params: Values,
    },
    Query {
        connection: String,
        sql: String,
        params: Values,
        options: Options,
    },
    QueryParts {
        connection: String,
        sql: String,
        params: Values,
        partition: Options,
        options: Options,
    },
    QueryPages {
        connection: String,
        sql: String,
        params: Values,
        page: Options,
        options: Options,
    },
    PartsOpen {
        connection: String,
        stream: String,
        sql: String,
        params: Values,
        partition: Options,
        options: Options,
    },
    PagesOpen {
        connection: String,
        stream: String,
        sql: String,
        params: Values,
        page: Options,
        options: Options,
    },
    BulkInsert {
        connection: String,
        table: String,
        fields: Vec<RowField>,
        rows: Vec<Vec<Option<String>>>,
        batch_rows: usize,
        options: Options,
    },
    BulkInsertParallel {
        pool: String,
        table: String,
        fields: Vec<RowField>,
        rows: Vec<Vec<Option<String>>>,
        batch_rows: usize,
        options: Options,
    },
    PoolOpen {
        pool: String,
        connection_string: String,
        options: Options,
    },
    PoolAcquire {
        pool: String,
        connection: String,
    },
    PoolState {
        pool: String,
    },
    PoolResize {
        pool: String,
        options: Options,
    },
    PoolClose {
        pool: String,
    },
    Catalog {
        connection: String,
        query: Options,
    },
    Call {
        connection: String,
        statement: String,
        procedure: String,
        params: Values,
    },
    StatementOpen {
        connection: String,
        statement: String,
        sql: String,
    },
    StatementExecute {
        statement: String,
        params: Values,
    },
    StatementQuery {
        statement: String,
        params: Values,
    },
    StatementNext {
        statement: String,
    },
    StatementClose {
        statement: String,
    },
    StatementCancel {
        statement: String,
    },
    StatementSetQueryTimeout {
        statement: String,
        query_timeout_ms: u32,
    },
    StreamOpen {
        statement: String,
        stream: String,
        options: Options,
    },
    StreamFetch {
        stream: String,
    },
    StreamWarnings {
        stream: String,
    },
    StreamProgress {
        stream: String,
    },
    StreamCancel {
        stream: String,
    },
    StreamClose {
        stream: String,
    },
    ConnectionCancel {
        connection: String,
    },
    Clear {
        connection: String,
    },
    ClearAll,
    Metrics,
    MetricsReset,
    ConnectionStringBuild {
        pairs: Vec<(String, String)>,
    },
    ConnectionStringParse {
        text: String,
    },
    TelemetryInit {
        options: Options,
    },
    TelemetryExport {
        spans: Value,
    },
    TelemetrySpans,
    TelemetryLastError,
    TelemetryCleanup,
    TelemetryShutdown,
    TraceContext {
        traceparent: String,
    },
    ConnectionStringRedact {
        text: String,
    },
}

const KNOWN: &[&str] = &[
    "hello",
    "open",
    "close",
    "info",
    "capabilities",
    "autocommit",
    "commit",
    "rollback",
    "begin",
    "savepoint",
    "rollback_to_savepoint",
    "release_savepoint",
    "execute",
    "query",
    "query_parts",
    "query_pages",
    "parts_open",
    "pages_open",
    "bulk_insert",
    "bulk_insert_parallel",
    "pool_open",
    "pool_acquire",
    "pool_state",
    "pool_resize",
    "pool_close",
    "catalog",
    "call",
    "statement_open",
    "statement_execute",
    "statement_query",
    "statement_next",
    "statement_close",
    "statement_cancel",
    "statement_set_query_timeout",
    "stream_open",
    "stream_fetch",
    "stream_warnings",
    "stream_progress",
    "stream_cancel",
    "stream_close",
    "connection_cancel",
    "clear",
    "clear_all",
    "metrics",
    "metrics_reset",
    "connection_string_build",
    "connection_string_parse",
    "connection_string_redact",
    "telemetry_init",
    "telemetry_export",
    "telemetry_spans",
    "telemetry_last_error",
    "telemetry_cleanup",
    "telemetry_shutdown",
    "trace_context",
];

impl Request {
    /// Whether the operation of a message is one of the protocol's.
    pub fn known(message: &Value) -> bool {
        message["op"].as_str().is_some_and(|op| KNOWN.contains(&op))
    }
}
