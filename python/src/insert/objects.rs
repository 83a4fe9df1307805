//! Rows of Python objects, read as they are needed.

use std::{collections::VecDeque, mem::discriminant, sync::Arc};

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{
    ArrowError, DataType, Field, Metadata, Schema, SchemaRef, extension::EXTENSION_TYPE_NAME_KEY,
};
use odbc_engine::{Error, ErrorKind};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{
        PyByteArray, PyBytes, PyIterator, PyList, PyMapping, PyMemoryView, PyString, PyTuple,
        PyType,
    },
};

use super::{
    OPERATION, Raised,
    column::{Column, column},
    family::Family,
    invalid, keep,
    shape::{Shape, is_mapping, names_of},
    types::{Type, Types},
};
use crate::{exceptions, uuid, value::Value};

/// How many rows are looked at for the types of columns where they can be read only once.
const ROWS_LOOKED_AT: usize = 65_536;
/// The most rows of a batch, and about the most bytes of its texts.
const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 4 << 20;

pub(super) struct Objects {
    names: Vec<String>,
    shape: Shape,
    schema: SchemaRef,
    columns: Vec<Box<dyn Column>>,
    /// Rows that were read to find the types of the columns.
    held: VecDeque<Py<PyAny>>,
    rest: Py<PyIterator>,
    /// The number of the next row.
    row: u64,
    raised: Raised,
}

impl Objects {
    pub(super) fn new(
        data: &Bound<'_, PyAny>,
        columns: Option<Vec<String>>,
        types: Types,
        raised: Raised,
    ) -> PyResult<Self> {
        let py = data.py();
        let mut rest = iterate(data)?;
        let mut held = VecDeque::from_iter(rest.next().transpose()?);
        let first = held.front();
        let own_names = first.map(names_of).transpose()?.flatten();
        let by_name = first.is_some_and(is_mapping);
        let Some(names) = columns.or_else(|| types.names()).or(own_names) else {
            let message = match first {
                Some(_) => "the rows have no names for their values: give them by columns",
                None => "there is no row that would tell the columns: give them by columns",
            };
            return Err(invalid(py, message));
        };
        let shape = if by_name {
            Shape::Names(names.iter().map(|name| PyString::new(py, name).unbind()).collect())
        } else {
            Shape::Positions(names.len())
        };
        let types = types.in_order(py, &names)?;
        // A list can be read twice; of anything else there is only what was read.
        let all = data.is_instance_of::<PyList>() || data.is_instance_of::<PyTuple>();
        let mut seen: Vec<Seen> = types.into_iter().map(Seen::of).collect();
        let mut complete = true;
        if seen.iter().any(|seen| !seen.is_exact()) {
            let mut look =
                Look { names: &names, shape: &shape, row: 0, seen: &mut seen, values: Vec::new() };
            if all {
                data.try_iter()?.try_for_each(|row| look.at(&row?))?;
            } else {
                held.extend(rest.by_ref().take(ROWS_LOOKED_AT).collect::<PyResult<Vec<_>>>()?);
                complete = held.len() <= ROWS_LOOKED_AT;
                held.iter().try_for_each(|row| look.at(row))?;
            }
        }
        let fields = seen.iter().zip(&names).map(|(seen, name)| {
            let (data_type, metadata) = seen.result(complete).map_err(|message| {
                exceptions::from_engine(py, &data_error(message).in_column(name))
            })?;
            Ok(Field::new(name, data_type, true).with_metadata(metadata))
        });
        let fields = fields.collect::<PyResult<Vec<_>>>()?;
        let columns = fields.iter().map(|field| column(field.data_type()));
        let columns = columns.collect::<Result<_, _>>().map_err(|message| invalid(py, message))?;
        Ok(Self {
            names,
            shape,
            schema: Arc::new(Schema::new(fields)),
            columns,
            held: held.into_iter().map(Bound::unbind).collect(),
            rest: rest.unbind(),
            row: 0,
            raised,
        })
    }

    /// The next rows; None at the end.
    fn read(&mut self, py: Python<'_>) -> PyResult<Option<RecordBatch>> {
        py.check_signals()?;
        let mut values = Vec::with_capacity(self.names.len());
        let (mut rows, mut bytes) = (0, 0);
        while rows < BATCH_ROWS && bytes < BATCH_BYTES {
            let row = match self.held.pop_front() {
                Some(row) => row.into_bound(py),
                None => match self.rest.bind(py).clone().next() {
                    Some(row) => row?,
                    None => break,
                },
            };
            let number = self.row;
            self.shape.read(&row, number, &mut values)?;
            for (index, object) in values.iter().enumerate() {
                let value = Value::of(object)?;
                bytes += value.as_ref().map_or(0, Value::len);
                let pushed = value.and_then(|value| self.columns[index].push(&value));
                pushed.map_err(|reason| self.refused(py, index, number, reason))?;
            }
            rows += 1;
            self.row += 1;
        }
        if rows == 0 {
            return Ok(None);
        }
        let columns = self.columns.iter_mut().map(|column| column.finish()).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        batch.map(Some).map_err(|error| invalid(py, error.to_string()))
    }

