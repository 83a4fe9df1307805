//! From the parameters of a request to the engine's.

use std::{collections::HashMap, sync::Arc};

use odbc_engine::{
    Parameters,
    arrow_array::{
        Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
        FixedSizeBinaryArray, Float64Array, Int64Array, NullArray, RecordBatch, StringArray,
        Time64MicrosecondArray, TimestampMicrosecondArray,
    },
    arrow_schema::{Field, Schema, SchemaRef, TimeUnit},
};

use crate::{
    calendar,
    harness::Failure,
    request::{Parameter, RowField, Values},
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
        let array = array(&parameter.format, &[parameter.value.as_deref()])
            .ok_or_else(|| Failure::Fault(format!("cannot make a parameter of {parameter:?}")))?;
        fields.push(field(name, &parameter.format, &array));
        arrays.push(array);
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Failure::Fault(error.to_string()))?;
    Ok(Parameters::from_batch(&batch)?)
}

/// Rows to insert, in batches of this many.
pub fn batches(
    fields: &[RowField],
    rows: &[Vec<Option<String>>],
    batch_rows: usize,
) -> Result<(SchemaRef, Vec<RecordBatch>), Failure> {
    let fault = |message: String| Failure::Fault(message);
    let mut columns = Vec::new();
    for (index, column) in fields.iter().enumerate() {
        let cells: Vec<_> = rows.iter().map(|row| row.get(index)?.as_deref()).collect();
        let array = array(&column.format, &cells)
            .ok_or_else(|| fault(format!("cannot make a column of {column:?}")))?;
        columns.push((field(&column.name, &column.format, &array), array));
    }
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let all = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| fault(error.to_string()))?;
    let begins = (0..all.num_rows()).step_by(batch_rows);
    let batches = begins.map(|at| all.slice(at, batch_rows.min(all.num_rows() - at)));
    Ok((all.schema(), batches.collect()))
}

fn field(name: &str, format: &str, array: &ArrayRef) -> Field {
    let field = Field::new(name, array.data_type().clone(), true);
    if format != "w:16" {
        return field;
    }
    let extension = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
    field.with_metadata(HashMap::from([extension]))
}

/// An array of values; None when the format or a value is not understood.
fn array(format: &str, cells: &[Option<&str>]) -> Option<ArrayRef> {
    /// NULL stays NULL; a value that cannot be parsed is None altogether.
    fn parsed<T>(
        cells: &[Option<&str>],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<Option<T>>> {
        let parse = |cell: &Option<&str>| match cell {
            None => Some(None),
            Some(text) => parse(text).map(Some),
        };
        cells.iter().map(parse).collect()
    }
    Some(match format {
        "n" => Arc::new(NullArray::new(cells.len())),
        "b" => Arc::new(BooleanArray::from(parsed(cells, |text| text.parse().ok())?)),
        "l" => Arc::new(Int64Array::from(parsed(cells, |text| text.parse().ok())?)),
        "g" => Arc::new(Float64Array::from(parsed(cells, float)?)),
        "u" => Arc::new(StringArray::from(cells.to_vec())),
        "z" => Arc::new(BinaryArray::from_iter(parsed(cells, bytes)?)),
        "w:16" => {
            let uuids = parsed(cells, |text| bytes(&text.replace('-', "")))?;
            Arc::new(
                FixedSizeBinaryArray::try_from_sparse_iter_with_size(uuids.into_iter(), 16).ok()?,
            )
        }
        "tdD" => Arc::new(Date32Array::from(parsed(cells, calendar::days_of)?)),
        "ttu" => {
            let times = parsed(cells, |text| calendar::time_of(text, TimeUnit::Microsecond))?;
            Arc::new(Time64MicrosecondArray::from(times))
        }
        "tsu:" | "tsu:UTC" => {
            let moments =
                parsed(cells, |text| calendar::timestamp_of(text, TimeUnit::Microsecond))?;
            let zone = format.strip_prefix("tsu:").filter(|zone| !zone.is_empty());
            Arc::new(TimestampMicrosecondArray::from(moments).with_timezone_opt(zone))
        }
        _ => {
            let (precision, scale) = format.strip_prefix("d:")?.split_once(',')?;
            let (precision, scale) = (precision.parse().ok()?, scale.parse().ok()?);
            let unscaled = parsed(cells, |text| text.replace('.', "").parse().ok())?;
            let array = Decimal128Array::from(unscaled);
            Arc::new(array.with_precision_and_scale(precision, scale).ok()?)
        }
    })
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
