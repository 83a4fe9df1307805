//! Dividing the range of a column.

use std::{str::FromStr, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Decimal128Array, Decimal256Array, Float64Array, PrimitiveArray,
    cast::AsArray,
    types::{
        ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type,
        Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
        UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_buffer::i256;
use arrow_schema::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, TimeUnit};

use crate::{error::Result, options::invalid, types::decimal_digits};

/// The values between the parts of a column's range: each begins one, the first part excepted. Its
/// `least` and its `greatest` value are arrays of one.
pub(super) fn divide(
    field: &Field,
    least: &ArrayRef,
    greatest: &ArrayRef,
    parts: usize,
) -> Result<Vec<ArrayRef>> {
    let starts = match field.data_type() {
        DataType::Float32 => floats::<Float32Type>(least, greatest, parts),
        DataType::Float64 => floats::<Float64Type>(least, greatest, parts),
        DataType::Decimal128(..) | DataType::Decimal256(..) => decimals(least, greatest, parts),
        DataType::Utf8 if field.metadata().contains_key("odbc.logical") => {
            decimals(least, greatest, parts)
        }
        _ => counts(least, greatest, parts),
    };
    starts.ok_or_else(|| {
        let message = format!(
            "a column of type {} has no range to divide; give \"predicates\" instead",
            field.data_type()
        );
        invalid("partition", message)
    })
}

/// Between infinities there is nothing to divide.
fn floats<T: ArrowPrimitiveType>(
    least: &ArrayRef,
    greatest: &ArrayRef,
    parts: usize,
) -> Option<Vec<ArrayRef>>
where
    T::Native: Into<f64>,
{
    let value = |one: &ArrayRef| Some(one.as_primitive_opt::<T>()?.value(0).into());
    let (least, greatest): (f64, f64) = (value(least)?, value(greatest)?);
    let start = |part: usize| {
        let share = part as f64 / parts as f64;
        least * (1.0 - share) + greatest * share
    };
    let mut starts: Vec<f64> = (1..parts).map(start).collect();
    let mut last = least;
    // Within a few steps of a double's, the shares do not ascend.
    starts.retain(|start| {
        let ascends = start.is_finite() && *start > last;
        last = if ascends { *start } else { last };
        ascends
    });
    let array = |start| Arc::new(Float64Array::from_value(start, 1)) as ArrayRef;
    Some(starts.into_iter().map(array).collect())
}

/// Decimals by way of text, since psqlodbc 13.02 describes each MIN and MAX by its own value, without
/// bounds or with them. Up to NaN or an infinity there is nothing to divide.
fn decimals(least: &ArrayRef, greatest: &ArrayRef, parts: usize) -> Option<Vec<ArrayRef>> {
    let texts = [decimal_text(least)?, decimal_text(greatest)?];
    if texts.iter().any(|text| text.contains(char::is_alphabetic)) {
        return Some(Vec::new());
    }
    let fraction = |text: &String| text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let scale = i8::try_from(texts.iter().map(fraction).max()?).ok()?;
    let fits = |precision: u8| -> Option<Vec<i256>> {
        texts.iter().map(|text| decimal_digits(text, precision, scale)).collect()
    };
    let precisions = [DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION];
    let (precision, ends) = precisions.into_iter().find_map(|one| Some((one, fits(one)?)))?;
    let array = |start: i256| -> Option<ArrayRef> {
        Some(if precision == DECIMAL128_MAX_PRECISION {
            let array = Decimal128Array::from_value(start.to_i128()?, 1);
            Arc::new(array.with_precision_and_scale(precision, scale).ok()?)
        } else {
            let array = Decimal256Array::from_value(start, 1);
            Arc::new(array.with_precision_and_scale(precision, scale).ok()?)
        })
    };
    between(ends[0], ends[1], parts).map(array).collect()
}

fn decimal_text(one: &ArrayRef) -> Option<String> {
    match one.data_type() {
        DataType::Utf8 => Some(one.as_string::<i32>().value(0).to_owned()),
        DataType::Decimal128(..) => Some(one.as_primitive::<Decimal128Type>().value_as_string(0)),
        DataType::Decimal256(..) => Some(one.as_primitive::<Decimal256Type>().value_as_string(0)),
        _ => None,
    }
}

/// Values that are counted in some unit.
fn counts(least: &ArrayRef, greatest: &ArrayRef, parts: usize) -> Option<Vec<ArrayRef>> {
    match least.data_type() {
        DataType::Int8 => counted::<Int8Type>(least, greatest, parts),
        DataType::Int16 => counted::<Int16Type>(least, greatest, parts),
        DataType::Int32 => counted::<Int32Type>(least, greatest, parts),
        DataType::Int64 => counted::<Int64Type>(least, greatest, parts),
        DataType::UInt8 => counted::<UInt8Type>(least, greatest, parts),
        DataType::UInt16 => counted::<UInt16Type>(least, greatest, parts),
        DataType::UInt32 => counted::<UInt32Type>(least, greatest, parts),
        DataType::UInt64 => counted::<UInt64Type>(least, greatest, parts),
        DataType::Date32 => counted::<Date32Type>(least, greatest, parts),
        DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => counted::<TimestampSecondType>(least, greatest, parts),
            TimeUnit::Millisecond => counted::<TimestampMillisecondType>(least, greatest, parts),
            TimeUnit::Microsecond => counted::<TimestampMicrosecondType>(least, greatest, parts),
            TimeUnit::Nanosecond => counted::<TimestampNanosecondType>(least, greatest, parts),
        },
        _ => None,
    }
}

