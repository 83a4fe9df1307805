//! Db2 by its CLI driver, from its documentation; not yet measured.

use super::{Bulk, BulkStrategy, Cancelling, Dbms, Folding, unknown};
use crate::{error::ErrorKind, sql::Syntax};

pub(super) const FACTS: Dbms = Dbms {
    id: "db2",
    names: &["db2"],
    systems: &[("", "ibm.db2")],
    drivers: &["db2"],
    syntax: Syntax::STANDARD,
    parameters_max: 32_767,
    undoing_codes: &[-911],
    native_kinds: &[
        (-911, ErrorKind::Transaction),
        (-913, ErrorKind::Transaction),
        (-952, ErrorKind::Cancelled),
        (-30081, ErrorKind::Connection),
        (-30082, ErrorKind::Authentication),
    ],
    folding: Folding::Upper,
    bulk: Bulk { strategies: &[BulkStrategy::Array], ..unknown::FACTS.bulk },
    cancelling: Cancelling::STANDARD,
    ..unknown::FACTS
};
