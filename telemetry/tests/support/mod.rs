//! What the tests share: telemetry is of the whole process, so one test runs at a time.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::sync::{Mutex, MutexGuard, PoisonError};

use odbc_engine_telemetry as telemetry;
use serde_json::Value;

pub const SQLITE: &str = "Driver=SQLite3;Database=:memory:";
pub const MEMORY: &str = r#"{"exporter": "memory"}"#;

static ALONE: Mutex<()> = Mutex::new(());

/// Telemetry that is on until this is dropped.
pub struct On(#[allow(dead_code)] MutexGuard<'static, ()>);

impl Drop for On {
    fn drop(&mut self) {
        let _ = telemetry::shutdown();
        telemetry::cleanup();
    }
}

/// Waits until no other test uses telemetry.
pub fn alone_and_off() -> On {
    On(ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The same, with telemetry on.
pub fn alone(config: &str) -> On {
    let alone = alone_and_off();
    telemetry::init(config).unwrap();
    alone
}

/// The spans that are finished, also as text; they are forgotten.
pub fn spans() -> (Vec<Value>, String) {
    let mut text = String::new();
    telemetry::take_finished(|spans| {
        text = spans.to_owned();
        true
    })
    .unwrap();
    (serde_json::from_str(&text).unwrap(), text)
}
