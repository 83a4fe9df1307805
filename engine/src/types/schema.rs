//! What a column is, by its description, and the Arrow field that says so.

use std::collections::HashMap;

use arrow_schema::{DataType, Field, TimeUnit};
use odbc_api::sys::SqlDataType;

use crate::dbms::{Dbms, NamedType};

/// A column of a result as the driver describes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnInfo {
    pub name: String,
    pub sql_type: i16,
    pub type_name: String,
    /// Characters, bytes or digits, by the type.
    pub column_size: usize,
    pub decimal_digits: i16,
    pub unsigned: bool,
    pub nullable: bool,
    /// Whether this is what the standard says of a column, and not what its driver does.
    pub standard: bool,
}

impl ColumnInfo {
    /// Whether it is described as an integer, which may be unsigned.
    pub fn is_integer(&self) -> bool {
        matches!(
            SqlDataType(self.sql_type),
            SqlDataType::EXT_TINY_INT
                | SqlDataType::SMALLINT
                | SqlDataType::INTEGER
                | SqlDataType::EXT_BIG_INT
        )
    }
}

/// What a column holds, whatever its driver calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logical {
    Boolean,
    /// One bit that only SQL_C_BINARY reads.
    Bit,
    Integer {
        bits: u8,
        unsigned: bool,
    },
    Float32,
    Float64,
    Decimal {
        precision: u8,
        scale: i8,
    },
    DecimalText,
    Text,
    Json,
    Bits,
    Binary,
    Date,
    Time,
    Timestamp,
    TimestampUtc,
    Uuid,
}

// Microsoft's own type codes, from msodbcsql.h.
const SS_TIME2: i16 = -154;
const SS_TIMESTAMPOFFSET: i16 = -155;

/// The most digits that Arrow's decimal256 holds.
const DECIMAL_DIGITS_MAX: usize = 76;

impl Logical {
    pub fn of(info: &ColumnInfo, dbms: &Dbms) -> Self {
        let named = if info.standard { None } else { dbms.named_type(&info.type_name) };
        match named {
            Some(NamedType::Boolean) => return Self::Boolean,
            Some(NamedType::DecimalText) => return Self::DecimalText,
            Some(NamedType::Json) => return Self::Json,
            Some(NamedType::Text) => return Self::Text,
            Some(NamedType::TimestampUtc) => return Self::TimestampUtc,
            Some(NamedType::Uuid) => return Self::Uuid,
            Some(NamedType::Bits) if info.column_size == 1 => return Self::Bit,
            Some(NamedType::Bits) => return Self::Bits,
            None => {}
        }
        let integer = |bits| {
            if dbms.integers_are_64_bit && !info.standard {
                Self::Integer { bits: 64, unsigned: false }
            } else {
                Self::Integer { bits, unsigned: info.unsigned }
            }
        };
        match SqlDataType(info.sql_type) {
            SqlDataType::EXT_BIT => Self::Boolean,
            SqlDataType::EXT_TINY_INT => integer(8),
            SqlDataType::SMALLINT => integer(16),
            SqlDataType::INTEGER => integer(32),
            SqlDataType::EXT_BIG_INT => integer(64),
            SqlDataType::REAL => Self::Float32,
            SqlDataType::FLOAT | SqlDataType::DOUBLE => Self::Float64,
            SqlDataType::NUMERIC | SqlDataType::DECIMAL => Self::decimal(info, dbms),
            SqlDataType::EXT_BINARY
            | SqlDataType::EXT_VAR_BINARY
            | SqlDataType::EXT_LONG_VAR_BINARY => Self::Binary,
            SqlDataType::DATE | SqlDataType::DATETIME => Self::Date,
            SqlDataType::TIME | SqlDataType::EXT_TIME_OR_INTERVAL => Self::Time,
            SqlDataType::TIMESTAMP | SqlDataType::EXT_TIMESTAMP => Self::Timestamp,
            SqlDataType::EXT_GUID => Self::Uuid,
            SqlDataType(SS_TIME2) => Self::Time,
            SqlDataType(SS_TIMESTAMPOFFSET) => Self::TimestampUtc,
            _ => Self::Text,
        }
    }

    fn decimal(info: &ColumnInfo, dbms: &Dbms) -> Self {
        let precision = info.column_size;
        let bounded = (1..=DECIMAL_DIGITS_MAX).contains(&precision)
            && dbms.unbounded_precision != Some(precision);
        match i8::try_from(info.decimal_digits) {
            Ok(scale) if bounded && scale >= 0 && scale as usize <= precision => {
                Self::Decimal { precision: precision as u8, scale }
            }
            _ => Self::DecimalText,
        }
    }
}

