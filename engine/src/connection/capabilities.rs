//! What a connection is connected to, and what it can do.

use serde::Serialize;

use crate::dbms::{Dbms, DriverStreaming, Procedures, ReadOnly};

/// Names and versions of a connection's database and driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The engine's name for the database: postgresql, mariadb, sqlite, sqlserver, oracle, db2 or
    /// unknown.
    pub dbms: String,
    /// SQL_DBMS_NAME.
    pub dbms_name: String,
    /// SQL_DBMS_VER.
    pub dbms_version: String,
    /// SQL_DRIVER_NAME.
    pub driver_name: String,
    /// SQL_DRIVER_VER.
    pub driver_version: String,
    /// SQL_DRIVER_ODBC_VER.
    pub driver_odbc_version: String,
    /// The version of this engine.
    pub engine_version: String,
}

/// How far a running call can be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cancel {
    /// Not at all.
    Unsupported,
}

/// Whether a driver fetches a result bit by bit, or holds all of it in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Streaming {
    /// This connection streams.
    On,
    /// It would if it were opened with `streaming`.
    Off,
    /// The driver holds every result in memory.
    Unsupported,
}

/// What a connection can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// How far a running call can be stopped.
    pub cancel: Cancel,
    /// Whether the driver fetches a result bit by bit.
    pub streaming: Streaming,
    /// Whether procedures can be called by name.
    pub procedures: bool,
    /// Whether connecting ends at `login_timeout_ms`.
    pub login_timeout: bool,
    /// Whether the server refuses writes when `read_only` is set.
    pub read_only: bool,
    /// Whether float64 values arrive with all their digits.
    pub exact_float64: bool,
    /// Whether timestamps with time zone arrive as instants.
    pub timestamp_with_time_zone: bool,
    /// Whether text parameters may hold NUL characters.
    pub nul_in_text: bool,
    /// The most parameters of one statement.
    pub parameters_max: usize,
    /// The most digits of a second's fraction that a parameter keeps.
    pub parameter_fraction_digits: u8,
}

impl Capabilities {
    pub(crate) fn of(dbms: &Dbms, streams: bool) -> Self {
        Self {
            cancel: Cancel::Unsupported,
            streaming: match dbms.streaming {
                DriverStreaming::Never | DriverStreaming::Unknown => Streaming::Unsupported,
                _ if streams => Streaming::On,
                _ => Streaming::Off,
            },
            procedures: dbms.procedures != Procedures::Unsupported,
            login_timeout: true,
            read_only: dbms.read_only != ReadOnly::Unsupported,
            exact_float64: dbms.exact_float64,
            timestamp_with_time_zone: dbms.has_timestamp_with_time_zone(),
            nul_in_text: dbms.nul_in_text,
            parameters_max: dbms.parameters_max,
            parameter_fraction_digits: dbms.parameter_fraction_digits,
        }
    }
}