fn counted<T: ArrowPrimitiveType>(
    least: &ArrayRef,
    greatest: &ArrayRef,
    parts: usize,
) -> Option<Vec<ArrayRef>>
where
    T::Native: ToString + FromStr,
{
    // By way of text, which numbers of every width have.
    let number = |one: &ArrayRef| one.as_primitive_opt::<T>()?.value(0).to_string().parse().ok();
    let array = |start: i256| {
        let start = start.to_string().parse().ok()?;
        let array = PrimitiveArray::<T>::from_value(start, 1);
        Some(Arc::new(array.with_data_type(least.data_type().clone())) as ArrayRef)
    };
    between(number(least)?, number(greatest)?, parts).map(array).collect()
}

/// The numbers that begin the parts from the second on; no decimal of 76 digits is too large.
fn between(least: i256, greatest: i256, parts: usize) -> impl Iterator<Item = i256> {
    let number = |number: usize| i256::from_i128(number as i128);
    let (width, count) = (greatest - least + i256::ONE, number(parts));
    let (whole, rest) = (width / count, width % count);
    let start = move |part: usize| least + whole * number(part) + rest * number(part) / count;
    let mut last = least;
    (1..parts).map(start).filter(move |start| std::mem::replace(&mut last, *start) < *start)
}

#[cfg(test)]
mod tests {
    use arrow_array::StringArray;

    use super::*;

    fn divided(least: ArrayRef, greatest: ArrayRef, parts: usize) -> Vec<ArrayRef> {
        let decimal = [("odbc.logical".to_owned(), "decimal".to_owned())];
        let field = Field::new("k", least.data_type().clone(), true);
        let field = field.with_metadata(decimal);
        let starts = divide(&field, &least, &greatest, parts).unwrap();
        assert!(starts.iter().all(|start| start.len() == 1));
        starts
    }

    fn numbers<T: ArrowPrimitiveType>(
        least: T::Native,
        greatest: T::Native,
        parts: usize,
    ) -> Vec<T::Native> {
        let [least, greatest] =
            [least, greatest].map(|one| Arc::new(PrimitiveArray::<T>::from_value(one, 1)) as _);
        let starts = divided(least, greatest, parts);
        starts.iter().map(|one| one.as_primitive::<T>().value(0)).collect()
    }

    #[test]
    fn a_range_is_divided_evenly() {
        let whole = numbers::<Int64Type>;
        assert_eq!(whole(0, 99, 4), [25, 50, 75]);
        assert_eq!(whole(-1, 1, 3), [0, 1]);
        assert!(whole(7, 7, 4).is_empty());
        assert_eq!(whole(1, 2, 5), [2]);
        assert_eq!(whole(i64::MIN, i64::MAX, 2), [0]);
        assert_eq!(numbers::<UInt64Type>(0, u64::MAX, 4), [1 << 62, 1 << 63, 3 << 62]);
        assert_eq!(numbers::<Date32Type>(-10, 9, 2), [0]);
    }

    #[test]
    fn floats_are_divided_where_they_are_finite() {
        let floats = numbers::<Float64Type>;
        assert_eq!(floats(-1.0, 1.0, 4), [-0.5, 0.0, 0.5]);
        let near = floats(1.0, 1.0 + 8.0 * f64::EPSILON, 48);
        assert!(near.is_sorted_by(|one, next| one < next), "{near:?}");
        assert_eq!(floats(-f64::MAX, f64::MAX, 2), [0.0]);
        assert!(floats(2.5, 2.5, 3).is_empty());
        assert!(floats(f64::NEG_INFINITY, f64::INFINITY, 3).is_empty());
        assert!(floats(0.0, f64::NAN, 3).is_empty());
    }

    #[test]
    fn decimals_of_any_length_are_divided() {
        let text = |one: &str| Arc::new(StringArray::from(vec![one])) as ArrayRef;
        let shown = |start: &ArrayRef| decimal_text(start).unwrap();
        let texts = |least: &str, greatest: &str, parts| -> Vec<String> {
            divided(text(least), text(greatest), parts).iter().map(shown).collect()
        };
        assert_eq!(texts("-12345678.99", "12345678.99", 2), ["0.00"]);
        assert_eq!(texts("0", "1.5", 3), ["0.5", "1.0"]);
        assert!(texts("0", "NaN", 3).is_empty());
        let longest = "9".repeat(76);
        assert_eq!(texts(&format!("-{longest}"), &longest, 2), ["0"]);
        let bound = |value| {
            let array = Decimal128Array::from_value(value, 1);
            Arc::new(array.with_precision_and_scale(38, 6).unwrap()) as ArrayRef
        };
        let largest = 10i128.pow(38) - 1;
        let starts = divided(bound(-largest), bound(largest), 2);
        assert_eq!(starts[0].data_type(), &DataType::Decimal128(38, 6));
        assert_eq!(shown(&starts[0]), "0.000000");
        assert_eq!(shown(&divided(bound(0), text("3"), 3)[0]), "1.000000");
    }

    #[test]
    fn what_has_no_range_is_named() {
        let text = Arc::new(StringArray::from(vec!["1"])) as ArrayRef;
        let field = Field::new("k", DataType::Utf8, true);
        let error = divide(&field, &text, &text, 2).unwrap_err();
        assert!(error.message.contains("Utf8"), "{}", error.message);
    }
}
