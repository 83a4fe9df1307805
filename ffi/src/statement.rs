//! Statements.

use std::ffi::{c_char, c_void};

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use engine::{Execution, Statement};

use crate::{
    arguments::{output, text},
    arrow,
    error::OdbcError,
    guard::{guard, infallible},
    handle::{CONNECTIONS, OdbcHandle, STATEMENTS, drop_apart},
    text::OdbcText,
};

/// What an execution did.
#[repr(C)]
pub struct OdbcExecution {
    /// How many rows were inserted, updated or deleted; -1 where there is a result set, or the
    /// driver does not say.
    pub affected_rows: i64,
    /// How many columns the result set has; 0 where there is none.
    pub column_count: i32,
    /// How many warnings odbc_statement_warnings gives.
    pub warning_count: i32,
}

impl From<Execution> for OdbcExecution {
    fn from(execution: Execution) -> Self {
        let rows = execution.affected_rows.and_then(|rows| i64::try_from(rows).ok());
        Self {
            affected_rows: rows.unwrap_or(-1),
            column_count: execution.column_count as i32,
            warning_count: execution.warnings.len() as i32,
        }
    }
}

/// Makes a statement of a connection. The database sees it when it is executed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_statement_open(
    connection: OdbcHandle,
    sql: *const c_char,
    sql_length: u64,
    statement: *mut OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for a handle.
        let statement = unsafe { output("statement", statement) }?;
        // SAFETY: The header asks for a text of this length.
        let sql = unsafe { text("sql", sql, sql_length) }?;
        statement
            .write(STATEMENTS.insert(CONNECTIONS.get(connection, "statement")?.statement(sql)?));
        Ok(())
    })
}

/// Executes a statement; closes the result of its last execution.
///
/// Parameters are one struct array of length 1 with a child for each `?`, by the Arrow C Data
/// Interface, or NULL and NULL for none. Where the children have names, each is the value of every
/// `:name` and `@name` of the statement. The call releases both structs, also when it fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_statement_execute(
    statement: OdbcHandle,
    parameters_schema: *mut FFI_ArrowSchema,
    parameters: *mut FFI_ArrowArray,
    execution: *mut OdbcExecution,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for structs of the Arrow C Data Interface.
        let parameters = unsafe { arrow::parameters(parameters_schema, parameters) };
        // SAFETY: The header asks for a valid place for an odbc_execution.
        let execution = unsafe { output("execution", execution) }?;
        execution.write(STATEMENTS.get(statement, "execute")?.execute(&parameters?)?.into());
        Ok(())
    })
}

/// Asks the statement's execution or stream to stop, from any thread and without waiting. The call
/// then fails with an error of kind Cancelled, unless it ended before. Where nothing of it runs,
/// and on a closed statement, this does nothing, and nothing that follows is harmed. Unsupported
/// where the database has no way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_statement_cancel(
    statement: OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || STATEMENTS.find(statement, "cancel")?.map_or(Ok(()), |open| open.cancel()))
}

/// Sets how long an execution of the statement, or the fetching of a batch, may take: 0, for no
/// limit, to 86,400,000 ms; what the connection's `query_timeout_ms` says, unless set here. A call
/// that takes longer is stopped and fails with an error of kind Timeout.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_statement_set_query_timeout(
    statement: OdbcHandle,
    query_timeout_ms: u32,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || STATEMENTS.get(statement, "query_timeout")?.set_query_timeout(query_timeout_ms))
}

/// Goes on to the next result of the last execution, such as of a procedure or of several
/// statements in one text: a result set to be streamed, or a count of rows. Writes 1 to `found`
/// and what it is to `execution`, or 0 where there is no other. The stream of the result before is
/// closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_statement_next_result(
    statement: OdbcHandle,
    found: *mut i32,
    execution: *mut OdbcExecution,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an int32_t.
        let found = unsafe { output("found", found) }?;
        // SAFETY: The header asks for a valid place for an odbc_execution.
        let execution = unsafe { output("execution", execution) }?;
        let next = STATEMENTS.get(statement, "next_result")?.next_result()?;
        found.write(next.is_some().into());
        if let Some(next) = next {
            execution.write(next.into());
        }
        Ok(())
    })
}

/// What the driver had to say beside success, when the statement was executed last: a JSON array
/// of objects with `sqlstate`, `native_code` and `message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_statement_warnings(
    statement: OdbcHandle,
    warnings: *mut OdbcText,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an odbc_text.
        let warnings = unsafe { output("warnings", warnings) }?;
        warnings.write(OdbcText::json(&STATEMENTS.get(statement, "warnings")?.warnings())?);
        Ok(())
    })
}

/// Closes a statement and its stream. Closing again does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_statement_close(statement: OdbcHandle, error: *mut OdbcError) -> i32 {
    guard(error, || STATEMENTS.close(statement, Statement::close))
}

/// For finalizers: forgets the statement whose handle is this pointer's value, without waiting.
/// What is busy is freed by the next call on its connection.
#[unsafe(no_mangle)]
pub extern "C" fn odbc_statement_finalize(statement: *mut c_void) {
    infallible((), || drop_apart(STATEMENTS.remove(statement as OdbcHandle)));
}
