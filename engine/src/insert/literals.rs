//! Columns as the text of PostgreSQL's arrays, for the server to unnest.

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
use odbc_api::sys::{CDataType, SqlDataType};

use super::chunk::{Cells, RowResult};
use crate::{
    dbms::Dbms,
    error::ErrorKind,
    parameters::{
        CellType, civil,
        encode::{Refusal, check_text, is_uuid, special, write_hex, write_uuid},
    },
};

/// Encodes a column as one text: `{1,NULL,"a b"}`.
pub(super) fn literal(field: &Field, array: &ArrayRef, dbms: &Dbms) -> RowResult<Cells> {
    let mut out = Vec::with_capacity(array.len() * 8 + 2);
    out.push(b'{');
    elements(field, array, dbms, &mut out)?;
    // Instead of the last comma.
    match out.last_mut() {
        Some(last) if *last == b',' => *last = b'}',
        _ => out.push(b'}'),
    }
    let cell_type = CellType {
        c_type: CDataType::Char,
        sql_type: SqlDataType::EXT_LONG_VARCHAR,
        column_size: out.len(),
        decimal_digits: 0,
    };
    Ok(Cells::single(cell_type, out))
}

fn elements(field: &Field, array: &ArrayRef, dbms: &Dbms, out: &mut Vec<u8>) -> RowResult<()> {
    let mut digits = itoa::Buffer::new();
    macro_rules! integers {
        ($type:ty) => {
            each(array.as_primitive::<$type>().iter(), out, |out, number| {
                out.extend_from_slice(digits.format(number).as_bytes());
                Ok(())
            })
        };
    }
    match array.data_type() {
        DataType::Null => each((0..array.len()).map(|_| None::<()>), out, |_, ()| Ok(())),
        DataType::Boolean => each(array.as_boolean().iter(), out, |out, value| {
            out.push(if value { b't' } else { b'f' });
            Ok(())
        }),
        DataType::Int8 => integers!(Int8Type),
        DataType::Int16 => integers!(Int16Type),
        DataType::Int32 => integers!(Int32Type),
        DataType::Int64 => integers!(Int64Type),
        DataType::UInt8 => integers!(UInt8Type),
        DataType::UInt16 => integers!(UInt16Type),
        DataType::UInt32 => integers!(UInt32Type),
        DataType::UInt64 => integers!(UInt64Type),
        DataType::Float32 => {
            let mut digits = zmij::Buffer::new();
            each(array.as_primitive::<Float32Type>().iter(), out, |out, number| {
                let special = special(number.into());
                out.extend(special.unwrap_or_else(|| digits.format_finite(number)).as_bytes());
                Ok(())
            })
        }
        DataType::Float64 => {
            let mut digits = zmij::Buffer::new();
            each(array.as_primitive::<Float64Type>().iter(), out, |out, number| {
                let special = special(number);
                out.extend(special.unwrap_or_else(|| digits.format_finite(number)).as_bytes());
                Ok(())
            })
        }
        DataType::Decimal128(..) => {
            let array = array.as_primitive::<Decimal128Type>();
            let texts = (0..array.len()).map(|row| array.is_valid(row).then_some(row));
            each(texts, out, |out, row| {
                out.extend_from_slice(array.value_as_string(row).as_bytes());
                Ok(())
            })
        }
        DataType::Decimal256(..) => {
            let array = array.as_primitive::<Decimal256Type>();
            let texts = (0..array.len()).map(|row| array.is_valid(row).then_some(row));
            each(texts, out, |out, row| {
                out.extend_from_slice(array.value_as_string(row).as_bytes());
                Ok(())
            })
        }
        DataType::Utf8 => {
            each(array.as_string::<i32>().iter(), out, |out, text| quoted(out, text, dbms))
        }
        DataType::LargeUtf8 => {
            each(array.as_string::<i64>().iter(), out, |out, text| quoted(out, text, dbms))
        }
        DataType::Utf8View => {
            each(array.as_string_view().iter(), out, |out, text| quoted(out, text, dbms))
        }
        DataType::Binary => each(array.as_binary::<i32>().iter(), out, hex),
        DataType::LargeBinary => each(array.as_binary::<i64>().iter(), out, hex),
        DataType::BinaryView => each(array.as_binary_view().iter(), out, hex),
        DataType::FixedSizeBinary(16) if is_uuid(field) => {
            each(array.as_fixed_size_binary().iter(), out, |out, bytes| {
                write_uuid(out, bytes.try_into().expect("the array's values have 16 bytes"));
                Ok(())
            })
        }
        DataType::FixedSizeBinary(_) => each(array.as_fixed_size_binary().iter(), out, hex),
        DataType::Date32 => each(array.as_primitive::<Date32Type>().iter(), out, |out, days| {
            civil::write_date(out, civil::date_of(days)?);
            Ok(())
        }),
        DataType::Time32(TimeUnit::Second) => times::<Time32SecondType>(array, dbms, out),
        DataType::Time32(_) => times::<Time32MillisecondType>(array, dbms, out),
        DataType::Time64(TimeUnit::Microsecond) => times::<Time64MicrosecondType>(array, dbms, out),
        DataType::Time64(_) => times::<Time64NanosecondType>(array, dbms, out),
        DataType::Timestamp(TimeUnit::Second, zone) => {
            timestamps::<TimestampSecondType>(array, zone.is_some(), dbms, out)
        }
        DataType::Timestamp(TimeUnit::Millisecond, zone) => {
            timestamps::<TimestampMillisecondType>(array, zone.is_some(), dbms, out)
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            timestamps::<TimestampMicrosecondType>(array, zone.is_some(), dbms, out)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            timestamps::<TimestampNanosecondType>(array, zone.is_some(), dbms, out)
        }
        other => {
            let message = format!("values of the Arrow type {other} cannot be passed");
            Err((0, Refusal { kind: ErrorKind::Unsupported, message }))
        }
    }
}

