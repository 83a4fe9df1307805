//! How a result is read: which columns are bound, and how many rows at a time.

use std::sync::Arc;

use arrow_schema::{DataType, Schema, SchemaRef};

use crate::{
    dbms::{Ambiguous, Dbms, LongData},
    options::StreamOptions,
    types::{Binding, Cells, Column, ColumnInfo, column},
};

/// The first batch is small, so that a short result costs little and a long one begins early; each
/// one after it may be four times as long as the one before.
const FIRST_ROWS: usize = 256;
/// Rows of one call, once a result has shown to be longer than the first one. More gain nothing
/// on any driver, and these stay in the processor's cache until they are converted.
const BLOCK_ROWS: usize = 1024;
const FIRST_BLOCK_ROWS: usize = 32;
const BLOCK_BYTES: usize = 1 << 17;
/// Cells do not become wider than this; longer values are read one by one.
const WIDE_BYTES: usize = 1 << 16;

/// What happens to values that are longer than their cells in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clipped {
    /// Nothing can be done.
    Lost,
    /// They are read again, one by one.
    Reread,
    /// The block is fetched again with wider cells.
    Refetch,
}

/// How rows travel from the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Many rows per call.
    Block(Clipped),
    /// One row per call; columns from `first_unbound` on are read by SQLGetData.
    SingleRow { first_unbound: usize },
}

/// The columns of a result and the way to read them.
pub(super) struct Plan {
    pub columns: Vec<Box<dyn Column>>,
    pub schema: SchemaRef,
    pub mode: Mode,
    /// Columns whose text may stand for more than one value, and whether that was warned of.
    pub ambiguous: Vec<(usize, &'static Ambiguous, bool)>,
    rows_max: usize,
    bytes_max: usize,
    column_bytes_max: usize,
}

impl Plan {
    /// Plans the reading; `scrolls` tells whether the driver can go back to a row.
    pub fn new(
        infos: &[ColumnInfo],
        dbms: &'static Dbms,
        options: &StreamOptions,
        scrolls: impl FnOnce() -> bool,
    ) -> Self {
        let mut columns: Vec<_> = infos.iter().map(|info| column(info, dbms)).collect();
        let fields = columns.iter().map(|column| column.field().clone()).collect::<Vec<_>>();
        let first_long = columns.iter().position(|column| column.binding().may_clip);
        let is_plain = first_long.is_none() && !columns.iter().any(|column| column.doubts_nulls());
        let mode = match dbms.long_data {
            LongData::RereadInBlock => Mode::Block(Clipped::Reread),
            LongData::RefetchBlock if is_plain || scrolls() => Mode::Block(Clipped::Refetch),
            LongData::RefetchBlock => Mode::SingleRow { first_unbound: columns.len() },
            LongData::UnboundSingleRow => match first_long {
                Some(first_unbound) => Mode::SingleRow { first_unbound },
                None => Mode::Block(Clipped::Lost),
            },
        };
        if !matches!(mode, Mode::Block(Clipped::Refetch)) {
            columns.iter_mut().for_each(|column| column.read_exactly());
        }
        let ambiguous = infos.iter().enumerate().flat_map(|(index, info)| {
            let of_type = move |entry: &&Ambiguous| entry.sql_type.0 == info.sql_type;
            dbms.ambiguous.iter().filter(of_type).map(move |entry| (index, entry, false))
        });
        Self {
            schema: Arc::new(Schema::new(fields)),
            mode,
            ambiguous: ambiguous.collect(),
            rows_max: options.batch_rows_max,
            bytes_max: options.batch_bytes_max,
            column_bytes_max: options.column_bytes_max,
            columns,
        }
    }

    pub fn bindings(&self) -> impl Iterator<Item = Binding> {
        self.columns.iter().map(|column| column.binding())
    }

    /// How many rows the next batch may have, after `batches` batches.
    pub fn batch_rows(&self, batches: u64) -> usize {
        let doublings = 2 * batches.min(10) as u32;
        (FIRST_ROWS << doublings).min(self.rows_max)
    }

    /// How many rows a call is to fetch: a few at first.
    pub fn block_rows(&self, first: bool) -> usize {
        let row_bytes: usize =
            self.bindings().map(|binding| binding.cell_bytes + size_of::<isize>()).sum();
        let rows = if first { FIRST_BLOCK_ROWS } else { BLOCK_ROWS };
        rows.min(BLOCK_BYTES.min(self.bytes_max) / row_bytes.max(1)).max(1)
    }

    /// Makes a column's cells wide enough for values of this length; false where they would be too
    /// wide.
    pub fn widen(&mut self, index: usize, length: isize) -> bool {
        let column = &mut self.columns[index];
        let binding = column.binding();
        // A driver that leaves the length open says so by a negative one.
        let Ok(length) = usize::try_from(length) else { return false };
        let bytes_max = binding.bytes_max(self.column_bytes_max);
        let limit = bytes_max + binding.terminator_bytes;
        let cell_bytes = (length + binding.terminator_bytes).next_power_of_two().min(limit);
        let fits = length <= bytes_max && cell_bytes <= WIDE_BYTES;
        if fits {
            column.widen(Binding { cell_bytes, ..binding });
        }
        fits
    }

    /// The first row that has too long a text or too many bytes in a column.
    pub fn first_too_long(&self, index: usize, cells: &Cells<'_>) -> Option<usize> {
        let column = &self.columns[index];
        let is_limited = matches!(column.field().data_type(), DataType::Utf8 | DataType::Binary);
        let may_exceed =
            || column.binding().batch_bytes_max() > self.column_bytes_max || cells.has_long();
        if is_limited && may_exceed() { cells.longer_than(self.column_bytes_max) } else { None }
    }

    /// Reads one row at a time from now on.
    pub fn read_single_rows(&mut self) {
        self.mode = Mode::SingleRow { first_unbound: self.columns.len() };
        self.columns.iter_mut().for_each(|column| column.read_exactly());
    }

    /// Whether a column holds instants.
    pub fn reads_instants(&self) -> bool {
        let is_instant =
            |data_type: &DataType| matches!(data_type, DataType::Timestamp(_, Some(_)));
        self.schema.fields().iter().any(|field| is_instant(field.data_type()))
    }
}
