//! From Arrow columns to cells, by the rules that single parameters go by.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, FixedSizeBinaryArray, PrimitiveArray,
    cast::AsArray,
    types::{
        Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
        Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
        TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_schema::{DataType, Field, TimeUnit};
use odbc_api::sys::{CDataType, NULL_DATA, SqlDataType};

use super::chunk::{Cells, RowResult};
use crate::{
    dbms::{Dbms, Exchange, LargeUnsigned},
    parameters::{
        BoundParameter, CellType, civil,
        encode::{
            Refusal, check_nan, check_text, encode, is_uuid, null_of, text_type, write_float,
        },
    },
};

/// Encodes a column for arrays of parameters, or for one parameter a value.
pub(super) fn cells(field: &Field, array: &ArrayRef, dbms: &Dbms) -> RowResult<Cells> {
    let cell_type = type_of(&null_of(array.data_type(), dbms));
    match array.data_type() {
        DataType::Int8 => integers::<Int8Type>(cell_type, array),
        DataType::Int16 => integers::<Int16Type>(cell_type, array),
        DataType::Int32 => integers::<Int32Type>(cell_type, array),
        DataType::Int64 => integers::<Int64Type>(cell_type, array),
        DataType::UInt8 => integers::<UInt8Type>(cell_type, array),
        DataType::UInt16 => integers::<UInt16Type>(cell_type, array),
        DataType::UInt32 => integers::<UInt32Type>(cell_type, array),
        DataType::UInt64 => unsigned(cell_type, field, array, dbms),
        DataType::Float32 if dbms.float_parameters == Exchange::Text => {
            floats(cell_type, array.as_primitive::<Float32Type>(), dbms)
        }
        DataType::Float64 if dbms.float_parameters == Exchange::Text => {
            floats(cell_type, array.as_primitive::<Float64Type>(), dbms)
        }
        DataType::Float32 => Cells::fixed(cell_type, array.as_primitive::<Float32Type>(), |v| {
            check_nan(v.is_nan(), dbms).map(|()| v.to_ne_bytes())
        }),
        DataType::Float64 => Cells::fixed(cell_type, array.as_primitive::<Float64Type>(), |v| {
            check_nan(v.is_nan(), dbms).map(|()| v.to_ne_bytes())
        }),
        DataType::Utf8 => texts(array.as_string::<i32>().iter(), dbms),
        DataType::LargeUtf8 => texts(array.as_string::<i64>().iter(), dbms),
        DataType::Utf8View => texts(array.as_string_view().iter(), dbms),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>();
            if dbms.date_parameters == Exchange::Text {
                return written(days, dbms, |out, day| {
                    civil::write_date(out, civil::date_of(day)?);
                    Ok(())
                });
            }
            Cells::fixed(cell_type, days, |day| civil::date_of(day).map(civil::date_cell))
        }
        DataType::Time32(TimeUnit::Second) => times::<Time32SecondType>(array, dbms),
        DataType::Time32(_) => times::<Time32MillisecondType>(array, dbms),
        DataType::Time64(TimeUnit::Microsecond) => times::<Time64MicrosecondType>(array, dbms),
        DataType::Time64(_) => times::<Time64NanosecondType>(array, dbms),
        DataType::Timestamp(unit, zone) => {
            if zone.is_some() {
                civil::check_instants(dbms).map_err(|refusal| (0, refusal))?;
            }
            match unit {
                TimeUnit::Second => timestamps::<TimestampSecondType>(array, dbms),
                TimeUnit::Millisecond => timestamps::<TimestampMillisecondType>(array, dbms),
                TimeUnit::Microsecond => timestamps::<TimestampMicrosecondType>(array, dbms),
                TimeUnit::Nanosecond => timestamps::<TimestampNanosecondType>(array, dbms),
            }
        }
        _ => any(field, array, dbms),
    }
}

fn type_of(parameter: &BoundParameter) -> CellType {
    CellType {
        c_type: parameter.c_type,
        sql_type: parameter.sql_type,
        column_size: parameter.column_size,
        decimal_digits: parameter.decimal_digits,
    }
}

fn integers<T: ArrowPrimitiveType<Native: Into<i64>>>(
    cell_type: CellType,
    array: &ArrayRef,
) -> RowResult<Cells> {
    Cells::fixed(cell_type, array.as_primitive::<T>(), |value| {
        let wide: i64 = value.into();
        Ok(wide.to_ne_bytes())
    })
}

/// Floats as text.
fn floats<T: ArrowPrimitiveType<Native: Into<f64>>>(
    cell_type: CellType,
    values: &PrimitiveArray<T>,
    dbms: &Dbms,
) -> RowResult<Cells> {
    of_lengths(cell_type, values.iter(), |out, number| {
        let number: f64 = number.into();
        check_nan(number.is_nan(), dbms)?;
        write_float(out, number);
        Ok(())
    })
}

/// Integers as they are, in the type that the largest one needs.
fn unsigned(cell_type: CellType, field: &Field, array: &ArrayRef, dbms: &Dbms) -> RowResult<Cells> {
    let numbers = array.as_primitive::<UInt64Type>();
    let is_large = |number: u64| i64::try_from(number).is_err();
    let Some(row) = numbers.iter().position(|number| number.is_some_and(is_large)) else {
        return Cells::fixed(cell_type, numbers, |number| Ok((number as i64).to_ne_bytes()));
    };
    let large = encode(field, &array.slice(row, 1), dbms).map_err(|refusal| (row, refusal))?;
    let cell_type = type_of(&large);
    if dbms.large_unsigned == LargeUnsigned::Decimal {
        let mut buffer = itoa::Buffer::new();
        return of_lengths(cell_type, numbers.iter(), |out, number| {
            out.extend_from_slice(buffer.format(number).as_bytes());
            Ok(())
        });
    }
    Cells::fixed(cell_type, numbers, |number| Ok(number.to_ne_bytes()))
}

