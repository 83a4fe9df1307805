//! Python objects as the engine's parameters: one Arrow array of length 1 each.

use std::{borrow::Cow, sync::Arc};

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, FixedSizeBinaryArray, Float64Array,
    Int64Array, LargeBinaryArray, LargeStringArray, NullArray, RecordBatch, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_schema::{
    DataType, Field, Metadata, Schema, TimeUnit, extension::EXTENSION_TYPE_NAME_KEY,
};
use odbc_engine::{Error, ErrorKind, Parameters};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{
        PyByteArray, PyBytes, PyFrozenSet, PyList, PyMapping, PyMemoryView, PySet, PyString,
        PyTuple,
    },
};

use crate::{decimal, exceptions, temporal::Moment, uuid, value::Value};

/// Turns a sequence of Python objects, or a mapping of names to them, into the engine's parameters.
pub(crate) fn to_engine(
    py: Python<'_>,
    parameters: Option<&Bound<'_, PyAny>>,
) -> PyResult<Parameters> {
    let Some(parameters) = parameters else { return Ok(Parameters::none()) };
    if let Ok(tuple) = parameters.cast::<PyTuple>() {
        return positional(py, tuple.iter().map(Ok));
    }
    if let Ok(list) = parameters.cast::<PyList>() {
        return positional(py, list.iter().map(Ok));
    }
    if let Ok(mapping) = parameters.cast::<PyMapping>() {
        return named(mapping);
    }
    let is_one_value = parameters.is_instance_of::<PyString>()
        || parameters.is_instance_of::<PyBytes>()
        || parameters.is_instance_of::<PyByteArray>()
        || parameters.is_instance_of::<PyMemoryView>();
    // What has no order would surprise.
    let is_unordered =
        parameters.is_instance_of::<PySet>() || parameters.is_instance_of::<PyFrozenSet>();
    match parameters.try_iter() {
        Ok(values) if !is_one_value && !is_unordered => positional(py, values),
        _ => {
            let name = parameters.get_type().name()?;
            Err(invalid(py, format!("parameters must be a tuple, a list or a mapping, not {name}")))
        }
    }
}

fn positional<'py>(
    py: Python<'py>,
    values: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>,
) -> PyResult<Parameters> {
    let mut arrays = Vec::with_capacity(values.size_hint().0);
    let mut has_uuids = false;
    for (index, value) in values.enumerate() {
        let array = array(&value?)?
            .map_err(|reason| invalid(py, format!("parameter {}: {reason}", index + 1)))?;
        has_uuids |= matches!(array.data_type(), DataType::FixedSizeBinary(_));
        arrays.push(array);
    }
    if has_uuids {
        return of_fields(py, arrays.into_iter().map(|array| (String::new(), array)));
    }
    Parameters::from_arrays(arrays).map_err(|error| exceptions::from_engine(py, &error))
}

fn named(mapping: &Bound<'_, PyMapping>) -> PyResult<Parameters> {
    let py = mapping.py();
    let named = mapping.items()?.iter().map(|item| {
        let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let name = text(&name, "execute", "a parameter's name")?;
        if name.is_empty() {
            return Err(invalid(py, "a parameter's name is empty".to_owned()));
        }
        let array = array(&value)?
            .map_err(|reason| invalid(py, format!("parameter {name:?}: {reason}")))?;
        Ok((name, array))
    });
    of_fields(py, named.collect::<PyResult<Vec<_>>>()?.into_iter())
}

fn of_fields(
    py: Python<'_>,
    values: impl Iterator<Item = (String, ArrayRef)>,
) -> PyResult<Parameters> {
    let field = |(name, array): (String, ArrayRef)| {
        let field = Field::new(name, array.data_type().clone(), true);
        // Nothing but a UUID becomes 16 fixed bytes.
        let field = match array.data_type() {
            DataType::FixedSizeBinary(_) => {
                field.with_metadata(Metadata::from([(EXTENSION_TYPE_NAME_KEY, uuid::EXTENSION)]))
            }
            _ => field,
        };
        (field, array)
    };
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = values.map(field).unzip();
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

/// One value as an array of length 1; Err says why the database cannot be given it.
fn array(object: &Bound<'_, PyAny>) -> PyResult<Result<ArrayRef, String>> {
    let array = Value::of(object)?.and_then(|value| match value {
        Value::Null => Ok(Arc::new(NullArray::new(1)) as ArrayRef),
        Value::Boolean(value) => Ok(Arc::new(BooleanArray::from(vec![value]))),
        Value::Integer(value) => Ok(Arc::new(Int64Array::from(vec![value]))),
        Value::Large(digits) => match digits.parse::<u64>() {
            Ok(value) => Ok(Arc::new(UInt64Array::from(vec![value]))),
            Err(_) => decimal::to_arrow(&digits),
        },
        Value::Float(value) => Ok(Arc::new(Float64Array::from(vec![value]))),
        Value::Decimal(text) => decimal::to_arrow(&text),
        Value::Text(text) => Ok(string(&text)),
        Value::Bytes(bytes) => Ok(binary(&bytes)),
        Value::Date(days) => Ok(Arc::new(Date32Array::from(vec![days]))),
        Value::Time(micros) => Ok(Arc::new(Time64MicrosecondArray::from(vec![micros]))),
        Value::Moment(moment) => timestamp(&moment),
        Value::Uuid(bytes) => FixedSizeBinaryArray::try_from_iter([bytes].into_iter())
            .map(|array| Arc::new(array) as ArrayRef)
            .map_err(|error| error.to_string()),
    });
    match array {
        // What no Arrow decimal holds still has its exact text.
        Err(_) if decimal::is_decimal(object)? => Ok(Ok(string(&decimal::spelt(object)?))),
        array => Ok(array),
    }
}

fn string(text: &str) -> ArrayRef {
    if i32::try_from(text.len()).is_ok() {
        Arc::new(StringArray::from(vec![text]))
    } else {
        Arc::new(LargeStringArray::from(vec![text]))
    }
}

fn binary(bytes: &[u8]) -> ArrayRef {
    if i32::try_from(bytes.len()).is_ok() {
        Arc::new(BinaryArray::from(vec![bytes]))
    } else {
        Arc::new(LargeBinaryArray::from(vec![bytes]))
    }
}

fn timestamp(moment: &Moment) -> Result<ArrayRef, String> {
    let zone = moment.instant.then_some("UTC");
    if moment.nanos == 0 {
        let array = TimestampMicrosecondArray::from(vec![moment.micros]);
        return Ok(Arc::new(array.with_timezone_opt(zone)));
    }
    let nanos = moment.count(TimeUnit::Nanosecond)?;
    Ok(Arc::new(TimestampNanosecondArray::from(vec![nanos]).with_timezone_opt(zone)))
}
