//! PostgreSQL by psqlodbc, measured with 13.02 on PostgreSQL 15.

use odbc_api::sys::SqlDataType;

use super::{
    Ambiguous, Bulk, BulkStrategy, Cancelling, ColumnNumbers, ColumnTypes, CreateIfMissing, Dbms,
    DriverCursors, DriverStreaming, Exchange, Folding, KillFacts, LargeUnsigned, Limit, LongData,
    NamedType, Procedures, ReadOnly, SessionReset, SharedSnapshot, Stop, TextEncoding,
    TransactionModes, TransactionProbe, unknown,
};

use crate::{catalog::CatalogFunction, sql::Syntax};

pub(super) const FACTS: Dbms = Dbms {
    id: "postgresql",
    names: &["postgresql"],
    systems: &[("", "postgresql")],
    drivers: &["postgres", "psqlodbc"],
    syntax: Syntax { dollar_quotes: true, nested_comments: true, ..Syntax::STANDARD },
    text: TextEncoding::Narrow,
    long_data: LongData::RereadInBlock,
    // 255 and 8190 stand for "not known" in the descriptions of varchar and text.
    sizes_are_bounds: false,
    // A numeric without a precision is described as numeric(28, 6), an expression as (28, n).
    unbounded_precision: Some(28),
    parameter_fraction_digits: 6,
    ambiguous: &[
        Ambiguous {
            sql_type: SqlDataType::TIMESTAMP,
            matches: is_infinity,
            meaning: "9999-12-31 23:59:59 is also what psqlodbc gives for infinity",
        },
        Ambiguous {
            sql_type: SqlDataType::DATE,
            matches: |text| text.starts_with(b"0"),
            meaning: "psqlodbc drops the BC of a date, so one before the year 1000 may be BC",
        },
    ],
    // A date or timestamp that the driver cannot read (infinity in a date, years above 9999)
    // comes as today in the binary C types, and as zeros in text, which are refused. It takes
    // twice as long for the text of a timestamp as for the struct.
    dates: Exchange::Text,
    // The driver holds doubles as exact text, and its conversion takes longer than ours.
    floats: Exchange::Text,
    timestamps: Exchange::BinaryVerified,
    named_types: &[
        ("bool", NamedType::Boolean),
        ("timestamptz", NamedType::TimestampUtc),
        // Comes with its currency sign, described as a float.
        ("money", NamedType::Text),
        // json, arrays, enums, ranges and bit strings: bit(n) even as SQL_BIT.
        ("unknown", NamedType::Text),
    ],
    // The driver passes a timestamp without its offset, so as one of the session's time zone.
    instants_as_text: true,
    // psqlodbc 13.02 writes 1.1 as 1.1000000000000001, which is another numeric.
    float_parameters: Exchange::Text,
    uuid_parameters: Exchange::Binary,
    large_unsigned: LargeUnsigned::Decimal,
    nan_parameters: true,
    // psqlodbc 13.02 has a statement's parameters described, and libpq 15 takes an answer of more
    // than 30,000 bytes, so of more than 7,498 parameters, for a lost connection.
    parameters_max: 7_498,
    keeps_prepared_queries: true,
    short_block_is_last: true,
    handle_survives_errors: true,
    // Reports success for a COMMIT after the connection was lost or the transaction aborted.
    commit_needs_proof: true,
    // A text that does not parse takes the driver's savepoint with it, which it sends in the same
    // message, so that it rolls back all: the transaction, or that of the cursors that are read.
    transaction_probe: Some(TransactionProbe::Ask(
        "SELECT CAST(now() = statement_timestamp() AS integer)",
    )),
    // Instants are rendered in the session's time zone and their offset is dropped, so only a
    // session in UTC reads them exactly.
    session_setup: &["SET TIME ZONE 'UTC'"],
    // What DISCARD ALL does, but for the driver's own prepared statements.
    session_reset: SessionReset::Statements {
        undo: "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
               SELECT pg_advisory_unlock_all(); DISCARD SEQUENCES; DISCARD TEMP",
        own_settings: "SELECT coalesce(string_agg(format('SELECT set_config(%L, %L, false)', \
                       name, setting), '; '), '') FROM pg_settings WHERE source = 'session'",
    },
    time_zone_query: Some("SHOW TimeZone"),
    read_only: ReadOnly::Statement("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"),
    // SET TRANSACTION is refused behind the savepoint that the driver sets for each statement.
    transaction_modes: TransactionModes::Session {
        query: "SELECT 'ISOLATION LEVEL ' || current_setting('default_transaction_isolation') || \
                CASE current_setting('default_transaction_read_only') \
                WHEN 'on' THEN ', READ ONLY' ELSE ', READ WRITE' END",
    },
    // Where a savepoint is a transaction's first statement, a later error undoes it as well.
    before_savepoint: Some("SELECT 1"),
    folding: Folding::Lower,
    limit: Limit::AtEnd,
    shared_snapshot: Some(SharedSnapshot {
        // In one text each, since both are refused behind the driver's own savepoint.
        export: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot()",
        import: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '{}'",
    }),
    // Each query then is a cursor on the server, which takes 2.5 times as long for a single row,
    // and which ROLLBACK closes (HY010).
    streaming: DriverStreaming::Asked(&[("UseDeclareFetch", "1"), ("Fetch", "10000")]),
    // Once its cursor is gone, the driver calls the end of the rows it holds the end of the result.
    cursors: Some(DriverCursors {
        rows_key: "Fetch",
        rows: 100,
        open: "SELECT string_agg(name, ',') FROM pg_cursors",
    }),
    streams_alike: true,
    // It numbers the columns of its answer, whatever table they are in, and lists those of indexes.
    column_numbers: &[ColumnNumbers {
        function: CatalogFunction::Columns,
        query: "SELECT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(a.attname AS text), \
                CAST(row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum) AS text) \
                FROM pg_catalog.pg_class c \
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
                WHERE a.attnum > 0 AND NOT a.attisdropped \
                AND c.relkind IN ('r', 'p', 'f', 'v', 'm') \
                AND n.nspname = coalesce(CAST(? AS name), n.nspname) \
                AND c.relname = coalesce(CAST(? AS name), c.relname)",
    }],
    procedures: Procedures::Call {
        function: "SELECT * FROM",
        catalog_qualifies: false,
        case_counts: true,
        signatures: Some(SIGNATURES),
    },
    bulk: Bulk {
        // Arrays of parameters are sent row by row in texts of 100 (BatchSize).
        strategies: &[BulkStrategy::Unnest, BulkStrategy::MultiRow],
        array_rows: 1000,
        values_rows: 1000,
        unnest_rows: 20_000,
        counts_each_row: true,
        undoes_schema: true,
        create_if_missing: CreateIfMissing::Clause,
        // In a transaction, a query that fails may take it along.
        visible_table: Some("SELECT coalesce(CAST(to_regclass({}) AS text), '')"),
        types: Some(&TYPES),
        ..unknown::FACTS.bulk
    },
    several_active: Some(true),
    several_results: Some(true),
    cancelling: Cancelling {
        execute: Stop::SqlCancel,
        // SQLCancel does nothing about a FETCH (UseDeclareFetch) or a COMMIT that runs.
        fetch: Stop::Kill,
        other: Stop::Kill,
        kill: Some(KillFacts {
            id: "SELECT pg_backend_pid()",
            statement: "SELECT pg_cancel_backend({})",
        }),
        ..Cancelling::NOTHING
    },
    ..unknown::FACTS
};

