//! `decimal.Decimal` and Arrow's decimals, exact both ways.

use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, Decimal256Array};
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

/// A `Decimal` as an array of length 1, or why there is none.
pub(crate) fn to_arrow(value: &Bound<'_, PyAny>) -> PyResult<Result<ArrayRef, String>> {
    if !value.call_method0("is_finite")?.is_truthy()? {
        return Ok(Err(format!("no database decimal holds {}", value.str()?)));
    }
    // Spelling out a number such as 1E+999999 would take a megabyte only to refuse it.
    let magnitude: i64 = value.call_method0("adjusted")?.extract()?;
    let places = value.call_method0("as_tuple")?.getattr("exponent")?.extract::<i64>()?;
    let digits_max = i64::from(DIGITS_MAX);
    if magnitude >= digits_max || places < -digits_max {
        return Ok(Err(too_long(&value.str()?.to_string())));
    }
    let plain: String = value.call_method1("__format__", ("f",))?.extract()?;
    Ok(from_text(&plain))
}

/// An array of length 1 from plain decimal text such as "-12.50".
pub(crate) fn from_text(text: &str) -> Result<ArrayRef, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let unscaled = format!("{whole}{fraction}");
    let significant = unscaled.trim_start_matches('-').trim_start_matches('0').len();
    let precision = significant.max(fraction.len()).max(1);
    let array: Option<ArrayRef> = if precision <= usize::from(DECIMAL128_MAX_PRECISION) {
        unscaled.parse::<i128>().ok().and_then(|value| {
            let array = Decimal128Array::from(vec![value]);
            let typed = array.with_precision_and_scale(precision as u8, fraction.len() as i8);
            typed.ok().map(|array| Arc::new(array) as ArrayRef)
        })
    } else if precision <= usize::from(DIGITS_MAX) {
        i256::from_string(&unscaled).and_then(|value| {
            let array = Decimal256Array::from(vec![value]);
            let typed = array.with_precision_and_scale(precision as u8, fraction.len() as i8);
            typed.ok().map(|array| Arc::new(array) as ArrayRef)
        })
    } else {
        None
    };
    array.ok_or_else(|| too_long(text))
}

fn too_long(text: &str) -> String {
    let shown: String = text.chars().take(24).collect();
    let dots = if shown.len() < text.len() { "..." } else { "" };
    format!("{shown}{dots} needs more than the {DIGITS_MAX} digits of the widest decimal")
}
