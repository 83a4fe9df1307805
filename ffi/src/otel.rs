//! Telemetry: OpenTelemetry's spans and metrics of the engine, and spans of the application.
//!
//! These exports have no `odbc_error`: what went wrong last is told by `otel_get_last_error`.

use std::ffi::c_char;

use engine::{Error, ErrorKind, Result};
use odbc_engine_telemetry as telemetry;

use crate::{
    arguments::text,
    guard::{guard, infallible},
};

const PANICKED: i64 = -(ErrorKind::Internal as i64);

/// Runs `call` on the text at a pointer and a length; a pointer that will not do is kept as the
/// last error, as `call` keeps its own.
///
/// # Safety
///
/// `data` is NULL, or points to `length` bytes that live as long as the call.
unsafe fn with_text<T>(
    operation: &'static str,
    name: &str,
    data: *const c_char,
    length: u64,
    call: impl FnOnce(&str) -> Result<T>,
) -> Result<T> {
    // SAFETY: As the caller promises.
    match unsafe { text(name, data, length) } {
        Ok(text) => call(text),
        Err(error) => telemetry::kept(Err(Error::new(error.kind, operation, &*error.message))),
    }
}

/// Copies a text and, where there is room, a NUL behind it. Tells whether there was room.
///
/// # Safety
///
/// `buffer` is valid for writing `length` bytes.
unsafe fn copy(text: &str, buffer: *mut c_char, length: u64) -> bool {
    let Ok(room) = usize::try_from(length) else { return false };
    if text.len() > room {
        return false;
    }
    // SAFETY: As the caller promises; there is room for the text.
    unsafe { buffer.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    if text.len() < room {
        // SAFETY: As above; there is room for one more.
        unsafe { buffer.add(text.len()).write(0) };
    }
    true
}

fn check_buffer(operation: &'static str, buffer: *mut c_char, length: u64) -> Result<()> {
    if !buffer.is_null() || length == 0 {
        return Ok(());
    }
    let message = format!("buffer is NULL, but its length is {length}");
    telemetry::kept(Err(Error::new(ErrorKind::InvalidArgument, operation, message)))
}

/// Sets telemetry up and turns it on: the engine's spans and metrics are exported from now on, by
/// threads of their own.
///
/// `config` is a JSON object, empty for what the `OTEL_*` environment variables say:
/// `endpoint` (of a collector that speaks OTLP over HTTP, default "http://localhost:4318"),
/// `protocol` ("http/protobuf"), `headers` (an object), `timeout_ms` (of one request, 1 to 600,000,
/// default 10,000), `exporter` ("otlp", "stdout", "memory" or "none", default "otlp"), `metrics`
/// (default true with "otlp"), `service_name`, `resource_attributes` (an object), `sampler`
/// ("always_on", "always_off", "traceidratio", or one of these behind "parentbased_", default
/// "parentbased_always_on"), `sampler_ratio` (0 to 1), `query_text` ("sanitised" or "off", default
/// "sanitised"), `queue_spans_max` (1 to 1,000,000, default 2,048), `memory_spans_max` (1 to
/// 1,000,000, default 10,000), `schedule_delay_ms`, `metrics_interval_ms` and
/// `shutdown_timeout_ms` (1 to 600,000; default 5,000, 60,000 and 5,000).
///
/// Returns 0; 1 where the configuration is bad; 2 where telemetry is on with another one (with the
/// same one, nothing is done); 3 where it asks for what is not supported.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otel_init(config: *const c_char, config_length: u64) -> i32 {
    guard(std::ptr::null_mut(), || {
        // SAFETY: The header asks for a text of this length.
        unsafe { with_text("otel_init", "config", config, config_length, telemetry::init) }
    })
}

