//! From one Arrow value to the C and SQL types that pass it exactly.

use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType,
    cast::AsArray,
    temporal_conversions::{time32ms_to_time, time32s_to_time, time64ns_to_time, time64us_to_time},
    types::{
        Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
        Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
        Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
        TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
        UInt64Type,
    },
};
use arrow_schema::{DataType, Field, TimeUnit};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use odbc_api::sys::{CDataType, NULL_DATA, SqlDataType};

use super::BoundParameter;
use crate::{
    dbms::{Dbms, Exchange, LargeUnsigned, TextEncoding},
    error::ErrorKind,
    types::guid_to_uuid,
};

/// Text and bytes up to this length are bound as VARCHAR and VARBINARY, longer ones as LONG.
const VARIABLE_BYTES: usize = 4000;

/// Why a value cannot be passed.
pub(super) struct Refusal {
    pub kind: ErrorKind,
    pub message: String,
}

fn refuse<T>(kind: ErrorKind, message: impl Into<String>) -> Result<T, Refusal> {
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
        indicator: Box::new(data.len() as isize),
        data: data.into(),
    }
}

/// Encodes the one value of an array.
pub(super) fn encode(
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
        *null.indicator = NULL_DATA;
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
            Ok(fixed(CDataType::Float, SqlDataType::REAL, 7, 0, &number.to_ne_bytes()))
        }
        DataType::Float64 => {
            let number = value::<Float64Type>(array);
            check_nan(number.is_nan(), dbms)?;
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
        DataType::Date32 => {
            let days = value::<Date32Type>(array);
            match NaiveDate::from_epoch_days(days) {
                Some(date) => date_parameter(date, dbms),
                None => refuse(ErrorKind::Data, format!("day {days} is no date")),
            }
        }
        DataType::Time32(_) | DataType::Time64(_) => match time_of(array) {
            Some(time) => time_parameter(time, dbms),
            None => refuse(ErrorKind::Data, "the time is not within a day"),
        },
        DataType::Timestamp(unit, zone) => match timestamp_of(array, *unit) {
            Some(instant) => timestamp_parameter(instant, zone.is_some(), dbms),
            None => refuse(ErrorKind::Data, "the timestamp is out of range"),
        },
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

fn check_nan(is_nan: bool, dbms: &Dbms) -> Result<(), Refusal> {
    if is_nan && !dbms.nan_parameters {
        return refuse(ErrorKind::Data, format!("{} has no NaN", dbms.id));
    }
    Ok(())
}

fn decimal(digits: &str, precision: u8, scale: i8) -> BoundParameter {
    // A negative scale stands for zeros that the text already has.
    let zeros = usize::from(scale.min(0).unsigned_abs());
    let size = usize::from(precision) + zeros;
    fixed(CDataType::Char, SqlDataType::DECIMAL, size, scale.max(0).into(), digits.as_bytes())
}

fn text(text: &str, dbms: &Dbms) -> Result<BoundParameter, Refusal> {
    if text.contains('\0') && !dbms.nul_in_text {
        return refuse(
            ErrorKind::Data,
            format!("the text holds a NUL character, at which {} would cut it", dbms.id),
        );
    }
    Ok(match dbms.text {
        TextEncoding::Narrow => {
            let sql_type =
                variable(text.len(), SqlDataType::VARCHAR, SqlDataType::EXT_LONG_VARCHAR);
            fixed(CDataType::Char, sql_type, text.len().max(1), 0, text.as_bytes())
        }
        TextEncoding::Wide => {
            let units: Vec<u16> = text.encode_utf16().collect();
            let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_ne_bytes()).collect();
            let sql_type =
                variable(units.len(), SqlDataType::EXT_W_VARCHAR, SqlDataType::EXT_W_LONG_VARCHAR);
            fixed(CDataType::WChar, sql_type, units.len().max(1), 0, &bytes)
        }
    })
}

