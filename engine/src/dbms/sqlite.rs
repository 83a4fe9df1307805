//! SQLite by sqliteodbc, measured with 0.9998 on SQLite 3.40.

use odbc_api::sys::SqlDataType;

use super::{
    Ambiguous, Bulk, BulkStrategy, Cancelling, ColumnNumbers, ColumnTypes, CreateIfMissing, Dbms,
    DriverStreaming, Exchange, LargeUnsigned, Limit, LocalFile, LongData, NamedType, ReadOnly,
    SessionReset, StickingTypes, Stop, TextEncoding, TransactionModes, TransactionProbe, unknown,
};
use crate::{catalog::CatalogFunction, error::ErrorKind, sql::Syntax};

pub(crate) const FACTS: Dbms = Dbms {
    id: "sqlite",
    names: &["sqlite"],
    systems: &[("", "sqlite")],
    drivers: &["sqlite"],
    syntax: Syntax {
        backticks: true,
        brackets: true,
        // One that is no column's name is a string.
        double_quoted_strings: true,
        ..Syntax::STANDARD
    },
    text: TextEncoding::Narrow,
    // The driver holds every value as text; its own conversions take 010 for 8, 1.5 for 1 and
    // garbage for NULL.
    integers: Exchange::Text,
    floats: Exchange::Text,
    dates: Exchange::Text,
    timestamps: Exchange::Text,
    long_data: LongData::RefetchBlock,
    sizes_are_bounds: false,
    integers_are_64_bit: true,
    // A REAL reaches the driver as text of 15 digits.
    exact_float64: false,
    fraction_digits: Some(6),
    // The name is cut at a dot, the label is not.
    column_name_is_label: true,
    ambiguous: &[
        Ambiguous { sql_type: SqlDataType::VARCHAR, matches: looks_like_blob, meaning: BLOB_TEXT },
        Ambiguous {
            sql_type: SqlDataType::EXT_LONG_VARCHAR,
            matches: looks_like_blob,
            meaning: BLOB_TEXT,
        },
    ],
    named_types: &[
        // The scale is not described, and NUMERIC affinity stores a double.
        ("decimal", NamedType::DecimalText),
        ("numeric", NamedType::DecimalText),
        ("json", NamedType::Json),
        ("json text", NamedType::Json),
        ("uuid", NamedType::Uuid),
    ],
    // SQL_C_TYPE_TIMESTAMP parameters are cut to milliseconds, text is not.
    date_parameters: Exchange::Text,
    // Passed as -1 by the driver.
    large_unsigned: LargeUnsigned::Refused,
    parameters_max: 32_766,
    // Expressions are described as varchar(255) then; without autocommit it has no effect.
    limit: Limit::AtEnd,
    streaming: DriverStreaming::Asked(&[("StepAPI", "1")]),
    begin_ends_streams: true,
    // A schema of a name makes a temporary table without the word.
    session_reset: SessionReset::Replace { changing: &["temp.", "temp\"", "temp]", "temp`"] },
    // What is stopped while it writes is undone with its transaction, and so is what fails by
    // OR ROLLBACK or RAISE(ROLLBACK).
    transaction_probe: Some(TransactionProbe::Begin),
    // The type of an expression, and of a column that is declared without one, is that of the value
    // in its first row; those of attached and temporary tables are not looked after.
    // They are described by their first value, and as text with StepAPI.
    expressions_are_typed: false,
    sticking_types: Some(StickingTypes {
        schema_version: "PRAGMA schema_version",
        loading_version: "SELECT schema_version FROM pragma_schema_version",
        attaching: "tach",
        attached: "SELECT coalesce(group_concat('\"' || replace(name, '\"', '\"\"') || '\"', \
                   char(31)), '') FROM pragma_database_list WHERE name NOT IN ('main', 'temp')",
        attached_version: "PRAGMA {}.schema_version",
        loading_attached: "SELECT count(*) FROM (SELECT 1 FROM {}.sqlite_schema LIMIT 1)",
        is_typed: "SELECT count(*) > 0 AND min(type) <> '' AND NOT EXISTS \
                   (SELECT 1 FROM pragma_database_list WHERE name <> 'main') \
                   FROM pragma_table_xinfo('{}')",
        file: LocalFile {
            path: "SELECT file FROM pragma_database_list WHERE name = 'main'",
            is_whole: "SELECT journal_mode <> 'wal' FROM pragma_journal_mode",
        },
    }),
    short_block_is_last: true,
    handle_survives_errors: true,
    transaction_text_desyncs: true,
    disconnect_needs_rollback: true,
    // There is no server to lose.
    liveness_query: None,
    read_only: ReadOnly::Statement("PRAGMA query_only = 1"),
    transaction_modes: TransactionModes::AlwaysSerializable {
        read_only: "PRAGMA query_only = 1",
        read_write: "PRAGMA query_only = 0",
    },
    bulk: Bulk {
        // Arrays are executed row by row; more rows in one INSERT than 100 gain nothing.
        strategies: &[BulkStrategy::MultiRow],
        values_rows: 200,
        // All are taken to be as long as the first one.
        binary_arrays: false,
        concurrent: false,
        undoes_schema: true,
        create_if_missing: CreateIfMissing::Clause,
        types: Some(&TYPES),
        ..unknown::FACTS.bulk
    },
    // It gives a key's columns their order in the table.
    column_numbers: &[ColumnNumbers {
        function: CatalogFunction::PrimaryKeys,
        query: "SELECT t.qualifier, t.name, c.name, CAST(c.pk AS text) \
                FROM (SELECT ? AS qualifier, ? AS name) t, pragma_table_info(t.name) c \
                WHERE c.pk > 0",
    }],
    several_active: Some(true),
    several_results: Some(false),
    cancelling: Cancelling {
        execute: Stop::SqlCancel,
        // With StepAPI the work is done while rows are fetched.
        fetch: Stop::SqlCancel,
        // What waits for a lock gives up waiting, and says that the database is locked.
        stopped: &[5],
        // SQLCancel interrupts the connection, and then frees what its statement holds.
        by_spare: true,
        stops_all: true,
        ..Cancelling::NOTHING
    },
    // SQLSTATE is always HY000; the native code is SQLite's result code.
    native_kinds: &[
        (1, ErrorKind::Syntax),
        (3, ErrorKind::Authentication),
        (5, ErrorKind::Timeout),
        (6, ErrorKind::Timeout),
        (7, ErrorKind::Limit),
        (8, ErrorKind::Transaction),
        (9, ErrorKind::Cancelled),
        (13, ErrorKind::Limit),
        (14, ErrorKind::Connection),
        (18, ErrorKind::Limit),
        (19, ErrorKind::Constraint),
        (20, ErrorKind::Data),
        (23, ErrorKind::Authentication),
        (26, ErrorKind::Connection),
    ],
    ..unknown::FACTS
};

const BLOB_TEXT: &str = "sqliteodbc gives a BLOB in a column that is not described as one as text \
                         of the form X'00'; declare the column as BLOB";

fn looks_like_blob(text: &[u8]) -> bool {
    matches!(text, [b'X', b'\'', .., b'\''])
}

const TYPES: ColumnTypes = ColumnTypes {
    boolean: "boolean",
    int8: "tinyint",
    int16: "smallint",
    int32: "integer",
    int64: "bigint",
    uint8: "smallint",
    uint16: "integer",
    uint32: "bigint",
    uint64: "bigint",
    float32: "double",
    float64: "double",
    // NUMERIC affinity would store a double.
    decimal: "text",
    decimal_max: (76, 76),
    text: "text",
    // A json alone has NUMERIC affinity, by which 1.10 is stored as 1.1.
    json: "json text",
    binary: "blob",
    uuid: "uuid",
    date: "date",
    time: "time",
    timestamp: "timestamp",
    instant: "timestamp",
    fraction_max: 9,
};
