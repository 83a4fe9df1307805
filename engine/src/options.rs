//! What a caller may set, with units, defaults and limits.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    error::{Error, ErrorKind, Result},
    telemetry,
};

/// How to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionOptions {
    /// How long connecting may take, in milliseconds: 1 to 600,000; 15,000 unless set.
    pub login_timeout_ms: u32,
    /// Ask the server to refuse every write of this session; off unless set.
    pub read_only: bool,
    /// Commit after each statement; on unless set.
    pub autocommit: bool,
    /// How many prepared statements the connection keeps for later ones of the same text: 0, which
    /// keeps none, to 1,000; 16 unless set.
    pub statement_cache_size: usize,
    /// Ask the driver to fetch a result from the server bit by bit instead of holding all of it in
    /// memory; off unless set.
    pub streaming: bool,
    /// How long an execution, or the fetching of a batch, may take, in milliseconds: 0, which is no
    /// limit, to 86,400,000; 0 unless set. Each statement may have its own.
    pub query_timeout_ms: u32,
    /// Whether a second connection, like this one, may be opened for a moment to stop a running
    /// call where the database needs that; on unless set.
    pub cancel_connection: bool,
    /// The W3C traceparent of the span that the engine's spans are children of; none unless set.
    pub trace_context: Option<String>,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        Self {
            login_timeout_ms: 15_000,
            read_only: false,
            autocommit: true,
            statement_cache_size: 16,
            streaming: false,
            query_timeout_ms: 0,
            cancel_connection: true,
            trace_context: None,
        }
    }
}

impl ConnectionOptions {
    const NAMES: [&str; 8] = [
        "login_timeout_ms",
        "read_only",
        "autocommit",
        "statement_cache_size",
        "streaming",
        "query_timeout_ms",
        "cancel_connection",
        "trace_context",
    ];

    /// Reads the options from a JSON object; empty text means the defaults.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut options = Self::default();
        for (key, value) in &object(json, "connect")? {
            match key.as_str() {
                "login_timeout_ms" => {
                    options.login_timeout_ms = integer("connect", key, value)?;
                }
                "read_only" => options.read_only = boolean("connect", key, value)?,
                "statement_cache_size" => {
                    options.statement_cache_size = integer("connect", key, value)?;
                }
                "streaming" => options.streaming = boolean("connect", key, value)?,
                "query_timeout_ms" => {
                    options.query_timeout_ms = integer("connect", key, value)?;
                }
                "cancel_connection" => {
                    options.cancel_connection = boolean("connect", key, value)?;
                }
                "autocommit" => options.autocommit = boolean("connect", key, value)?,
                "trace_context" => {
                    let text = value.as_str().ok_or_else(|| {
                        let message = format!("option {key:?} must be a text, not {value}");
                        invalid("connect", message)
                    })?;
                    options.trace_context = Some(text.to_owned());
                }
                _ => return Err(unknown("connect", key, &Self::NAMES)),
            }
        }
        options.check()?;
        Ok(options)
    }

    pub(crate) fn check(&self) -> Result<()> {
        if let Some(text) = &self.trace_context
            && !text.is_empty()
            && !telemetry::is_traceparent(text)
        {
            let message = format!("option \"trace_context\": {text:?} is not a W3C traceparent");
            return Err(invalid("connect", message));
        }
        range("connect", "login_timeout_ms", self.login_timeout_ms as usize, 1, 600_000)?;
        check_query_timeout("connect", self.query_timeout_ms)?;
        range("connect", "statement_cache_size", self.statement_cache_size, 0, 1000)
    }
}

/// The longest query timeout, which is a day.
const QUERY_TIMEOUT_MS_MAX: usize = 86_400_000;

pub(crate) fn check_query_timeout(operation: &'static str, ms: u32) -> Result<()> {
    range(operation, "query_timeout_ms", ms as usize, 0, QUERY_TIMEOUT_MS_MAX)
}

/// How to read a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamOptions {
    /// The most rows of one batch: 1 to 1,048,576; 131,072 unless set.
    pub batch_rows_max: usize,
    /// About how many bytes the buffers of one batch may take: 4 KiB to 1 GiB; 4 MiB unless set.
    /// A batch holds at least one row, however long it is.
    pub batch_bytes_max: usize,
    /// The longest single value in bytes: 1 to 2,147,483,647; 1 GiB unless set. A longer one is
    /// an error of kind Limit.
    pub column_bytes_max: usize,
    /// Whether a thread fetches one batch ahead of the consumer, once a result has shown to be
    /// long; unless set, where the consumer takes its time.
    pub prefetch: Option<bool>,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            batch_rows_max: 1 << 17,
            batch_bytes_max: 4 << 20,
            column_bytes_max: 1 << 30,
            prefetch: None,
        }
    }
}

impl StreamOptions {
    const NAMES: [&str; 4] = ["batch_rows_max", "batch_bytes_max", "column_bytes_max", "prefetch"];

