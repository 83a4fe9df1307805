//! Connecting, within a deadline that no driver can overrun.

use std::{
    sync::mpsc::{RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

use odbc_api::sys::InfoType;

use super::{ConnectionInfo, Session, capabilities::Told, connection_string::ConnectionString};
use crate::{
    dbms::{Dbms, DriverStreaming},
    error::{Error, ErrorKind, Result},
    handle::ConnectionHandle,
    options::ConnectionOptions,
};

/// What connecting gives.
pub(super) struct Opened {
    pub session: Session,
    pub info: ConnectionInfo,
    /// Whether the driver streams.
    pub streams: bool,
    pub told: Told,
}

/// Connects.
///
/// It connects on a thread of its own: MariaDB Connector/ODBC 3.1.15 and sqliteodbc 0.9998 ignore
/// the login timeout, so a thread that still waits is left behind and ends by itself.
pub(super) fn open(connection_string: &str, options: &ConnectionOptions) -> Result<Opened> {
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

fn connect(connection_string: &str, options: &ConnectionOptions) -> Result<Opened> {
    // Drivers count in seconds; one more lets the exact deadline come first.
    let login_timeout_s = options.login_timeout_ms.div_ceil(1000) + 1;
    let connect =
        |text: &str| ConnectionHandle::connect_completing(text, login_timeout_s).map_err(explain);
    let (mut handle, mut completed) = connect(connection_string)?;
    let dbms = facts(&handle);
    let mut given = ConnectionString::parse(connection_string)?;
    if options.streaming
        && let Some(streaming) = streaming_string(connection_string, dbms)?
    {
        // Only the database that answers tells what its driver has to be asked for.
        drop(handle);
        (handle, completed) = connect(&streaming)?;
        given = ConnectionString::parse(&streaming)?;
    }
    // A DSN has settings that the given text has not, and drivers have other names for some.
    let completed = ConnectionString::parse(&completed).ok();
    let setting = |key| completed.as_ref().and_then(|all| all.get(key)).or_else(|| given.get(key));
    let streams = match dbms.streaming {
        DriverStreaming::Always => true,
        DriverStreaming::Asked(keys) => {
            keys.first().and_then(|(key, _)| setting(key)).is_some_and(is_on)
        }
        DriverStreaming::Never | DriverStreaming::Unknown => false,
    };
    let text = |info| handle.info_text(info).unwrap_or_default();
    let dbms_name = text(InfoType::DbmsName);
    let info = ConnectionInfo {
        dbms: dbms.id.to_owned(),
        dbms_name,
        dbms_version: text(InfoType::DbmsVer),
        driver_name: text(InfoType::DriverName),
        driver_version: text(InfoType::DriverVer),
        driver_odbc_version: text(InfoType::DriverOdbcVer),
        engine_version: crate::version().to_owned(),
    };
    let several_active = || handle.info_number(InfoType::MaxConcurrentActivities) != Some(1);
    let told = Told {
        several_active: dbms.several_active.unwrap_or_else(several_active),
        several_results: dbms
            .several_results
            .unwrap_or_else(|| text(InfoType::MultResultSets) == "Y"),
        transactions: handle.info_number(InfoType::TransactionCapable) != Some(0),
    };
    let mut session = Session::new(handle, dbms, options)?;
    session.set_up_control(connection_string, streams, options)?;
    if !options.autocommit {
        // Now, so that no statement of the engine's own begins the user's transaction.
        session.set_autocommit(false)?;
    }
    session.streams = streams;
    // With UseDeclareFetch psqlodbc 13.02 declares a cursor for the text anew, and without plans on
    // the server it sends the text anew.
    session.plans_on_server =
        dbms.keeps_prepared_queries && !streams && setting("UseServerSidePrepare") != Some("0");
    session.cursor_rows = dbms.cursors.filter(|_| streams).map(|cursors| {
        setting(cursors.rows_key).and_then(|rows| rows.parse().ok()).unwrap_or(cursors.rows)
    });
    Ok(Opened { session, info, streams, told })
}

/// Whether a driver takes a value for yes: sqliteodbc 0.9998 knows words as well.
fn is_on(value: &str) -> bool {
    value.starts_with(|first: char| !"0nNfF".contains(first))
}

fn facts(handle: &ConnectionHandle) -> &'static Dbms {
    let known = Dbms::by_name(&handle.info_text(InfoType::DbmsName).unwrap_or_default());
    if !known.is_unknown() {
        return known;
    }
    let quote = handle.info_text(InfoType::IdentifierQuoteChar).unwrap_or_default();
    Dbms::unknown_with(quote.trim(), handle.info_number(InfoType::IdentifierCase))
}

/// The connection string of a connection for one long result, like one that was opened by `given`.
pub(super) fn string_for_long_result(given: &str, dbms: &Dbms) -> Result<String> {
    let streaming = match dbms.streams_alike {
        true => streaming_string(given, dbms)?,
        false => None,
    };
    Ok(streaming.unwrap_or_else(|| given.to_owned()))
}

/// The connection string that makes the driver stream; None where it does so already. What the
/// caller has set stays, letter by letter: drivers differ in how they read braces.
fn streaming_string(given: &str, dbms: &Dbms) -> Result<Option<String>> {
    let parsed = ConnectionString::parse(given)?;
    let unsupported = |why: &str| Error::new(ErrorKind::Unsupported, "connect", why);
    let keys = match dbms.streaming {
        DriverStreaming::Always => return Ok(None),
        DriverStreaming::Asked(keys) => keys,
        DriverStreaming::Never => {
            return Err(unsupported(
                "the driver holds every result in memory, whatever it is asked; read a long one in \
                 pages over an ordered key",
            ));
        }
        DriverStreaming::Unknown => {
            return Err(unsupported(
                "how this driver is asked to stream is not known; put its own keys into the \
                 connection string",
            ));
        }
    };
    let missing = keys.iter().filter(|(key, _)| parsed.get(key).is_none());
    let missing: String = missing.map(|(key, value)| format!(";{key}={value}")).collect();
    let given = given.trim_end().trim_end_matches(';');
    Ok((!missing.is_empty()).then(|| format!("{given}{missing}")))
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
