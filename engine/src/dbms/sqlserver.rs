//! SQL Server by msodbcsql 18 or FreeTDS, from their documentation and reports; not yet measured.

use super::{
    Bulk, BulkStrategy, Cancelling, ColumnTypes, CreateIfMissing, Dbms, DriverStreaming, Exchange,
    Limit, LongData, NamedType, Procedures, ReadOnly, Savepoints, SessionReset, TextEncoding,
    TransactionModes, unknown,
};
use crate::{error::ErrorKind, sql::Syntax};

pub(super) const FACTS: Dbms = Dbms {
    id: "sqlserver",
    names: &["microsoft sql server", "sql server"],
    systems: &[("", "microsoft.sql_server")],
    drivers: &["sql server", "msodbcsql", "freetds", "tdsodbc"],
    syntax: Syntax { brackets: true, nested_comments: true, ..Syntax::STANDARD },
    text: TextEncoding::Wide,
    // The max types cannot be read again once bound.
    long_data: LongData::UnboundSingleRow,
    parameter_fraction_digits: 7,
    named_types: &[("datetimeoffset", NamedType::TimestampUtc)],
    uuid_parameters: Exchange::Binary,
    nul_in_text: true,
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
    undoing_codes: &[1205],
    // The name alone makes a table temporary.
    session_reset: SessionReset::Replace { changing: &["#"] },
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
    bulk: Bulk {
        strategies: &[BulkStrategy::Array, BulkStrategy::MultiRow],
        values_rows: 1000,
        undoes_schema: true,
        create_if_missing: CreateIfMissing::ObjectId,
        quotes: ['[', ']'],
        types: Some(&TYPES),
        ..unknown::FACTS.bulk
    },
    cancelling: Cancelling::STANDARD,
    ..unknown::FACTS
};

const TYPES: ColumnTypes = ColumnTypes {
    boolean: "bit",
    int8: "smallint",
    int16: "smallint",
    int32: "int",
    int64: "bigint",
    uint8: "tinyint",
    uint16: "int",
    uint32: "bigint",
    uint64: "decimal(20, 0)",
    float32: "real",
    float64: "float(53)",
    decimal: "decimal({p}, {s})",
    decimal_max: (38, 38),
    text: "nvarchar(max)",
    json: "nvarchar(max)",
    binary: "varbinary(max)",
    uuid: "uniqueidentifier",
    date: "date",
    time: "time({f})",
    timestamp: "datetime2({f})",
    instant: "datetimeoffset({f})",
    fraction_max: 7,
};
