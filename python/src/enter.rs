//! The one door from Python into the engine.

use std::{
    any::Any,
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
};

use odbc_engine::{Error, ErrorKind, Result};
use pyo3::prelude::*;

use crate::exceptions;

/// Runs `work` with the GIL released, and turns its error or its panic into an exception.
///
/// Every call that may reach a driver, or wait for a thread that does, goes through here.
pub(crate) fn enter<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    let work = crate::telemetry::within(py, work);
    py.detach(|| guard(work)).map_err(|error| exceptions::from_engine(py, &error))
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
