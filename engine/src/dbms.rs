//! What differs between databases, as data.
//!
//! Each fact was measured on the driver version named in its file; the conformance suite holds a
//! case for it. A database that nothing here names gets [`unknown`]'s careful defaults.

mod bulk;
mod cancelling;
mod db2;
mod mariadb;
mod oracle;
mod postgresql;
mod sqlite;
mod sqlserver;
mod sticking;
mod unknown;

#[cfg(test)]
pub(crate) use sqlite::FACTS as SQLITE;

pub(crate) use bulk::{Bulk, BulkStrategy, ColumnTypes, CreateIfMissing};
pub(crate) use cancelling::{Cancelling, KillFacts, Stop};
pub(crate) use sticking::{LocalFile, StickingTypes};

use odbc_api::sys::SqlDataType;

use crate::{
    catalog::CatalogFunction,
    error::{Diagnostic, ErrorKind, kind_of},
    sql::Syntax,
};

/// How text travels between the engine and the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextEncoding {
    /// SQL_C_CHAR, holding UTF-8.
    Narrow,
    /// SQL_C_WCHAR, holding UTF-16.
    Wide,
}

/// Which C type reads (or writes) a family of values exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// The family's own binary C type.
    Binary,
    /// That C type, in which a NULL may stand for a value that it cannot hold; text once there is
    /// a NULL.
    BinaryUntilNull,
    /// That C type, in which today's date at midnight may stand for a value that the driver cannot
    /// read; such values are verified as text.
    BinaryVerified,
    /// Text that the engine parses (or writes) itself.
    Text,
}

/// How a value that is longer than its bound buffer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LongData {
    /// SQLSetPos and SQLGetData on a bound column inside a block.
    RereadInBlock,
    /// SQLFetchScroll to the same block again, with wider cells.
    RefetchBlock,
    /// SQLGetData in column order on columns that are not bound, with one row per fetch.
    UnboundSingleRow,
}

/// A type that its SQL type code does not tell, recognised by the driver's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedType {
    Bits,
    Boolean,
    DecimalText,
    Json,
    Text,
    TimestampUtc,
    Uuid,
}

/// Text that a driver gives for more than one value, so that a reader must be warned.
#[derive(Debug)]
pub(crate) struct Ambiguous {
    /// The type code of the columns it stands in.
    pub sql_type: SqlDataType,
    pub matches: fn(&[u8]) -> bool,
    pub meaning: &'static str,
}

/// How a session is made read-only so that the server itself refuses writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadOnly {
    /// This statement does it.
    Statement(&'static str),
    /// Nothing known does.
    Unsupported,
}

/// How a transaction gets an isolation level and an access mode of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransactionModes {
    /// SET TRANSACTION before it begins; ends with it.
    NextTransaction,
    /// SET SESSION CHARACTERISTICS before it begins, undone by what `query` gave before.
    Session {
        query: &'static str,
    },
    /// There is one isolation level; these statements turn writing off and on.
    AlwaysSerializable {
        read_only: &'static str,
        read_write: &'static str,
    },
    /// SET TRANSACTION for the isolation level alone, which stays until `restore`.
    Isolation {
        restore: &'static str,
    },
    Unsupported,
}

/// Whether a driver fetches a result bit by bit, or holds all of it in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DriverStreaming {
    Always,
    /// Where the connection string has these keys and values.
    Asked(&'static [(&'static str, &'static str)]),
    Never,
    Unknown,
}

/// What tells whether a transaction that should be open is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TransactionProbe {
    /// BEGIN, which fails where one is open. Where none is, the driver, which still believes in
    /// one, is right again.
    Begin,
    /// A query that gives 1 where the driver has begun another one for it.
    Ask(&'static str),
}

/// The cursors on the server by which a driver streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DriverCursors {
    /// What says in a connection string how many rows are fetched at once.
    pub rows_key: &'static str,
    /// How many that are otherwise.
    pub rows: u64,
    /// A query for the names of those that are open, divided by commas.
    pub open: &'static str,
}

/// How a session is made as it was connected, for its next borrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionReset {
    /// By one text: `undo`, and the statements that `own_settings` gave when it was connected.
    Statements { undo: &'static str, own_settings: &'static str },
    /// By nothing: a session whose settings may have changed is replaced. `changing` are texts, in
    /// lower case, that change one within a statement that otherwise does not.
    Replace { changing: &'static [&'static str] },
}