fn binary(bytes: &[u8]) -> BoundParameter {
    let sql_type =
        variable(bytes.len(), SqlDataType::EXT_VAR_BINARY, SqlDataType::EXT_LONG_VAR_BINARY);
    fixed(CDataType::Binary, sql_type, bytes.len().max(1), 0, bytes)
}

fn variable(length: usize, short: SqlDataType, long: SqlDataType) -> SqlDataType {
    if length <= VARIABLE_BYTES { short } else { long }
}

fn is_uuid(field: &Field) -> bool {
    field.metadata().get("ARROW:extension:name").is_some_and(|name| name == "arrow.uuid")
}

fn uuid(bytes: [u8; 16], dbms: &Dbms) -> Result<BoundParameter, Refusal> {
    match dbms.uuid_parameters {
        // The exchange of the first three fields' bytes is its own inverse.
        Exchange::Binary | Exchange::BinaryUntilNull | Exchange::BinaryVerified => {
            let guid = guid_to_uuid(bytes);
            Ok(fixed(CDataType::Guid, SqlDataType::EXT_GUID, 36, 0, &guid))
        }
        Exchange::Text => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let groups = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
            text(&groups.join("-"), dbms)
        }
    }
}

/// ODBC's structs hold years in 16 bits, and databases few that are not of four digits.
fn check_year(year: i32) -> Result<i16, Refusal> {
    if (1..=9999).contains(&year) {
        return Ok(year as i16);
    }
    refuse(ErrorKind::Data, format!("year {year} is not within 1 to 9999"))
}

fn date_struct(date: NaiveDate) -> Result<Vec<u8>, Refusal> {
    let year = check_year(date.year())?.to_ne_bytes();
    let month_and_day = [date.month() as u16, date.day() as u16].map(u16::to_ne_bytes);
    Ok([year, month_and_day[0], month_and_day[1]].concat())
}

fn date_parameter(date: NaiveDate, dbms: &Dbms) -> Result<BoundParameter, Refusal> {
    let cell = date_struct(date)?;
    match dbms.date_parameters {
        Exchange::Binary | Exchange::BinaryUntilNull | Exchange::BinaryVerified => {
            Ok(fixed(CDataType::TypeDate, SqlDataType::DATE, 10, 0, &cell))
        }
        Exchange::Text => text(&date.format("%Y-%m-%d").to_string(), dbms),
    }
}

/// SQL_TIME_STRUCT has no fraction, so a time is always passed as text.
fn time_parameter(time: NaiveTime, dbms: &Dbms) -> Result<BoundParameter, Refusal> {
    check_fraction(time.nanosecond(), dbms)?;
    text(&format!("{}{}", time.format("%H:%M:%S"), fraction(time.nanosecond())), dbms)
}

fn timestamp_parameter(
    value: NaiveDateTime,
    is_instant: bool,
    dbms: &Dbms,
) -> Result<BoundParameter, Refusal> {
    if is_instant && dbms.session_setup.is_empty() && dbms.time_zone_query.is_none() {
        // Without a session in UTC, and without a type that holds the offset, the database would
        // take the instant for another one.
        let stores_text = dbms.date_parameters == Exchange::Text;
        if !stores_text && !dbms.has_timestamp_with_time_zone() {
            return refuse(
                ErrorKind::Unsupported,
                format!("{} is not known to keep a timestamp's time zone", dbms.id),
            );
        }
    }
    check_fraction(value.nanosecond(), dbms)?;
    let mut cell = date_struct(value.date())?;
    match dbms.date_parameters {
        Exchange::Binary | Exchange::BinaryUntilNull | Exchange::BinaryVerified => {
            for part in [value.hour(), value.minute(), value.second()] {
                cell.extend((part as u16).to_ne_bytes());
            }
            cell.extend(value.nanosecond().to_ne_bytes());
            let digits = i16::from(dbms.parameter_fraction_digits);
            let size = 20 + digits as usize;
            Ok(fixed(CDataType::TypeTimestamp, SqlDataType::TIMESTAMP, size, digits, &cell))
        }
        Exchange::Text => {
            let whole = value.format("%Y-%m-%d %H:%M:%S");
            text(&format!("{whole}{}", fraction(value.nanosecond())), dbms)
        }
    }
}

