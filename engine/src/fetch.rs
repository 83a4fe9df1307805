//! Reading a result through bound buffers.

mod block;
mod cursor;
mod long;
mod plan;
#[cfg(test)]
mod tests;

pub(crate) use cursor::{Cursor, WARNINGS_MAX};

use crate::{
    error::Result,
    handle::{Context, Outcome, StatementHandle},
    options::StreamOptions,
    types::Binding,
};

/// The text in the first column of the first row of a result of the engine's own making.
pub(crate) fn single_text(statement: &mut StatementHandle, context: Context) -> Result<String> {
    // SAFETY: Nothing is bound to a statement that the engine runs for itself.
    let returned = unsafe { odbc_api::sys::SQLFetch(statement.as_sys()) };
    if statement.check(returned, context)? == Outcome::NoData {
        return Ok(String::new());
    }
    let limit = StreamOptions::default().column_bytes_max;
    let value = long::read(statement, 1, Binding::any_text(), None, limit, context)?;
    Ok(String::from_utf8_lossy(&value.unwrap_or_default()).into_owned())
}