/// How a query is limited to some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// `LIMIT n` at its end.
    AtEnd,
    /// `TOP n` behind SELECT.
    Top,
    /// `FETCH FIRST n ROWS ONLY` at its end, by the standard.
    FetchFirst,
}

impl Limit {
    /// What stands behind SELECT, and at the query's end.
    pub fn around(self, rows: usize) -> (String, String) {
        match self {
            Self::AtEnd => (String::new(), format!("LIMIT {rows}")),
            Self::Top => (format!("TOP {rows} "), String::new()),
            Self::FetchFirst => (String::new(), format!("FETCH FIRST {rows} ROWS ONLY")),
        }
    }
}

/// How several connections get the same view of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SharedSnapshot {
    /// Begins a transaction and asks for its snapshot's name.
    pub export: &'static str,
    /// What another connection begins its transaction with; `{}` stands for the name.
    pub import: &'static str,
}

/// What tells the numbers of columns where a catalog function of the driver gets them wrong.
#[derive(Debug)]
pub(crate) struct ColumnNumbers {
    pub function: CatalogFunction,
    /// Gives the qualifier, table, name and number, as texts, of the columns in the tables that its
    /// two parameters name: a qualifier and a table, each NULL where there are several.
    pub query: &'static str,
}

/// What a database does with the letters of a name without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folding {
    Lower,
    Upper,
    Keep,
}

/// How a procedure is called so that it tells its output parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Procedures {
    /// By CALL, whose last result is a row of outputs; a function by a query that begins so.
    Call {
        function: &'static str,
        /// Whether what stands before a name's dot is a catalog rather than a schema.
        catalog_qualifies: bool,
        /// Whether letter case counts in the names of routines that are quoted.
        case_counts: bool,
        /// The query for the parameters of what is called by a schema, empty for none, and a name,
        /// where the catalog does not tell functions from procedures: an id, whether it is a
        /// function, and a parameter's mode (`i`, `b`, `o`, or `t` for a column of its result) and
        /// name, none for what has no parameters.
        signatures: Option<&'static str>,
    },
    /// By a batch of Transact-SQL that selects the outputs at its end.
    TransactSql,
    Unsupported,
}

/// What the statements on savepoints begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Savepoints {
    pub set: &'static str,
    pub rollback: &'static str,
    /// None where a savepoint cannot be released.
    pub release: Option<&'static str>,
}

/// How an unsigned integer above 2^63-1 is passed as a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LargeUnsigned {
    Unsigned,
    Decimal,
    Refused,
}

