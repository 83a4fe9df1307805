//! Python objects as the engine's parameters: one Arrow array of length 1 each.

use std::{borrow::Cow, sync::Arc};

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, FixedSizeBinaryArray, Float64Array,
    Int64Array, LargeBinaryArray, LargeStringArray, NullArray, RecordBatch, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Metadata, Schema, extension::EXTENSION_TYPE_NAME_KEY};
use odbc_engine::{Error, ErrorKind, Parameters};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{
        PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyFloat, PyFrozenSet, PyInt, PyMapping,
        PyMemoryView, PySet, PyString, PyTime, PyTzInfoAccess,
    },
};

use crate::{decimal, exceptions, temporal, uuid};

/// Turns a sequence of Python objects, or a mapping of names to them, into the engine's parameters.
pub(crate) fn to_engine(
    py: Python<'_>,
    parameters: Option<&Bound<'_, PyAny>>,
) -> PyResult<Parameters> {
    let Some(parameters) = parameters else { return Ok(Parameters::none()) };
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (index, (name, value)) in values(parameters)?.iter().enumerate() {
        let array = array(value)?.map_err(|reason| {
            let which = if name.is_empty() { (index + 1).to_string() } else { format!("{name:?}") };
            invalid(py, format!("parameter {which}: {reason}"))
        })?;
        let field = Field::new(name, array.data_type().clone(), true);
        // Nothing but a UUID becomes 16 fixed bytes.
        fields.push(match array.data_type() {
            DataType::FixedSizeBinary(_) => {
                field.with_metadata(Metadata::from([(EXTENSION_TYPE_NAME_KEY, uuid::EXTENSION)]))
            }
            _ => field,
        });
        arrays.push(array);
    }
    if arrays.is_empty() {
        return Ok(Parameters::none());
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Error::new(ErrorKind::Internal, "execute", error.to_string()))
        .and_then(|row| Parameters::from_batch(&row))
        .map_err(|error| exceptions::from_engine(py, &error))
}

/// The text of a `str`, which UTF-8 can hold unless it has lone surrogates.
pub(crate) fn text(
    value: &Bound<'_, PyAny>,
    operation: &'static str,
    name: &str,
) -> PyResult<String> {
    let Ok(text) = value.cast::<PyString>() else {
        let message = format!("{name} must be a str, not {}", value.get_type().name()?);
        return Err(PyTypeError::new_err(message));
    };
    text.to_cow().map(Cow::into_owned).map_err(|_| {
        let message = format!("{name} holds a lone surrogate, which is not valid Unicode text");
        let error = Error::new(ErrorKind::InvalidArgument, operation, message);
        exceptions::from_engine(value.py(), &error)
    })
}

fn invalid(py: Python<'_>, message: String) -> PyErr {
    exceptions::from_engine(py, &Error::new(ErrorKind::InvalidArgument, "execute", message))
}

/// The values with their names, which are empty where `parameters` is a sequence; refuses what has
/// no order or would surprise.
fn values<'py>(parameters: &Bound<'py, PyAny>) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    let py = parameters.py();
    let name = parameters.get_type().name()?;
    if let Ok(mapping) = parameters.cast::<PyMapping>() {
        return mapping
            .items()?
            .iter()
            .map(|item| {
                let (name, value): (Bound<'py, PyAny>, Bound<'py, PyAny>) = item.extract()?;
                let name = text(&name, "execute", "a parameter's name")?;
                if name.is_empty() {
                    return Err(invalid(py, "a parameter's name is empty".to_owned()));
                }
                Ok((name, value))
            })
            .collect();
    }
    let is_one_value = parameters.is_instance_of::<PyString>()
        || parameters.is_instance_of::<PyBytes>()
        || parameters.is_instance_of::<PyByteArray>()
        || parameters.is_instance_of::<PyMemoryView>();
    let is_unordered =
        parameters.is_instance_of::<PySet>() || parameters.is_instance_of::<PyFrozenSet>();
    match parameters.try_iter() {
        Ok(values) if !is_one_value && !is_unordered => {
            values.map(|value| Ok((String::new(), value?))).collect()
        }
        _ => {
            Err(invalid(py, format!("parameters must be a tuple, a list or a mapping, not {name}")))
        }
    }
}

