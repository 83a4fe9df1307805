//! Arrow batches as Python tuples, converted column by column.

use std::ops::Range;

use arrow_array::{
    Array, ArrayAccessor, RecordBatch,
    cast::AsArray,
    types::{
        ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, DecimalType, Float32Type,
        Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
        Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
        UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_schema::{DataType, Field, TimeUnit};
use pyo3::{
    IntoPyObjectExt,
    prelude::*,
    types::{PyBool, PyBytes, PyList, PyString, PyTuple},
};

use crate::{decimal, exceptions, temporal, uuid};

/// Why one value did not become a Python object.
pub(crate) enum Failure {
    /// Python's type cannot hold it.
    Unrepresentable(String),
    /// Python itself failed.
    Python(PyErr),
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

pub(crate) type Converted<'py> = Result<Bound<'py, PyAny>, Failure>;

/// Rows of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) first: usize,
    pub(crate) length: usize,
}

impl Span {
    fn rows(self) -> Range<usize> {
        self.first..self.first + self.length
    }
}

/// So many rows are converted at a time, so that their cells stay in the processor's cache.
const CHUNK_ROWS: usize = 256;

/// Adds the rows before the first that Python cannot hold to a list; returns how many, and the
/// exception for that one. `first_row` is the number of the batch's first row in its result.
pub(crate) fn append(
    list: &Bound<'_, PyList>,
    batch: &RecordBatch,
    span: Span,
    first_row: u64,
) -> PyResult<(usize, Option<PyErr>)> {
    let (mut next, mut end) = (span.first, span.first + span.length);
    let mut failure = None;
    let mut cells = Cells::new();
    while next < end {
        let chunk = Span { first: next, length: CHUNK_ROWS.min(end - next) };
        cells.clear();
        match columns(list.py(), batch, chunk, first_row, &mut cells) {
            Ok(()) => {
                append_tuples(list, &mut cells, chunk.length)?;
                next += chunk.length;
            }
            Err((row, error)) => (end, failure) = (row, Some(error)),
        }
    }
    Ok((next - span.first, failure))
}

/// Appends the cells of every column; the error is that of one row.
fn columns<'py>(
    py: Python<'py>,
    batch: &RecordBatch,
    span: Span,
    first_row: u64,
    cells: &mut Cells<'py>,
) -> Result<(), (usize, PyErr)> {
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        column(py, field, array, span, cells).map_err(|(row, failure)| {
            let error = match failure {
                Failure::Python(error) => error,
                Failure::Unrepresentable(reason) => {
                    exceptions::unrepresentable(py, field.name(), first_row + row as u64, &reason)
                }
            };
            (row, error)
        })?;
    }
    Ok(())
}

/// Appends a tuple for each row of these cells.
fn append_tuples<'py>(
    list: &Bound<'py, PyList>,
    cells: &mut Cells<'py>,
    rows: usize,
) -> PyResult<()> {
    for row in 0..rows {
        let places = (row..cells.len()).step_by(rows);
        let cells = places.map(|place| cells[place].take().expect("each is taken once"));
        list.append(PyTuple::new(list.py(), cells)?)?;
    }
    Ok(())
}

/// The cells of all columns, one column after the other, until a row takes them.
type Cells<'py> = Vec<Option<Bound<'py, PyAny>>>;
/// The row that Python cannot hold, and why.
type Refused = Result<(), (usize, Failure)>;