/// The facts about one database and its driver.
#[derive(Debug)]
pub(crate) struct Dbms {
    /// The engine's name for it.
    pub id: &'static str,
    /// How SQL_DBMS_NAME begins, in lower case.
    pub names: &'static [&'static str],
    /// What telemetry calls it, by how SQL_DBMS_NAME begins, in lower case; the last one is "".
    pub systems: &'static [(&'static str, &'static str)],
    /// What the names of its drivers and their libraries hold, in lower case.
    pub drivers: &'static [&'static str],
    pub syntax: Syntax,
    pub text: TextEncoding,
    pub integers: Exchange,
    pub floats: Exchange,
    pub dates: Exchange,
    pub timestamps: Exchange,
    pub long_data: LongData,
    /// Whether no value is longer than its column's description says.
    pub sizes_are_bounds: bool,
    /// Whether every integer column may hold 64 bits, whatever its description says.
    pub integers_are_64_bit: bool,
    /// Whether a double arrives with all its digits.
    pub exact_float64: bool,
    /// The precision that the driver gives for a decimal of unknown precision.
    pub unbounded_precision: Option<usize>,
    /// The digits of a fraction of a second, where the driver does not tell them.
    pub fraction_digits: Option<u8>,
    /// The most digits of a second's fraction that a parameter keeps.
    pub parameter_fraction_digits: u8,
    pub column_name_is_label: bool,
    pub ambiguous: &'static [Ambiguous],
    pub named_types: &'static [(&'static str, NamedType)],
    pub date_parameters: Exchange,
    /// Whether an instant is passed as text with its offset, which is right in any time zone.
    pub instants_as_text: bool,
    pub float_parameters: Exchange,
    pub uuid_parameters: Exchange,
    pub large_unsigned: LargeUnsigned,
    /// Whether NaN can be passed as a parameter.
    pub nan_parameters: bool,
    /// Whether a text parameter keeps what follows a NUL character.
    pub nul_in_text: bool,
    pub parameters_max: usize,
    /// Statements shorter than this harm the driver; they are padded with spaces.
    pub statement_bytes_min: usize,
    /// Whether an expression, such as MIN of a column, is described with its type.
    pub expressions_are_typed: bool,
    /// Where a prepared query keeps the types of its first result, whatever the next one holds.
    pub sticking_types: Option<StickingTypes>,
    /// The SQL types that columns of the named types are described as; None where any may be.
    pub named_sql_types: Option<&'static [SqlDataType]>,
    /// Whether a block that is not full has the last rows of its result, as ODBC has it.
    pub short_block_is_last: bool,
    pub handle_survives_errors: bool,
    /// Whether a prepared query notices that its tables have changed, so that it may be kept.
    pub keeps_prepared_queries: bool,
    /// Whether COMMIT and ROLLBACK as text, with autocommit off, leave the driver believing
    /// something else than the database.
    pub transaction_text_desyncs: bool,
    /// Whether COMMIT may report success for a transaction that is already lost.
    pub commit_needs_proof: bool,
    /// The native codes of failures with which the database rolls back the whole transaction.
    pub undoing_codes: &'static [i32],
    /// How one learns whether a transaction was rolled back as a whole when a statement of it
    /// failed, where the error does not tell.
    pub transaction_probe: Option<TransactionProbe>,
    /// Whether disconnecting fails while a transaction that was begun by text is open.
    pub disconnect_needs_rollback: bool,
    pub session_setup: &'static [&'static str],
    pub session_reset: SessionReset,
    /// A query that tells whether the connection still answers, where the driver does not ask the
    /// server for SQL_ATTR_CONNECTION_DEAD.
    pub liveness_query: Option<&'static str>,
    /// A query for the session's time zone, where instants are rendered in it.
    pub time_zone_query: Option<&'static str>,
    pub read_only: ReadOnly,
    pub transaction_modes: TransactionModes,
    pub savepoints: Savepoints,
    /// What to execute before a savepoint that may be the first statement of its transaction.
    pub before_savepoint: Option<&'static str>,
    pub folding: Folding,
    pub limit: Limit,
    pub shared_snapshot: Option<SharedSnapshot>,
    pub streaming: DriverStreaming,
    /// How the driver reads bit by bit, where it loses rows when a transaction fails.
    pub cursors: Option<DriverCursors>,
    /// Whether a result that streams ends, as if it were whole, when autocommit is turned off.
    pub begin_ends_streams: bool,
    /// Whether results are the same with it, so that connections of the engine's own for a long
    /// result ask for it.
    pub streams_alike: bool,
    /// What tells the numbers of columns that the driver's catalog functions get wrong.
    pub column_numbers: &'static [ColumnNumbers],
    pub procedures: Procedures,
    /// Whether a connection may have several results open at once; None where its driver is asked.
    pub several_active: Option<bool>,
    /// Whether an execution may have several results; None where its driver is asked.
    pub several_results: Option<bool>,
    pub bulk: Bulk,
    pub cancelling: Cancelling,
    /// Kinds by native code, for errors that their SQLSTATE does not tell apart.
    pub native_kinds: &'static [(i32, ErrorKind)],
    /// Whether `native_kinds` also decides where the SQLSTATE says more than HY000.
    pub native_before_sqlstate: bool,
}

const KNOWN: &[&Dbms] = &[
    &postgresql::FACTS,
    &mariadb::FACTS,
    &sqlite::FACTS,
    &sqlserver::FACTS,
    &oracle::FACTS,
    &db2::FACTS,
];

