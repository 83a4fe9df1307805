//! How the calls of one connection are stopped.

use crate::dbms::{Dbms, Stop};

/// What a driver is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Execute,
    Fetch,
    /// What has no statement of ours that could be cancelled: catalog functions, commits.
    Other,
}

/// How a connection's calls are stopped; known once it is connected.
#[derive(Debug)]
pub(crate) struct Facts {
    pub dbms: &'static Dbms,
    /// Whether the driver fetches from the server while rows are read.
    pub streams: bool,
    /// What another connection is opened with, and tells the server to stop this one; None where
    /// that is switched off, or there is no such statement.
    pub kill: Option<Kill>,
    /// SQLHSTMT of the spare statement, as a number.
    pub spare: Option<usize>,
}

/// How another connection stops this one.
pub(crate) struct Kill {
    pub connection_string: String,
    pub login_timeout_ms: u32,
    pub statement: String,
}

impl std::fmt::Debug for Kill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The connection string holds a password.
        f.debug_struct("Kill").field("statement", &self.statement).finish_non_exhaustive()
    }
}

impl Facts {
    /// What stops a driver's call; None where there is nothing but the mark.
    pub fn stop(&self, phase: Phase) -> Option<Stop> {
        let how = &self.dbms.cancelling;
        let stop = match phase {
            Phase::Execute => how.execute,
            // What is in memory already never waits.
            Phase::Fetch if !self.streams => return None,
            Phase::Fetch => how.fetch,
            Phase::Other => how.other,
        };
        match stop {
            Stop::SqlCancel => Some(stop),
            Stop::Kill => self.kill.as_ref().map(|_| stop),
            Stop::Nothing => None,
        }
    }
}
