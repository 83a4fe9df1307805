//! What a database holds.

use std::ffi::c_char;

use engine::CatalogQuery;

use crate::{
    arguments::{output, text},
    error::OdbcError,
    guard::guard,
    handle::{CONNECTIONS, OdbcHandle, STATEMENTS},
};

/// Asks what the database holds, by a catalog function of ODBC. The statement has the answer as
/// its result, to be streamed; it is not executed again. The columns are those of the ODBC 3
/// standard on every database: text as utf8, SMALLINT as int16, INTEGER as int64.
///
/// `query` is a JSON object: `function`, one of `tables`, `columns`, `primary_keys`,
/// `foreign_keys`, `statistics`, `procedures`, `procedure_columns` and `type_info`; and by what to
/// choose, all optional: `catalog`, `schema`, `name` (of the table or procedure), `column`, and
/// `types` for tables, such as `TABLE,VIEW`. For tables, columns and procedures they are patterns
/// with `%` and `_`; for keys and statistics they are names, and `name` is required.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_catalog_open(
    connection: OdbcHandle,
    query: *const c_char,
    query_length: u64,
    statement: *mut OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for a handle.
        let statement = unsafe { output("statement", statement) }?;
        // SAFETY: The header asks for a text of this length.
        let query = CatalogQuery::from_json(unsafe { text("query", query, query_length) }?)?;
        let asked = CONNECTIONS.get(connection, "catalog")?.catalog(&query)?;
        statement.write(STATEMENTS.insert(asked));
        Ok(())
    })
}
