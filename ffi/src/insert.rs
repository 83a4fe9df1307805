//! Inserting many rows.

use std::ffi::c_char;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use engine::BulkOptions;

use crate::{
    arguments::{output, text},
    error::OdbcError,
    guard::guard,
    handle::{CONNECTIONS, OdbcHandle},
    rows,
    text::OdbcText,
};

/// Inserts the rows of an Arrow C stream into a table, as fast as the driver takes them. The
/// stream's columns go to those of the same names, which are exact. All rows are written, or none
/// unless `commit_every_rows` is set; within an open transaction the call is a part of that.
///
/// `table` is an identifier as SQL writes it, with its schema before a dot if need be. The call
/// takes the stream over and releases it, also when it fails; it calls the stream, and releases
/// what the stream gives, on the caller's thread only.
///
/// `options` is a JSON object, empty for the defaults: `mode` ("append", the default, "create",
/// "replace", "create_append"), `strategy` ("auto", the default, "array", "multi_row", "unnest",
/// "row"), `commit_every_rows` (at least 1), `chunk_rows` (the most rows that are sent at once, 1
/// to 1,000,000), `find_bad_row` (whether to look for the row at fault after a failure, default
/// true), `columns` (the table's columns in the order of the stream's), `schema` and `catalog` (of
/// the table).
///
/// `result` becomes a JSON object: `rows` that were written, `strategy`, `chunks` (the executions
/// that took) and `warnings`, each with `sqlstate`, `native_code` and `message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_bulk_insert(
    connection: OdbcHandle,
    table: *const c_char,
    table_length: u64,
    rows: *mut FFI_ArrowArrayStream,
    options: *const c_char,
    options_length: u64,
    result: *mut OdbcText,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a stream of the Arrow C stream interface.
        let rows = unsafe { rows::Rows::take(rows) };
        // SAFETY: The header asks for a text of this length.
        let table = unsafe { text("table", table, table_length) }?;
        // SAFETY: As above.
        let options = BulkOptions::from_json(unsafe { text("options", options, options_length) }?)?;
        // SAFETY: The header asks for a valid place for an odbc_text.
        let result = unsafe { output("result", result) }?;
        let connection = CONNECTIONS.get(connection, "bulk_insert")?;
        let inserted = connection.bulk_insert(table, Box::new(rows?), &options)?;
        result.write(OdbcText::json(&inserted)?);
        Ok(())
    })
}
