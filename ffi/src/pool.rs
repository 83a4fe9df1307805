//! Pools of connections.

use std::ffi::{c_char, c_void};

use engine::{Pool, PoolOptions};

use crate::{
    arguments::{output, text},
    error::OdbcError,
    guard::{guard, infallible},
    handle::{CONNECTIONS, OdbcHandle, POOLS, drop_apart},
    text::OdbcText,
};

/// Makes a pool of connections to one database, and opens its first `size_min`.
///
/// `options` is a JSON object, empty for the defaults: `size_min` (connections that are kept open,
/// 0 to `size_max`, default 1), `size_max` (1 to 1,000, default 10), `acquire_timeout_ms` (1 to
/// 3,600,000, default 30,000), `idle_timeout_ms` (how long one beyond `size_min` may go unused, to
/// 86,400,000 or 0 for ever, default 600,000), `lifetime_ms` (how long one is used, to 86,400,000
/// or 0 for ever, default 1,800,000), `validation_query` (a query that must succeed before a
/// connection is lent; unless set, by the database; empty for none) and `connection` (an object of
/// the options of `odbc_connection_open`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_pool_open(
    connection_string: *const c_char,
    connection_string_length: u64,
    options: *const c_char,
    options_length: u64,
    pool: *mut OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for a handle.
        let pool = unsafe { output("pool", pool) }?;
        // SAFETY: The header asks for a text of this length.
        let connection_string =
            unsafe { text("connection_string", connection_string, connection_string_length) }?;
        // SAFETY: As above.
        let options = PoolOptions::from_json(unsafe { text("options", options, options_length) }?)?;
        pool.write(POOLS.insert(Pool::open(connection_string, &options)?));
        Ok(())
    })
}

/// Makes the span that a W3C `traceparent` names the parent of the engine's spans of what is asked of
/// this pool next, but not of what is done on its connections; empty for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_pool_set_trace_context(
    pool: OdbcHandle,
    traceparent: *const c_char,
    traceparent_length: u64,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a text of this length.
        let traceparent = unsafe { text("traceparent", traceparent, traceparent_length) }?;
        POOLS.get(pool, "trace_context")?.set_trace_context(traceparent)
    })
}

/// Borrows a connection that works. It is like any other, and `odbc_connection_close` gives it
/// back. Who comes first is served first; where none becomes free within `acquire_timeout_ms`, the
/// error is a Timeout.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_pool_acquire(
    pool: OdbcHandle,
    connection: *mut OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for a handle.
        let connection = unsafe { output("connection", connection) }?;
        connection.write(CONNECTIONS.insert(POOLS.get(pool, "acquire")?.acquire()?));
        Ok(())
    })
}

/// How the pool is doing, as a JSON object; doc/pool.md names its members.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_pool_state(
    pool: OdbcHandle,
    state: *mut OdbcText,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an odbc_text.
        let state = unsafe { output("state", state) }?;
        state.write(OdbcText::json(&POOLS.get(pool, "pool_state")?.state()?)?);
        Ok(())
    })
}

/// Changes the sizes of the pool by a JSON object of `size_min` and `size_max`; what it does not
/// name stays, as do all other options. Connections that are too many are closed when they are
/// given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_pool_resize(
    pool: OdbcHandle,
    options: *const c_char,
    options_length: u64,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a text of this length.
        let options = unsafe { text("options", options, options_length) }?;
        POOLS.get(pool, "pool_resize")?.resize(options)
    })
}

/// Asks that the inserts over several connections of the pool stop (`odbc_bulk_insert_parallel`),
/// without waiting. What they have not committed is undone; each fails with an error of kind
/// Cancelled, unless it ended before. Any other call on a connection of the pool is stopped by
/// `odbc_connection_cancel`. Where the pool is closed, this does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_pool_cancel(pool: OdbcHandle, error: *mut OdbcError) -> i32 {
    guard(error, || POOLS.find(pool, "cancel")?.map_or(Ok(()), |open| open.cancel()))
}

/// Lends no more connections, closes those that are not lent, and waits up to
/// `acquire_timeout_ms` for the others to come back. Where some do not, the error is a Timeout, the
/// pool is closed all the same, and they are closed when they are given back. Closing again does
/// nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_pool_close(pool: OdbcHandle, error: *mut OdbcError) -> i32 {
    guard(error, || POOLS.close(pool, Pool::close))
}

/// For finalizers: forgets the pool whose handle is this pointer's value, without waiting. Its
/// connections are closed, those that are lent when they are given back.
#[unsafe(no_mangle)]
pub extern "C" fn odbc_pool_finalize(pool: *mut c_void) {
    infallible((), || {
        drop_apart(POOLS.remove(pool as OdbcHandle));
    });
}
