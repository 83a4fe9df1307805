//! From record batches to the cells of the protocol.

use odbc_engine::{
    arrow_array::{Array, ArrayRef, RecordBatch, cast::AsArray, types::*},
    arrow_schema::{DataType, TimeUnit},
};

use crate::calendar;

type Cell = Option<String>;

/// The rows of a batch.
pub fn rows(batch: &RecordBatch) -> Result<Vec<Vec<Cell>>, String> {
    let columns: Vec<Vec<Cell>> = batch.columns().iter().map(column).collect::<Result<_, _>>()?;
    Ok((0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column[row].clone()).collect())
        .collect())
}

fn column(array: &ArrayRef) -> Result<Vec<Cell>, String> {
    (0..array.len())
        .map(|row| if array.is_null(row) { Ok(None) } else { value(array, row).map(Some) })
        .collect()
}

fn value(array: &ArrayRef, row: usize) -> Result<String, String> {
    macro_rules! number {
        ($type:ty) => {
            array.as_primitive::<$type>().value(row).to_string()
        };
    }
    Ok(match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            if value.is_nan() { "nan".into() } else { format!("0x{:08x}", value.to_bits()) }
        }
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            if value.is_nan() { "nan".into() } else { format!("0x{:016x}", value.to_bits()) }
        }
        DataType::Decimal128(_, scale) => decimal(&number!(Decimal128Type), *scale),
        DataType::Decimal256(_, scale) => decimal(&number!(Decimal256Type), *scale),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Binary => hex(array.as_binary::<i32>().value(row)),
        DataType::FixedSizeBinary(16) => uuid(array.as_fixed_size_binary().value(row)),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            calendar::date_text(days)
                .ok_or_else(|| format!("{days} days are beyond the calendar"))?
        }
        DataType::Time64(unit) => calendar::time_text(time(array, *unit, row), *unit),
        DataType::Timestamp(unit, zone) => {
            let count = timestamp(array, *unit, row);
            let text = calendar::timestamp_text(count, *unit)
                .ok_or_else(|| format!("{count} is beyond the calendar"))?;
            if zone.is_some() { text + "Z" } else { text }
        }
        other => return Err(format!("no cell for the type {other}")),
    })
}

fn time(array: &ArrayRef, unit: TimeUnit, row: usize) -> i64 {
    match unit {
        TimeUnit::Nanosecond => array.as_primitive::<Time64NanosecondType>().value(row),
        _ => array.as_primitive::<Time64MicrosecondType>().value(row),
    }
}

fn timestamp(array: &ArrayRef, unit: TimeUnit, row: usize) -> i64 {
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(row),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(row),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(row),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().value(row),
    }
}

/// The unscaled number of a decimal as text, with its point put in.
fn decimal(unscaled: &str, scale: i8) -> String {
    let (sign, digits) = match unscaled.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", unscaled),
    };
    let scale = usize::try_from(scale).unwrap_or_default();
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    let point = if scale == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn uuid(bytes: &[u8]) -> String {
    let digits = hex(bytes);
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_exactly_the_digits_of_their_scale() {
        assert_eq!(decimal("125000", 4), "12.5000");
        assert_eq!(decimal("-1", 2), "-0.01");
        assert_eq!(decimal("0", 2), "0.00");
        assert_eq!(decimal("12", 0), "12");
    }

    #[test]
    fn uuids_are_spelled_in_five_parts() {
        let bytes: [u8; 16] = std::array::from_fn(|index| index as u8 * 0x11);
        assert_eq!(uuid(&bytes), "00112233-4455-6677-8899-aabbccddeeff");
    }
}