/// Writes each value, or NULL, with a comma behind it.
fn each<T>(
    values: impl Iterator<Item = Option<T>>,
    out: &mut Vec<u8>,
    mut write: impl FnMut(&mut Vec<u8>, T) -> Result<(), Refusal>,
) -> RowResult<()> {
    for (row, value) in values.enumerate() {
        match value {
            Some(value) => write(out, value).map_err(|refusal| (row, refusal))?,
            None => out.extend_from_slice(b"NULL"),
        }
        out.push(b',');
    }
    Ok(())
}

fn quoted(out: &mut Vec<u8>, text: &str, dbms: &Dbms) -> Result<(), Refusal> {
    check_text(text, dbms)?;
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        out.extend_from_slice(&rest[..at]);
        out.extend([b'\\', rest[at]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
    Ok(())
}

fn hex(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Refusal> {
    out.extend_from_slice(br#""\\x"#);
    for byte in bytes {
        write_hex(out, *byte);
    }
    out.push(b'"');
    Ok(())
}

fn times<T: ArrowPrimitiveType<Native: Into<i64>>>(
    array: &ArrayRef,
    dbms: &Dbms,
    out: &mut Vec<u8>,
) -> RowResult<()> {
    let (DataType::Time32(unit) | DataType::Time64(unit)) = T::DATA_TYPE else {
        unreachable!("{} is no type of times", T::DATA_TYPE)
    };
    each(array.as_primitive::<T>().iter(), out, |out, value| {
        civil::write_time(out, civil::time_of(value.into(), unit, dbms)?);
        Ok(())
    })
}

fn timestamps<T: ArrowPrimitiveType<Native = i64>>(
    array: &ArrayRef,
    is_instant: bool,
    dbms: &Dbms,
    out: &mut Vec<u8>,
) -> RowResult<()> {
    let DataType::Timestamp(unit, _) = array.data_type() else {
        unreachable!("{} is no type of timestamps", array.data_type())
    };
    each(array.as_primitive::<T>().iter(), out, |out, value| {
        let value = civil::timestamp_of(value, *unit, dbms)?;
        match is_instant {
            true => civil::write_instant(out, value),
            false => civil::write_timestamp(out, value),
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        BinaryArray, BooleanArray, Float64Array, Int64Array, NullArray, StringArray,
        TimestampMicrosecondArray,
    };

    use super::*;

    fn text(array: ArrayRef) -> String {
        let field = Field::new("a", array.data_type().clone(), true);
        let cells = literal(&field, &array, Dbms::by_name("PostgreSQL"));
        String::from_utf8(cells.ok().unwrap().data).unwrap()
    }

    #[test]
    fn elements_are_told_apart_and_escaped() {
        let texts = [Some("NULL"), None, Some(""), Some(r#"a"b\c{},'"#), Some(" € 😀")];
        let expected = r#"{"NULL",NULL,"","a\"b\\c{},'"," € 😀"}"#;
        assert_eq!(text(Arc::new(StringArray::from(texts.to_vec()))), expected);
        let bytes = BinaryArray::from_opt_vec(vec![Some(&[0, 255]), None, Some(&[])]);
        assert_eq!(text(Arc::new(bytes)), r#"{"\\x00ff",NULL,"\\x"}"#);
    }

    #[test]
    fn numbers_are_exact() {
        let integers = Int64Array::from(vec![Some(i64::MIN), None, Some(0)]);
        assert_eq!(text(Arc::new(integers)), "{-9223372036854775808,NULL,0}");
        let floats =
            Float64Array::from(vec![0.1, f64::NAN, f64::NEG_INFINITY, 1e300, -0.0, 5e-324]);
        assert_eq!(text(Arc::new(floats)), "{0.1,NaN,-Infinity,1e+300,-0.0,5e-324}");
        assert_eq!(text(Arc::new(BooleanArray::from(vec![true, false]))), "{t,f}");
        assert_eq!(text(Arc::new(NullArray::new(2))), "{NULL,NULL}");
        assert_eq!(text(Arc::new(Int64Array::from(Vec::<i64>::new()))), "{}");
    }

    #[test]
    fn instants_have_their_zone() {
        let instants = TimestampMicrosecondArray::from(vec![1]).with_timezone("UTC");
        assert_eq!(text(Arc::new(instants)), "{1970-01-01 00:00:00.000001+00}");
    }
}
