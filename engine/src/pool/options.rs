//! What a caller may set of a pool.

use std::time::Duration;

use serde_json::Value;

use crate::{
    error::Result,
    options::{ConnectionOptions, integer, invalid, object, range, unknown},
};

/// How many connections a pool has, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOptions {
    /// The connections that are kept open, also while nobody needs them: 0 to `size_max`; 1 unless
    /// set. They are opened with the pool.
    pub size_min: usize,
    /// The most connections at a time: 1 to 1,000; 10 unless set.
    pub size_max: usize,
    /// How long a caller waits for a connection, in milliseconds: 1 to 3,600,000; 30,000 unless
    /// set.
    pub acquire_timeout_ms: u32,
    /// How long a connection beyond `size_min` may go unused, in milliseconds, before it is closed:
    /// to 86,400,000, or 0 for ever; 600,000 unless set.
    pub idle_timeout_ms: u32,
    /// How long a connection is used, in milliseconds, before another takes its place: to
    /// 86,400,000, or 0 for ever; 1,800,000 unless set.
    pub lifetime_ms: u32,
    /// The query that must succeed before a connection is lent, beside the driver's own word.
    /// Unless set, there is one where the driver does not ask the server; an empty text leaves it
    /// out.
    pub validation_query: Option<String>,
    /// How each connection is opened.
    pub connection: ConnectionOptions,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            size_min: 1,
            size_max: 10,
            acquire_timeout_ms: 30_000,
            idle_timeout_ms: 600_000,
            lifetime_ms: 1_800_000,
            validation_query: None,
            connection: ConnectionOptions::default(),
        }
    }
}

/// Of which the first two can be changed later.
const NAMES: [&str; 7] = [
    "size_min",
    "size_max",
    "acquire_timeout_ms",
    "idle_timeout_ms",
    "lifetime_ms",
    "validation_query",
    "connection",
];

impl PoolOptions {
    /// Reads the options from a JSON object; empty text means the defaults.
    pub fn from_json(json: &str) -> Result<Self> {
        const OPERATION: &str = "pool_open";
        let mut options = Self::default();
        for (key, value) in &object(json, OPERATION)? {
            match key.as_str() {
                "size_min" => options.size_min = integer(OPERATION, key, value)?,
                "size_max" => options.size_max = integer(OPERATION, key, value)?,
                "acquire_timeout_ms" => {
                    options.acquire_timeout_ms = integer(OPERATION, key, value)?;
                }
                "idle_timeout_ms" => options.idle_timeout_ms = integer(OPERATION, key, value)?,
                "lifetime_ms" => options.lifetime_ms = integer(OPERATION, key, value)?,
                "validation_query" => options.validation_query = text(OPERATION, key, value)?,
                "connection" => {
                    options.connection = ConnectionOptions::from_json(&value.to_string())?;
                }
                _ => return Err(unknown(OPERATION, key, &NAMES)),
            }
        }
        options.check(OPERATION)?;
        Ok(options)
    }

    /// The same options, with those of the sizes that a JSON object gives.
    pub(super) fn resized(&self, json: &str) -> Result<Self> {
        const OPERATION: &str = "pool_resize";
        let mut options = self.clone();
        for (key, value) in &object(json, OPERATION)? {
            match key.as_str() {
                "size_min" => options.size_min = integer(OPERATION, key, value)?,
                "size_max" => options.size_max = integer(OPERATION, key, value)?,
                _ => return Err(unknown(OPERATION, key, &NAMES[..2])),
            }
        }
        options.check(OPERATION)?;
        Ok(options)
    }

    pub(super) fn check(&self, operation: &'static str) -> Result<()> {
        const DAY_MS: usize = 86_400_000;
        let at_most = |key, value, max| range(operation, key, value, 0, max);
        range(operation, "size_max", self.size_max, 1, 1000)?;
        at_most("size_min", self.size_min, self.size_max)?;
        let acquire_ms = self.acquire_timeout_ms as usize;
        range(operation, "acquire_timeout_ms", acquire_ms, 1, 3_600_000)?;
        at_most("idle_timeout_ms", self.idle_timeout_ms as usize, DAY_MS)?;
        at_most("lifetime_ms", self.lifetime_ms as usize, DAY_MS)?;
        if self.validation_query.as_ref().is_some_and(|query| query.contains('\0')) {
            let message = "option \"validation_query\" holds a NUL character";
            return Err(invalid(operation, message.to_owned()));
        }
        self.connection.check()
    }

