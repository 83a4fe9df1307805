//! Connections.

use std::ffi::{c_char, c_void};

use engine::{Connection, ConnectionOptions, Result, Statement, Stream, TransactionOptions};

use crate::{
    arguments::{output, text},
    error::OdbcError,
    guard::{guard, infallible},
    handle::{CONNECTIONS, OdbcHandle, STATEMENTS, STREAMS, drop_apart},
    text::OdbcText,
};

/// Connects by an ODBC connection string, such as `Driver=SQLite3;Database=my.db`.
///
/// `options` is a JSON object, empty for the defaults: `login_timeout_ms` (1 to 600,000, default
/// 15,000), `read_only` (default false), `autocommit` (default true), `statement_cache_size` (0 to
/// 1,000, default 16), `streaming` (ask the driver to fetch results bit by bit instead of holding
/// them in memory, default false), `query_timeout_ms` (how long an execution, or the fetching of a
/// batch, may take: 0, the default, for no limit, to 86,400,000), `cancel_connection` (whether a
/// second connection may be opened to stop a running call, default true), `trace_context`
/// (the W3C traceparent of the span that the engine's spans are children of, as by
/// odbc_connection_set_trace_context).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_open(
    connection_string: *const c_char,
    connection_string_length: u64,
    options: *const c_char,
    options_length: u64,
    connection: *mut OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for a handle.
        let connection = unsafe { output("connection", connection) }?;
        // SAFETY: The header asks for a text of this length.
        let connection_string =
            unsafe { text("connection_string", connection_string, connection_string_length) }?;
        // SAFETY: As above.
        let options = unsafe { text("options", options, options_length) }?;
        let options = ConnectionOptions::from_json(options)?;
        connection.write(CONNECTIONS.insert(Connection::open(connection_string, &options)?));
        Ok(())
    })
}

/// Waits for the running call, rolls back an open transaction, closes every statement and stream
/// of the connection, and disconnects. Closing again does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_close(
    connection: OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        let closed = CONNECTIONS.close(connection, Connection::close);
        STREAMS.forget(Stream::is_orphan);
        STATEMENTS.forget(Statement::is_orphan);
        closed
    })
}

/// For finalizers: forgets the connection whose handle is this pointer's value, without waiting.
/// It is closed once its last statement and stream are forgotten as well.
#[unsafe(no_mangle)]
pub extern "C" fn odbc_connection_finalize(connection: *mut c_void) {
    infallible((), || {
        drop_apart(CONNECTIONS.remove(connection as OdbcHandle));
    });
}

/// Makes the span that a W3C `traceparent` names the parent of the engine's spans of what follows
/// on this connection; empty for none. It may be called while the connection is busy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_set_trace_context(
    connection: OdbcHandle,
    traceparent: *const c_char,
    traceparent_length: u64,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a text of this length.
        let traceparent = unsafe { text("traceparent", traceparent, traceparent_length) }?;
        CONNECTIONS.get(connection, "trace_context")?.set_trace_context(traceparent)
    })
}

/// Begins a transaction. Autocommit is off until it ends. Where one is open already, this begins
/// one within it, by a savepoint; the next commit or rollback ends that one.
///
/// `options` is a JSON object, empty for the defaults: `isolation` ("read_uncommitted",
/// "read_committed", "repeatable_read" or "serializable") and `read_only` (default false).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_begin(
    connection: OdbcHandle,
    options: *const c_char,
    options_length: u64,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a text of this length.
        let options = unsafe { text("options", options, options_length) }?;
        CONNECTIONS.get(connection, "begin")?.begin(&TransactionOptions::from_json(options)?)
    })
}

/// Does something with the savepoint of this name.
///
/// # Safety
///
/// `name` is NULL, or points to `name_length` bytes that live as long as the call.
unsafe fn on_savepoint(
    connection: OdbcHandle,
    operation: &'static str,
    name: *const c_char,
    name_length: u64,
    act: impl FnOnce(&Connection, &str) -> Result<()>,
) -> Result<()> {
    // SAFETY: As the caller promises.
    let name = unsafe { text("name", name, name_length) }?;
    act(&*CONNECTIONS.get(connection, operation)?, name)
}

