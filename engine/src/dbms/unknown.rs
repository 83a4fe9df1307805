//! A database that nothing is known of: the standard's reading, the careful way everywhere.

use super::{
    Bulk, BulkStrategy, Cancelling, CreateIfMissing, Dbms, DriverStreaming, Exchange, Folding,
    LargeUnsigned, Limit, LongData, Procedures, ReadOnly, Savepoints, SessionReset, TextEncoding,
    TransactionModes,
};

use crate::sql::Syntax;

/// The facts where a driver says how names are quoted, and kept where they are not.
pub(super) fn facts(quote: &str, folding: Folding) -> &'static Dbms {
    static KNOWN: [Dbms; 6] = [
        FACTS,
        Dbms { folding: Folding::Lower, ..FACTS },
        Dbms { folding: Folding::Upper, ..FACTS },
        BACKTICKS,
        Dbms { folding: Folding::Lower, ..BACKTICKS },
        Dbms { folding: Folding::Upper, ..BACKTICKS },
    ];
    let has_backticks = quote == "`";
    let fits = |facts: &&Dbms| facts.syntax.backticks == has_backticks && facts.folding == folding;
    KNOWN.iter().find(fits).unwrap_or(&KNOWN[0])
}

const BACKTICKS: Dbms = Dbms {
    syntax: Syntax { backticks: true, ..FACTS.syntax },
    bulk: Bulk { quotes: ['`', '`'], ..FACTS.bulk },
    ..FACTS
};

pub(super) const FACTS: Dbms = Dbms {
    id: "unknown",
    names: &[],
    systems: &[("", "other_sql")],
    drivers: &[],
    syntax: Syntax { double_quoted_strings: true, ..Syntax::STANDARD },
    text: TextEncoding::Wide,
    integers: Exchange::Binary,
    floats: Exchange::Binary,
    dates: Exchange::Binary,
    timestamps: Exchange::Binary,
    long_data: LongData::UnboundSingleRow,
    sizes_are_bounds: true,
    integers_are_64_bit: false,
    exact_float64: true,
    unbounded_precision: None,
    fraction_digits: None,
    parameter_fraction_digits: 9,
    column_name_is_label: false,
    ambiguous: &[],
    named_types: &[],
    date_parameters: Exchange::Binary,
    instants_as_text: false,
    float_parameters: Exchange::Binary,
    uuid_parameters: Exchange::Text,
    large_unsigned: LargeUnsigned::Decimal,
    // Drivers store NULL for the one, and the text up to the other, without a word.
    nan_parameters: false,
    nul_in_text: false,
    parameters_max: 999,
    statement_bytes_min: 0,
    keeps_prepared_queries: false,
    expressions_are_typed: true,
    sticking_types: None,
    named_sql_types: None,
    short_block_is_last: false,
    handle_survives_errors: false,
    transaction_text_desyncs: false,
    commit_needs_proof: false,
    undoing_codes: &[],
    transaction_probe: None,
    disconnect_needs_rollback: false,
    session_setup: &[],
    session_reset: SessionReset::Replace { changing: &[] },
    liveness_query: Some("SELECT 1"),
    time_zone_query: None,
    read_only: ReadOnly::Unsupported,
    transaction_modes: TransactionModes::Unsupported,
    savepoints: Savepoints {
        set: "SAVEPOINT",
        rollback: "ROLLBACK TO SAVEPOINT",
        release: Some("RELEASE SAVEPOINT"),
    },
    before_savepoint: None,
    folding: Folding::Keep,
    limit: Limit::FetchFirst,
    shared_snapshot: None,
    streaming: DriverStreaming::Unknown,
    cursors: None,
    begin_ends_streams: false,
    streams_alike: false,
    column_numbers: &[],
    procedures: Procedures::Unsupported,
    several_active: None,
    several_results: None,
    bulk: Bulk {
        strategies: &[BulkStrategy::Row],
        array_rows: 1000,
        values_rows: 100,
        unnest_rows: 0,
        binary_arrays: true,
        counts_each_row: false,
        concurrent: true,
        packet_query: None,
        undoes_schema: false,
        create_if_missing: CreateIfMissing::Unsupported,
        visible_table: None,
        quotes: ['"', '"'],
        types: None,
    },
    cancelling: Cancelling::NOTHING,
    native_kinds: &[],
    native_before_sqlstate: false,
};
