//! From one Arrow value to the C and SQL types that pass it exactly.

use std::borrow::Cow;

use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType,
    cast::AsArray,
    types::{
        Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
        Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
        Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
        TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
        UInt64Type,
    },
};
use arrow_schema::{DataType, Field, TimeUnit};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use odbc_api::sys::{CDataType, NULL_DATA, SqlDataType};

use super::{
    BoundParameter, CellType,
    civil::{self, check_instants, date_cell, timestamp_cell},
};
use crate::{
    dbms::{Dbms, Exchange, LargeUnsigned, TextEncoding},
    error::ErrorKind,
    types::guid_to_uuid,
};

/// Text and bytes up to this length are bound as VARCHAR and VARBINARY, longer ones as LONG.
const VARIABLE_BYTES: usize = 4000;

/// Why a value cannot be passed.
pub(crate) struct Refusal {
    pub kind: ErrorKind,
    pub message: String,
}

pub(super) fn refuse<T>(kind: ErrorKind, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { kind, message: message.into() })
}

fn fixed(
    c_type: CDataType,
    sql_type: SqlDataType,
    column_size: usize,
    decimal_digits: i16,
    data: &[u8],
) -> BoundParameter {
    BoundParameter {
        c_type,
        sql_type,
        column_size,
        decimal_digits,
        indicator: data.len() as isize,
        data: data.into(),
    }
}

/// Encodes the one value of an array.
pub(crate) fn encode(
    field: &Field,
    array: &ArrayRef,
    dbms: &Dbms,
) -> Result<BoundParameter, Refusal> {
    if array.is_null(0) || matches!(array.data_type(), DataType::Null) {
        // The C type and SQL type of a NULL are those of its array, where that has one.
        let mut null = match array.data_type() {
            DataType::Null => text("", dbms)?,
            _ => null_of(array.data_type(), dbms),
        };
        null.indicator = NULL_DATA;
        return Ok(null);
    }
    match array.data_type() {
        DataType::Boolean => {
            let bit = u8::from(array.as_boolean().value(0));
            Ok(fixed(CDataType::Bit, SqlDataType::EXT_BIT, 1, 0, &[bit]))
        }
        DataType::Int8 => Ok(integer(value::<Int8Type>(array), SqlDataType::SMALLINT)),
        DataType::Int16 => Ok(integer(value::<Int16Type>(array), SqlDataType::SMALLINT)),
        DataType::Int32 => Ok(integer(value::<Int32Type>(array), SqlDataType::INTEGER)),
        DataType::Int64 => Ok(integer(value::<Int64Type>(array), SqlDataType::EXT_BIG_INT)),
        DataType::UInt8 => Ok(integer(value::<UInt8Type>(array), SqlDataType::SMALLINT)),
        DataType::UInt16 => Ok(integer(value::<UInt16Type>(array), SqlDataType::INTEGER)),
        DataType::UInt32 => Ok(integer(value::<UInt32Type>(array), SqlDataType::EXT_BIG_INT)),
        DataType::UInt64 => unsigned(value::<UInt64Type>(array), dbms),
        DataType::Float32 => {
            let number = value::<Float32Type>(array);
            check_nan(number.is_nan(), dbms)?;
            if dbms.float_parameters == Exchange::Text {
                return Ok(float_text(SqlDataType::REAL, number.into()));
            }
            Ok(fixed(CDataType::Float, SqlDataType::REAL, 7, 0, &number.to_ne_bytes()))
        }
        DataType::Float64 => {
            let number = value::<Float64Type>(array);
            check_nan(number.is_nan(), dbms)?;
            if dbms.float_parameters == Exchange::Text {
                return Ok(float_text(SqlDataType::DOUBLE, number));
            }
            Ok(fixed(CDataType::Double, SqlDataType::DOUBLE, 15, 0, &number.to_ne_bytes()))
        }
        DataType::Decimal128(precision, scale) => Ok(decimal(
            &array.as_primitive::<Decimal128Type>().value_as_string(0),
            *precision,
            *scale,
        )),
        DataType::Decimal256(precision, scale) => Ok(decimal(
            &array.as_primitive::<Decimal256Type>().value_as_string(0),
            *precision,
            *scale,
        )),
        DataType::Utf8 => text(array.as_string::<i32>().value(0), dbms),
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(0), dbms),
        DataType::Utf8View => text(array.as_string_view().value(0), dbms),
        DataType::Binary => Ok(binary(array.as_binary::<i32>().value(0))),
        DataType::LargeBinary => Ok(binary(array.as_binary::<i64>().value(0))),
        DataType::BinaryView => Ok(binary(array.as_binary_view().value(0))),
        DataType::FixedSizeBinary(16) if is_uuid(field) => {
            let bytes = array.as_fixed_size_binary().value(0);
            uuid(bytes.try_into().expect("the array's values have 16 bytes"), dbms)
        }
        DataType::FixedSizeBinary(_) => Ok(binary(array.as_fixed_size_binary().value(0))),
        DataType::Date32 => date_parameter(civil::date_of(value::<Date32Type>(array))?, dbms),
        DataType::Time32(unit) | DataType::Time64(unit) => {
            time_parameter(civil::time_of(time_value(array, *unit), *unit, dbms)?, dbms)
        }
        DataType::Timestamp(unit, zone) => {
            if zone.is_some() {
                check_instants(dbms)?;
            }
            let value = civil::timestamp_of(timestamp_value(array, *unit), *unit, dbms)?;
            if zone.is_some() && dbms.instants_as_text {
                return written(|out| civil::write_instant(out, value), dbms);
            }
            timestamp_parameter(value, dbms)
        }
        other => refuse(
            ErrorKind::Unsupported,
            format!("values of the Arrow type {other} cannot be passed"),
        ),
    }
}

