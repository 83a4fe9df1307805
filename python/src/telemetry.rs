//! OpenTelemetry: the exporter, and the caller's span as the parent of the engine's.

use odbc_engine::{Result, telemetry};
use odbc_engine_telemetry as exporter;
use pyo3::{intern, prelude::*, types::PyDict};

use crate::enter::enter;

/// The W3C traceparent of the span that is current in Python. None without one, and where nobody
/// has imported opentelemetry.
fn current(py: Python<'_>) -> PyResult<Option<String>> {
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    let modules = modules.cast_into::<PyDict>()?;
    let Some(trace) = modules.get_item(intern!(py, "opentelemetry.trace"))? else {
        return Ok(None);
    };
    let span = trace.call_method0(intern!(py, "get_current_span"))?;
    let context = span.call_method0(intern!(py, "get_span_context"))?;
    if !context.getattr(intern!(py, "is_valid"))?.extract::<bool>()? {
        return Ok(None);
    }
    let trace_id: u128 = context.getattr(intern!(py, "trace_id"))?.extract()?;
    let span_id: u64 = context.getattr(intern!(py, "span_id"))?.extract()?;
    let flags: u8 = context.getattr(intern!(py, "trace_flags"))?.extract()?;
    Ok(Some(format!("00-{trace_id:032x}-{span_id:016x}-{flags:02x}")))
}

/// The same work, whose spans are children of Python's current span. It may run on any thread.
pub(crate) fn within<T, W: FnOnce() -> Result<T> + Send>(
    py: Python<'_>,
    work: W,
) -> impl FnOnce() -> Result<T> + Send + use<T, W> {
    // What a tracer of another kind does wrong is no reason to fail a query.
    let parent = if telemetry::is_on() { current(py).unwrap_or_default() } else { None };
    move || {
        let _entered = parent.as_deref().map(telemetry::enter).transpose()?;
        work()
    }
}

#[pyfunction]
pub(crate) fn otel_init(py: Python<'_>, config: &str) -> PyResult<()> {
    enter(py, || exporter::init(config))
}

#[pyfunction]
pub(crate) fn otel_export_trace(py: Python<'_>, spans: &str) -> PyResult<()> {
    enter(py, || exporter::export_trace(spans))
}

/// The spans that are finished in memory, as JSON; they are forgotten.
#[pyfunction]
pub(crate) fn otel_take_finished(py: Python<'_>) -> PyResult<String> {
    enter(py, || {
        let mut text = String::new();
        exporter::take_finished(|spans| {
            spans.clone_into(&mut text);
            true
        })?;
        Ok(text)
    })
}

#[pyfunction]
pub(crate) fn otel_last_error() -> String {
    exporter::last_error()
}

#[pyfunction]
pub(crate) fn otel_cleanup() {
    exporter::cleanup();
}

#[pyfunction]
pub(crate) fn otel_is_on() -> bool {
    telemetry::is_on()
}

#[pyfunction]
pub(crate) fn otel_is_sampled(py: Python<'_>, trace_id: &str) -> PyResult<bool> {
    enter(py, || exporter::is_sampled(trace_id))
}

#[pyfunction]
pub(crate) fn otel_shutdown(py: Python<'_>) -> PyResult<()> {
    enter(py, exporter::shutdown)
}
