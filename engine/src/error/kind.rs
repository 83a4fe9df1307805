//! The fifteen kinds of error. Their numbers are part of every binding's contract.

use serde::Serialize;

/// What went wrong, as a number that never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[repr(i32)]
pub enum ErrorKind {
    /// The caller passed something that cannot be used.
    InvalidArgument = 1,
    /// The object is closed, or not in the state this call needs.
    InvalidState = 2,
    /// The database, its driver or this engine cannot do it.
    Unsupported = 3,
    /// No connection, or it was lost (SQLSTATE class 08).
    Connection = 4,
    /// The database refused the user (class 28).
    Authentication = 5,
    /// The SQL text, or a name in it, is wrong (class 42).
    Syntax = 6,
    /// A constraint of the database was violated (class 23).
    Constraint = 7,
    /// A value does not fit its type (class 22).
    Data = 8,
    /// The transaction's state forbids it, or the database ended it (classes 25, 40).
    Transaction = 9,
    /// The time allowed has passed (HYT00, HYT01).
    Timeout = 10,
    /// The call was cancelled (HY008).
    Cancelled = 11,
    /// A value was cut (01004).
    Truncated = 12,
    /// A documented limit was exceeded.
    Limit = 13,
    /// The driver or driver manager failed in another way (IM, other HY).
    Driver = 14,
    /// A bug in this engine.
    Internal = 15,
}

impl ErrorKind {
    /// Every kind, by its number.
    pub const ALL: [Self; 15] = [
        Self::InvalidArgument,
        Self::InvalidState,
        Self::Unsupported,
        Self::Connection,
        Self::Authentication,
        Self::Syntax,
        Self::Constraint,
        Self::Data,
        Self::Transaction,
        Self::Timeout,
        Self::Cancelled,
        Self::Truncated,
        Self::Limit,
        Self::Driver,
        Self::Internal,
    ];

    /// The kind's name, the same in every binding.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "InvalidArgument",
            Self::InvalidState => "InvalidState",
            Self::Unsupported => "Unsupported",
            Self::Connection => "Connection",
            Self::Authentication => "Authentication",
            Self::Syntax => "Syntax",
            Self::Constraint => "Constraint",
            Self::Data => "Data",
            Self::Transaction => "Transaction",
            Self::Timeout => "Timeout",
            Self::Cancelled => "Cancelled",
            Self::Truncated => "Truncated",
            Self::Limit => "Limit",
            Self::Driver => "Driver",
            Self::Internal => "Internal",
        }
    }
}
