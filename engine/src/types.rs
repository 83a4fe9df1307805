//! From a column's description to the one object that binds it and builds its Arrow array.

mod binary;
mod cells;
mod decimal;
mod primitive;
mod schema;
mod temporal;
mod text;

use arrow_array::ArrayRef;
use arrow_schema::Field;
use odbc_api::sys::CDataType;

pub(crate) use binary::guid_to_uuid;
pub(crate) use cells::{CellError, Cells, ColumnBuffer};
pub(crate) use schema::{ColumnInfo, Logical};

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

    /// Number text and the like: short on every database that keeps to its own types.
    fn short_text(dbms: &Dbms) -> Self {
        Self::text(TextEncoding::Narrow, SHORT_TEXT_BYTES, !dbms.sizes_are_bounds)
    }
}

/// One column of a result: its field, its binding and its conversion.
pub(crate) trait Column: Send + Sync {
    fn field(&self) -> Field;
    fn binding(&self) -> Binding;
    fn convert(&self, cells: &Cells<'_>) -> Result<ArrayRef, CellError>;
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
        Logical::Integer { bits, unsigned } => match integers {
            Exchange::Binary => primitive::integer(field, bits, unsigned),
            Exchange::Text => primitive::integer_text(field, short),
        },
        Logical::Float32 if dbms.floats == Exchange::Binary => primitive::float32(field),
        Logical::Float32 | Logical::Float64 => match dbms.floats {
            Exchange::Binary => primitive::float64(field),
            Exchange::Text => primitive::float64_text(field, short),
        },
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
        Logical::Date if dbms.dates == Exchange::Text => temporal::date_text(field, short),
        Logical::Date => temporal::date(field),
        Logical::Time => temporal::time_text(field, short),
        Logical::Timestamp | Logical::TimestampUtc if dbms.timestamps == Exchange::Text => {
            temporal::timestamp_text(field, short)
        }
        Logical::TimestampUtc if dbms.time_zone_query.is_none() => {
            temporal::timestamp_text(field, short)
        }
        Logical::Timestamp | Logical::TimestampUtc => temporal::timestamp(field),
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
