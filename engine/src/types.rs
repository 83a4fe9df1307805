//! From a column's description to the one object that binds it and builds its Arrow array.

mod binary;
mod cells;
mod decimal;
mod digits;
mod primitive;
mod schema;
mod slab;
mod temporal;
mod text;
mod values;

use arrow_array::ArrayRef;
use arrow_schema::Field;
use odbc_api::sys::CDataType;

pub(crate) use binary::guid_to_uuid;
pub(crate) use cells::{CellError, Cells, ColumnBuffer};
pub(crate) use decimal::decimal_digits;
pub(crate) use schema::{ColumnInfo, Logical};
pub(crate) use slab::{Slab, Slabs};

use crate::dbms::{Dbms, Exchange, TextEncoding};

/// A value longer than this is not bound at its full length where it can be read again.
const NARROW_BYTES: usize = 255;
/// A column whose values cannot be longer than this is bound at its full length.
const BOUND_BYTES: usize = 4096;
/// Room for any number, date or interval as text.
const SHORT_TEXT_BYTES: usize = 63;

/// How a column's cells are bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Binding {
    pub c_type: CDataType,
    /// Bytes of one cell, its terminator included.
    pub cell_bytes: usize,
    /// Bytes of the terminator that the driver writes behind text.
    pub terminator_bytes: usize,
    /// Whether the indicator tells a length that may exceed the cell.
    pub variable: bool,
    /// Whether a value longer than the cell is to be expected.
    pub may_clip: bool,
}

impl Binding {
    fn fixed(c_type: CDataType, cell_bytes: usize) -> Self {
        Self { c_type, cell_bytes, terminator_bytes: 0, variable: false, may_clip: false }
    }

    /// Text of at most `bytes` bytes in UTF-8, or `bytes` units in UTF-16.
    fn text(encoding: TextEncoding, bytes: usize, may_clip: bool) -> Self {
        let (c_type, unit) = match encoding {
            TextEncoding::Narrow => (CDataType::Char, 1),
            TextEncoding::Wide => (CDataType::WChar, 2),
        };
        Self {
            c_type,
            cell_bytes: (bytes + 1) * unit,
            terminator_bytes: unit,
            variable: true,
            may_clip,
        }
    }

    /// UTF-8 text of any length.
    pub fn any_text() -> Self {
        Self::text(TextEncoding::Narrow, NARROW_BYTES, true)
    }

    fn binary(bytes: usize, may_clip: bool) -> Self {
        Self {
            c_type: CDataType::Binary,
            cell_bytes: bytes,
            terminator_bytes: 0,
            variable: true,
            may_clip,
        }
    }

    /// The bytes that a value may take in the driver's encoding where `bytes_max` are allowed in the
    /// batch: one of UTF-16 is no longer than twice its UTF-8.
    pub fn bytes_max(&self, bytes_max: usize) -> usize {
        if self.c_type == CDataType::WChar { bytes_max.saturating_mul(2) } else { bytes_max }
    }

    /// The most bytes that a cell's value takes in the batch.
    pub fn batch_bytes_max(&self) -> usize {
        let bytes = self.cell_bytes - self.terminator_bytes;
        if self.c_type == CDataType::WChar { bytes / 2 * 3 } else { bytes }
    }

    /// Number text and the like: short on every database that keeps to its own types.
    fn short_text(dbms: &Dbms) -> Self {
        Self::text(TextEncoding::Narrow, SHORT_TEXT_BYTES, !dbms.sizes_are_bounds)
    }
}

/// One column of a result: its field, its binding, and the values in the making.
pub(crate) trait Column: Send {
    fn field(&self) -> &Field;
    fn binding(&self) -> Binding;
    /// Appends the values of these cells. After a failure the caller truncates.
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), CellError>;
    /// Keeps the first `rows` values only.
    fn truncate(&mut self, rows: usize);
    /// The bytes that the values take so far.
    fn bytes(&self) -> usize;
    /// The bytes that the values will take in a slab.
    fn slab_bytes(&self) -> usize;
    /// Gives the values as an array in a slab, and begins anew.
    fn finish(&mut self, slab: &mut Slab) -> ArrayRef;
    /// Binds wider cells from now on.
    fn widen(&mut self, binding: Binding);
    /// Whether a NULL may stand for something else.
    fn doubts_nulls(&self) -> bool {
        false
    }
    /// Reads in a way from now on that leaves no doubt.
    fn read_exactly(&mut self) {}
    /// The rows of these cells whose values are to be verified by their text.
    fn suspects(&self, _cells: &Cells<'_>) -> Vec<usize> {
        Vec::new()
    }
    /// Whether a text is of a value that the cell can hold.
    fn verifies(&self, _text: &[u8]) -> bool {
        true
    }
}