/// Sets a savepoint in the open transaction.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_savepoint(
    connection: OdbcHandle,
    name: *const c_char,
    name_length: u64,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a text of this length.
        unsafe { on_savepoint(connection, "savepoint", name, name_length, Connection::savepoint) }
    })
}

/// Undoes what was done since a savepoint, which stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_rollback_to_savepoint(
    connection: OdbcHandle,
    name: *const c_char,
    name_length: u64,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a text of this length.
        unsafe {
            on_savepoint(
                connection,
                "rollback",
                name,
                name_length,
                Connection::rollback_to_savepoint,
            )
        }
    })
}

/// Forgets a savepoint; what was done since stays in the transaction.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_release_savepoint(
    connection: OdbcHandle,
    name: *const c_char,
    name_length: u64,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a text of this length.
        unsafe {
            on_savepoint(connection, "release", name, name_length, Connection::release_savepoint)
        }
    })
}

/// Makes what the innermost transaction did last, and ends it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_commit(
    connection: OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || CONNECTIONS.get(connection, "commit")?.commit())
}

/// Undoes what the innermost transaction did, and ends it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_rollback(
    connection: OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || CONNECTIONS.get(connection, "rollback")?.rollback())
}

/// Writes to `depth` how many transactions that were begun are open within each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_transaction_depth(
    connection: OdbcHandle,
    depth: *mut u64,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for a uint64_t.
        let depth = unsafe { output("depth", depth) }?;
        depth.write(CONNECTIONS.get(connection, "begin")?.transaction_depth()? as u64);
        Ok(())
    })
}

/// Turns autocommit on (1), which commits an open transaction, or off (0).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_set_autocommit(
    connection: OdbcHandle,
    enabled: i32,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        CONNECTIONS.get(connection, "autocommit")?.set_autocommit(enabled != 0).map(drop)
    })
}

/// Writes 1 to `enabled` if each statement commits by itself, else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_autocommit(
    connection: OdbcHandle,
    enabled: *mut i32,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an int32_t.
        let enabled = unsafe { output("enabled", enabled) }?;
        enabled.write(CONNECTIONS.get(connection, "autocommit")?.autocommit()?.into());
        Ok(())
    })
}

/// Asks everything that runs on the connection to stop, its open streams included, from any thread
/// and without waiting. Such calls then fail with an error of kind Cancelled, unless they ended
/// before. Where nothing runs, and on a closed connection, this does nothing. Unsupported where the
/// database has no way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_cancel(
    connection: OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || CONNECTIONS.find(connection, "cancel")?.map_or(Ok(()), |open| open.cancel()))
}

/// Closes every statement and stream of this connection, cached ones included, once the running
/// call ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_clear_statements(
    connection: OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || CONNECTIONS.get(connection, "clear")?.clear_statements().map(drop))
}

/// The names and versions of the database and its driver, as a JSON object: `dbms`, `dbms_name`,
/// `dbms_version`, `driver_name`, `driver_version`, `driver_odbc_version`, `engine_version`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_info(
    connection: OdbcHandle,
    info: *mut OdbcText,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an odbc_text.
        let info = unsafe { output("info", info) }?;
        info.write(OdbcText::json(CONNECTIONS.get(connection, "info")?.info())?);
        Ok(())
    })
}

/// What the connection can do, as a JSON object; doc/capabilities.md names its members.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_connection_capabilities(
    connection: OdbcHandle,
    capabilities: *mut OdbcText,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an odbc_text.
        let capabilities = unsafe { output("capabilities", capabilities) }?;
        capabilities
            .write(OdbcText::json(&CONNECTIONS.get(connection, "capabilities")?.capabilities())?);
        Ok(())
    })
}
