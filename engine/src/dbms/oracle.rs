//! Oracle by its Instant Client driver, from its documentation; not yet measured.

use super::{Bulk, BulkStrategy, Cancelling, Dbms, Folding, ReadOnly, Savepoints, unknown};
use crate::{error::ErrorKind, sql::Syntax};

pub(super) const FACTS: Dbms = Dbms {
    id: "oracle",
    names: &["oracle"],
    systems: &[("", "oracle.db")],
    drivers: &["oracle", "sqora"],
    syntax: Syntax { q_quotes: true, ..Syntax::STANDARD },
    parameters_max: 32_766,
    session_setup: &["ALTER SESSION SET TIME_ZONE = 'UTC'"],
    read_only: ReadOnly::Unsupported,
    savepoints: Savepoints { set: "SAVEPOINT", rollback: "ROLLBACK TO SAVEPOINT", release: None },
    native_kinds: &[
        (60, ErrorKind::Transaction),
        (1013, ErrorKind::Cancelled),
        (1017, ErrorKind::Authentication),
        (3113, ErrorKind::Connection),
        (3114, ErrorKind::Connection),
        (8177, ErrorKind::Transaction),
        (12541, ErrorKind::Connection),
    ],
    folding: Folding::Upper,
    bulk: Bulk { strategies: &[BulkStrategy::Array], ..unknown::FACTS.bulk },
    cancelling: Cancelling::STANDARD,
    ..unknown::FACTS
};
