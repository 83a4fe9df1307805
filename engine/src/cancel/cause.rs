//! Why a call stops, and how its error says so.

use crate::{
    dbms::Dbms,
    error::{Error, ErrorKind},
};

/// Why a call is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Cancelled,
    /// So many milliseconds have passed.
    Timeout(u32),
}

impl Cause {
    fn kind(self) -> ErrorKind {
        match self {
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Timeout(_) => ErrorKind::Timeout,
        }
    }

    /// The error of a call that was stopped before the driver was asked, or behind its back.
    pub fn error(self, operation: &'static str) -> Error {
        match self {
            Self::Cancelled => Error::new(self.kind(), operation, "the call was cancelled"),
            Self::Timeout(ms) => {
                let message = format!("the query timeout of {ms} ms has passed");
                Error::new(self.kind(), operation, message).with_sqlstate("HYT00")
            }
        }
    }

    /// What an error is that a driver gave after the request; others stay what they are.
    pub fn explain(self, error: Error, dbms: &Dbms) -> Error {
        // A driver whose call was stopped may say no reason, or find its own state odd.
        let is_stopped = match (error.sqlstate.as_deref(), error.native_code) {
            (None, _) => error.kind == ErrorKind::Driver,
            (Some("HY008" | "HY010" | "24000" | "57014"), _) => true,
            (_, native_code) => {
                error.kind == ErrorKind::Cancelled
                    || native_code.is_some_and(|code| dbms.cancelling.stopped.contains(&code))
            }
        };
        match self {
            _ if !is_stopped => error,
            Self::Cancelled => error.of_kind(ErrorKind::Cancelled),
            // It was raised by the request's own mark.
            Self::Timeout(_) if error.kind == ErrorKind::Timeout && error.records.is_empty() => {
                error
            }
            Self::Timeout(ms) => {
                let message = format!("the query timeout of {ms} ms has passed: {}", error.message);
                error.of_kind(ErrorKind::Timeout).with_message(message)
            }
        }
    }
}
