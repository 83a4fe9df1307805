//! One Python object, read exactly, on its way to a database.

use std::borrow::Cow;

use pyo3::{
    intern,
    prelude::*,
    types::{
        PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyFloat, PyInt, PyMemoryView, PyString,
        PyTime,
    },
};

use crate::{
    decimal,
    temporal::{self, Moment},
    uuid,
};

/// What a Python object says to a database.
pub(crate) enum Value<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// An integer beyond 64 bits with sign, in decimal digits.
    Large(String),
    Float(f64),
    /// Plain decimal text, such as "-12.50".
    Decimal(String),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    Moment(Moment),
    Uuid([u8; 16]),
}

impl<'a> Value<'a> {
    /// Reads an object; the inner error says why no database can be given it.
    pub(crate) fn of(object: &'a Bound<'_, PyAny>) -> PyResult<Result<Self, String>> {
        if object.is_none() {
            return Ok(Ok(Self::Null));
        }
        if let Ok(value) = object.cast::<PyBool>() {
            return Ok(Ok(Self::Boolean(value.is_true())));
        }
        if let Ok(value) = object.cast::<PyInt>() {
            return integer(value);
        }
        if let Ok(value) = object.cast::<PyFloat>() {
            return Ok(Ok(Self::Float(value.value())));
        }
        if let Ok(value) = object.cast::<PyString>() {
            let text = value.to_str().map(|text| Self::Text(Cow::Borrowed(text)));
            return Ok(text.map_err(|_| {
                "the str holds a lone surrogate, which is not valid Unicode text".to_owned()
            }));
        }
        if let Ok(value) = object.cast::<PyBytes>() {
            return Ok(Ok(Self::Bytes(Cow::Borrowed(value.as_bytes()))));
        }
        if let Ok(value) = object.cast::<PyByteArray>() {
            return Ok(Ok(Self::Bytes(Cow::Owned(value.to_vec()))));
        }
        // A datetime is a date too, so it is asked first.
        if let Ok(value) = object.cast::<PyDateTime>() {
            return Ok(temporal::moment(value)?.map(Self::Moment));
        }
        if let Ok(value) = object.cast::<PyDate>() {
            return Ok(Ok(Self::Date(temporal::days(value)?)));
        }
        if let Ok(value) = object.cast::<PyTime>() {
            if value.getattr(intern!(value.py(), "tzinfo"))?.is_none() {
                return Ok(Ok(Self::Time(temporal::micros_of_day(value)?)));
            }
            return Ok(Err("a time with a time zone has no meaning without its date".to_owned()));
        }
        Self::of_library(object)
    }

    /// Reads an object of a type that Python itself does not build in.
    fn of_library(object: &Bound<'_, PyAny>) -> PyResult<Result<Self, String>> {
        if decimal::is_decimal(object)? {
            return Ok(decimal::text(object)?.map(Self::Decimal));
        }
        if let Some(bytes) = uuid::bytes(object)? {
            return Ok(Ok(Self::Uuid(bytes)));
        }
        if object.is_instance_of::<PyMemoryView>() {
            let bytes = object.call_method0("tobytes")?;
            return Ok(Ok(Self::Bytes(Cow::Owned(bytes.extract()?))));
        }
        if let Some(scalar) = numpy_scalar(object)? {
            return Value::of(&scalar).map(|read| read.map(Value::into_owned));
        }
        let name = object.get_type().fully_qualified_name()?;
        Ok(Err(format!("the type {name} is not supported")))
    }

    /// What it is in Python, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "None",
            Self::Boolean(_) => "a bool",
            Self::Integer(_) | Self::Large(_) => "an int",
            Self::Float(_) => "a float",
            Self::Decimal(_) => "a Decimal",
            Self::Text(_) => "a str",
            Self::Bytes(_) => "bytes",
            Self::Date(_) => "a date",
            Self::Time(_) => "a time",
            Self::Moment(Moment { instant: false, .. }) => "a datetime without time zone",
            Self::Moment(_) => "a datetime with time zone",
            Self::Uuid(_) => "a UUID",
        }
    }

    /// The bytes of a text or of bytes, which may be many.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        }
    }

    fn into_owned<'b>(self) -> Value<'b> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Self::Null => Value::Null,
            Self::Boolean(value) => Value::Boolean(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Large(digits) => Value::Large(digits),
            Self::Float(value) => Value::Float(value),
            Self::Decimal(text) => Value::Decimal(text),
            Self::Date(days) => Value::Date(days),
            Self::Time(micros) => Value::Time(micros),
            Self::Moment(moment) => Value::Moment(moment),
            Self::Uuid(bytes) => Value::Uuid(bytes),
        }
    }
}

fn integer<'a>(value: &Bound<'_, PyInt>) -> PyResult<Result<Value<'a>, String>> {
    if let Ok(value) = value.extract::<i64>() {
        return Ok(Ok(Value::Integer(value)));
    }
    // 76 digits fit in 253 bits; Python refuses to spell out far longer ones.
    if value.call_method0("bit_length")?.extract::<u64>()? > 253 {
        let digits = decimal::DIGITS_MAX;
        return Ok(Err(format!("the int needs more than the {digits} digits of any decimal")));
    }
    // An int's subclass, such as an enum, may spell itself in its own way.
    Ok(Ok(Value::Large(value.call_method1("__format__", ("d",))?.extract()?)))
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
