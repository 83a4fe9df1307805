//! How many rows at once are written, and what a table for them is made of.

/// A way to write many rows, fastest on one database or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BulkStrategy {
    /// Arrays of parameters, column by column (SQL_ATTR_PARAMSET_SIZE).
    Array,
    /// One INSERT with many rows of VALUES.
    MultiRow,
    /// One array for each column, as text that the server casts and unnests.
    Unnest,
    /// One INSERT for each row.
    Row,
}

/// How a table is made where there is none of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreateIfMissing {
    /// `CREATE TABLE IF NOT EXISTS`.
    Clause,
    /// `IF OBJECT_ID('…') IS NULL CREATE TABLE`.
    ObjectId,
    Unsupported,
}

/// The facts about writing many rows.
#[derive(Debug)]
pub(crate) struct Bulk {
    /// Best first; the first that fits the columns is taken.
    pub strategies: &'static [BulkStrategy],
    /// The rows of one array.
    pub array_rows: usize,
    /// The rows of one INSERT, where all their parameters fit.
    pub values_rows: usize,
    /// The rows whose values are unnested at once.
    pub unnest_rows: usize,
    /// Whether an array of bytes keeps the length of each value.
    pub binary_arrays: bool,
    /// Whether a statement with an array of parameters has a result for each of its rows.
    pub counts_each_row: bool,
    /// Whether several connections may write at once.
    pub concurrent: bool,
    /// A query for the most bytes that a statement may have with its parameters, beyond which the
    /// connection is lost.
    pub packet_query: Option<&'static str>,
    /// Whether a transaction can undo CREATE TABLE and DROP TABLE, which otherwise commit it.
    pub undoes_schema: bool,
    pub create_if_missing: CreateIfMissing,
    /// The query for the table that a name, as a string, stands for, or an empty text where there is
    /// none; None where a query of the table that fails may be that.
    pub visible_table: Option<&'static str>,
    /// The quotes around a name; the second one is doubled within.
    pub quotes: [char; 2],
    pub types: Option<&'static ColumnTypes>,
}

/// The types of a new table's columns. `{p}` and `{s}` stand for precision and scale, `{f}` for the
/// digits of a second's fraction.
#[derive(Debug)]
pub(crate) struct ColumnTypes {
    pub boolean: &'static str,
    pub int8: &'static str,
    pub int16: &'static str,
    pub int32: &'static str,
    pub int64: &'static str,
    pub uint8: &'static str,
    pub uint16: &'static str,
    pub uint32: &'static str,
    pub uint64: &'static str,
    pub float32: &'static str,
    pub float64: &'static str,
    pub decimal: &'static str,
    /// The most digits of a decimal, and the most behind its point.
    pub decimal_max: (usize, usize),
    pub text: &'static str,
    pub json: &'static str,
    pub binary: &'static str,
    pub uuid: &'static str,
    pub date: &'static str,
    pub time: &'static str,
    pub timestamp: &'static str,
    pub instant: &'static str,
    /// The most digits of a second's fraction.
    pub fraction_max: u8,
}