    pub(super) fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms.into())
    }

    /// How long a connection may go unused; None for ever.
    pub(super) fn idle_timeout(&self) -> Option<Duration> {
        limit(self.idle_timeout_ms)
    }

    /// How long a connection is used; None for ever.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        limit(self.lifetime_ms)
    }
}

fn limit(milliseconds: u32) -> Option<Duration> {
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds.into()))
}

fn text(operation: &'static str, key: &str, value: &Value) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(invalid(operation, format!("option {key:?} must be a text, not {value}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn options_are_read_by_their_names() {
        assert_eq!(PoolOptions::from_json("").unwrap(), PoolOptions::default());
        let json = r#"{"size_min": 2, "size_max": 3, "acquire_timeout_ms": 5, "idle_timeout_ms": 0,
                       "lifetime_ms": 86400000, "validation_query": "SELECT 2",
                       "connection": {"read_only": true}}"#;
        assert!(NAMES.iter().all(|name| json.contains(name)));
        let options = PoolOptions::from_json(json).unwrap();
        assert_eq!((options.size_min, options.size_max), (2, 3));
        assert_eq!(options.acquire_timeout(), Duration::from_millis(5));
        assert_eq!((options.idle_timeout_ms, options.lifetime_ms), (0, 86_400_000));
        assert_eq!(options.idle_timeout(), None);
        assert_eq!(options.validation_query.as_deref(), Some("SELECT 2"));
        assert!(options.connection.read_only);
    }

    #[test]
    fn a_resize_keeps_the_other_options() {
        let options = PoolOptions { acquire_timeout_ms: 7, ..PoolOptions::default() };
        let resized = options.resized(r#"{"size_max": 3}"#).unwrap();
        assert_eq!(resized, PoolOptions { size_max: 3, ..options.clone() });
        for (json, named) in [
            (r#"{"size_max": 0}"#, "size_max"),
            (r#"{"size_min": 11}"#, "size_min"),
            (r#"{"lifetime_ms": 1}"#, "lifetime_ms"),
        ] {
            assert!(options.resized(json).unwrap_err().message.contains(named), "{json}");
        }
    }

    #[test]
    fn bad_options_are_named_and_edges_hold() {
        for (json, named) in [
            (r#"{"size": 1}"#, "size_max, acquire_timeout_ms"),
            (r#"{"size_max": 0}"#, "size_max"),
            (r#"{"size_max": 1001}"#, "size_max"),
            (r#"{"size_max": 2, "size_min": 3}"#, "size_min"),
            (r#"{"acquire_timeout_ms": 0}"#, "acquire_timeout_ms"),
            (r#"{"acquire_timeout_ms": 3600001}"#, "acquire_timeout_ms"),
            (r#"{"idle_timeout_ms": 86400001}"#, "idle_timeout_ms"),
            (r#"{"lifetime_ms": -1}"#, "lifetime_ms"),
            (r#"{"validation_query": 1}"#, "validation_query"),
            (r#"{"validation_query": "\u0000"}"#, "validation_query"),
            (r#"{"connection": {"read_onli": true}}"#, "read_onli"),
            (r#"{"connection": 1}"#, "JSON object"),
        ] {
            let error = PoolOptions::from_json(json).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{json}");
            assert!(error.message.contains(named), "{json}: {}", error.message);
        }
        for json in [
            r#"{"size_max": 1000, "size_min": 1000}"#,
            r#"{"size_max": 1, "size_min": 0}"#,
            r#"{"acquire_timeout_ms": 3600000, "lifetime_ms": 0}"#,
        ] {
            assert!(PoolOptions::from_json(json).is_ok(), "{json}");
        }
    }
}
