//! Connecting, within a deadline that no driver can overrun.

use std::{
    sync::mpsc::{RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

use odbc_api::sys::InfoType;

use super::{ConnectionInfo, Session, connection_string::ConnectionString};
use crate::{
    dbms::Dbms,
    error::{Error, ErrorKind, Result},
    handle::ConnectionHandle,
    options::ConnectionOptions,
};

/// Connects on a thread of its own: MariaDB Connector/ODBC 3.1.15 and sqliteodbc 0.9998 ignore
/// the login timeout, so a thread that still waits is left behind and ends by itself.
pub(super) fn open(
    connection_string: &str,
    options: &ConnectionOptions,
) -> Result<(Session, ConnectionInfo)> {
    options.check()?;
    let parsed = ConnectionString::parse(connection_string)?;
    let (sender, receiver) = sync_channel(1);
    let (text, for_thread) = (connection_string.to_owned(), options.clone());
    thread::Builder::new()
        .name("odbc-connect".to_owned())
        .spawn(move || {
            // Where nobody waits any more, the session comes back in the error and is dropped.
            let _ = sender.send(connect(&text, &for_thread));
        })
        .map_err(|error| Error::new(ErrorKind::Limit, "connect", error.to_string()))?;
    let timeout = Duration::from_millis(options.login_timeout_ms.into());
    let connected = receiver.recv_timeout(timeout).unwrap_or_else(|error| {
        Err(match error {
            RecvTimeoutError::Timeout => Error::new(
                ErrorKind::Timeout,
                "connect",
                format!("no connection within {} ms", options.login_timeout_ms),
            ),
            RecvTimeoutError::Disconnected => {
                Error::new(ErrorKind::Internal, "connect", "the connecting thread panicked")
            }
        })
    });
    connected.map_err(|error| error.map_text(|text| parsed.redact(text)))
}

fn connect(
    connection_string: &str,
    options: &ConnectionOptions,
) -> Result<(Session, ConnectionInfo)> {
    // Drivers count in seconds; one more lets the exact deadline come first.
    let login_timeout_s = options.login_timeout_ms.div_ceil(1000) + 1;
    let handle = ConnectionHandle::connect(connection_string, login_timeout_s).map_err(explain)?;
    let text = |info| handle.info_text(info).unwrap_or_default();
    let dbms_name = text(InfoType::DbmsName);
    let dbms = Dbms::by_name(&dbms_name);
    let info = ConnectionInfo {
        dbms: dbms.id.to_owned(),
        dbms_name,
        dbms_version: text(InfoType::DbmsVer),
        driver_name: text(InfoType::DriverName),
        driver_version: text(InfoType::DriverVer),
        driver_odbc_version: text(InfoType::DriverOdbcVer),
        engine_version: crate::version().to_owned(),
    };
    Ok((Session::new(handle, dbms, options)?, info))
}

/// Tells failures to reach a database from those to load its driver, before anything says which
/// database it is: drivers report the first as 08001, HY000 or even 42000.
fn explain(error: Error) -> Error {
    let driver_manager = error.sqlstate.as_deref().is_some_and(|state| {
        state.starts_with("IM") || state.starts_with("01") || state.starts_with("HYC")
    });
    match error.kind {
        ErrorKind::Driver | ErrorKind::Syntax if !driver_manager && error.sqlstate.is_some() => {
            error.of_kind(ErrorKind::Connection)
        }
        _ => explain_library(error),
    }
}

/// unixODBC says "Can't open lib" and hides the loader's reason; loading it again tells.
fn explain_library(error: Error) -> Error {
    let Some((_, rest)) = error.message.split_once("Can't open lib '") else { return error };
    let Some((library, _)) = rest.split_once('\'') else { return error };
    // SAFETY: The driver manager loads and initialises the same library in the same way.
    let Err(reason) = (unsafe { libloading::Library::new(library) }) else { return error };
    let explained = format!("{}; the loader says: {reason}", error.message);
    error.with_message(explained)
}