    fn refused(&self, py: Python<'_>, index: usize, row: u64, mut reason: String) -> PyErr {
        if *self.schema.field(index).data_type() == DataType::Null {
            reason = format!(
                "nothing but None came before it in {ROWS_LOOKED_AT} rows: give the column's type \
                 by types"
            );
        }
        let error = data_error(reason).in_column(&self.names[index]).in_row(row);
        exceptions::from_engine(py, &error)
    }
}

impl Iterator for Objects {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        Python::attach(|py| match self.read(py) {
            Ok(batch) => batch.map(Ok),
            Err(error) => Some(Err(keep(&self.raised, error))),
        })
    }
}

impl RecordBatchReader for Objects {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

fn data_error(message: String) -> Error {
    Error::new(ErrorKind::Data, OPERATION, message)
}

fn iterate<'py>(data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
    let is_one_value = data.is_instance_of::<PyString>()
        || data.is_instance_of::<PyBytes>()
        || data.is_instance_of::<PyByteArray>()
        || data.is_instance_of::<PyMemoryView>()
        || data.is_instance_of::<PyMapping>();
    match data.try_iter() {
        Ok(rows) if !is_one_value => Ok(rows),
        Err(error) if !error.is_instance_of::<PyTypeError>(data.py()) => Err(error),
        _ => {
            let name = data.get_type().fully_qualified_name()?;
            let message = format!(
                "rows are Arrow data (__arrow_c_stream__ or __arrow_c_array__), or an iterable of \
                 tuples or dicts, not {name}"
            );
            Err(invalid(data.py(), message))
        }
    }
}

/// What is known of the type of a column.
struct Seen {
    given: Option<Type>,
    family: Family,
    /// The first row that told, and what it had.
    first: Option<(u64, &'static str)>,
    /// A class of which no value changes what is known.
    settled: Option<Py<PyType>>,
}

impl Seen {
    fn of(given: Option<Type>) -> Self {
        let family = match &given {
            Some(Type::Class(family)) => family.clone(),
            _ => Family::Unknown,
        };
        Self { given, family, first: None, settled: None }
    }

    /// Takes one more value in; false where it does not go with those before, or with a class that is
    /// given, which no value makes another one.
    fn admit(&mut self, value: &Value<'_>) -> bool {
        let mut family = self.family.clone();
        let keeps_class = |family: &Family| {
            self.given.is_none() || discriminant(family) == discriminant(&self.family)
        };
        let fits = family.admit(value) && keeps_class(&family);
        if fits {
            self.family = family;
        }
        fits
    }

    /// Why a value was not taken in.
    fn refusal(&self, value: &Value<'_>) -> String {
        match self.first {
            Some((row, kind)) if self.given.is_none() || kind.starts_with("a datetime") => {
                format!("{} where row {row} has {kind}", value.kind())
            }
            _ => format!("{} is not of the type that types gives", value.kind()),
        }
    }

    /// Whether nothing is to be learnt from an object.
    fn settled_for(&self, object: &Bound<'_, PyAny>) -> bool {
        self.settled.as_ref().is_some_and(|class| object.get_type().is(class))
    }

    fn is_exact(&self) -> bool {
        matches!(self.given, Some(Type::Exact(..)))
    }

    fn result(&self, complete: bool) -> Result<(DataType, Metadata), String> {
        if let Some(Type::Exact(data_type, metadata)) = &self.given {
            return Ok((data_type.clone(), metadata.clone()));
        }
        let data_type = self.family.data_type(complete)?;
        // Nothing but a UUID becomes 16 fixed bytes.
        let metadata = match data_type {
            DataType::FixedSizeBinary(_) => {
                Metadata::from([(EXTENSION_TYPE_NAME_KEY, uuid::EXTENSION)])
            }
            _ => Metadata::default(),
        };
        Ok((data_type, metadata))
    }
}

/// Looks at rows for the types of their columns.
struct Look<'a, 'py> {
    names: &'a [String],
    shape: &'a Shape,
    row: u64,
    seen: &'a mut [Seen],
    values: Vec<Bound<'py, PyAny>>,
}

impl<'py> Look<'_, 'py> {
    fn at(&mut self, row: &Bound<'py, PyAny>) -> PyResult<()> {
        self.shape.read(row, self.row, &mut self.values)?;
        for ((object, seen), name) in self.values.iter().zip(self.seen.iter_mut()).zip(self.names) {
            if seen.is_exact() || object.is_none() || seen.settled_for(object) {
                continue;
            }
            let admitted = Value::of(object)?.and_then(|value| {
                if seen.admit(&value) {
                    seen.first.get_or_insert((self.row, value.kind()));
                    if seen.family.is_settled() {
                        seen.settled = Some(object.get_type().unbind());
                    }
                    return Ok(());
                }
                Err(seen.refusal(&value))
            });
            admitted.map_err(|reason| {
                let error = data_error(reason).in_column(name).in_row(self.row);
                exceptions::from_engine(row.py(), &error)
            })?;
        }
        self.row += 1;
        Ok(())
    }
}
