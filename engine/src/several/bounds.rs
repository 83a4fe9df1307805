//! Dividing the range of a column.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Decimal128Array, Int64Array, PrimitiveArray, RecordBatch,
    cast::AsArray,
    types::{
        ArrowPrimitiveType, Date32Type, Decimal128Type, Int8Type, Int16Type, Int32Type, Int64Type,
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
        TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    },
};
use arrow_schema::{DataType, TimeUnit};

use crate::{error::Result, options::invalid};

/// The values between the parts: each begins one, the first part excepted. None where the column
/// has no value at all.
pub(super) fn divide(row: &RecordBatch, parts: usize) -> Result<Option<Vec<ArrayRef>>> {
    let (least, greatest) = (row.column(0), row.column(1));
    if least.is_null(0) {
        return Ok(None);
    }
    let data_type = least.data_type();
    let (Some(least), Some(greatest)) = (value(least), value(greatest)) else {
        let message = format!(
            "a column whose least value is of type {data_type} has no range to divide; give \
             \"predicates\" instead"
        );
        return Err(invalid("partition", message));
    };
    let width = greatest - least + 1;
    let mut starts: Vec<i128> =
        (1..parts as i128).map(|part| least + width * part / parts as i128).collect();
    starts.dedup();
    starts.retain(|start| *start > least);
    Ok(Some(starts.into_iter().map(|start| array(start, data_type)).collect()))
}

/// The first value, counted in the column's unit.
fn value(array: &ArrayRef) -> Option<i128> {
    fn first<T: ArrowPrimitiveType>(array: &ArrayRef) -> Option<i128>
    where
        T::Native: Into<i128>,
    {
        Some(array.as_primitive::<T>().value(0).into())
    }
    match array.data_type() {
        DataType::Int8 => first::<Int8Type>(array),
        DataType::Int16 => first::<Int16Type>(array),
        DataType::Int32 => first::<Int32Type>(array),
        DataType::Int64 => first::<Int64Type>(array),
        DataType::UInt8 => first::<UInt8Type>(array),
        DataType::UInt16 => first::<UInt16Type>(array),
        DataType::UInt32 => first::<UInt32Type>(array),
        DataType::Date32 => first::<Date32Type>(array),
        DataType::Decimal128(..) => first::<Decimal128Type>(array),
        DataType::Timestamp(TimeUnit::Second, _) => first::<TimestampSecondType>(array),
        DataType::Timestamp(TimeUnit::Millisecond, _) => first::<TimestampMillisecondType>(array),
        DataType::Timestamp(TimeUnit::Microsecond, _) => first::<TimestampMicrosecondType>(array),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => first::<TimestampNanosecondType>(array),
        _ => None,
    }
}

/// A value as a parameter of the column's type.
fn array(value: i128, data_type: &DataType) -> ArrayRef {
    fn of<T: ArrowPrimitiveType<Native = i64>>(value: i128, data_type: &DataType) -> ArrayRef {
        Arc::new(PrimitiveArray::<T>::from_value(value as i64, 1).with_data_type(data_type.clone()))
    }
    match data_type {
        DataType::Date32 => Arc::new(PrimitiveArray::<Date32Type>::from_value(value as i32, 1)),
        DataType::Decimal128(..) => {
            Arc::new(Decimal128Array::from_value(value, 1).with_data_type(data_type.clone()))
        }
        DataType::Timestamp(TimeUnit::Second, _) => of::<TimestampSecondType>(value, data_type),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            of::<TimestampMillisecondType>(value, data_type)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            of::<TimestampMicrosecondType>(value, data_type)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            of::<TimestampNanosecondType>(value, data_type)
        }
        _ => Arc::new(Int64Array::from_value(value as i64, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(least: Option<i64>, greatest: Option<i64>, parts: usize) -> Option<Vec<i64>> {
        let column = |value| -> ArrayRef { Arc::new(Int64Array::from(vec![value])) };
        let columns = [("least", column(least)), ("greatest", column(greatest))];
        let row = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, array)| (name, array, true)),
        );
        let starts = divide(&row.unwrap(), parts).unwrap()?;
        Some(starts.iter().map(|one| one.as_primitive::<Int64Type>().value(0)).collect())
    }

    #[test]
    fn a_range_is_divided_evenly() {
        assert_eq!(starts(Some(0), Some(99), 4), Some(vec![25, 50, 75]));
        assert_eq!(starts(Some(-1), Some(1), 3), Some(vec![0, 1]));
        assert_eq!(starts(Some(7), Some(7), 4), Some(vec![]));
        assert_eq!(starts(Some(1), Some(2), 5), Some(vec![2]));
        assert_eq!(starts(Some(i64::MIN), Some(i64::MAX), 2), Some(vec![0]));
        assert_eq!(starts(None, None, 2), None);
    }
}
