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
pub(crate) enum Unconverted {
    /// Python's type cannot hold it.
    Unrepresentable(String),
    /// Python itself failed.
    Python(PyErr),
}

impl From<PyErr> for Unconverted {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

pub(crate) type Converted<'py> = Result<Bound<'py, PyAny>, Unconverted>;

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
    let mut chunk = Chunk { py: list.py(), span, cells: Vec::new() };
    while next < end {
        chunk.span = Span { first: next, length: CHUNK_ROWS.min(end - next) };
        chunk.cells.clear();
        match chunk.append_columns(batch, first_row) {
            Ok(()) => {
                chunk.append_tuples(list)?;
                next += chunk.span.length;
            }
            Err((row, error)) => (end, failure) = (row, Some(error)),
        }
    }
    Ok((next - span.first, failure))
}

/// Some rows of a batch on their way to Python.
struct Chunk<'py> {
    py: Python<'py>,
    span: Span,
    /// The cells of all columns, one column after the other, until a row takes them.
    cells: Vec<Option<Bound<'py, PyAny>>>,
}

/// The row that Python cannot hold, and why.
type Refused = Result<(), (usize, Unconverted)>;

impl<'py> Chunk<'py> {
    /// Appends the cells of every column; the error is that of one row.
    fn append_columns(
        &mut self,
        batch: &RecordBatch,
        first_row: u64,
    ) -> Result<(), (usize, PyErr)> {
        for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            self.append_column(field, array).map_err(|(row, failure)| {
                let error = match failure {
                    Unconverted::Python(error) => error,
                    Unconverted::Unrepresentable(reason) => {
                        let number = first_row + row as u64;
                        exceptions::unrepresentable(self.py, field.name(), number, &reason)
                    }
                };
                (row, error)
            })?;
        }
        Ok(())
    }

    /// Appends a tuple for each row to a list.
    fn append_tuples(&mut self, list: &Bound<'py, PyList>) -> PyResult<()> {
        let rows = self.span.length;
        for row in 0..rows {
            let places = (row..self.cells.len()).step_by(rows);
            let cells = places.map(|place| self.cells[place].take().expect("each is taken once"));
            list.append(PyTuple::new(self.py, cells)?)?;
        }
        Ok(())
    }

    /// Appends the cells of one column.
    fn append_column(&mut self, field: &Field, array: &dyn Array) -> Refused {
        let py = self.py;
        match field.data_type() {
            DataType::Null => {
                let length = self.cells.len() + self.span.length;
                self.cells.resize(length, Some(py.None().into_bound(py)));
                Ok(())
            }
            DataType::Boolean => self
                .each(array.as_boolean(), |value| Ok(PyBool::new(py, value).to_owned().into_any())),
            DataType::Int8 => self.numbers::<Int8Type>(array),
            DataType::Int16 => self.numbers::<Int16Type>(array),
            DataType::Int32 => self.numbers::<Int32Type>(array),
            DataType::Int64 => self.numbers::<Int64Type>(array),
            DataType::UInt8 => self.numbers::<UInt8Type>(array),
            DataType::UInt16 => self.numbers::<UInt16Type>(array),
            DataType::UInt32 => self.numbers::<UInt32Type>(array),
            DataType::UInt64 => self.numbers::<UInt64Type>(array),
            DataType::Float32 => self.numbers::<Float32Type>(array),
            DataType::Float64 => self.numbers::<Float64Type>(array),
            DataType::Decimal128(precision, scale) => {
                self.decimals::<Decimal128Type>(array, *precision, *scale)
            }
            DataType::Decimal256(precision, scale) => {
                self.decimals::<Decimal256Type>(array, *precision, *scale)
            }
            DataType::Utf8 if is_decimal(field) => {
                self.each(array.as_string::<i32>(), |text| Ok(decimal::to_python(py, text)?))
            }
            DataType::Utf8 => {
                self.each(array.as_string::<i32>(), |text| Ok(PyString::new(py, text).into_any()))
            }
            DataType::LargeUtf8 => {
                self.each(array.as_string::<i64>(), |text| Ok(PyString::new(py, text).into_any()))
            }
            DataType::Binary => {
                self.each(array.as_binary::<i32>(), |bytes| Ok(PyBytes::new(py, bytes).into_any()))
            }
            DataType::LargeBinary => {
                self.each(array.as_binary::<i64>(), |bytes| Ok(PyBytes::new(py, bytes).into_any()))
            }
            DataType::FixedSizeBinary(_)
                if field.extension_type_name() == Some(uuid::EXTENSION) =>
            {
                self.each(array.as_fixed_size_binary(), |bytes| Ok(uuid::to_python(py, bytes)?))
            }
            DataType::FixedSizeBinary(_) => self
                .each(array.as_fixed_size_binary(), |bytes| Ok(PyBytes::new(py, bytes).into_any())),
            DataType::Date32 => {
                self.each(array.as_primitive::<Date32Type>(), |days| temporal::date(py, days))
            }
            DataType::Time32(unit) | DataType::Time64(unit) => {
                self.moments(array, |count| temporal::time(py, count, *unit))
            }
            DataType::Timestamp(unit, zone) => {
                self.moments(array, |count| temporal::timestamp(py, count, *unit, zone.is_some()))
            }
            other => {
                let reason = format!("Python objects for the Arrow type {other} are not known");
                Err((0, Unconverted::Unrepresentable(reason)))
            }
        }
    }

    fn each<A: ArrayAccessor>(
        &mut self,
        array: A,
        mut convert: impl FnMut(A::Item) -> Converted<'py>,
    ) -> Refused {
        for row in self.span.rows() {
            let cell = match array.is_null(row) {
                true => self.py.None().into_bound(self.py),
                false => convert(array.value(row)).map_err(|failure| (row, failure))?,
            };
            self.cells.push(Some(cell));
        }
        Ok(())
    }

    fn numbers<T>(&mut self, array: &dyn Array) -> Refused
    where
        T: ArrowPrimitiveType,
        T::Native: IntoPyObject<'py>,
    {
        let py = self.py;
        self.each(array.as_primitive::<T>(), |value| Ok(value.into_bound_py_any(py)?))
    }

    fn decimals<T: DecimalType>(&mut self, array: &dyn Array, precision: u8, scale: i8) -> Refused {
        let py = self.py;
        self.each(array.as_primitive::<T>(), |value| {
            Ok(decimal::to_python(py, &T::format_decimal(value, precision, scale))?)
        })
    }

    /// Times of the day and timestamps, which Arrow counts in eight ways.
    fn moments(
        &mut self,
        array: &dyn Array,
        convert: impl FnMut(i64) -> Converted<'py>,
    ) -> Refused {
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        match array.data_type() {
            DataType::Time32(Second) => self.counts::<Time32SecondType>(array, convert),
            DataType::Time32(_) => self.counts::<Time32MillisecondType>(array, convert),
            DataType::Time64(Nanosecond) => self.counts::<Time64NanosecondType>(array, convert),
            DataType::Time64(_) => self.counts::<Time64MicrosecondType>(array, convert),
            DataType::Timestamp(Second, _) => self.counts::<TimestampSecondType>(array, convert),
            DataType::Timestamp(Millisecond, _) => {
                self.counts::<TimestampMillisecondType>(array, convert)
            }
            DataType::Timestamp(Microsecond, _) => {
                self.counts::<TimestampMicrosecondType>(array, convert)
            }
            _ => self.counts::<TimestampNanosecondType>(array, convert),
        }
    }

    fn counts<T: ArrowPrimitiveType>(
        &mut self,
        array: &dyn Array,
        mut convert: impl FnMut(i64) -> Converted<'py>,
    ) -> Refused
    where
        T::Native: Into<i64>,
    {
        self.each(array.as_primitive::<T>(), |count| convert(count.into()))
    }
}

/// Whether text stands for a decimal whose precision the database does not bound.
fn is_decimal(field: &Field) -> bool {
    field.metadata().get("odbc.logical").is_some_and(|logical| logical == "decimal")
}
