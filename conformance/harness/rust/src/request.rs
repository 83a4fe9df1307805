//! The requests of the harness protocol.

use serde::Deserialize;
use serde_json::{Map, Value};

/// One value to bind: its Arrow format and its cell.
#[derive(Debug, Deserialize)]
pub struct Parameter {
    #[serde(rename = "type")]
    pub format: String,
    pub value: Option<String>,
}

/// Options as the bindings take them.
pub type Options = Map<String, Value>;

#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    Hello,
    Open { connection: String, connection_string: String, options: Options },
    Close { connection: String },
    Info { connection: String },
    Capabilities { connection: String },
    Autocommit { connection: String, enabled: bool },
    Commit { connection: String },
    Rollback { connection: String },
    Execute { connection: String, sql: String, params: Vec<Parameter> },
    Query { connection: String, sql: String, params: Vec<Parameter>, options: Options },
    StatementOpen { connection: String, statement: String, sql: String },
    StatementExecute { statement: String, params: Vec<Parameter> },
    StatementClose { statement: String },
    StreamOpen { statement: String, stream: String, options: Options },
    StreamFetch { stream: String },
    StreamWarnings { stream: String },
    StreamClose { stream: String },
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
    "execute",
    "query",
    "statement_open",
    "statement_execute",
    "statement_close",
    "stream_open",
    "stream_fetch",
    "stream_warnings",
    "stream_close",
];

impl Request {
    /// Whether the operation of a message is one of the protocol's.
    pub fn known(message: &Value) -> bool {
        message["op"].as_str().is_some_and(|op| KNOWN.contains(&op))
    }
}