/// The object for a column that is described by `info`.
pub(crate) fn column(info: &ColumnInfo, dbms: &'static Dbms) -> Box<dyn Column> {
    let logical = Logical::of(info, dbms);
    let field = schema::field(info, dbms, logical);
    let short = Binding::short_text(dbms);
    // Drivers give the integers of their catalogs in binary, whatever they do for tables.
    let integers = if info.standard { Exchange::Binary } else { dbms.integers };
    match logical {
        Logical::Boolean if dbms.integers == Exchange::Text => {
            primitive::boolean_text(field, short)
        }
        Logical::Boolean => primitive::boolean(field, Binding::fixed(CDataType::Bit, 1)),
        Logical::Bit => primitive::boolean(field, Binding::binary(1, false)),
        Logical::Integer { .. } if integers == Exchange::Text => {
            primitive::integer_text(field, short)
        }
        Logical::Integer { bits, unsigned } => primitive::integer(field, bits, unsigned),
        Logical::Float32 => primitive::float32(field),
        Logical::Float64 if dbms.floats == Exchange::Text => primitive::float64_text(field, short),
        Logical::Float64 => primitive::float64(field),
        Logical::Decimal { precision, scale } => {
            let text = Binding::text(TextEncoding::Narrow, precision as usize + 3, false);
            decimal::column(field, text, precision, scale)
        }
        Logical::DecimalText => decimal::text_column(field, Binding::any_text()),
        Logical::Text | Logical::Json => text::column(field, text_binding(info, dbms)),
        Logical::Bits => {
            binary::column(field, Binding::binary(info.column_size.div_ceil(8), false))
        }
        Logical::Binary => binary::column(field, binary_binding(info, dbms)),
        Logical::Uuid if dbms.uuid_parameters == Exchange::Binary => binary::uuid(field),
        Logical::Uuid => binary::uuid_text(field, short),
        Logical::Date => temporal::date(field, source(dbms.dates), short),
        Logical::Time => temporal::time(field, short),
        Logical::TimestampUtc
            if dbms.time_zone_query.is_none() || dbms.timestamps == Exchange::BinaryVerified =>
        {
            temporal::timestamp(field, temporal::Source::Text, short)
        }
        Logical::Timestamp | Logical::TimestampUtc => {
            temporal::timestamp(field, source(dbms.timestamps), short)
        }
    }
}

fn source(exchange: Exchange) -> temporal::Source {
    match exchange {
        Exchange::Binary => temporal::Source::Struct,
        Exchange::BinaryUntilNull => temporal::Source::StructOrText,
        Exchange::BinaryVerified => temporal::Source::StructVerified,
        Exchange::Text => temporal::Source::Text,
    }
}

fn text_binding(info: &ColumnInfo, dbms: &Dbms) -> Binding {
    let units = match dbms.text {
        // A character takes up to four bytes in UTF-8, and up to two units in UTF-16.
        TextEncoding::Narrow => info.column_size.saturating_mul(4),
        TextEncoding::Wide => info.column_size.saturating_mul(2),
    };
    sized(units, dbms, |bytes, may_clip| Binding::text(dbms.text, bytes, may_clip))
}

fn binary_binding(info: &ColumnInfo, dbms: &Dbms) -> Binding {
    sized(info.column_size, dbms, Binding::binary)
}

fn sized(described: usize, dbms: &Dbms, binding: impl Fn(usize, bool) -> Binding) -> Binding {
    let known = described != 0 && dbms.sizes_are_bounds;
    if known && described <= BOUND_BYTES {
        binding(described, false)
    } else if described == 0 {
        binding(NARROW_BYTES, true)
    } else {
        binding(described.min(NARROW_BYTES), true)
    }
}
