//! Arrow batches as Python tuples, converted column by column.

use std::{ops::Range, vec};

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

/// Adds the rows before the first that Python cannot hold to a list; returns how many, and the
/// exception for that one. `first_row` is the number of the batch's first row in its result.
pub(crate) fn append(
    list: &Bound<'_, PyList>,
    batch: &RecordBatch,
    span: Span,
    first_row: u64,
) -> PyResult<(usize, Option<PyErr>)> {
    let mut length = span.length;
    let mut failure = None;
    while length > 0 {
        match tuples(list, batch, Span { length, ..span }, first_row) {
            Ok(()) => break,
            Err((row, error)) => {
                length = row - span.first;
                failure = Some(error);
            }
        }
    }
    Ok((length, failure))
}

/// The row at which a column failed, and the exception for it.
type RowFailure = (usize, PyErr);

fn tuples(
    list: &Bound<'_, PyList>,
    batch: &RecordBatch,
    span: Span,
    first_row: u64,
) -> Result<(), RowFailure> {
    let py = list.py();
    let schema = batch.schema_ref();
    let mut columns = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, array)| column(py, field, array, span, first_row).map(Vec::into_iter))
        .collect::<Result<Vec<vec::IntoIter<_>>, _>>()?;
    for row in span.rows() {
        let cells = columns.iter_mut().map(|cells| cells.next().expect("a cell per row"));
        let appended = PyTuple::new(py, cells).and_then(|row| list.append(row));
        appended.map_err(|error| (row, error))?;
    }
    Ok(())
}

fn column<'py>(
    py: Python<'py>,
    field: &Field,
    array: &dyn Array,
    span: Span,
    first_row: u64,
) -> Result<Vec<Bound<'py, PyAny>>, RowFailure> {
    cells(py, field, array, span).map_err(|(row, failure)| {
        let error = match failure {
            Failure::Python(error) => error,
            Failure::Unrepresentable(reason) => {
                exceptions::unrepresentable(py, field.name(), first_row + row as u64, &reason)
            }
        };
        (row, error)
    })
}

type Cells<'py> = Result<Vec<Bound<'py, PyAny>>, (usize, Failure)>;

fn cells<'py>(py: Python<'py>, field: &Field, array: &dyn Array, span: Span) -> Cells<'py> {
    match field.data_type() {
        DataType::Null => Ok(vec![py.None().into_bound(py); span.length]),
        DataType::Boolean => each(py, array.as_boolean(), span, |value| {
            Ok(PyBool::new(py, value).to_owned().into_any())
        }),
        DataType::Int8 => numbers::<Int8Type>(py, array, span),
        DataType::Int16 => numbers::<Int16Type>(py, array, span),
        DataType::Int32 => numbers::<Int32Type>(py, array, span),
        DataType::Int64 => numbers::<Int64Type>(py, array, span),
        DataType::UInt8 => numbers::<UInt8Type>(py, array, span),
        DataType::UInt16 => numbers::<UInt16Type>(py, array, span),
        DataType::UInt32 => numbers::<UInt32Type>(py, array, span),
        DataType::UInt64 => numbers::<UInt64Type>(py, array, span),
        DataType::Float32 => numbers::<Float32Type>(py, array, span),
        DataType::Float64 => numbers::<Float64Type>(py, array, span),
        DataType::Decimal128(precision, scale) => {
            decimals::<Decimal128Type>(py, array, span, *precision, *scale)
        }
        DataType::Decimal256(precision, scale) => {
            decimals::<Decimal256Type>(py, array, span, *precision, *scale)
        }
        DataType::Utf8 if is_decimal(field) => {
            each(py, array.as_string::<i32>(), span, |text| Ok(decimal::to_python(py, text)?))
        }
        DataType::Utf8 => {
            each(py, array.as_string::<i32>(), span, |text| Ok(PyString::new(py, text).into_any()))
        }
        DataType::LargeUtf8 => {
            each(py, array.as_string::<i64>(), span, |text| Ok(PyString::new(py, text).into_any()))
        }
        DataType::Binary => {
            each(py, array.as_binary::<i32>(), span, |bytes| Ok(PyBytes::new(py, bytes).into_any()))
        }
        DataType::LargeBinary => {
            each(py, array.as_binary::<i64>(), span, |bytes| Ok(PyBytes::new(py, bytes).into_any()))
        }
        DataType::FixedSizeBinary(_) if field.extension_type_name() == Some(uuid::EXTENSION) => {
            each(py, array.as_fixed_size_binary(), span, |bytes| Ok(uuid::to_python(py, bytes)?))
        }
        DataType::FixedSizeBinary(_) => each(py, array.as_fixed_size_binary(), span, |bytes| {
            Ok(PyBytes::new(py, bytes).into_any())
        }),
        DataType::Date32 => {
            each(py, array.as_primitive::<Date32Type>(), span, |days| temporal::date(py, days))
        }
        DataType::Time32(unit) | DataType::Time64(unit) => {
            moments(py, array, span, |count| temporal::time(py, count, *unit))
        }
        DataType::Timestamp(unit, zone) => {
            moments(py, array, span, |count| temporal::timestamp(py, count, *unit, zone.is_some()))
        }
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
    mut convert: impl FnMut(A::Item) -> Converted<'py>,
) -> Cells<'py> {
    span.rows()
        .map(|row| {
            if array.is_null(row) {
                return Ok(py.None().into_bound(py));
            }
            convert(array.value(row)).map_err(|failure| (row, failure))
        })
        .collect()
}

fn numbers<'py, T>(py: Python<'py>, array: &dyn Array, span: Span) -> Cells<'py>
where
    T: ArrowPrimitiveType,
    T::Native: IntoPyObject<'py>,
{
    each(py, array.as_primitive::<T>(), span, |value| Ok(value.into_bound_py_any(py)?))
}

fn decimals<'py, T: DecimalType>(
    py: Python<'py>,
    array: &dyn Array,
    span: Span,
    precision: u8,
    scale: i8,
) -> Cells<'py> {
    each(py, array.as_primitive::<T>(), span, |value| {
        Ok(decimal::to_python(py, &T::format_decimal(value, precision, scale))?)
    })
}

/// Times of the day and timestamps, which Arrow counts in eight ways.
fn moments<'py>(
    py: Python<'py>,
    array: &dyn Array,
    span: Span,
    convert: impl FnMut(i64) -> Converted<'py>,
) -> Cells<'py> {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    match array.data_type() {
        DataType::Time32(Second) => counts::<Time32SecondType>(py, array, span, convert),
        DataType::Time32(_) => counts::<Time32MillisecondType>(py, array, span, convert),
        DataType::Time64(Nanosecond) => counts::<Time64NanosecondType>(py, array, span, convert),
        DataType::Time64(_) => counts::<Time64MicrosecondType>(py, array, span, convert),
        DataType::Timestamp(Second, _) => counts::<TimestampSecondType>(py, array, span, convert),
        DataType::Timestamp(Millisecond, _) => {
            counts::<TimestampMillisecondType>(py, array, span, convert)
        }
        DataType::Timestamp(Microsecond, _) => {
            counts::<TimestampMicrosecondType>(py, array, span, convert)
        }
        _ => counts::<TimestampNanosecondType>(py, array, span, convert),
    }
}

fn counts<'py, T: ArrowPrimitiveType>(
    py: Python<'py>,
    array: &dyn Array,
    span: Span,
    mut convert: impl FnMut(i64) -> Converted<'py>,
) -> Cells<'py>
where
    T::Native: Into<i64>,
{
    each(py, array.as_primitive::<T>(), span, |count| convert(count.into()))
}