fn value<T: ArrowPrimitiveType>(array: &ArrayRef) -> T::Native {
    array.as_primitive::<T>().value(0)
}

fn integer(number: impl Into<i64>, sql_type: SqlDataType) -> BoundParameter {
    let size = match sql_type {
        SqlDataType::SMALLINT => 5,
        SqlDataType::INTEGER => 10,
        _ => 19,
    };
    fixed(CDataType::SBigInt, sql_type, size, 0, &number.into().to_ne_bytes())
}

fn unsigned(number: u64, dbms: &Dbms) -> Result<BoundParameter, Refusal> {
    if let Ok(signed) = i64::try_from(number) {
        return Ok(integer(signed, SqlDataType::EXT_BIG_INT));
    }
    match dbms.large_unsigned {
        LargeUnsigned::Unsigned => {
            Ok(fixed(CDataType::UBigInt, SqlDataType::EXT_BIG_INT, 20, 0, &number.to_ne_bytes()))
        }
        LargeUnsigned::Decimal => Ok(decimal(&number.to_string(), 20, 0)),
        LargeUnsigned::Refused => {
            refuse(ErrorKind::Data, format!("{} has no integer as large as {number}", dbms.id))
        }
    }
}

pub(crate) fn check_nan(is_nan: bool, dbms: &Dbms) -> Result<(), Refusal> {
    if is_nan && !dbms.nan_parameters {
        return refuse(ErrorKind::Data, format!("{} is not known to take NaN", dbms.id));
    }
    Ok(())
}

fn float_text(sql_type: SqlDataType, number: f64) -> BoundParameter {
    let mut digits = Vec::new();
    write_float(&mut digits, number);
    fixed(CDataType::Char, sql_type, 15, 0, &digits)
}

/// Writes the shortest number that is read as the same double, without an exponent where it would
/// do, since an integer with one is none to PostgreSQL.
pub(crate) fn write_float(out: &mut Vec<u8>, number: f64) {
    let is_plain = number == 0.0 || (1e-5..1e17).contains(&number.abs());
    let text = match special(number) {
        Some(word) => word.to_owned(),
        None if is_plain => number.to_string(),
        None => format!("{number:e}"),
    };
    out.extend_from_slice(text.as_bytes());
}

/// PostgreSQL's word for a double that is no number of digits.
pub(crate) fn special(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        Some("NaN")
    } else if number.is_infinite() {
        Some(if number > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        None
    }
}

fn decimal(digits: &str, precision: u8, scale: i8) -> BoundParameter {
    // A negative scale stands for zeros that the text already has.
    let zeros = usize::from(scale.min(0).unsigned_abs());
    let size = usize::from(precision) + zeros;
    fixed(CDataType::Char, SqlDataType::DECIMAL, size, scale.max(0).into(), digits.as_bytes())
}

