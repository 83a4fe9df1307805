//! SQL Server by msodbcsql 18 or FreeTDS, from their documentation and reports; not yet measured.

use super::{
    Dbms, DriverStreaming, Exchange, Limit, LongData, NamedType, Procedures, ReadOnly, Savepoints,
    TextEncoding, TransactionModes, unknown,
};
use crate::{error::ErrorKind, sql::Syntax};

pub(super) const FACTS: Dbms = Dbms {
    id: "sqlserver",
    names: &["microsoft sql server", "sql server"],
    syntax: Syntax { brackets: true, nested_comments: true, ..Syntax::STANDARD },
    text: TextEncoding::Wide,
    // The max types cannot be read again once bound.
    long_data: LongData::UnboundSingleRow,
    parameter_fraction_digits: 7,
    named_types: &[("datetimeoffset", NamedType::TimestampUtc)],
    uuid_parameters: Exchange::Binary,
    parameters_max: 2_100,
    read_only: ReadOnly::Unsupported,
    transaction_modes: TransactionModes::Isolation {
        restore: "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    },
    savepoints: Savepoints {
        set: "SAVE TRANSACTION",
        rollback: "ROLLBACK TRANSACTION",
        release: None,
    },
    native_kinds: &[
        (1205, ErrorKind::Transaction),
        (1222, ErrorKind::Timeout),
        (4060, ErrorKind::Connection),
        (20004, ErrorKind::Connection),
        (20017, ErrorKind::Connection),
    ],
    limit: Limit::Top,
    streaming: DriverStreaming::Always,
    procedures: Procedures::TransactSql,
    ..unknown::FACTS
};