impl Dbms {
    /// The facts of the database that SQLGetInfo names `name`.
    pub fn by_name(name: &str) -> &'static Self {
        let name = name.to_lowercase();
        KNOWN
            .iter()
            .find(|dbms| dbms.names.iter().any(|known| name.starts_with(known)))
            .copied()
            .unwrap_or(&unknown::FACTS)
    }

    /// The facts of a database that nothing is known of, but what its driver says of names: their
    /// quote, and the case in which those without are kept (SQL_IDENTIFIER_CASE).
    pub fn unknown_with(quote: &str, case: Option<u16>) -> &'static Self {
        const SQL_IC_UPPER: u16 = 1;
        const SQL_IC_LOWER: u16 = 2;
        let folding = match case {
            Some(SQL_IC_UPPER) => Folding::Upper,
            Some(SQL_IC_LOWER) => Folding::Lower,
            _ => Folding::Keep,
        };
        unknown::facts(quote, folding)
    }

    /// Whether nothing is known of the database.
    pub fn is_unknown(&self) -> bool {
        self.names.is_empty()
    }

    /// The facts of the database that a driver of this name, or this library, is likely for.
    pub fn by_driver(driver: &str) -> &'static Self {
        let driver = driver.to_lowercase();
        KNOWN
            .iter()
            .find(|dbms| dbms.drivers.iter().any(|known| driver.contains(known)))
            .copied()
            .unwrap_or(&unknown::FACTS)
    }

    /// What telemetry calls the database that SQLGetInfo names `name`.
    pub fn system(&self, name: &str) -> &'static str {
        let name = name.to_lowercase();
        let mut systems = self.systems.iter();
        systems.find(|(begin, _)| name.starts_with(begin)).map_or("other_sql", |(_, system)| system)
    }

    /// The facts to go by before the database is known.
    pub fn unknown() -> &'static Self {
        &unknown::FACTS
    }

    /// The kind of an error with these records.
    pub fn kind(&self, records: &[Diagnostic]) -> ErrorKind {
        let Some(first) = records.first() else { return ErrorKind::Driver };
        let by_state = kind_of(&first.sqlstate);
        if self.native_before_sqlstate || by_state == ErrorKind::Driver {
            let native = self.native_kinds.iter().find(|(code, _)| *code == first.native_code);
            if let Some((_, kind)) = native {
                return *kind;
            }
        }
        by_state
    }

    /// Whether the database has a type for instants that its driver tells apart.
    pub fn has_timestamp_with_time_zone(&self) -> bool {
        self.named_types.iter().any(|(_, named)| *named == NamedType::TimestampUtc)
    }

    /// Whether a column that is described as this SQL type may be of a named type.
    pub fn may_be_named(&self, sql_type: SqlDataType) -> bool {
        self.named_sql_types.is_none_or(|types| types.contains(&sql_type))
    }

    /// What a type is that its driver calls `name`.
    pub fn named_type(&self, name: &str) -> Option<NamedType> {
        self.named_types
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, named)| *named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sqlstate: &str, native_code: i32) -> Diagnostic {
        Diagnostic { sqlstate: sqlstate.into(), native_code, message: String::new() }
    }

    #[test]
    fn databases_are_told_by_their_own_names() {
        for (name, id) in [
            ("PostgreSQL", "postgresql"),
            ("MariaDB", "mariadb"),
            ("MySQL", "mariadb"),
            ("SQLite", "sqlite"),
            ("Microsoft SQL Server", "sqlserver"),
            ("Oracle", "oracle"),
            ("DB2/LINUXX8664", "db2"),
            ("ClickHouse", "unknown"),
        ] {
            assert_eq!(Dbms::by_name(name).id, id);
        }
    }

    #[test]
    fn names_of_an_unknown_database_are_what_its_driver_says() {
        let find = |quote, case| {
            let facts = Dbms::unknown_with(quote, case);
            assert!(facts.is_unknown());
            (facts.bulk.quotes[0], facts.syntax.backticks, facts.folding)
        };
        assert_eq!(find("\"", None), ('"', false, Folding::Keep));
        assert_eq!(find("", Some(3)), ('"', false, Folding::Keep));
        assert_eq!(find("\"", Some(1)), ('"', false, Folding::Upper));
        assert_eq!(find("`", Some(2)), ('`', true, Folding::Lower));
        assert_eq!(find("`", Some(4)), ('`', true, Folding::Keep));
        assert!(!Dbms::by_name("MariaDB").is_unknown());
    }

    #[test]
    fn native_codes_decide_where_the_sqlstate_does_not() {
        let mariadb = Dbms::by_name("MariaDB");
        assert_eq!(mariadb.kind(&[record("HY000", 2002)]), ErrorKind::Connection);
        assert_eq!(mariadb.kind(&[record("HY018", 1317)]), ErrorKind::Cancelled);
        assert_eq!(mariadb.kind(&[record("42S02", 1146)]), ErrorKind::Syntax);
        let sqlite = Dbms::by_name("SQLite");
        assert_eq!(sqlite.kind(&[record("HY000", 19)]), ErrorKind::Constraint);
        assert_eq!(sqlite.kind(&[record("HY000", 9)]), ErrorKind::Cancelled);
        let postgresql = Dbms::by_name("PostgreSQL");
        assert_eq!(postgresql.kind(&[record("23505", 1)]), ErrorKind::Constraint);
        assert_eq!(postgresql.kind(&[]), ErrorKind::Driver);
    }
}