/// Whether a timestamp, as text or as SQL_TIMESTAMP_STRUCT, is what stands for infinity.
fn is_infinity(cell: &[u8]) -> bool {
    let years = cell.starts_with(&9999u16.to_ne_bytes());
    let rest = || [12u16, 31, 23, 59, 59].map(u16::to_ne_bytes).concat();
    (cell.len() == 16 && years && cell[2..12] == rest()) || cell == b"9999-12-31 23:59:59"
}

/// By psqlodbc 13.02's SQLProcedureColumns a function looks like a procedure where it returns void, a
/// set, or by OUT parameters.
const SIGNATURES: &str = "SELECT CAST(p.oid AS bigint), CAST(p.prokind <> 'p' AS int), \
     CAST(CASE WHEN a.place IS NULL THEN '' ELSE coalesce(CAST(a.mode AS text), 'i') END \
     AS varchar(1)), \
     CAST(coalesce(a.name, '') AS varchar(63)) FROM pg_proc p \
     JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN (SELECT CAST(? AS text) AS name) s \
     LEFT JOIN LATERAL unnest(coalesce(p.proallargtypes, CAST(p.proargtypes AS oid[])), \
     p.proargmodes, p.proargnames) WITH ORDINALITY AS a(type, mode, name, place) ON true \
     WHERE p.proname = CAST(? AS text) AND CASE s.name WHEN '' THEN pg_function_is_visible(p.oid) \
     WHEN 'pg_temp' THEN n.oid = pg_my_temp_schema() ELSE n.nspname = s.name END \
     ORDER BY p.oid, a.place";

const TYPES: ColumnTypes = ColumnTypes {
    boolean: "boolean",
    int8: "smallint",
    int16: "smallint",
    int32: "integer",
    int64: "bigint",
    uint8: "smallint",
    uint16: "integer",
    uint32: "bigint",
    uint64: "numeric(20, 0)",
    float32: "real",
    float64: "double precision",
    decimal: "numeric({p}, {s})",
    decimal_max: (1000, 1000),
    text: "text",
    json: "json",
    binary: "bytea",
    uuid: "uuid",
    date: "date",
    time: "time({f})",
    timestamp: "timestamp({f})",
    instant: "timestamp({f}) with time zone",
    fraction_max: 6,
};