/// The Arrow field of a column.
pub(crate) fn field(info: &ColumnInfo, dbms: &Dbms, logical: Logical) -> Field {
    let digits = match dbms.fraction_digits {
        Some(digits) => i16::from(digits),
        None => info.decimal_digits,
    };
    if info.standard {
        return Field::new(&info.name, data_type(logical, digits), info.nullable);
    }
    let mut metadata = HashMap::from([
        ("odbc.sql_type".to_owned(), info.sql_type.to_string()),
        ("odbc.column_size".to_owned(), info.column_size.to_string()),
        ("odbc.decimal_digits".to_owned(), info.decimal_digits.to_string()),
    ]);
    if !info.type_name.is_empty() {
        metadata.insert("odbc.type_name".to_owned(), info.type_name.clone());
    }
    let extension = |name: &str| [("ARROW:extension:name".to_owned(), name.to_owned())];
    match logical {
        Logical::Uuid => metadata.extend(extension("arrow.uuid")),
        Logical::Json => metadata.extend(extension("arrow.json")),
        Logical::DecimalText => {
            metadata.insert("odbc.logical".to_owned(), "decimal".to_owned());
        }
        _ => {}
    }
    Field::new(&info.name, data_type(logical, digits), info.nullable).with_metadata(metadata)
}

fn data_type(logical: Logical, digits: i16) -> DataType {
    match logical {
        Logical::Boolean | Logical::Bit => DataType::Boolean,
        Logical::Integer { bits: 8, unsigned: false } => DataType::Int8,
        Logical::Integer { bits: 16, unsigned: false } => DataType::Int16,
        Logical::Integer { bits: 32, unsigned: false } => DataType::Int32,
        Logical::Integer { unsigned: false, .. } => DataType::Int64,
        Logical::Integer { bits: 8, .. } => DataType::UInt8,
        Logical::Integer { bits: 16, .. } => DataType::UInt16,
        Logical::Integer { bits: 32, .. } => DataType::UInt32,
        Logical::Integer { .. } => DataType::UInt64,
        Logical::Float32 => DataType::Float32,
        Logical::Float64 => DataType::Float64,
        Logical::Decimal { precision, scale } if precision <= 38 => {
            DataType::Decimal128(precision, scale)
        }
        Logical::Decimal { precision, scale } => DataType::Decimal256(precision, scale),
        Logical::DecimalText | Logical::Text | Logical::Json => DataType::Utf8,
        Logical::Bits | Logical::Binary => DataType::Binary,
        Logical::Date => DataType::Date32,
        Logical::Time if digits > 6 => DataType::Time64(TimeUnit::Nanosecond),
        Logical::Time => DataType::Time64(TimeUnit::Microsecond),
        Logical::Timestamp => DataType::Timestamp(unit(digits), None),
        Logical::TimestampUtc => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Logical::Uuid => DataType::FixedSizeBinary(16),
    }
}

fn unit(digits: i16) -> TimeUnit {
    match digits {
        ..=0 => TimeUnit::Second,
        1..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        7.. => TimeUnit::Nanosecond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logical(sql_type: SqlDataType, type_name: &str, size: usize, digits: i16) -> Logical {
        let info = ColumnInfo {
            sql_type: sql_type.0,
            type_name: type_name.into(),
            column_size: size,
            decimal_digits: digits,
            ..ColumnInfo::default()
        };
        Logical::of(&info, Dbms::by_name("PostgreSQL"))
    }

    #[test]
    fn names_tell_what_type_codes_hide() {
        assert_eq!(logical(SqlDataType::VARCHAR, "bool", 5, 0), Logical::Boolean);
        assert_eq!(logical(SqlDataType::FLOAT, "money", 10, 0), Logical::Text);
        assert_eq!(logical(SqlDataType::EXT_BIT, "unknown", 1, 0), Logical::Text);
        assert_eq!(logical(SqlDataType::TIMESTAMP, "timestamptz", 26, 6), Logical::TimestampUtc);
    }

    #[test]
    fn decimals_without_bounds_stay_text() {
        assert_eq!(logical(SqlDataType::NUMERIC, "numeric", 28, 6), Logical::DecimalText);
        assert_eq!(logical(SqlDataType::NUMERIC, "numeric", 77, 0), Logical::DecimalText);
        assert_eq!(
            logical(SqlDataType::NUMERIC, "numeric", 76, 76),
            Logical::Decimal { precision: 76, scale: 76 }
        );
    }
}
