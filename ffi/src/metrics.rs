//! What the engine did, and clearing up.

use crate::{arguments::output, error::OdbcError, guard::guard, text::OdbcText};

/// Closes every statement and stream of every connection of this process, cached ones included.
/// The handles of those statements and streams then answer InvalidState; the connections stay
/// usable.
///
/// This never waits. It returns 0 where all are closed, and 2 (InvalidState) where connections are
/// in a call at this moment: those close their statements when the call ends. Calling it again
/// does no harm.
#[unsafe(no_mangle)]
pub extern "C" fn odbc_clear_all_statements() -> i32 {
    guard(std::ptr::null_mut(), || engine::clear_all_statements().map(drop))
}

/// What the engine did in this process, as a JSON object; doc/metrics.md names its members.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_metrics_read(metrics: *mut OdbcText, error: *mut OdbcError) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an odbc_text.
        let metrics = unsafe { output("metrics", metrics) }?;
        metrics.write(OdbcText::json(&engine::metrics())?);
        Ok(())
    })
}

/// Sets every count back to zero, but what is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_metrics_reset(error: *mut OdbcError) -> i32 {
    guard(error, || {
        engine::reset_metrics();
        Ok(())
    })
}