/// Exports spans that were made outside of the engine, and are finished: a JSON object, or an array
/// of such, with `trace_id` (32 hex digits), `span_id` (16), `name`, `start_time_unix_nano` and
/// `end_time_unix_nano`, and, where need be, `parent_span_id`, `kind` ("internal", "server",
/// "client", "producer" or "consumer"), `attributes`, `events` (`name`, `time_unix_nano`,
/// `attributes`), `links` (`trace_id`, `span_id`), `status` (`code`: "unset", "ok" or "error", and
/// `message`) and `scope`.
///
/// Returns 0; 1 where a span is bad, and none is exported; 2 where telemetry is not on; 13 where
/// the queue had no room for all of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otel_export_trace(spans: *const c_char, spans_length: u64) -> i32 {
    guard(std::ptr::null_mut(), || {
        // SAFETY: The header asks for a text of this length.
        unsafe {
            with_text("otel_export_trace", "spans", spans, spans_length, telemetry::export_trace)
        }
    })
}

/// Gives the spans that are finished in memory, by the exporter "memory", as a JSON array in the
/// form of otel_export_trace. They outlive otel_shutdown.
///
/// Returns the length of the text in bytes. Where `length` is less, nothing is written and nothing
/// is forgotten: call again with a buffer of that length. Otherwise the text is written, with a NUL
/// behind it where there is room, and its spans are forgotten. Returns -1 where `buffer` is NULL
/// and `length` is not 0; -2 where no spans are kept in memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otel_export_trace_to_string(buffer: *mut c_char, length: u64) -> i64 {
    infallible(PANICKED, || {
        let mut needed = 0;
        let taken = check_buffer("otel_export_trace_to_string", buffer, length).and_then(|()| {
            telemetry::take_finished(|text| {
                needed = text.len() as i64;
                // SAFETY: The header asks for a buffer of this length.
                unsafe { copy(text, buffer, length) }
            })
        });
        taken.map_or_else(|error| -(error.kind as i64), |()| needed)
    })
}

/// Gives what went wrong last in this process, in a call of an otel function (its name, a colon and
/// the reason) or while exporting, then a line for each sort of loss so far; empty for nothing. A call that succeeds leaves it, but
/// for otel_init and otel_cleanup_strings.
///
/// Returns the length of the text in bytes. Where `length` is less, nothing is written; otherwise
/// the text is, with a NUL behind it where there is room. Returns -1 where `buffer` is NULL and
/// `length` is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otel_get_last_error(buffer: *mut c_char, length: u64) -> i64 {
    infallible(PANICKED, || {
        if let Err(error) = check_buffer("otel_get_last_error", buffer, length) {
            return -(error.kind as i64);
        }
        let text = telemetry::last_error();
        // SAFETY: The header asks for a buffer of this length.
        unsafe { copy(&text, buffer, length) };
        text.len() as i64
    })
}

/// Tells whether a trace that begins with this id (32 hex digits) is to be sampled: 1 or 0, which
/// it is as well where telemetry is not on; or -1 where that is no trace id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otel_is_sampled(trace_id: *const c_char, trace_id_length: u64) -> i32 {
    infallible(PANICKED as i32, || {
        let operation = "otel_is_sampled";
        // SAFETY: The header asks for a text of this length.
        let sampled = unsafe {
            with_text(operation, "trace_id", trace_id, trace_id_length, telemetry::is_sampled)
        };
        sampled.map_or_else(|error| -(error.kind as i32), i32::from)
    })
}

/// Forgets the last error, and the spans that are finished in memory. Returns 0.
#[unsafe(no_mangle)]
pub extern "C" fn otel_cleanup_strings() -> i32 {
    guard(std::ptr::null_mut(), || {
        telemetry::cleanup();
        Ok(())
    })
}

/// Turns telemetry off, and exports what is left within `shutdown_timeout_ms`. Where it is off,
/// does nothing.
///
/// Returns 0; 4 where the last export failed; 10 where the deadline passed, and what was left is
/// lost.
#[unsafe(no_mangle)]
pub extern "C" fn otel_shutdown() -> i32 {
    guard(std::ptr::null_mut(), telemetry::shutdown)
}
