//! The one error type, and the diagnostics that drivers give.

mod bulk;
mod kind;
mod sqlstate;

use std::{fmt, ops::Deref};

use serde::Serialize;

use crate::insert;

pub use bulk::{BulkPartialFailure, BulkWorker};
pub use kind::ErrorKind;
pub(crate) use sqlstate::{is_retryable, kind_of};

/// The result of a fallible operation of the engine.
pub type Result<T> = std::result::Result<T, Error>;

/// One diagnostic record of the driver or the driver manager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Five characters by ISO/IEC 9075 and ODBC.
    pub sqlstate: String,
    /// The database's own number.
    pub native_code: i32,
    /// The text as the driver gave it.
    pub message: String,
}

impl Diagnostic {
    /// Adds records to those that are kept, as long as these are no more than `max`.
    pub(crate) fn keep(kept: &mut Vec<Self>, new: Vec<Self>, max: usize) {
        let room = max.saturating_sub(kept.len());
        kept.extend(new.into_iter().take(room));
    }
}

/// All that is known of a failure; reached through [`Error`], which derefs to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ErrorDetails {
    /// The kind, by which programs decide.
    pub kind: ErrorKind,
    /// The operation that failed, such as "connect", "execute" or "fetch".
    pub operation: &'static str,
    /// For people. Never holds a password.
    pub message: String,
    /// SQLSTATE of the first record, where a driver reported the failure.
    pub sqlstate: Option<String>,
    /// The database's own code of the first record.
    pub native_code: Option<i32>,
    /// The name of the column at fault, where it is known.
    pub column: Option<String>,
    /// The row of the result at fault, counted from 0, where it is known.
    pub row: Option<u64>,
    /// Every record that the driver gave.
    pub records: Vec<Diagnostic>,
    /// True for lost connections, deadlocks and serialization failures.
    pub retryable: bool,
    /// What became of the rows, where a bulk insert failed while they were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk: Option<Box<BulkPartialFailure>>,
}

/// ODBC's own state for what the engine itself refuses or stops.
fn own_sqlstate(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Unsupported => Some("HYC00"),
        ErrorKind::Cancelled => Some("HY008"),
        _ => None,
    }
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<ErrorDetails>);

impl Error {
    /// An error that the engine itself raises.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(ErrorDetails {
            kind,
            operation,
            message: message.into(),
            sqlstate: own_sqlstate(kind).map(str::to_owned),
            native_code: None,
            column: None,
            row: None,
            records: Vec::new(),
            retryable: kind == ErrorKind::Connection,
            bulk: None,
        }))
    }

    /// An error that a driver reported by `records`.
    pub(crate) fn from_records(
        kind: ErrorKind,
        operation: &'static str,
        records: Vec<Diagnostic>,
    ) -> Self {
        let mut error = Self::new(kind, operation, "");
        match records.first() {
            Some(first) => {
                error.0.message.clone_from(&first.message);
                error.0.sqlstate = Some(first.sqlstate.clone());
                error.0.native_code = Some(first.native_code);
                error.0.retryable = is_retryable(kind, &first.sqlstate);
            }
            None => error.0.message = format!("{operation} failed and the driver says no reason"),
        }
        error.0.records = records;
        error
    }

    /// The same error, naming the column at fault.
    pub fn in_column(mut self, column: &str) -> Self {
        self.0.column = Some(column.to_owned());
        self
    }

    /// The same error, naming the row at fault.
    pub fn in_row(mut self, row: u64) -> Self {
        self.0.row = Some(row);
        self
    }

    /// The same error, of another kind, once more is known than its SQLSTATE told.
    pub(crate) fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self.0.retryable = is_retryable(kind, self.0.sqlstate.as_deref().unwrap_or_default());
        self
    }

    /// The same error, telling what became of the rows of a bulk insert, whichever part of that
    /// failed.
    pub(crate) fn with_bulk(mut self, report: BulkPartialFailure) -> Self {
        self.0.operation = insert::OPERATION;
        self.0.bulk = Some(Box::new(report));
        self
    }

    /// The same error, with a SQLSTATE of the engine's own.
    pub(crate) fn with_sqlstate(mut self, sqlstate: &str) -> Self {
        self.0.sqlstate = Some(sqlstate.to_owned());
        self
    }

    /// The same error, with one more thing to say.
    pub(crate) fn with_record(mut self, record: Diagnostic) -> Self {
        self.0.records.push(record);
        self
    }

    /// The same error, in other words.
    pub(crate) fn with_message(mut self, message: String) -> Self {
        self.0.message = message;
        self
    }

    /// Changes every text that a person may read, such as to hide a secret.
    pub(crate) fn map_text(mut self, change: impl Fn(&str) -> String) -> Self {
        self.0.message = change(&self.0.message);
        for record in &mut self.0.records {
            record.message = change(&record.message);
        }
        self
    }
}

impl Deref for Error {
    type Target = ErrorDetails;

    fn deref(&self) -> &ErrorDetails {
        &self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} error in {}: {}", self.kind.name(), self.operation, self.message)?;
        if let Some(column) = &self.column {
            write!(f, " (column {column:?}")?;
            match self.row {
                Some(row) => write!(f, ", row {row})")?,
                None => write!(f, ")")?,
            }
        } else if let Some(row) = self.row {
            write!(f, " (row {row})")?;
        }
        if let Some(sqlstate) = &self.sqlstate {
            write!(f, " [SQLSTATE {sqlstate}, native {}]", self.native_code.unwrap_or_default())?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