fn check_fraction(nanoseconds: u32, dbms: &Dbms) -> Result<(), Refusal> {
    let digits = dbms.parameter_fraction_digits;
    if !nanoseconds.is_multiple_of(10u32.pow(9 - u32::from(digits))) {
        return refuse(
            ErrorKind::Data,
            format!("{} keeps {digits} digits of a second's fraction, not 9", dbms.id),
        );
    }
    Ok(())
}

/// The fraction of a second as text: nothing, or a point and its digits.
fn fraction(nanoseconds: u32) -> String {
    match nanoseconds {
        0 => String::new(),
        _ => format!(".{nanoseconds:09}").trim_end_matches('0').to_owned(),
    }
}

fn time_of(array: &ArrayRef) -> Option<NaiveTime> {
    // The conversions panic outside of a day.
    const DAY_S: i64 = 86_400;
    let in_day = |value: i64, per_second: i64| (0..DAY_S * per_second).contains(&value);
    match array.data_type() {
        DataType::Time32(TimeUnit::Second) => {
            let time = value::<Time32SecondType>(array);
            in_day(time.into(), 1).then(|| time32s_to_time(time))?
        }
        DataType::Time32(_) => {
            let time = value::<Time32MillisecondType>(array);
            in_day(time.into(), 1_000).then(|| time32ms_to_time(time))?
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            let time = value::<Time64MicrosecondType>(array);
            in_day(time, 1_000_000).then(|| time64us_to_time(time))?
        }
        _ => {
            let time = value::<Time64NanosecondType>(array);
            in_day(time, 1_000_000_000).then(|| time64ns_to_time(time))?
        }
    }
}

fn timestamp_of(array: &ArrayRef, unit: TimeUnit) -> Option<NaiveDateTime> {
    let instant = match unit {
        TimeUnit::Second => DateTime::from_timestamp(value::<TimestampSecondType>(array), 0),
        TimeUnit::Millisecond => {
            DateTime::from_timestamp_millis(value::<TimestampMillisecondType>(array))
        }
        TimeUnit::Microsecond => {
            DateTime::from_timestamp_micros(value::<TimestampMicrosecondType>(array))
        }
        TimeUnit::Nanosecond => {
            Some(DateTime::from_timestamp_nanos(value::<TimestampNanosecondType>(array)))
        }
    };
    instant.map(|instant| instant.naive_utc())
}

/// A NULL of a type: the drivers look at its SQL type even where there is no value.
fn null_of(data_type: &DataType, dbms: &Dbms) -> BoundParameter {
    let (c_type, sql_type, size) = match data_type {
        DataType::Boolean => (CDataType::Bit, SqlDataType::EXT_BIT, 1),
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => {
            (CDataType::SBigInt, SqlDataType::SMALLINT, 5)
        }
        DataType::Int32 | DataType::UInt16 => (CDataType::SBigInt, SqlDataType::INTEGER, 10),
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => {
            (CDataType::SBigInt, SqlDataType::EXT_BIG_INT, 19)
        }
        DataType::Float32 => (CDataType::Float, SqlDataType::REAL, 7),
        DataType::Float64 => (CDataType::Double, SqlDataType::DOUBLE, 15),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => (CDataType::Binary, SqlDataType::EXT_VAR_BINARY, 1),
        DataType::Date32 if dbms.date_parameters != Exchange::Text => {
            (CDataType::TypeDate, SqlDataType::DATE, 10)
        }
        DataType::Timestamp(..) if dbms.date_parameters != Exchange::Text => {
            (CDataType::TypeTimestamp, SqlDataType::TIMESTAMP, 26)
        }
        _ => (CDataType::Char, SqlDataType::VARCHAR, 1),
    };
    fixed(c_type, sql_type, size, 0, &[0; 16])
}