/// Appends the cells of one column.
fn column<'py>(
    py: Python<'py>,
    field: &Field,
    array: &dyn Array,
    span: Span,
    cells: &mut Cells<'py>,
) -> Refused {
    match field.data_type() {
        DataType::Null => {
            cells.resize(cells.len() + span.length, Some(py.None().into_bound(py)));
            Ok(())
        }
        DataType::Boolean => each(py, array.as_boolean(), span, cells, |value| {
            Ok(PyBool::new(py, value).to_owned().into_any())
        }),
        DataType::Int8 => numbers::<Int8Type>(py, array, span, cells),
        DataType::Int16 => numbers::<Int16Type>(py, array, span, cells),
        DataType::Int32 => numbers::<Int32Type>(py, array, span, cells),
        DataType::Int64 => numbers::<Int64Type>(py, array, span, cells),
        DataType::UInt8 => numbers::<UInt8Type>(py, array, span, cells),
        DataType::UInt16 => numbers::<UInt16Type>(py, array, span, cells),
        DataType::UInt32 => numbers::<UInt32Type>(py, array, span, cells),
        DataType::UInt64 => numbers::<UInt64Type>(py, array, span, cells),
        DataType::Float32 => numbers::<Float32Type>(py, array, span, cells),
        DataType::Float64 => numbers::<Float64Type>(py, array, span, cells),
        DataType::Decimal128(precision, scale) => {
            decimals::<Decimal128Type>(py, array, span, cells, *precision, *scale)
        }
        DataType::Decimal256(precision, scale) => {
            decimals::<Decimal256Type>(py, array, span, cells, *precision, *scale)
        }
        DataType::Utf8 if is_decimal(field) => {
            each(py, array.as_string::<i32>(), span, cells, |text| {
                Ok(decimal::to_python(py, text)?)
            })
        }
        DataType::Utf8 => each(py, array.as_string::<i32>(), span, cells, |text| {
            Ok(PyString::new(py, text).into_any())
        }),
        DataType::LargeUtf8 => each(py, array.as_string::<i64>(), span, cells, |text| {
            Ok(PyString::new(py, text).into_any())
        }),
        DataType::Binary => each(py, array.as_binary::<i32>(), span, cells, |bytes| {
            Ok(PyBytes::new(py, bytes).into_any())
        }),
        DataType::LargeBinary => each(py, array.as_binary::<i64>(), span, cells, |bytes| {
            Ok(PyBytes::new(py, bytes).into_any())
        }),
        DataType::FixedSizeBinary(_) if field.extension_type_name() == Some(uuid::EXTENSION) => {
            each(py, array.as_fixed_size_binary(), span, cells, |bytes| {
                Ok(uuid::to_python(py, bytes)?)
            })
        }
        DataType::FixedSizeBinary(_) => {
            each(py, array.as_fixed_size_binary(), span, cells, |bytes| {
                Ok(PyBytes::new(py, bytes).into_any())
            })
        }
        DataType::Date32 => each(py, array.as_primitive::<Date32Type>(), span, cells, |days| {
            temporal::date(py, days)
        }),
        DataType::Time32(unit) | DataType::Time64(unit) => {
            moments(py, array, span, cells, |count| temporal::time(py, count, *unit))
        }
        DataType::Timestamp(unit, zone) => moments(py, array, span, cells, |count| {
            temporal::timestamp(py, count, *unit, zone.is_some())
        }),
        other => {
            let reason = format!("Python objects for the Arrow type {other} are not known");
            Err((0, Failure::Unrepresentable(reason)))
        }
    }
}

/// Whether text stands for a decimal whose precision the database does not bound.
fn is_decimal(field: &Field) -> bool {
    field.metadata().get("odbc.logical").is_some_and(|logical| logical == "decimal")
}

fn each<'py, A: ArrayAccessor>(
    py: Python<'py>,
    array: A,
    span: Span,
    cells: &mut Cells<'py>,
    mut convert: impl FnMut(A::Item) -> Converted<'py>,
) -> Refused {
    for row in span.rows() {
        let cell = match array.is_null(row) {
            true => py.None().into_bound(py),
            false => convert(array.value(row)).map_err(|failure| (row, failure))?,
        };
        cells.push(Some(cell));
    }
    Ok(())
}

fn numbers<'py, T>(
    py: Python<'py>,
    array: &dyn Array,
    span: Span,
    cells: &mut Cells<'py>,
) -> Refused
where
    T: ArrowPrimitiveType,
    T::Native: IntoPyObject<'py>,
{
    each(py, array.as_primitive::<T>(), span, cells, |value| Ok(value.into_bound_py_any(py)?))
}

fn decimals<'py, T: DecimalType>(
    py: Python<'py>,
    array: &dyn Array,
    span: Span,
    cells: &mut Cells<'py>,
    precision: u8,
    scale: i8,
) -> Refused {
    each(py, array.as_primitive::<T>(), span, cells, |value| {
        Ok(decimal::to_python(py, &T::format_decimal(value, precision, scale))?)
    })
}

/// Times of the day and timestamps, which Arrow counts in eight ways.
fn moments<'py>(
    py: Python<'py>,
    array: &dyn Array,
    span: Span,
    cells: &mut Cells<'py>,
    convert: impl FnMut(i64) -> Converted<'py>,
) -> Refused {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    match array.data_type() {
        DataType::Time32(Second) => counts::<Time32SecondType>(py, array, span, cells, convert),
        DataType::Time32(_) => counts::<Time32MillisecondType>(py, array, span, cells, convert),
        DataType::Time64(Nanosecond) => {
            counts::<Time64NanosecondType>(py, array, span, cells, convert)
        }
        DataType::Time64(_) => counts::<Time64MicrosecondType>(py, array, span, cells, convert),
        DataType::Timestamp(Second, _) => {
            counts::<TimestampSecondType>(py, array, span, cells, convert)
        }
        DataType::Timestamp(Millisecond, _) => {
            counts::<TimestampMillisecondType>(py, array, span, cells, convert)
        }
        DataType::Timestamp(Microsecond, _) => {
            counts::<TimestampMicrosecondType>(py, array, span, cells, convert)
        }
        _ => counts::<TimestampNanosecondType>(py, array, span, cells, convert),
    }
}

fn counts<'py, T: ArrowPrimitiveType>(
    py: Python<'py>,
    array: &dyn Array,
    span: Span,
    cells: &mut Cells<'py>,
    mut convert: impl FnMut(i64) -> Converted<'py>,
) -> Refused
where
    T::Native: Into<i64>,
{
    each(py, array.as_primitive::<T>(), span, cells, |count| convert(count.into()))
}