/// Refuses a text that the driver would cut.
pub(crate) fn check_text(text: &str, dbms: &Dbms) -> Result<(), Refusal> {
    if !dbms.nul_in_text && text.as_bytes().contains(&0) {
        return refuse(
            ErrorKind::Data,
            format!("the text holds a NUL character, at which {} may cut it", dbms.id),
        );
    }
    Ok(())
}

/// How texts of up to this many units are bound, and the bytes of a unit.
pub(crate) fn text_type(units: usize, dbms: &Dbms) -> (CellType, usize) {
    let (c_type, short, long, bytes) = match dbms.text {
        TextEncoding::Narrow => {
            (CDataType::Char, SqlDataType::VARCHAR, SqlDataType::EXT_LONG_VARCHAR, 1)
        }
        TextEncoding::Wide => {
            (CDataType::WChar, SqlDataType::EXT_W_VARCHAR, SqlDataType::EXT_W_LONG_VARCHAR, 2)
        }
    };
    let sql_type = variable(units, short, long);
    (CellType { c_type, sql_type, column_size: units.max(1), decimal_digits: 0 }, bytes)
}

fn text(text: &str, dbms: &Dbms) -> Result<BoundParameter, Refusal> {
    check_text(text, dbms)?;
    let wide = || text.encode_utf16().flat_map(u16::to_ne_bytes).collect::<Vec<_>>();
    let bytes = match dbms.text {
        TextEncoding::Narrow => Cow::Borrowed(text.as_bytes()),
        TextEncoding::Wide => Cow::Owned(wide()),
    };
    let unit = if dbms.text == TextEncoding::Wide { 2 } else { 1 };
    let CellType { c_type, sql_type, column_size, decimal_digits } =
        text_type(bytes.len() / unit, dbms).0;
    Ok(fixed(c_type, sql_type, column_size, decimal_digits, &bytes))
}

fn binary(bytes: &[u8]) -> BoundParameter {
    let sql_type =
        variable(bytes.len(), SqlDataType::EXT_VAR_BINARY, SqlDataType::EXT_LONG_VAR_BINARY);
    fixed(CDataType::Binary, sql_type, bytes.len().max(1), 0, bytes)
}

fn variable(length: usize, short: SqlDataType, long: SqlDataType) -> SqlDataType {
    if length <= VARIABLE_BYTES { short } else { long }
}

pub(crate) fn is_uuid(field: &Field) -> bool {
    field.metadata().get("ARROW:extension:name").is_some_and(|name| name == "arrow.uuid")
}

fn uuid(bytes: [u8; 16], dbms: &Dbms) -> Result<BoundParameter, Refusal> {
    match dbms.uuid_parameters {
        // The exchange of the first three fields' bytes is its own inverse.
        Exchange::Binary | Exchange::BinaryUntilNull | Exchange::BinaryVerified => {
            let guid = guid_to_uuid(bytes);
            Ok(fixed(CDataType::Guid, SqlDataType::EXT_GUID, 36, 0, &guid))
        }
        Exchange::Text => written(|out| write_uuid(out, bytes), dbms),
    }
}

/// Writes a UUID as `8-4-4-4-12` digits in lower case.
pub(crate) fn write_uuid(out: &mut Vec<u8>, bytes: [u8; 16]) {
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        write_hex(out, byte);
    }
}

/// Writes a byte as two digits in lower case.
pub(crate) fn write_hex(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

fn date_parameter(date: NaiveDate, dbms: &Dbms) -> Result<BoundParameter, Refusal> {
    if dbms.date_parameters == Exchange::Text {
        return written(|out| civil::write_date(out, date), dbms);
    }
    Ok(fixed(CDataType::TypeDate, SqlDataType::DATE, 10, 0, &date_cell(date)))
}

/// SQL_TIME_STRUCT has no fraction, so a time is always passed as text.
fn time_parameter(time: NaiveTime, dbms: &Dbms) -> Result<BoundParameter, Refusal> {
    written(|out| civil::write_time(out, time), dbms)
}

fn timestamp_parameter(value: NaiveDateTime, dbms: &Dbms) -> Result<BoundParameter, Refusal> {
    if dbms.date_parameters == Exchange::Text {
        return written(|out| civil::write_timestamp(out, value), dbms);
    }
    let digits = i16::from(dbms.parameter_fraction_digits);
    let size = 20 + digits as usize;
    let cell = timestamp_cell(value);
    Ok(fixed(CDataType::TypeTimestamp, SqlDataType::TIMESTAMP, size, digits, &cell))
}

fn written(write: impl FnOnce(&mut Vec<u8>), dbms: &Dbms) -> Result<BoundParameter, Refusal> {
    let mut out = Vec::new();
    write(&mut out);
    text(std::str::from_utf8(&out).expect("digits are ASCII"), dbms)
}

fn time_value(array: &ArrayRef, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => value::<Time32SecondType>(array).into(),
        TimeUnit::Millisecond => value::<Time32MillisecondType>(array).into(),
        TimeUnit::Microsecond => value::<Time64MicrosecondType>(array),
        TimeUnit::Nanosecond => value::<Time64NanosecondType>(array),
    }
}

