//! Arrow types whose values are passed as those of another type.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, RunArray, UInt64Array,
    cast::AsArray,
    types::{
        Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Float16Type,
        Float32Type, Int16Type, Int32Type, Int64Type, RunEndIndexType,
    },
};
use arrow_buffer::ArrowNativeType;
use arrow_schema::{ArrowError, DataType, Field};
use arrow_select::take::take;

use super::encode::{Refusal, refuse};
use crate::error::ErrorKind;

const DAY_MS: i64 = 86_400_000;

/// The type that values of another are passed as; None where that is their own.
fn plain_type(data_type: &DataType) -> Option<DataType> {
    let values = match data_type {
        DataType::Dictionary(_, values) => values,
        DataType::RunEndEncoded(_, values) => values.data_type(),
        DataType::Float16 => return Some(DataType::Float32),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            return Some(DataType::Decimal128(*precision, *scale));
        }
        DataType::Date64 => return Some(DataType::Date32),
        _ => return None,
    };
    Some(plain_type(values).unwrap_or_else(|| values.clone()))
}

/// The field with the type that its values are passed as.
pub(crate) fn plain_field(field: &Field) -> Field {
    let plain = plain_type(field.data_type());
    plain.map_or_else(|| field.clone(), |plain| field.clone().with_data_type(plain))
}

/// The values as they are passed.
pub(crate) fn plain_array(array: &ArrayRef) -> Result<ArrayRef, Refusal> {
    match array.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            plain_array(&take(dictionary.values(), dictionary.keys(), None).map_err(invalid)?)
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => runs::<Int16Type>(array),
            DataType::Int32 => runs::<Int32Type>(array),
            _ => runs::<Int64Type>(array),
        },
        DataType::Float16 => {
            let halves = array.as_primitive::<Float16Type>();
            Ok(Arc::new(halves.unary::<_, Float32Type>(|half| half.to_f32())))
        }
        DataType::Decimal32(precision, scale) => {
            widened::<Decimal32Type>(array, *precision, *scale)
        }
        DataType::Decimal64(precision, scale) => {
            widened::<Decimal64Type>(array, *precision, *scale)
        }
        DataType::Date64 => {
            let moments = array.as_primitive::<Date64Type>();
            Ok(Arc::new(moments.try_unary::<_, Date32Type, _>(day_of)?))
        }
        _ => Ok(Arc::clone(array)),
    }
}

fn widened<T>(array: &ArrayRef, precision: u8, scale: i8) -> Result<ArrayRef, Refusal>
where
    T: ArrowPrimitiveType<Native: Into<i128>>,
{
    let wide = array.as_primitive::<T>().unary::<_, Decimal128Type>(Into::into);
    Ok(Arc::new(wide.with_precision_and_scale(precision, scale).map_err(invalid)?))
}

/// The day that a Date64 is; by Arrow's format it is a whole one.
fn day_of(milliseconds: i64) -> Result<i32, Refusal> {
    match i32::try_from(milliseconds.div_euclid(DAY_MS)) {
        Ok(day) if milliseconds % DAY_MS == 0 => Ok(day),
        _ => refuse(
            ErrorKind::Data,
            format!("the Date64 {milliseconds} is not a whole number of days in milliseconds"),
        ),
    }
}

/// Every value of an array of runs.
fn runs<T: RunEndIndexType>(array: &ArrayRef) -> Result<ArrayRef, Refusal> {
    let runs = array.as_any().downcast_ref::<RunArray<T>>().expect("its ends are of this type");
    let rows = (0..runs.len()).map(T::Native::usize_as).collect::<Vec<_>>();
    let places = runs.get_physical_indices(&rows).map_err(invalid)?;
    let places = UInt64Array::from_iter_values(places.into_iter().map(|place| place as u64));
    plain_array(&take(runs.values(), &places, None).map_err(invalid)?)
}

fn invalid(error: ArrowError) -> Refusal {
    Refusal { kind: ErrorKind::InvalidArgument, message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use arrow_array::{
        Date32Array, Date64Array, Decimal64Array, Decimal128Array, DictionaryArray, Float16Array,
        Float32Array, Int32Array, StringArray,
    };

    use super::*;

    fn assert_plain(array: impl Array + 'static, expected: &dyn Array) {
        let array: ArrayRef = Arc::new(array);
        let plain = plain_array(&array).unwrap_or_else(|refusal| panic!("{}", refusal.message));
        assert_eq!(plain.as_ref(), expected);
        let field = plain_field(&Field::new("v", array.data_type().clone(), true));
        assert_eq!(field.data_type(), expected.data_type());
    }

    #[test]
    fn values_are_those_of_the_plain_type() {
        let half = <Float16Type as ArrowPrimitiveType>::Native::from_bits;
        assert_plain(
            Float16Array::from(vec![Some(half(0x3e00)), None, Some(half(0xfc00))]),
            &Float32Array::from(vec![Some(1.5), None, Some(f32::NEG_INFINITY)]),
        );
        let narrow = Decimal64Array::from(vec![Some(-150), None]);
        let wide = Decimal128Array::from(vec![Some(-150), None]);
        assert_plain(
            narrow.with_precision_and_scale(12, 2).unwrap(),
            &wide.with_precision_and_scale(12, 2).unwrap(),
        );
        assert_plain(
            Date64Array::from(vec![Some(-DAY_MS), None, Some(0), Some(18_263 * DAY_MS)]),
            &Date32Array::from(vec![Some(-1), None, Some(0), Some(18_263)]),
        );
    }

    #[test]
    fn a_date_with_a_time_is_refused() {
        for milliseconds in [1, -1, DAY_MS + 3_600_000, i64::MAX, i64::MIN] {
            let array: ArrayRef = Arc::new(Date64Array::from(vec![None, Some(milliseconds)]));
            let refusal = plain_array(&array).expect_err("it is no day");
            assert_eq!(refusal.kind, ErrorKind::Data);
            assert!(refusal.message.contains(&milliseconds.to_string()), "{}", refusal.message);
        }
    }

    #[test]
    fn runs_and_dictionaries_are_spelt_out() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("b"), Some("a"), None]));
        let keys = Int32Array::from(vec![Some(1), Some(0), None, Some(2)]);
        let dictionary = DictionaryArray::new(keys, texts);
        let (a, b) = (Some("a"), Some("b"));
        assert_plain(dictionary.clone(), &StringArray::from(vec![a, b, None, None]));

        let ends = Int32Array::from(vec![2, 3, 5, 6]);
        let runs = RunArray::<Int32Type>::try_new(&ends, &dictionary).unwrap();
        let spelt = StringArray::from(vec![a, a, b, None, None, None]);
        for (offset, length) in [(0, 6), (1, 3), (2, 0), (4, 2)] {
            assert_plain(runs.slice(offset, length), &spelt.slice(offset, length));
        }
    }
}
