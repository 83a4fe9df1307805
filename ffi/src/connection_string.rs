//! Connection strings.

use std::ffi::c_char;

use engine::{ConnectionString, Error, ErrorKind, Result};

use crate::{
    arguments::{output, text},
    error::OdbcError,
    guard::guard,
    text::OdbcText,
};

/// Reads a JSON array of pairs, `[["Driver", "SQLite3"], ["Database", "my.db"]]`.
fn pairs(json: &str) -> Result<Vec<(String, String)>> {
    serde_json::from_str(json).map_err(|error| {
        let message = format!("pairs must be a JSON array of [key, value]: {error}");
        Error::new(ErrorKind::InvalidArgument, "connection_string", message)
    })
}

/// Puts a connection string together from a JSON array of pairs, such as
/// `[["Driver", "SQLite3"], ["Database", "my.db"]]`. Values are escaped by the rules of ODBC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_string_build(
    pairs: *const c_char,
    pairs_length: u64,
    connection_string: *mut OdbcText,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an odbc_text.
        let place = unsafe { output("connection_string", connection_string) }?;
        // SAFETY: The header asks for a text of this length.
        let given = self::pairs(unsafe { text("pairs", pairs, pairs_length) }?)?;
        place.write(OdbcText::plain(ConnectionString::from_pairs(given)?.to_text())?);
        Ok(())
    })
}

/// Takes a connection string apart into a JSON array of pairs, secrets included. One that is not
/// well-formed is InvalidArgument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_string_parse(
    connection_string: *const c_char,
    connection_string_length: u64,
    pairs: *mut OdbcText,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an odbc_text.
        let place = unsafe { output("pairs", pairs) }?;
        // SAFETY: The header asks for a text of this length.
        let given =
            unsafe { text("connection_string", connection_string, connection_string_length) }?;
        place.write(OdbcText::json(&ConnectionString::parse(given)?.pairs())?);
        Ok(())
    })
}

/// A connection string for people, with `***` for each secret.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_string_redact(
    connection_string: *const c_char,
    connection_string_length: u64,
    redacted: *mut OdbcText,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an odbc_text.
        let place = unsafe { output("redacted", redacted) }?;
        // SAFETY: The header asks for a text of this length.
        let given =
            unsafe { text("connection_string", connection_string, connection_string_length) }?;
        place.write(OdbcText::plain(ConnectionString::parse(given)?.redacted())?);
        Ok(())
    })
}