/// One value as an array of length 1; Err says why the database cannot be given it.
fn array(value: &Bound<'_, PyAny>) -> PyResult<Result<ArrayRef, String>> {
    if value.is_none() {
        return Ok(Ok(Arc::new(NullArray::new(1))));
    }
    if let Ok(value) = value.cast::<PyBool>() {
        return Ok(Ok(Arc::new(BooleanArray::from(vec![value.is_true()]))));
    }
    if let Ok(value) = value.cast::<PyInt>() {
        return integer(value);
    }
    if let Ok(value) = value.cast::<PyFloat>() {
        return Ok(Ok(Arc::new(Float64Array::from(vec![value.value()]))));
    }
    if let Ok(value) = value.cast::<PyString>() {
        return Ok(string(value));
    }
    if let Ok(value) = value.cast::<PyBytes>() {
        return Ok(Ok(binary(value.as_bytes())));
    }
    if let Ok(value) = value.cast::<PyByteArray>() {
        return Ok(Ok(binary(&value.to_vec())));
    }
    if value.is_instance_of::<PyMemoryView>() {
        let bytes = value.call_method0("tobytes")?;
        return Ok(Ok(binary(bytes.cast::<PyBytes>()?.as_bytes())));
    }
    // A datetime is a date too, so it is asked first.
    if let Ok(value) = value.cast::<PyDateTime>() {
        return Ok(temporal::moment(value)?.and_then(timestamp));
    }
    if let Ok(value) = value.cast::<PyDate>() {
        return Ok(Ok(Arc::new(Date32Array::from(vec![temporal::days(value)]))));
    }
    if let Ok(value) = value.cast::<PyTime>() {
        return Ok(time(value));
    }
    if decimal::is_decimal(value)? {
        return decimal::to_arrow(value);
    }
    if let Some(bytes) = uuid::bytes(value)? {
        return Ok(FixedSizeBinaryArray::try_from_iter([bytes].into_iter())
            .map(|array| Arc::new(array) as ArrayRef)
            .map_err(|error| error.to_string()));
    }
    if let Some(scalar) = numpy_scalar(value)? {
        return array(&scalar);
    }
    Ok(Err(format!("the type {} is not supported", value.get_type().fully_qualified_name()?)))
}

fn integer(value: &Bound<'_, PyInt>) -> PyResult<Result<ArrayRef, String>> {
    if let Ok(value) = value.extract::<i64>() {
        return Ok(Ok(Arc::new(Int64Array::from(vec![value]))));
    }
    if let Ok(value) = value.extract::<u64>() {
        return Ok(Ok(Arc::new(UInt64Array::from(vec![value]))));
    }
    // 76 digits fit in 253 bits; Python refuses to spell out far longer ones.
    if value.call_method0("bit_length")?.extract::<u64>()? > 253 {
        let digits = decimal::DIGITS_MAX;
        return Ok(Err(format!("the int needs more than the {digits} digits of any decimal")));
    }
    // An int's subclass, such as an enum, may spell itself in its own way.
    let text: String = value.call_method1("__format__", ("d",))?.extract()?;
    Ok(decimal::from_text(&text))
}

fn string(value: &Bound<'_, PyString>) -> Result<ArrayRef, String> {
    let text = value
        .to_cow()
        .map_err(|_| "the str holds a lone surrogate, which is not valid Unicode text")?;
    if i32::try_from(text.len()).is_ok() {
        Ok(Arc::new(StringArray::from(vec![text.as_ref()])))
    } else {
        Ok(Arc::new(LargeStringArray::from(vec![text.as_ref()])))
    }
}

fn binary(bytes: &[u8]) -> ArrayRef {
    if i32::try_from(bytes.len()).is_ok() {
        Arc::new(BinaryArray::from(vec![bytes]))
    } else {
        Arc::new(LargeBinaryArray::from(vec![bytes]))
    }
}

fn time(value: &Bound<'_, PyTime>) -> Result<ArrayRef, String> {
    if value.get_tzinfo().is_some() {
        return Err("a time with a time zone has no meaning without its date".to_owned());
    }
    Ok(Arc::new(Time64MicrosecondArray::from(vec![temporal::micros_of_day(value)])))
}

fn timestamp(moment: temporal::Moment) -> Result<ArrayRef, String> {
    let zone = moment.instant.then_some("UTC");
    if moment.nanos == 0 {
        let array = TimestampMicrosecondArray::from(vec![moment.micros]);
        return Ok(Arc::new(array.with_timezone_opt(zone)));
    }
    let nanos = moment
        .micros
        .checked_mul(1_000)
        .and_then(|nanos| nanos.checked_add(moment.nanos))
        .ok_or("a timestamp with nanoseconds must be in the years 1678 to 2261")?;
    Ok(Arc::new(TimestampNanosecondArray::from(vec![nanos]).with_timezone_opt(zone)))
}

/// The Python object for a NumPy scalar that has an exact one.
fn numpy_scalar<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if value.get_type().module()? != "numpy" {
        return Ok(None);
    }
    let (Some(dtype), Some(dimensions)) = (value.getattr_opt("dtype")?, value.getattr_opt("ndim")?)
    else {
        return Ok(None);
    };
    let kind: String = dtype.getattr("kind")?.extract()?;
    let bytes: usize = dtype.getattr("itemsize")?.extract()?;
    let is_exact = matches!(kind.as_str(), "b" | "i" | "u") || (kind == "f" && bytes <= 8);
    if dimensions.extract::<usize>()? != 0 || !is_exact {
        return Ok(None);
    }
    value.call_method0("item").map(Some)
}
