//! MariaDB and MySQL by MariaDB Connector/ODBC, measured with 3.1.15 on MariaDB 10.11.

use super::{
    Dbms, DriverStreaming, Exchange, LargeUnsigned, Limit, LongData, NamedType, Procedures,
    ReadOnly, TextEncoding, TransactionModes, unknown,
};
use crate::{error::ErrorKind, sql::Syntax};

pub(super) const FACTS: Dbms = Dbms {
    id: "mariadb",
    names: &["mariadb", "mysql"],
    syntax: Syntax {
        backslash_escapes: true,
        hash_comments: true,
        backticks: true,
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
    large_unsigned: LargeUnsigned::Unsigned,
    nan_parameters: false,
    parameters_max: 30_000,
    // A shorter statement fails with the connection's mutex locked, and other threads hang.
    statement_bytes_min: 5,
    // A failed prepared SELECT that is closed and executed again hangs for ever.
    handle_survives_errors: false,
    session_setup: &["SET SESSION time_zone = '+00:00'"],
    read_only: ReadOnly::Statement("SET SESSION TRANSACTION READ ONLY"),
    transaction_modes: TransactionModes::NextTransaction,
    // No option of the connection string or of a statement helps.
    limit: Limit::AtEnd,
    streaming: DriverStreaming::Never,
    procedures: Procedures::Call { function: "SELECT", catalog_qualifies: true },
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
