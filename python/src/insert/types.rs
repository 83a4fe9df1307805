//! The types that a caller gives for columns of Python objects.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Metadata, Schema, ffi::FFI_ArrowSchema};
use pyo3::{
    prelude::*,
    types::{PyCapsule, PyMapping, PyString, PyType},
};

use super::{OPERATION, column::stored_type, family::Family, invalid};
use crate::parameters::text;

/// The type of one column.
#[derive(Debug, Clone)]
pub(super) enum Type {
    /// An Arrow type, with what its field says beside it.
    Exact(DataType, Metadata),
    /// A class of Python; its digits and zones follow from the values.
    Class(Family),
}

/// The types of some columns, by name, or of all, by position.
#[derive(Default)]
pub(super) enum Types {
    #[default]
    None,
    Named(Vec<(String, Type)>),
    /// Those of an Arrow schema, which has all columns in their order.
    Schema(Vec<(String, Type)>),
    Placed(Vec<Type>),
}

impl Types {
    pub(super) fn of(types: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Some(schema) = exported(types)? {
            let schema = Schema::try_from(schema.get())
                .map_err(|error| invalid(types.py(), format!("types is no schema: {error}")))?;
            let named = |field: &Arc<Field>| (field.name().clone(), Type::exact(field));
            return Ok(Self::Schema(schema.fields().iter().map(named).collect()));
        }
        if let Ok(mapping) = types.cast::<PyMapping>() {
            let named = mapping.items()?.iter().map(|item| {
                let (name, of): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
                Ok((text(&name, OPERATION, "the name of a column")?, Type::of(&of)?))
            });
            return named.collect::<PyResult<_>>().map(Self::Named);
        }
        if types.is_instance_of::<PyString>() {
            let message = "types must be a mapping of names to types, or a list of them, not a str";
            return Err(invalid(types.py(), message));
        }
        types.try_iter()?.map(|of| Type::of(&of?)).collect::<PyResult<_>>().map(Self::Placed)
    }

    /// The names that the types come with, where they are those of all columns.
    pub(super) fn names(&self) -> Option<Vec<String>> {
        match self {
            Self::Schema(named) => Some(named.iter().map(|(name, _)| name.clone()).collect()),
            _ => None,
        }
    }

    /// The type of each column that has one.
    pub(super) fn in_order(self, py: Python<'_>, names: &[String]) -> PyResult<Vec<Option<Type>>> {
        let mut found = vec![None; names.len()];
        match self {
            Self::None => {}
            Self::Placed(types) if types.len() != names.len() => {
                let (types, columns) = (types.len(), names.len());
                return Err(invalid(py, format!("types has {types} types for {columns} columns")));
            }
            Self::Placed(types) => found = types.into_iter().map(Some).collect(),
            Self::Named(types) | Self::Schema(types) => {
                for (name, of) in types {
                    let Some(index) = names.iter().position(|known| *known == name) else {
                        let message = format!("types names {name:?}, which is none of the columns");
                        return Err(invalid(py, message));
                    };
                    found[index] = Some(of);
                }
            }
        }
        Ok(found)
    }
}

impl Type {
    fn of(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = given.py();
        if let Ok(class) = given.cast::<PyType>() {
            return Self::of_class(class);
        }
        if let Ok(format) = given.cast::<PyString>() {
            let format = format.to_str()?;
            let exported = FFI_ArrowSchema::try_new(format, Vec::new(), None);
            let data_type = exported.and_then(|exported| DataType::try_from(&exported));
            return match data_type {
                Ok(data_type) => Ok(Self::exact(&Field::new("", data_type, true))),
                Err(_) => Err(invalid(py, format!("types: {format:?} is no Arrow format string"))),
            };
        }
        if let Some(schema) = exported(given)? {
            let field = Field::try_from(schema.get())
                .map_err(|error| invalid(py, format!("types: {given:?} is no type: {error}")))?;
            return Ok(Self::exact(&field));
        }
        Err(invalid(
            py,
            format!("types: {given:?} is no class, no Arrow format string and no Arrow type"),
        ))
    }

    fn exact(field: &Field) -> Self {
        Self::Exact(stored_type(field.data_type()), field.metadata().clone())
    }

    fn of_class(class: &Bound<'_, PyType>) -> PyResult<Self> {
        let name = class.fully_qualified_name()?.to_string();
        Ok(Self::Class(match name.as_str() {
            "bool" => Family::Boolean,
            "int" => Family::Integer(Default::default()),
            "float" => Family::Float,
            "decimal.Decimal" => Family::Decimal { whole: 0, scale: 0 },
            "str" => Family::Text,
            "bytes" => Family::Bytes,
            "datetime.date" => Family::Date,
            "datetime.time" => Family::Time,
            "datetime.datetime" => Family::Moment { instant: None, nanos: false },
            "uuid.UUID" => Family::Uuid,
            _ => {
                let message = format!("types: {name} is none of the classes that values may have");
                return Err(invalid(class.py(), message));
            }
        }))
    }
}

/// An Arrow schema that outlives its borrow.
struct Exported<'py>(Bound<'py, PyCapsule>);

impl Exported<'_> {
    fn get(&self) -> &FFI_ArrowSchema {
        let schema = self.0.pointer_checked(Some(c"arrow_schema")).expect("that was checked");
        // SAFETY: The capsule's name tells what it holds, and the capsule outlives the borrow.
        unsafe { schema.cast::<FFI_ArrowSchema>().as_ref() }
    }
}

fn exported<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Exported<'py>>> {
    let Some(export) = object.getattr_opt("__arrow_c_schema__")? else { return Ok(None) };
    let capsule = export.call0()?.cast_into::<PyCapsule>()?;
    capsule.pointer_checked(Some(c"arrow_schema"))?;
    Ok(Some(Exported(capsule)))
}
