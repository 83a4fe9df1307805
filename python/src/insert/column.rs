//! One column of rows in the making: Python's values, exactly or not at all.

use arrow_array::{
    ArrayRef, ArrowPrimitiveType,
    builder::{
        ArrayBuilder, BooleanBuilder, FixedSizeBinaryBuilder, LargeBinaryBuilder,
        LargeStringBuilder, NullBuilder, PrimitiveBuilder,
    },
    types::{
        Date32Type, Decimal128Type, Decimal256Type, DecimalType, Float32Type, Float64Type,
        Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType,
        Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
        UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_schema::{DECIMAL128_MAX_PRECISION, DataType, TimeUnit};

use crate::{
    decimal::{self, FromText},
    temporal,
    value::Value,
};

/// A column of one Arrow type.
pub(super) trait Column: Send {
    /// Adds a value; Err says why the column cannot hold it.
    fn push(&mut self, value: &Value<'_>) -> Result<(), String>;
    /// Takes what was added.
    fn finish(&mut self) -> ArrayRef;
}

struct Built<B, F> {
    builder: B,
    /// Adds a value, if it is of the column's kind.
    add: F,
    data_type: DataType,
}

impl<B, F> Column for Built<B, F>
where
    B: ArrayBuilder,
    F: Fn(&mut B, &Value<'_>) -> Result<bool, String> + Send,
{
    fn push(&mut self, value: &Value<'_>) -> Result<(), String> {
        if (self.add)(&mut self.builder, value)? {
            return Ok(());
        }
        Err(format!("{} does not go into a column of the type {}", value.kind(), self.data_type))
    }

    fn finish(&mut self) -> ArrayRef {
        self.builder.finish()
    }
}

/// The type of a column for an Arrow type: text and bytes of any length need the wide offsets, and
/// a decimal may have been written without the bits that its digits need.
pub(super) fn stored_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 | DataType::Utf8View => DataType::LargeUtf8,
        DataType::Binary | DataType::BinaryView => DataType::LargeBinary,
        DataType::Decimal128(precision, scale) if *precision > DECIMAL128_MAX_PRECISION => {
            DataType::Decimal256(*precision, *scale)
        }
        other => other.clone(),
    }
}

/// An empty column.
pub(super) fn column(data_type: &DataType) -> Result<Box<dyn Column>, String> {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    Ok(match *data_type {
        DataType::Null => built(data_type, NullBuilder::new(), |builder, value| {
            let is_null = matches!(value, Value::Null);
            if is_null {
                builder.append_null();
            }
            Ok(is_null)
        }),
        DataType::Boolean => built(data_type, BooleanBuilder::new(), |builder, value| {
            match value {
                Value::Null => builder.append_null(),
                Value::Boolean(value) => builder.append_value(*value),
                _ => return Ok(false),
            }
            Ok(true)
        }),
        DataType::Int8 => integers::<Int8Type>(data_type),
        DataType::Int16 => integers::<Int16Type>(data_type),
        DataType::Int32 => integers::<Int32Type>(data_type),
        DataType::Int64 => integers::<Int64Type>(data_type),
        DataType::UInt8 => integers::<UInt8Type>(data_type),
        DataType::UInt16 => integers::<UInt16Type>(data_type),
        DataType::UInt32 => integers::<UInt32Type>(data_type),
        DataType::UInt64 => integers::<UInt64Type>(data_type),
        DataType::Float32 => primitives::<Float32Type>(data_type, |value| {
            float(value, |number| {
                let narrow = number as f32;
                (number.is_nan() || f64::from(narrow) == number).then_some(narrow)
            })
        }),
        DataType::Float64 => primitives::<Float64Type>(data_type, |value| float(value, Some)),
        DataType::Decimal128(precision, scale) => {
            decimals::<Decimal128Type>(data_type, precision, scale)?
        }
        DataType::Decimal256(precision, scale) => {
            decimals::<Decimal256Type>(data_type, precision, scale)?
        }
        DataType::LargeUtf8 => built(data_type, LargeStringBuilder::new(), |builder, value| {
            match value {
                Value::Null => builder.append_null(),
                Value::Text(text) => builder.append_value(text),
                _ => return Ok(false),
            }
            Ok(true)
        }),
        DataType::LargeBinary => built(data_type, LargeBinaryBuilder::new(), |builder, value| {
            match value {
                Value::Null => builder.append_null(),
                Value::Bytes(bytes) => builder.append_value(bytes),
                _ => return Ok(false),
            }
            Ok(true)
        }),
        DataType::FixedSizeBinary(size) => {
            built(data_type, FixedSizeBinaryBuilder::new(size), move |builder, value| {
                let bytes = match value {
                    Value::Null => {
                        builder.append_null();
                        return Ok(true);
                    }
                    Value::Bytes(bytes) => bytes.as_ref(),
                    Value::Uuid(bytes) => bytes,
                    _ => return Ok(false),
                };
                let length = bytes.len();
                builder.append_value(bytes).map(|()| true).map_err(|_| {
                    format!("{length} bytes do not go into a column of {size} bytes each")
                })
            })
        }
        DataType::Date32 => primitives::<Date32Type>(data_type, |value| match value {
            Value::Date(days) => Ok(Some(*days)),
            _ => Ok(None),
        }),
        DataType::Time32(Second) => times::<Time32SecondType>(data_type, Second),
        DataType::Time32(unit) => times::<Time32MillisecondType>(data_type, unit),
        DataType::Time64(Nanosecond) => times::<Time64NanosecondType>(data_type, Nanosecond),
        DataType::Time64(unit) => times::<Time64MicrosecondType>(data_type, unit),
        DataType::Timestamp(Second, _) => moments::<TimestampSecondType>(data_type, Second),
        DataType::Timestamp(Millisecond, _) => {
            moments::<TimestampMillisecondType>(data_type, Millisecond)
        }
        DataType::Timestamp(Microsecond, _) => {
            moments::<TimestampMicrosecondType>(data_type, Microsecond)
        }
        DataType::Timestamp(Nanosecond, _) => {
            moments::<TimestampNanosecondType>(data_type, Nanosecond)
        }
        ref other => return Err(format!("rows of Python objects cannot have the type {other}")),
    })
}

fn built<B, F>(data_type: &DataType, builder: B, add: F) -> Box<dyn Column>
where
    B: ArrayBuilder,
    F: Fn(&mut B, &Value<'_>) -> Result<bool, String> + Send + 'static,
{
    Box::new(Built { builder, add, data_type: data_type.clone() })
}

/// A column of numbers, whose `read` gives None for a value of another kind.
fn primitives<T: ArrowPrimitiveType>(
    data_type: &DataType,
    read: impl Fn(&Value<'_>) -> Result<Option<T::Native>, String> + Send + 'static,
) -> Box<dyn Column> {
    let builder = PrimitiveBuilder::<T>::new().with_data_type(data_type.clone());
    built(data_type, builder, move |builder, value| {
        if let Value::Null = value {
            builder.append_null();
            return Ok(true);
        }
        let number = read(value)?;
        if let Some(number) = number {
            builder.append_value(number);
        }
        Ok(number.is_some())
    })
}

fn integers<T: ArrowPrimitiveType>(data_type: &DataType) -> Box<dyn Column>
where
    T::Native: TryFrom<i64> + TryFrom<i128>,
{
    let name = data_type.to_string();
    primitives::<T>(data_type, move |value| {
        let exceeds = |number: &dyn std::fmt::Display| format!("{number} is beyond {name}");
        match value {
            Value::Integer(number) => {
                T::Native::try_from(*number).map(Some).map_err(|_| exceeds(number))
            }
            Value::Large(digits) => {
                let number = digits.parse::<i128>().ok();
                let number = number.and_then(|number| T::Native::try_from(number).ok());
                number.map(Some).ok_or_else(|| exceeds(digits))
            }
            _ => Ok(None),
        }
    })
}

/// The float that equals a number, where `narrow` leaves it as it is.
fn float<N>(value: &Value<'_>, narrow: fn(f64) -> Option<N>) -> Result<Option<N>, String> {
    let inexact = |number: &dyn std::fmt::Display| format!("no float of the column is {number}");
    match value {
        Value::Float(number) => narrow(*number).map(Some).ok_or_else(|| inexact(number)),
        Value::Integer(number) => {
            let near = *number as f64;
            let exact = near as i128 == i128::from(*number);
            let float = if exact { narrow(near) } else { None };
            float.map(Some).ok_or_else(|| inexact(number))
        }
        Value::Large(digits) => Err(inexact(digits)),
        _ => Ok(None),
    }
}

fn decimals<T: DecimalType>(
    data_type: &DataType,
    precision: u8,
    scale: i8,
) -> Result<Box<dyn Column>, String>
where
    T::Native: FromText,
{
    let Ok(places) = usize::try_from(scale) else {
        return Err(format!("the scale of {data_type} is negative"));
    };
    let of_text = move |text: &str| {
        let unscaled = decimal::unscaled::<T>(text, places);
        let unscaled = unscaled.filter(|number| T::is_valid_decimal_precision(*number, precision));
        unscaled.map(Some).ok_or_else(|| {
            format!("{} is beyond a decimal({precision}, {scale})", decimal::shown(text))
        })
    };
    Ok(primitives::<T>(data_type, move |value| match value {
        Value::Decimal(text) | Value::Large(text) => of_text(text),
        Value::Integer(number) => of_text(&number.to_string()),
        _ => Ok(None),
    }))
}

fn times<T: ArrowPrimitiveType>(data_type: &DataType, unit: TimeUnit) -> Box<dyn Column>
where
    T::Native: TryFrom<i64>,
{
    primitives::<T>(data_type, move |value| match value {
        Value::Time(micros) => Ok(T::Native::try_from(temporal::of_micros(*micros, unit)?).ok()),
        _ => Ok(None),
    })
}

fn moments<T: ArrowPrimitiveType<Native = i64>>(
    data_type: &DataType,
    unit: TimeUnit,
) -> Box<dyn Column> {
    let in_zone = matches!(data_type, DataType::Timestamp(_, Some(_)));
    primitives::<T>(data_type, move |value| match value {
        Value::Moment(moment) if moment.instant == in_zone => moment.count(unit).map(Some),
        _ => Ok(None),
    })
}
