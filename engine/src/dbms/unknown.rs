//! A database that nothing is known of: the standard's reading, the careful way everywhere.

use super::{
    Dbms, Exchange, LargeUnsigned, LongData, ReadOnly, Savepoints, TextEncoding, TransactionModes,
};

use crate::sql::Syntax;

pub(super) const FACTS: Dbms = Dbms {
    id: "unknown",
    names: &[],
    syntax: Syntax::STANDARD,
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
    uuid_parameters: Exchange::Text,
    large_unsigned: LargeUnsigned::Decimal,
    nan_parameters: true,
    nul_in_text: true,
    parameters_max: 999,
    statement_bytes_min: 0,
    keeps_prepared_queries: false,
    types_stick_to_prepared: false,
    handle_survives_errors: false,
    transaction_text_desyncs: false,
    commit_needs_proof: false,
    disconnect_needs_rollback: false,
    session_setup: &[],
    time_zone_query: None,
    read_only: ReadOnly::Unsupported,
    transaction_modes: TransactionModes::Unsupported,
    savepoints: Savepoints {
        set: "SAVEPOINT",
        rollback: "ROLLBACK TO SAVEPOINT",
        release: Some("RELEASE SAVEPOINT"),
    },
    native_kinds: &[],
    native_before_sqlstate: false,
};
