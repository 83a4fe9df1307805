//! MariaDB and MySQL by MariaDB Connector/ODBC, measured with 3.1.15 on MariaDB 10.11.

use std::time::Duration;

use odbc_api::sys::SqlDataType;

use super::{
    Bulk, BulkStrategy, Cancelling, ColumnNumbers, ColumnTypes, CreateIfMissing, Dbms,
    DriverStreaming, Exchange, KillFacts, LargeUnsigned, Limit, LongData, NamedType, Procedures,
    ReadOnly, SessionReset, Stop, TextEncoding, TransactionModes, unknown,
};
use crate::{catalog::CatalogFunction, error::ErrorKind, sql::Syntax};

pub(super) const FACTS: Dbms = Dbms {
    id: "mariadb",
    names: &["mariadb", "mysql"],
    systems: &[("mysql", "mysql"), ("", "mariadb")],
    drivers: &["mariadb", "maodbc", "mysql", "myodbc"],
    syntax: Syntax {
        backslash_escapes: true,
        hash_comments: true,
        backticks: true,
        double_quoted_strings: true,
        ..Syntax::STANDARD
    },
    text: TextEncoding::Narrow,
    // A zero date ('0000-00-00') reads as NULL in the binary C types.
    dates: Exchange::BinaryUntilNull,
    timestamps: Exchange::BinaryUntilNull,
    // SQLSetPos in a block silently loses rows.
    long_data: LongData::RefetchBlock,
    parameter_fraction_digits: 6,
    named_types: &[("bit", NamedType::Bits)],
    named_sql_types: Some(&[SqlDataType::EXT_BIT, SqlDataType::EXT_BINARY]),
    large_unsigned: LargeUnsigned::Unsigned,
    nul_in_text: true,
    parameters_max: 30_000,
    // A shorter statement fails with the connection's mutex locked, and other threads hang.
    statement_bytes_min: 5,
    short_block_is_last: true,
    // A failed prepared SELECT that is closed and executed again hangs for ever.
    handle_survives_errors: false,
    session_setup: &["SET SESSION time_zone = '+00:00'"],
    // COM_RESET_CONNECTION cannot be reached through the driver, and connecting takes 0.4 ms.
    session_reset: SessionReset::Replace { changing: &[":=", "get_lock", "into @", "/*!", "/*m!"] },
    // The driver pings.
    liveness_query: None,
    read_only: ReadOnly::Statement("SET SESSION TRANSACTION READ ONLY"),
    transaction_modes: TransactionModes::NextTransaction,
    // No option of the connection string or of a statement helps.
    limit: Limit::AtEnd,
    streaming: DriverStreaming::Never,
    // It gives a key's columns their numbers in the table. The server only opens the tables whose
    // name it is told.
    column_numbers: &[ColumnNumbers {
        function: CatalogFunction::PrimaryKeys,
        query: "SELECT table_schema, table_name, column_name, CAST(ordinal_position AS CHAR) \
                FROM information_schema.key_column_usage WHERE constraint_name = 'PRIMARY' \
                AND table_schema = coalesce(?, table_schema) AND table_name = ?",
    }],
    procedures: Procedures::Call {
        function: "SELECT",
        catalog_qualifies: true,
        case_counts: false,
        signatures: None,
    },
    bulk: Bulk {
        // Column by column they travel in one packet; row-wise binding loses that.
        strategies: &[BulkStrategy::Array, BulkStrategy::MultiRow],
        array_rows: 5000,
        values_rows: 1000,
        packet_query: Some("SELECT CAST(@@max_allowed_packet AS CHAR)"),
        create_if_missing: CreateIfMissing::Clause,
        quotes: ['`', '`'],
        types: Some(&TYPES),
        ..unknown::FACTS.bulk
    },
    several_active: Some(true),
    several_results: Some(true),
    cancelling: Cancelling {
        // SQLCancel of Connector/ODBC 3.1.15 crashes now and then; it connects a second time, too.
        execute: Stop::Kill,
        other: Stop::Kill,
        kill: Some(KillFacts {
            id: "SELECT CAST(CONNECTION_ID() AS CHAR)",
            statement: "KILL QUERY {}",
        }),
        // The driver's error path crashes where a statement fails within its first 150 us.
        grace: Duration::from_millis(2),
        ..Cancelling::NOTHING
    },
    // The victim of a deadlock.
    undoing_codes: &[1213],
    native_kinds: &[
        (1044, ErrorKind::Authentication),
        (1045, ErrorKind::Authentication),
        (1049, ErrorKind::Connection),
        (1205, ErrorKind::Timeout),
        (1213, ErrorKind::Transaction),
        (1317, ErrorKind::Cancelled),
        (1390, ErrorKind::Limit),
        (1835, ErrorKind::InvalidArgument),
        (1969, ErrorKind::Timeout),
        (2002, ErrorKind::Connection),
        (2003, ErrorKind::Connection),
        (2005, ErrorKind::Connection),
        (2006, ErrorKind::Connection),
        (2013, ErrorKind::Connection),
        (2055, ErrorKind::Connection),
        (4025, ErrorKind::Constraint),
    ],
    native_before_sqlstate: true,
    ..unknown::FACTS
};

const TYPES: ColumnTypes = ColumnTypes {
    boolean: "boolean",
    int8: "tinyint",
    int16: "smallint",
    int32: "int",
    int64: "bigint",
    uint8: "tinyint unsigned",
    uint16: "smallint unsigned",
    uint32: "int unsigned",
    uint64: "bigint unsigned",
    float32: "float",
    float64: "double",
    decimal: "decimal({p}, {s})",
    decimal_max: (65, 38),
    text: "longtext",
    json: "longtext",
    binary: "longblob",
    uuid: "char(36)",
    date: "date",
    time: "time({f})",
    timestamp: "datetime({f})",
    // TIMESTAMP ends in the year 2038; the session runs in UTC.
    instant: "datetime({f})",
    fraction_max: 6,
};
