//! Exports the spans and metrics of odbc_engine, and spans of the application around them.
//!
//! The engine itself knows the API of OpenTelemetry alone; this crate is its SDK, set up by one
//! JSON object and the `OTEL_*` environment variables, for applications that have none of their
//! own, such as those that reach the engine through C, Python or Dart. Everything that is exported
//! is exported by threads of its own, from bounded memory.

mod config;
mod counts;
mod environment;
mod exporter;
mod finished;
mod http;
mod pipeline;
mod queue;
mod span;

use std::sync::{Mutex, MutexGuard, PoisonError};

use odbc_engine::{Error, ErrorKind, Result};

use config::Config;
use pipeline::Pipeline;

static RUNNING: Mutex<Option<Pipeline>> = Mutex::new(None);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the error of a call as the last one.
pub fn kept<T>(result: Result<T>) -> Result<T> {
    result.inspect_err(|error| counts::fail(format!("{}: {}", error.operation, error.message)))
}

/// Sets telemetry up and turns it on. Once it is on, the same configuration again does nothing,
/// and another one is an error of kind InvalidState.
pub fn init(config: &str) -> Result<()> {
    let begin = || {
        let config = Config::read(config)?;
        let mut running = lock(&RUNNING);
        match &*running {
            Some(pipeline) if pipeline.config == config => Ok(()),
            Some(_) => Err(Error::new(
                ErrorKind::InvalidState,
                "otel_init",
                "telemetry is on with another configuration; call otel_shutdown first",
            )),
            None => {
                *running = Some(Pipeline::start(config)?);
                Ok(())
            }
        }
    };
    kept(begin())
}

fn off(operation: &'static str) -> Error {
    let message = "telemetry is not on; call otel_init first";
    Error::new(ErrorKind::InvalidState, operation, message)
}

/// Exports spans that were made outside of the engine: a JSON object, or an array of such.
pub fn export_trace(spans: &str) -> Result<()> {
    let export = || {
        let spans = span::read(spans)?;
        let queue = lock(&RUNNING).as_ref().map(|pipeline| pipeline.spans.clone());
        queue.ok_or_else(|| off("otel_export_trace"))?.export(spans)
    };
    kept(export())
}

/// Whether a trace with this id is to be sampled, where nothing before it has decided that.
pub fn is_sampled(trace_id: &str) -> Result<bool> {
    let decide = || {
        let id = span::trace_id(trace_id).ok_or_else(|| {
            let message = format!("{trace_id:?} is not a trace id: give 32 hex digits, not all 0");
            Error::new(ErrorKind::InvalidArgument, "otel_is_sampled", message)
        })?;
        Ok(lock(&RUNNING).as_ref().is_some_and(|pipeline| pipeline.config.sampler.samples(id)))
    };
    kept(decide())
}

/// Gives the spans that are finished in memory, as a JSON array, to `take`; where that returns
/// true they are forgotten. Only the exporter "memory" keeps spans; they outlive a shutdown.
pub fn take_finished(take: impl FnOnce(&str) -> bool) -> Result<()> {
    kept(finished::take(take))
}

/// What went wrong last, in a call or while exporting, and a line for each sort of loss so far;
/// empty for nothing.
pub fn last_error() -> String {
    counts::last_error()
}

/// Forgets the last error, and the spans that are finished in memory.
pub fn cleanup() {
    counts::forget_failure();
    finished::forget();
}

/// Turns telemetry off and exports what is left, within the configured deadline. Where telemetry
/// is off, this does nothing.
pub fn shutdown() -> Result<()> {
    let pipeline = {
        let mut running = lock(&RUNNING);
        let taken = running.take();
        if taken.is_some() {
            pipeline::detach();
        }
        taken
    };
    kept(pipeline.map_or(Ok(()), Pipeline::shutdown))
}