fn timestamp_value(array: &ArrayRef, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => value::<TimestampSecondType>(array),
        TimeUnit::Millisecond => value::<TimestampMillisecondType>(array),
        TimeUnit::Microsecond => value::<TimestampMicrosecondType>(array),
        TimeUnit::Nanosecond => value::<TimestampNanosecondType>(array),
    }
}

/// A NULL of a type: the drivers look at its SQL type even where there is no value.
pub(crate) fn null_of(data_type: &DataType, dbms: &Dbms) -> BoundParameter {
    let (c_type, sql_type, size) = match data_type {
        DataType::Boolean => (CDataType::Bit, SqlDataType::EXT_BIT, 1),
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => {
            (CDataType::SBigInt, SqlDataType::SMALLINT, 5)
        }
        DataType::Int32 | DataType::UInt16 => (CDataType::SBigInt, SqlDataType::INTEGER, 10),
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => {
            (CDataType::SBigInt, SqlDataType::EXT_BIG_INT, 19)
        }
        DataType::Float32 if dbms.float_parameters == Exchange::Text => {
            (CDataType::Char, SqlDataType::REAL, 15)
        }
        DataType::Float32 => (CDataType::Float, SqlDataType::REAL, 7),
        DataType::Float64 if dbms.float_parameters == Exchange::Text => {
            (CDataType::Char, SqlDataType::DOUBLE, 15)
        }
        DataType::Float64 => (CDataType::Double, SqlDataType::DOUBLE, 15),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => (CDataType::Binary, SqlDataType::EXT_VAR_BINARY, 1),
        DataType::Date32 if dbms.date_parameters != Exchange::Text => {
            (CDataType::TypeDate, SqlDataType::DATE, 10)
        }
        DataType::Timestamp(_, Some(_)) if dbms.instants_as_text => {
            (CDataType::Char, SqlDataType::VARCHAR, 1)
        }
        DataType::Timestamp(..) if dbms.date_parameters != Exchange::Text => {
            (CDataType::TypeTimestamp, SqlDataType::TIMESTAMP, 26)
        }
        _ => (CDataType::Char, SqlDataType::VARCHAR, 1),
    };
    fixed(c_type, sql_type, size, 0, &[0; 16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_with_the_digits_that_tell_them() {
        let text = |number| {
            let mut out = Vec::new();
            write_float(&mut out, number);
            String::from_utf8(out).unwrap()
        };
        let numbers = [1.1, 2.0, -0.0, 1e16, 1e17, 5e-324, f64::MAX, 0.1f32.into()];
        for number in numbers {
            assert_eq!(text(number).parse(), Ok(number));
        }
        assert_eq!([1.1, 2.0, 1e300].map(text), ["1.1", "2", "1e300"]);
        assert_eq!(
            [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(text),
            ["NaN", "Infinity", "-Infinity"]
        );
    }

    #[test]
    fn what_a_driver_may_change_silently_is_refused() {
        let unknown = Dbms::by_name("No such database");
        assert!(check_nan(true, unknown).is_err());
        assert!(check_nan(false, unknown).is_ok());
        assert!(check_text("a\0b", unknown).is_err());
        assert!(check_text("ab", unknown).is_ok());
        assert!(check_nan(true, Dbms::by_name("PostgreSQL")).is_ok());
        assert!(check_text("a\0b", Dbms::by_name("MariaDB")).is_ok());
    }
}
