//! `decimal.Decimal` and Arrow's decimals, exact both ways.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Decimal128Array, Decimal256Array,
    types::{Decimal128Type, Decimal256Type, DecimalType},
};
use arrow_buffer::i256;
use arrow_schema::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION};
use pyo3::{prelude::*, sync::PyOnceLock, types::PyType};

/// The most digits of any Arrow decimal.
pub(crate) const DIGITS_MAX: u8 = DECIMAL256_MAX_PRECISION;

fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    DECIMAL.import(py, "decimal", "Decimal")
}

/// The `Decimal` that `text` spells, with all its digits and its scale.
pub(crate) fn to_python<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    class(py)?.call1((text,))
}

pub(crate) fn is_decimal(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    value.is_instance(class(value.py())?)
}

/// A `Decimal` as Python spells it; a subclass may spell itself in its own way.
pub(crate) fn spelt(value: &Bound<'_, PyAny>) -> PyResult<String> {
    class(value.py())?.call_method1("__str__", (value,))?.extract()
}

/// The plain text of a `Decimal`, or why no database decimal holds it.
pub(crate) fn text(value: &Bound<'_, PyAny>) -> PyResult<Result<String, String>> {
    let text = spelt(value)?;
    if text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-')) {
        return Ok(Ok(text));
    }
    if !value.call_method0("is_finite")?.is_truthy()? {
        return Ok(Err(format!("no database decimal holds {text}")));
    }
    // Spelling out a number such as 1E+999999 would take a megabyte only to refuse it.
    let magnitude: i64 = value.call_method0("adjusted")?.extract()?;
    let places = value.call_method0("as_tuple")?.getattr("exponent")?.extract::<i64>()?;
    let digits_max = i64::from(DIGITS_MAX);
    if magnitude >= digits_max || places < -digits_max {
        return Ok(Err(too_long(&text)));
    }
    value.call_method1("__format__", ("f",))?.extract().map(Ok)
}

/// How many digits plain decimal text needs before and behind its point.
pub(crate) fn digits(text: &str) -> (usize, usize) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    (whole.trim_start_matches('-').trim_start_matches('0').len(), fraction.len())
}

/// Plain decimal text as an array of length 1.
pub(crate) fn to_arrow(text: &str) -> Result<ArrayRef, String> {
    let (whole, scale) = digits(text);
    let precision = (whole + scale).max(1);
    let array = if precision <= usize::from(DECIMAL128_MAX_PRECISION) {
        unscaled::<Decimal128Type>(text, scale).and_then(|value| {
            let array = Decimal128Array::from(vec![value]);
            let typed = array.with_precision_and_scale(precision as u8, scale as i8);
            typed.ok().map(|array| Arc::new(array) as ArrayRef)
        })
    } else if precision <= usize::from(DIGITS_MAX) {
        unscaled::<Decimal256Type>(text, scale).and_then(|value| {
            let array = Decimal256Array::from(vec![value]);
            let typed = array.with_precision_and_scale(precision as u8, scale as i8);
            typed.ok().map(|array| Arc::new(array) as ArrayRef)
        })
    } else {
        None
    };
    array.ok_or_else(|| too_long(text))
}

/// Plain decimal text as a count of units of this scale, where it is one.
pub(crate) fn unscaled<T: DecimalType>(text: &str, scale: usize) -> Option<T::Native>
where
    T::Native: FromText,
{
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let kept = fraction.len().min(scale);
    if fraction.bytes().skip(kept).any(|digit| digit != b'0') {
        return None;
    }
    let zeros = scale - kept;
    T::Native::from_text(&format!("{whole}{}{:0<zeros$}", &fraction[..kept], ""))
}

/// An integer of a decimal.
pub(crate) trait FromText: Sized {
    fn from_text(text: &str) -> Option<Self>;
}

impl FromText for i128 {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl FromText for i256 {
    fn from_text(text: &str) -> Option<Self> {
        Self::from_string(text)
    }
}

fn too_long(text: &str) -> String {
    format!("{} needs more than the {DIGITS_MAX} digits of the widest decimal", shown(text))
}

/// Text that may be long, cut for people.
pub(crate) fn shown(text: &str) -> String {
    let shown: String = text.chars().take(24).collect();
    let dots = if shown.len() < text.len() { "..." } else { "" };
    format!("{shown}{dots}")
}
