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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const CHILD: &str = "ODBC_ENGINE_TEST_PANIC";

    /// Runs in a process of its own, so that a panic that is not survived fails a test and not
    /// the whole run.
    #[test]
    fn a_panic_is_survived() {
        if std::env::var_os(CHILD).is_some() {
            // SAFETY: All fields of an odbc_error may be zero, and are before its first use.
            let mut error: OdbcError = unsafe { std::mem::zeroed() };
            assert_eq!(guard(&mut error, || panic!("on purpose")), ErrorKind::Internal as i32);
            // SAFETY: A filled error has a message.
            let message = unsafe { std::ffi::CStr::from_ptr(error.message) };
            assert!(message.to_str().unwrap().contains("on purpose"));
            // SAFETY: As above; it is released once.
            unsafe { error.release.unwrap()(&mut error) };
            assert_eq!(guard(std::ptr::null_mut(), || panic!()), ErrorKind::Internal as i32);
            assert_eq!(infallible(7, || panic!()), 7);
            return;
        }
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "guard::tests::a_panic_is_survived", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"));
    }
}
