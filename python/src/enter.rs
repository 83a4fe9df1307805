//! The one door from Python into the engine.

use std::{
    any::Any,
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use odbc_engine::{Error, ErrorKind, Result};
use pyo3::{exceptions::PyKeyboardInterrupt, prelude::*};

use crate::{
    exceptions,
    interrupt::{Call, Reaction, Stop},
    telemetry::within,
};

/// Runs `work` with the GIL released, and turns its error or its panic into an exception.
///
/// Every call that may reach a driver, or wait for a thread that does, goes through here.
pub(crate) fn enter<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    let work = within(py, work);
    py.detach(|| guard(work)).map_err(|error| exceptions::from_engine(py, &error))
}

/// Runs `work` as `enter` does, unless Ctrl-C stops it by `stop`, and Python raises.
pub(crate) fn enter_stoppable<T: Send>(
    py: Python<'_>,
    stop: &Stop,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    match Reaction::of(py)? {
        Reaction::None => enter(py, work),
        Reaction::Stop => enter_here(py, stop, work),
        Reaction::Ask => enter_elsewhere(py, stop, work),
    }
}

/// Runs `work` on this thread, even where the program's own handler would have to be asked: that
/// is for what reads Python's objects itself, and looks for signals as it does so.
pub(crate) fn enter_on_this_thread<T: Send>(
    py: Python<'_>,
    stop: &Stop,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    match Reaction::of(py)? {
        Reaction::Stop => enter_here(py, stop, work),
        _ => enter(py, work),
    }
}

fn enter_here<T: Send>(
    py: Python<'_>,
    stop: &Stop,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    let call = Call::begin(stop);
    // A signal that came before the call began stops nothing.
    py.check_signals()?;
    let work = within(py, work);
    let result = py.detach(|| guard(work));
    let interrupted = call.is_some_and(|call| call.is_interrupted());
    result.map_err(|error| {
        let raised = stopped(py, &error);
        // Code that was called back may have been told of the signal, and have hidden that.
        if interrupted && !raised.is_instance_of::<PyKeyboardInterrupt>(py) {
            return PyKeyboardInterrupt::new_err(());
        }
        raised
    })
}

/// What Python raises for an error: its own exception where a signal is what stopped the call.
fn stopped(py: Python<'_>, error: &Error) -> PyErr {
    if error.kind == ErrorKind::Cancelled
        && let Err(raised) = py.check_signals()
    {
        return raised;
    }
    exceptions::from_engine(py, error)
}

/// How often the main thread looks for a signal while another thread works.
const LOOK: Duration = Duration::from_millis(20);

/// Runs `work` on another thread, while this one runs Python's signal handlers.
fn enter_elsewhere<T: Send>(
    py: Python<'_>,
    stop: &Stop,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    // Short calls one after another would leave no time to look in.
    py.check_signals()?;
    let work = within(py, work);
    let mut raised = None;
    let result = py.detach(|| {
        thread::scope(|scope| {
            let (done, result) = mpsc::sync_channel(1);
            scope.spawn(move || done.send(guard(work)));
            loop {
                match result.recv_timeout(LOOK) {
                    Ok(result) => return result,
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return Err(lost()),
                }
                if raised.is_none() {
                    raised = Python::attach(|py| py.check_signals()).err();
                }
                if raised.is_some() {
                    // What cannot be stopped ends by itself.
                    let _ = stop.cancel();
                }
            }
        })
    });
    match raised {
        Some(raised) => Err(raised),
        None => result.map_err(|error| exceptions::from_engine(py, &error)),
    }
}

/// Runs `work`, which nothing stops, and leaves it alone as soon as a signal handler raises.
pub(crate) fn enter_or_abandon<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> PyResult<T> {
    if Reaction::of(py)? == Reaction::None {
        return enter(py, work);
    }
    let work = within(py, work);
    let (done, result) = mpsc::sync_channel(1);
    // Nobody takes the result of what was left alone, which ends it.
    let started = thread::Builder::new().spawn(move || done.send(guard(work)));
    started.map_err(|error| {
        let message = format!("no thread could be started: {error}");
        exceptions::from_engine(py, &Error::new(ErrorKind::Limit, "python", message))
    })?;
    let finished: PyResult<Result<T>> = py.detach(move || {
        loop {
            match result.recv_timeout(LOOK) {
                Ok(result) => return Ok(result),
                Err(RecvTimeoutError::Timeout) => Python::attach(|py| py.check_signals())?,
                Err(RecvTimeoutError::Disconnected) => return Ok(Err(lost())),
            }
        }
    });
    finished?.map_err(|error| exceptions::from_engine(py, &error))
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, "python", "the thread of a call ended without its result")
}

/// Runs `work` and makes a panic an error of kind Internal.
pub(crate) fn guard<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = format!("the engine panicked: {}", reason(panic.as_ref()));
        Err(Error::new(ErrorKind::Internal, "python", message))
    })
}

fn reason(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}

/// An object of the engine, dropped with the GIL released: its drop may talk to a server.
pub(crate) struct Detached<T: Send>(Option<T>);

impl<T: Send> Detached<T> {
    pub(crate) fn new(object: T) -> Self {
        Self(Some(object))
    }
}

impl<T: Send> Deref for Detached<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("only drop takes the object")
    }
}

impl<T: Send> Drop for Detached<T> {
    fn drop(&mut self) {
        let object = self.0.take();
        // Without an interpreter the closure is dropped unused, and the object with it.
        Python::try_attach(move |py| py.detach(move || drop(object)));
    }
}
