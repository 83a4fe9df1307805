//! From the parameters of a request to the engine's.

use std::{collections::HashMap, sync::Arc};

use odbc_engine::{
    Parameters,
    arrow_array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray,
        Float64Array, Int64Array, NullArray, RecordBatch, StringArray, Time64MicrosecondArray,
        TimestampMicrosecondArray,
    },
    arrow_schema::{Field, Schema, TimeUnit},
};

use crate::{
    calendar,
    harness::Failure,
    request::{Parameter, Values},
};

/// One batch of one row with a column for each parameter.
pub fn build(values: &Values) -> Result<Parameters, Failure> {
    let parameters: Vec<(&str, &Parameter)> = match values {
        Values::Positional(list) => list.iter().map(|parameter| ("", parameter)).collect(),
        Values::Named(map) => {
            map.iter().map(|(name, parameter)| (name.as_str(), parameter)).collect()
        }
    };
    if parameters.is_empty() {
        return Ok(Parameters::none());
    }
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (name, parameter) in parameters {
        let array = array(&parameter.format, parameter.value.as_deref())
            .ok_or_else(|| Failure::Fault(format!("cannot make a parameter of {parameter:?}")))?;
        let mut field = Field::new(name, array.data_type().clone(), true);
        if parameter.format == "w:16" {
            let extension = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
            field.set_metadata(HashMap::from([extension]));
        }
        fields.push(field);
        arrays.push(array);
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Failure::Fault(error.to_string()))?;
    Ok(Parameters::from_batch(&batch)?)
}

/// An array of one value; None when the format or the value is not understood.
fn array(format: &str, value: Option<&str>) -> Option<ArrayRef> {
    Some(match format {
        "n" => Arc::new(NullArray::new(1)),
        "b" => Arc::new(BooleanArray::from(vec![parsed(value, |text| text.parse().ok())?])),
        "l" => Arc::new(Int64Array::from(vec![parsed(value, |text| text.parse().ok())?])),
        "g" => Arc::new(Float64Array::from(vec![parsed(value, float)?])),
        "u" => Arc::new(StringArray::from(vec![value])),
        "z" => {
            let bytes = parsed(value, bytes)?;
            Arc::new(BinaryArray::from(vec![bytes.as_deref()]))
        }
        "w:16" => {
            let uuid = parsed(value, |text| bytes(&text.replace('-', "")))?;
            Arc::new(
                FixedSizeBinaryArray::try_from_sparse_iter_with_size([uuid].into_iter(), 16)
                    .ok()?,
            )
        }
        "tdD" => Arc::new(Date32Array::from(vec![parsed(value, calendar::days_of)?])),
        "ttu" => {
            let time = parsed(value, |text| calendar::time_of(text, TimeUnit::Microsecond))?;
            Arc::new(Time64MicrosecondArray::from(vec![time]))
        }
        "tsu:" | "tsu:UTC" => {
            let moment = parsed(value, |text| calendar::timestamp_of(text, TimeUnit::Microsecond))?;
            let zone = format.strip_prefix("tsu:").filter(|zone| !zone.is_empty());
            Arc::new(TimestampMicrosecondArray::from(vec![moment]).with_timezone_opt(zone))
        }
        _ => {
            let (precision, scale) = format.strip_prefix("d:")?.split_once(',')?;
            let (precision, scale) = (precision.parse().ok()?, scale.parse().ok()?);
            let unscaled = parsed(value, |text| text.replace('.', "").parse().ok())?;
            let array = Decimal128Array::from(vec![unscaled]);
            Arc::new(array.with_precision_and_scale(precision, scale).ok()?)
        }
    })
}

/// NULL stays NULL; a value that cannot be parsed is None altogether.
fn parsed<T>(value: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(text) => parse(text).map(Some),
    }
}

fn float(text: &str) -> Option<f64> {
    match text {
        "nan" => Some(f64::NAN),
        _ => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok().map(f64::from_bits),
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high << 4 | low).ok(),
            _ => None,
        })
        .collect()
}
