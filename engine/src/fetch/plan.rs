//! How a result is read: which columns are bound, and how many rows at a time.

use std::sync::Arc;

use arrow_schema::{DataType, Schema, SchemaRef};

use crate::{
    dbms::{Ambiguous, Dbms, LongData},
    options::StreamOptions,
    types::{Binding, Column, ColumnInfo, column},
};

/// The first batch is small, so that a short result costs little and a long one begins early; each
/// one after it may be four times as long as the one before.
const FIRST_ROWS: usize = 256;

/// How rows travel from the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Many rows per call; clipped values are read again where the driver can do that.
    Block { reread: bool },
    /// One row per call; columns from `first_unbound` on are read by SQLGetData.
    SingleRow { first_unbound: usize },
}

/// The columns of a result and the way to read them.
pub(super) struct Plan {
    pub columns: Vec<Box<dyn Column>>,
    pub bindings: Vec<Binding>,
    pub schema: SchemaRef,
    pub mode: Mode,
    /// Columns whose text may stand for more than one value, and were not warned of yet.
    pub ambiguous: Vec<(usize, &'static Ambiguous)>,
    rows_max: usize,
}

impl Plan {
    pub fn new(infos: &[ColumnInfo], dbms: &'static Dbms, options: &StreamOptions) -> Self {
        let columns: Vec<_> = infos.iter().map(|info| column(info, dbms)).collect();
        let bindings: Vec<_> = columns.iter().map(|column| column.binding()).collect();
        let schema = Schema::new(columns.iter().map(|column| column.field()).collect::<Vec<_>>());
        let first_long = bindings.iter().position(|binding| binding.may_clip);
        let mode = match (dbms.long_data, first_long) {
            (LongData::RereadInBlock, _) => Mode::Block { reread: true },
            (_, None) => Mode::Block { reread: false },
            (LongData::RereadSingleRow, Some(_)) => {
                Mode::SingleRow { first_unbound: columns.len() }
            }
            (LongData::UnboundSingleRow, Some(first_unbound)) => Mode::SingleRow { first_unbound },
        };
        let ambiguous = infos.iter().enumerate().flat_map(|(index, info)| {
            let of_type = move |entry: &&Ambiguous| entry.sql_type.0 == info.sql_type;
            dbms.ambiguous.iter().filter(of_type).map(move |entry| (index, entry))
        });
        let ambiguous = ambiguous.collect();
        let row_bytes: usize =
            bindings.iter().map(|binding| binding.cell_bytes + size_of::<isize>()).sum();
        let rows_max =
            (options.batch_bytes_max / row_bytes.max(1)).clamp(1, options.batch_rows_max);
        Self { columns, bindings, schema: Arc::new(schema), mode, ambiguous, rows_max }
    }

    /// How many rows the next batch may have, after `batches` batches.
    pub fn rows(&self, batches: u64) -> usize {
        let doublings = 2 * batches.min(10) as u32;
        (FIRST_ROWS << doublings).min(self.rows_max)
    }

    /// Whether a column holds instants.
    pub fn reads_instants(&self) -> bool {
        let is_instant =
            |data_type: &DataType| matches!(data_type, DataType::Timestamp(_, Some(_)));
        self.schema.fields().iter().any(|field| is_instant(field.data_type()))
    }
}
