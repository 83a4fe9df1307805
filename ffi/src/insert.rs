//! Inserting many rows.

use std::ffi::c_char;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use engine::{BulkOptions, BulkParallelOptions};

use crate::{
    arguments::{output, text},
    error::OdbcError,
    guard::guard,
    handle::{CONNECTIONS, OdbcHandle, POOLS},
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
/// that took), `workers` (1) and `warnings`, each with `sqlstate`, `native_code` and `message`.
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

/// Inserts the rows of an Arrow C stream into a table, over several connections of a pool at once,
/// each in transactions of its own.
///
/// What is given, and on which thread the stream is called and released, is as with
/// `odbc_bulk_insert`; `options` has two members more: `parallelism` (how many connections insert
/// at once, to 1,000 and at most the pool's `size_max`; one, or 0, is an insert on a single
/// connection; default 4, or as many as the pool may have) and `stop_on_error` (whether the first
/// failure stops all workers and undoes what they have not committed, default true; otherwise only
/// the pieces of at most `chunk_rows` rows that fail are left out).
///
/// `result` becomes a JSON object as with `odbc_bulk_insert`, `workers` being the connections that
/// inserted. Where some rows were not written that is an error, of the kind of the first failure,
/// and its `details` tell which rows are committed and which are not; `row` is counted over all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_bulk_insert_parallel(
    pool: OdbcHandle,
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
        let options = unsafe { text("options", options, options_length) }?;
        let options = BulkParallelOptions::from_json(options)?;
        // SAFETY: The header asks for a valid place for an odbc_text.
        let result = unsafe { output("result", result) }?;
        let pool = POOLS.get(pool, "bulk_insert")?;
        let inserted = pool.bulk_insert_parallel(table, Box::new(rows?), &options)?;
        result.write(OdbcText::json(&inserted)?);
        Ok(())
    })
}
