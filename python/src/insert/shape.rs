//! Where a row of Python objects has its values.

use odbc_engine::{Error, ErrorKind};
use pyo3::{
    intern,
    prelude::*,
    types::{
        PyByteArray, PyBytes, PyDict, PyFrozenSet, PyList, PyMapping, PySet, PyString, PyTuple,
    },
};

use super::OPERATION;
use crate::{exceptions, parameters::text};

/// What all rows have in common: their values by position, or by name.
pub(super) enum Shape {
    Positions(usize),
    Names(Vec<Py<PyString>>),
}

impl Shape {
    /// The values of a row, in the order of the columns.
    pub(super) fn read<'py>(
        &self,
        row: &Bound<'py, PyAny>,
        number: u64,
        values: &mut Vec<Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        values.clear();
        match self {
            Self::Positions(count) => {
                by_position(row, number, values)?;
                if values.len() != *count {
                    let has = values.len();
                    let message = format!("the row has {has} values for {count} columns");
                    return Err(misshapen(row.py(), message, number));
                }
            }
            Self::Names(names) => by_name(row, number, names, values)?,
        }
        Ok(())
    }
}

/// The names that a row has for its values; None where they have only positions.
pub(super) fn names_of(row: &Bound<'_, PyAny>) -> PyResult<Option<Vec<String>>> {
    let read = |names: Bound<'_, PyAny>| -> PyResult<Vec<String>> {
        names.try_iter()?.map(|name| text(&name?, OPERATION, "the name of a column")).collect()
    };
    if let Ok(mapping) = row.cast::<PyMapping>() {
        return read(mapping.keys()?.into_any()).map(Some);
    }
    match row.getattr_opt("_fields")? {
        Some(fields) if row.is_instance_of::<PyTuple>() => read(fields).map(Some),
        _ => Ok(None),
    }
}

pub(super) fn is_mapping(row: &Bound<'_, PyAny>) -> bool {
    row.cast::<PyMapping>().is_ok()
}

fn by_position<'py>(
    row: &Bound<'py, PyAny>,
    number: u64,
    values: &mut Vec<Bound<'py, PyAny>>,
) -> PyResult<()> {
    if let Ok(tuple) = row.cast::<PyTuple>() {
        values.extend(tuple.iter());
        return Ok(());
    }
    if let Ok(list) = row.cast::<PyList>() {
        values.extend(list.iter());
        return Ok(());
    }
    let is_one_value = row.is_instance_of::<PyString>()
        || row.is_instance_of::<PyBytes>()
        || row.is_instance_of::<PyByteArray>();
    let is_unordered = row.is_instance_of::<PySet>() || row.is_instance_of::<PyFrozenSet>();
    // An iterator gives its values once, but they may be looked at twice.
    let is_sequence = row.hasattr(intern!(row.py(), "__len__"))?;
    match row.try_iter() {
        Ok(cells) if is_sequence && !is_one_value && !is_unordered && !is_mapping(row) => {
            for cell in cells {
                values.push(cell?);
            }
            Ok(())
        }
        _ => {
            let name = row.get_type().name()?;
            let message = format!("a row must be a tuple or a list like the others, not {name}");
            Err(misshapen(row.py(), message, number))
        }
    }
}

fn by_name<'py>(
    row: &Bound<'py, PyAny>,
    number: u64,
    names: &[Py<PyString>],
    values: &mut Vec<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let py = row.py();
    let Ok(mapping) = row.cast::<PyMapping>() else {
        let name = row.get_type().name()?;
        let message = format!("a row must be a mapping like the others, not {name}");
        return Err(misshapen(py, message, number));
    };
    for name in names {
        let name = name.bind(py);
        let value = match row.cast_exact::<PyDict>() {
            Ok(dict) => dict.get_item(name)?,
            Err(_) if mapping.contains(name)? => Some(mapping.get_item(name)?),
            Err(_) => None,
        };
        let Some(value) = value else {
            return Err(misshapen(py, format!("the row has no value for {name:?}"), number));
        };
        values.push(value);
    }
    if mapping.len()? == names.len() {
        return Ok(());
    }
    for key in mapping.keys()?.iter() {
        if !names.iter().any(|name| key.eq(name).unwrap_or(false)) {
            return Err(misshapen(py, format!("the row's key {key:?} is no column"), number));
        }
    }
    Err(misshapen(py, "the row has other keys than the columns".to_owned(), number))
}

fn misshapen(py: Python<'_>, message: String, row: u64) -> PyErr {
    let error = Error::new(ErrorKind::InvalidArgument, OPERATION, message);
    exceptions::from_engine(py, &error.in_row(row))
}
