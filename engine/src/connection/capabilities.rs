//! What a connection is connected to, and what it can do.

use serde::Serialize;

use crate::{
    cancel::{Control, Phase},
    dbms::{BulkStrategy, Dbms, DriverStreaming, Procedures, ReadOnly, TransactionModes},
};

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
    /// The driver or the server stops it.
    Native,
    /// It ends by itself, and its result is not read: a stream stops at its next batch.
    BetweenBatches,
    /// Not at all, but for streams between their batches.
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

/// What a driver says of itself where nobody measured it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    /// Whether a connection may have several results open at once.
    pub several_active: bool,
    /// Whether an execution may have several results.
    pub several_results: bool,
    pub transactions: bool,
}

/// What a connection can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// How far a running execution can be stopped.
    pub cancel: Cancel,
    /// How far a running fetch can be stopped.
    pub cancel_fetch: Cancel,
    /// Whether `query_timeout_ms` can be set, for the connection or a statement.
    pub query_timeout: bool,
    /// Whether connecting ends at `login_timeout_ms`.
    pub login_timeout: bool,
    /// Whether the driver fetches a result bit by bit.
    pub streaming: Streaming,
    /// Whether several statements of the connection may have open results at once.
    pub several_active_statements: bool,
    /// Whether an execution may have several results.
    pub several_results: bool,
    /// Whether many rows of parameters travel as arrays.
    pub array_parameters: bool,
    /// Whether procedures can be called by name.
    pub procedures: bool,
    /// Whether such a call gives the values of output parameters.
    pub output_parameters: bool,
    /// Whether work can be done in transactions.
    pub transactions: bool,
    /// Whether a transaction can go back to a savepoint, so that transactions nest.
    pub savepoints: bool,
    /// The isolation levels that a transaction can be begun with.
    pub isolation_levels: Vec<&'static str>,
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
    pub(crate) fn of(dbms: &Dbms, streams: bool, told: Told, control: &Control) -> Self {
        let cancel = |phase| match () {
            () if control.stops(phase) => Cancel::Native,
            () if control.can_cancel() => Cancel::BetweenBatches,
            () => Cancel::Unsupported,
        };
        let isolation_levels = match dbms.transaction_modes {
            TransactionModes::Unsupported => &[][..],
            TransactionModes::AlwaysSerializable { .. } => &["serializable"],
            _ => &["read_uncommitted", "read_committed", "repeatable_read", "serializable"],
        };
        let procedures = dbms.procedures != Procedures::Unsupported;
        Self {
            cancel: cancel(Phase::Execute),
            cancel_fetch: cancel(Phase::Fetch),
            query_timeout: control.stops(Phase::Execute),
            login_timeout: true,
            streaming: match dbms.streaming {
                DriverStreaming::Never | DriverStreaming::Unknown => Streaming::Unsupported,
                _ if streams => Streaming::On,
                _ => Streaming::Off,
            },
            several_active_statements: told.several_active,
            several_results: told.several_results,
            array_parameters: dbms.bulk.strategies.contains(&BulkStrategy::Array),
            procedures,
            output_parameters: procedures,
            transactions: told.transactions,
            savepoints: told.transactions,
            isolation_levels: isolation_levels.to_vec(),
            read_only: dbms.read_only != ReadOnly::Unsupported,
            exact_float64: dbms.exact_float64,
            timestamp_with_time_zone: dbms.has_timestamp_with_time_zone(),
            nul_in_text: dbms.nul_in_text,
            parameters_max: dbms.parameters_max,
            parameter_fraction_digits: dbms.parameter_fraction_digits,
        }
    }
}
