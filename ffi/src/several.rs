//! Long results that are read by several queries.

use std::ffi::c_char;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use engine::{PageOptions, PartitionOptions, StreamOptions};

use crate::{
    arguments::{output, text},
    arrow,
    error::OdbcError,
    guard::guard,
    handle::{CONNECTIONS, OdbcHandle, STREAMS},
};

/// Executes a query in parts, which connections of their own read at once, opened like this one,
/// and streams the rows in any order. The connections see what is committed: on PostgreSQL all of
/// them the same snapshot, elsewhere each what it finds when it begins.
///
/// `partition` is a JSON object: `column`, one of numbers, dates or timestamps
/// whose range is divided; or `predicates`, an array of conditions that together meet every row
/// once; and `connections` (1 to 64; default one for each processor). Parameters are given as for
/// odbc_statement_execute, by position; options as for odbc_stream_start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_parts_query(
    connection: OdbcHandle,
    sql: *const c_char,
    sql_length: u64,
    parameters_schema: *mut FFI_ArrowSchema,
    parameters: *mut FFI_ArrowArray,
    partition: *const c_char,
    partition_length: u64,
    options: *const c_char,
    options_length: u64,
    stream: *mut OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for structs of the Arrow C Data Interface.
        let parameters = unsafe { arrow::parameters(parameters_schema, parameters) };
        // SAFETY: The header asks for a valid place for a handle.
        let stream = unsafe { output("stream", stream) }?;
        // SAFETY: The header asks for texts of these lengths.
        let sql = unsafe { text("sql", sql, sql_length) }?;
        // SAFETY: As above.
        let partition = unsafe { text("partition", partition, partition_length) }?;
        // SAFETY: As above.
        let options =
            StreamOptions::from_json(unsafe { text("options", options, options_length) }?)?;
        let partition = PartitionOptions::from_json(partition)?;
        let connection = CONNECTIONS.get(connection, "partition")?;
        let opened = connection.query_parts(sql, &parameters?, &partition, &options)?;
        stream.write(STREAMS.insert(opened));
        Ok(())
    })
}

/// Executes a query page by page, in the order of a key, so that no driver has to hold more than a
/// page of its rows in memory. Each page is a query of its own; a key that is NULL or not unique
/// is an error of kind Data, never a lost row.
///
/// `page` is a JSON object: `key`, the column that orders the rows, and `rows` of a page (2 to
/// 10,000,000, default 100,000). Parameters and options are given as for odbc_parts_query.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_pages_query(
    connection: OdbcHandle,
    sql: *const c_char,
    sql_length: u64,
    parameters_schema: *mut FFI_ArrowSchema,
    parameters: *mut FFI_ArrowArray,
    page: *const c_char,
    page_length: u64,
    options: *const c_char,
    options_length: u64,
    stream: *mut OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for structs of the Arrow C Data Interface.
        let parameters = unsafe { arrow::parameters(parameters_schema, parameters) };
        // SAFETY: The header asks for a valid place for a handle.
        let stream = unsafe { output("stream", stream) }?;
        // SAFETY: The header asks for texts of these lengths.
        let sql = unsafe { text("sql", sql, sql_length) }?;
        // SAFETY: As above.
        let page = PageOptions::from_json(unsafe { text("page", page, page_length) }?)?;
        // SAFETY: As above.
        let options =
            StreamOptions::from_json(unsafe { text("options", options, options_length) }?)?;
        let connection = CONNECTIONS.get(connection, "page")?;
        let opened = connection.query_pages(sql, &parameters?, &page, &options)?;
        stream.write(STREAMS.insert(opened));
        Ok(())
    })
}
