//! The one door between C and Rust: no panic and no error leaves it but as a status.

use std::panic::{AssertUnwindSafe, catch_unwind};

use engine::{Error, ErrorKind, Result};

use crate::error::OdbcError;

/// Runs the body of an export. Returns 0, or the kind of the error that it fills in `error`.
pub(crate) fn guard(error: *mut OdbcError, body: impl FnOnce() -> Result<()>) -> i32 {
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return 0,
        Ok(Err(failure)) => failure,
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            Error::new(ErrorKind::Internal, "call", format!("the engine panicked: {text}"))
        }
    };
    let kind = failure.kind as i32;
    // SAFETY: By the contract of every export, `error` is NULL or points to an odbc_error that
    // its caller owns and has initialised.
    let _ = catch_unwind(AssertUnwindSafe(|| unsafe { OdbcError::fill(error, &failure) }));
    kind
}

/// Runs the body of an export that cannot fail; a panic gives `otherwise`.
pub(crate) fn infallible<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}