    /// Reads the options from a JSON object; empty text means the defaults.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut options = Self::default();
        for (key, value) in &object(json, "stream")? {
            let target = match key.as_str() {
                "batch_rows_max" => &mut options.batch_rows_max,
                "batch_bytes_max" => &mut options.batch_bytes_max,
                "column_bytes_max" => &mut options.column_bytes_max,
                "prefetch" => {
                    options.prefetch = Some(boolean("stream", key, value)?);
                    continue;
                }
                _ => return Err(unknown("stream", key, &Self::NAMES)),
            };
            *target = integer("stream", key, value)?;
        }
        options.check()?;
        Ok(options)
    }

    pub(crate) fn check(&self) -> Result<()> {
        range("stream", "batch_rows_max", self.batch_rows_max, 1, 1 << 20)?;
        range("stream", "batch_bytes_max", self.batch_bytes_max, 4096, 1 << 30)?;
        range("stream", "column_bytes_max", self.column_bytes_max, 1, i32::MAX as usize)
    }
}

pub(crate) fn invalid(operation: &'static str, message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, operation, message)
}

pub(crate) fn unknown(operation: &'static str, key: &str, names: &[&str]) -> Error {
    let names = names.join(", ");
    invalid(operation, format!("there is no option {key:?}; the options are {names}"))
}

pub(crate) fn object(json: &str, operation: &'static str) -> Result<Map<String, Value>> {
    if json.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(json) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(invalid(operation, "the options must be a JSON object".into())),
        Err(error) => Err(invalid(operation, format!("the options are not JSON: {error}"))),
    }
}

/// Options as serde reads them; an error names the one that it is about.
pub(crate) fn from_members<T: DeserializeOwned>(
    members: Map<String, Value>,
    operation: &'static str,
) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(members)).map_err(|error| {
        let path = error.path().to_string();
        let about = if path == "." { "the options".to_owned() } else { format!("option {path:?}") };
        invalid(operation, format!("{about}: {}", error.inner()))
    })
}

pub(crate) fn integer<T: TryFrom<u64>>(
    operation: &'static str,
    key: &str,
    value: &Value,
) -> Result<T> {
    value.as_u64().and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
        invalid(operation, format!("option {key:?} must be a whole number, not {value}"))
    })
}

pub(crate) fn boolean(operation: &'static str, key: &str, value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| {
        invalid(operation, format!("option {key:?} must be true or false, not {value}"))
    })
}

pub(crate) fn range(
    operation: &'static str,
    key: &str,
    value: usize,
    min: usize,
    max: usize,
) -> Result<()> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(invalid(operation, format!("option {key:?} must be {min} to {max}, not {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_come_from_nothing_and_from_an_empty_object() {
        assert_eq!(ConnectionOptions::from_json("").unwrap(), ConnectionOptions::default());
        assert_eq!(StreamOptions::from_json("{}").unwrap(), StreamOptions::default());
    }

    #[test]
    fn options_that_are_named_are_known() {
        let known = |name: &str, read: fn(&str) -> Result<()>| {
            let outcome = read(&format!(r#"{{"{name}": {{}}}}"#));
            !outcome.unwrap_err().message.contains("no option")
        };
        let connection = |json: &str| ConnectionOptions::from_json(json).map(drop);
        assert!(ConnectionOptions::NAMES.into_iter().all(|name| known(name, connection)));
        let stream = |json: &str| StreamOptions::from_json(json).map(drop);
        assert!(StreamOptions::NAMES.into_iter().all(|name| known(name, stream)));
        let error = StreamOptions::from_json(r#"{"rows": 1}"#).unwrap_err();
        assert!(error.message.contains("batch_rows_max, batch_bytes_max"), "{error}");
    }

    #[test]
    fn bad_options_name_their_key() {
        for (json, named) in [
            (r#"{"login_timeout": 5}"#, "login_timeout"),
            (r#"{"login_timeout_ms": 0}"#, "login_timeout_ms"),
            (r#"{"login_timeout_ms": 600001}"#, "login_timeout_ms"),
            (r#"{"login_timeout_ms": -1}"#, "login_timeout_ms"),
            (r#"{"login_timeout_ms": 1.5}"#, "login_timeout_ms"),
            (r#"{"read_only": "yes"}"#, "read_only"),
            (r#"{"statement_cache_size": 1001}"#, "statement_cache_size"),
            ("[]", "JSON object"),
            ("{", "not JSON"),
        ] {
            let error = ConnectionOptions::from_json(json).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{json}");
            assert!(error.message.contains(named), "{json}: {}", error.message);
        }
    }

    #[test]
    fn limits_hold_at_their_edges() {
        assert!(StreamOptions::from_json(r#"{"batch_rows_max": 1}"#).is_ok());
        assert!(StreamOptions::from_json(r#"{"batch_rows_max": 1048576}"#).is_ok());
        assert!(StreamOptions::from_json(r#"{"batch_rows_max": 1048577}"#).is_err());
        assert!(StreamOptions::from_json(r#"{"batch_bytes_max": 4096}"#).is_ok());
        assert!(StreamOptions::from_json(r#"{"batch_bytes_max": 4095}"#).is_err());
        assert!(StreamOptions::from_json(r#"{"column_bytes_max": 2147483648}"#).is_err());
    }
}
