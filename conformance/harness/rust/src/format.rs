//! The Arrow C data interface's format strings.

use odbc_engine::arrow_schema::{DataType, TimeUnit};

/// The format string of a type that the engine gives.
pub fn of(data_type: &DataType) -> Result<String, String> {
    Ok(match data_type {
        DataType::Null => "n".into(),
        DataType::Boolean => "b".into(),
        DataType::Int8 => "c".into(),
        DataType::Int16 => "s".into(),
        DataType::Int32 => "i".into(),
        DataType::Int64 => "l".into(),
        DataType::UInt8 => "C".into(),
        DataType::UInt16 => "S".into(),
        DataType::UInt32 => "I".into(),
        DataType::UInt64 => "L".into(),
        DataType::Float32 => "f".into(),
        DataType::Float64 => "g".into(),
        DataType::Decimal128(precision, scale) => format!("d:{precision},{scale}"),
        DataType::Decimal256(precision, scale) => format!("d:{precision},{scale},256"),
        DataType::Utf8 => "u".into(),
        DataType::Binary => "z".into(),
        DataType::FixedSizeBinary(size) => format!("w:{size}"),
        DataType::Date32 => "tdD".into(),
        DataType::Time32(unit) | DataType::Time64(unit) => format!("tt{}", letter(*unit)),
        DataType::Timestamp(unit, zone) => {
            format!("ts{}:{}", letter(*unit), zone.as_deref().unwrap_or_default())
        }
        other => return Err(format!("no format for the type {other}")),
    })
}

fn letter(unit: TimeUnit) -> char {
    match unit {
        TimeUnit::Second => 's',
        TimeUnit::Millisecond => 'm',
        TimeUnit::Microsecond => 'u',
        TimeUnit::Nanosecond => 'n',
    }
}
