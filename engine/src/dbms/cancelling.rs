//! How a running call is stopped.

use std::time::Duration;

/// What stops a call of the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// SQLCancel on its statement.
    SqlCancel,
    /// A statement over another connection.
    Kill,
    /// Nothing known does.
    Nothing,
}

/// How another connection stops what this one runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KillFacts {
    /// Asks for the server's number of this connection.
    pub id: &'static str,
    /// What the other connection executes; `{}` stands for that number.
    pub statement: &'static str,
}

/// The facts about stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cancelling {
    /// While a statement is prepared or executed.
    pub execute: Stop,
    /// While rows are fetched, where they come from the server then.
    pub fetch: Stop,
    /// While something else runs: a catalog function, a commit.
    pub other: Stop,
    pub kill: Option<KillFacts>,
    /// How long a call must have run before it is stopped.
    pub grace: Duration,
    /// Native codes that mean "stopped" behind a request, and something else otherwise.
    pub stopped: &'static [i32],
    /// Whether SQLCancel is called on a spare statement, since it also closes its statement under
    /// the thread that executes.
    pub by_spare: bool,
    /// Whether SQLCancel stops whatever the connection reads, and not the one statement alone.
    pub stops_all: bool,
}

impl Cancelling {
    pub const NOTHING: Self = Self {
        execute: Stop::Nothing,
        fetch: Stop::Nothing,
        other: Stop::Nothing,
        kill: None,
        grace: Duration::ZERO,
        stopped: &[],
        by_spare: false,
        stops_all: false,
    };

    /// As ODBC has it: SQLCancel stops an execution.
    pub const STANDARD: Self = Self { execute: Stop::SqlCancel, ..Self::NOTHING };
}