fn times<T: ArrowPrimitiveType<Native: Into<i64>>>(
    array: &ArrayRef,
    dbms: &Dbms,
) -> RowResult<Cells> {
    let unit = match T::DATA_TYPE {
        DataType::Time32(unit) | DataType::Time64(unit) => unit,
        other => unreachable!("{other} is no type of times"),
    };
    written(array.as_primitive::<T>(), dbms, |out, value| {
        civil::write_time(out, civil::time_of(value.into(), unit, dbms)?);
        Ok(())
    })
}

fn timestamps<T: ArrowPrimitiveType<Native = i64>>(
    array: &ArrayRef,
    dbms: &Dbms,
) -> RowResult<Cells> {
    let DataType::Timestamp(unit, ref zone) = *array.data_type() else {
        unreachable!("{} is no type of timestamps", array.data_type())
    };
    let values = array.as_primitive::<T>();
    if zone.is_some() && dbms.instants_as_text {
        return written(values, dbms, |out, value| {
            civil::write_instant(out, civil::timestamp_of(value, unit, dbms)?);
            Ok(())
        });
    }
    if dbms.date_parameters == Exchange::Text {
        return written(values, dbms, |out, value| {
            civil::write_timestamp(out, civil::timestamp_of(value, unit, dbms)?);
            Ok(())
        });
    }
    let digits = i16::from(dbms.parameter_fraction_digits);
    let cell_type = CellType {
        c_type: CDataType::TypeTimestamp,
        sql_type: SqlDataType::TIMESTAMP,
        column_size: 20 + digits as usize,
        decimal_digits: digits,
    };
    Cells::fixed(cell_type, values, |value| {
        civil::timestamp_of(value, unit, dbms).map(civil::timestamp_cell)
    })
}

fn written<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    dbms: &Dbms,
    write: impl Fn(&mut Vec<u8>, T::Native) -> Result<(), Refusal>,
) -> RowResult<Cells> {
    let (cell_type, units) = text_type(32, dbms);
    of_lengths(cell_type, array.iter(), |out, value| {
        let begin = out.len();
        write(out, value)?;
        if units == 2 {
            let narrow = out.split_off(begin);
            out.extend(narrow.iter().flat_map(|byte| u16::from(*byte).to_ne_bytes()));
        }
        Ok(())
    })
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>, dbms: &Dbms) -> RowResult<Cells> {
    let (cell_type, units) = text_type(1, dbms);
    let mut cells = of_lengths(cell_type, values, |out, text| {
        check_text(text, dbms)?;
        match units {
            1 => out.extend_from_slice(text.as_bytes()),
            _ => out.extend(text.encode_utf16().flat_map(u16::to_ne_bytes)),
        }
        Ok(())
    })?;
    cells.cell_type = text_type(cells.stride / units, dbms).0;
    Ok(cells)
}

/// Cells of what `write` appends for each value.
fn of_lengths<T>(
    cell_type: CellType,
    values: impl Iterator<Item = Option<T>>,
    mut write: impl FnMut(&mut Vec<u8>, T) -> Result<(), Refusal>,
) -> RowResult<Cells> {
    let mut out = Vec::new();
    let mut lengths = Vec::with_capacity(values.size_hint().0);
    for (row, value) in values.enumerate() {
        let Some(value) = value else {
            lengths.push(NULL_DATA);
            continue;
        };
        let begin = out.len();
        write(&mut out, value).map_err(|refusal| (row, refusal))?;
        lengths.push((out.len() - begin) as isize);
    }
    Ok(Cells::spread(cell_type, &out, lengths))
}

/// Any other column, value by value.
fn any(field: &Field, array: &ArrayRef, dbms: &Dbms) -> RowResult<Cells> {
    let mut cell_type: Option<CellType> = None;
    let mut out = Vec::new();
    let mut lengths = Vec::with_capacity(array.len());
    for row in 0..array.len() {
        if array.is_null(row) || matches!(array.data_type(), DataType::Null) {
            lengths.push(NULL_DATA);
            continue;
        }
        let value = encode(field, &array.slice(row, 1), dbms).map_err(|refusal| (row, refusal))?;
        out.extend_from_slice(&value.data);
        lengths.push(value.data.len() as isize);
        let this = type_of(&value);
        // The type of the longest value, which may be a LONG one.
        if cell_type.is_none_or(|known| known.column_size < this.column_size) {
            cell_type = Some(this);
        }
    }
    let cell_type = cell_type.unwrap_or_else(|| null_type(field, array, dbms));
    Ok(Cells::spread(cell_type, &out, lengths))
}

fn null_type(field: &Field, array: &ArrayRef, dbms: &Dbms) -> CellType {
    match array.data_type() {
        DataType::Null => text_type(1, dbms).0,
        DataType::FixedSizeBinary(16) if is_uuid(field) => {
            let any = FixedSizeBinaryArray::try_from_iter([[0u8; 16]].into_iter());
            let none: ArrayRef = Arc::new(any.expect("the value has its size"));
            encode(field, &none, dbms).map_or_else(|_| text_type(1, dbms).0, |some| type_of(&some))
        }
        other => type_of(&null_of(other, dbms)),
    }
}
