//! Parameters: one row of Arrow values, bound to a statement by their own types.

pub(crate) mod civil;
pub(crate) mod encode;
mod plain;

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use arrow_array::{Array, ArrayRef, RecordBatch, make_array};
use arrow_data::transform::MutableArrayData;
use arrow_schema::{DataType, Field, FieldRef};
use odbc_api::sys::{CDataType, ParamType, SQLBindParameter, SqlDataType};

use encode::Refusal;
pub(crate) use plain::{plain_array, plain_field};

use crate::{
    dbms::Dbms,
    error::{Error, ErrorKind, Result},
    handle::{Context, StatementHandle},
};

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, "execute", message)
}

fn refused(index: usize, refusal: Refusal) -> Error {
    let message = format!("parameter {}: {}", index + 1, refusal.message);
    Error::new(refusal.kind, "execute", message)
}

fn plain(index: usize, array: &ArrayRef) -> Result<ArrayRef> {
    plain_array(array).map_err(|refusal| refused(index, refusal))
}

/// The values of a statement's parameter markers, in their order.
///
/// They are positional, or each has a name, by which it is found in the SQL as `:name` or `@name`.
#[derive(Debug, Clone, Default)]
pub struct Parameters(Vec<(FieldRef, ArrayRef)>);

/// The field of values that have no name. Their types are their arrays'.
static UNNAMED: LazyLock<FieldRef> =
    LazyLock::new(|| Arc::new(Field::new("", DataType::Null, true)));

impl Parameters {
    /// No parameters.
    pub fn none() -> Self {
        Self::default()
    }

    /// One parameter for each column of a batch that has one row. Where the columns have names,
    /// so have the parameters; either all or none have one.
    pub fn from_batch(batch: &RecordBatch) -> Result<Self> {
        Self::check_rows(batch.num_rows())?;
        let fields = batch.schema().fields().iter().cloned().collect::<Vec<_>>();
        let mut names = HashSet::new();
        for (index, field) in fields.iter().enumerate() {
            let name = field.name();
            if name.is_empty() != fields[0].name().is_empty() {
                return Err(invalid(format!("parameter {}: all have a name, or none", index + 1)));
            }
            if !name.is_empty() && !names.insert(name) {
                return Err(invalid(format!("parameter {name:?} is given twice")));
            }
        }
        let plain = |(index, (field, array)): (usize, (FieldRef, &ArrayRef))| {
            Ok((field, plain(index, array)?))
        };
        fields
            .into_iter()
            .zip(batch.columns())
            .enumerate()
            .map(plain)
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Named parameters, each by an array that holds one value.
    pub fn named<'a>(values: impl IntoIterator<Item = (&'a str, ArrayRef)>) -> Result<Self> {
        let columns = values.into_iter().map(|(name, array)| (name, array, true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns)
            .map_err(|error| invalid(error.to_string()))?;
        Self::from_batch(&batch)
    }

    /// Whether the parameters have names.
    pub fn is_named(&self) -> bool {
        self.0.first().is_some_and(|(field, _)| !field.name().is_empty())
    }

    /// The values in the order of a statement's markers. Each marker wants a value, and each value
    /// a marker.
    pub(crate) fn in_order_of(&self, names: &[String]) -> Result<Self> {
        let surplus = self.0.iter().find(|(field, _)| !names.contains(field.name()));
        if let Some((field, _)) = surplus {
            return Err(invalid(format!("the statement has no parameter {:?}", field.name())));
        }
        let find = |name: &String| {
            let found = self.0.iter().find(|(field, _)| field.name() == name);
            found.cloned().ok_or_else(|| invalid(format!("parameter {name:?} has no value")))
        };
        names.iter().map(find).collect::<Result<_>>().map(Self)
    }

    /// The same values in memory of their own. What another language gave is released by its own
    /// code, which may want to be called on the thread that gave it, before the call is over.
    pub(crate) fn copied(&self) -> Self {
        let copy = |(field, array): &(FieldRef, ArrayRef)| {
            let data = array.to_data();
            let mut copied = MutableArrayData::new(vec![&data], true, data.len());
            copied.try_extend(0, 0, data.len()).expect("a copy is no longer than what it copies");
            (Arc::clone(field), make_array(copied.freeze()))
        };
        Self(self.0.iter().map(copy).collect())
    }

    /// These values by position, and then others.
    pub(crate) fn followed_by(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The values at the places of which this is true.
    pub(crate) fn only(self, mut is_wanted: impl FnMut(usize) -> bool) -> Self {
        let kept = self.0.into_iter().enumerate().filter(|(place, _)| is_wanted(*place));
        Self(kept.map(|(_, value)| value).collect())
    }

    /// The same values by position.
    pub(crate) fn without_names(mut self) -> Self {
        for (field, _) in &mut self.0 {
            *field = Arc::new(field.as_ref().clone().with_name(""));
        }
        self
    }

    /// One parameter for each array; each holds one value.
    pub fn from_arrays(arrays: impl IntoIterator<Item = ArrayRef>) -> Result<Self> {
        arrays
            .into_iter()
            .enumerate()
            .map(|(index, array)| {
                Self::check_rows(array.len())?;
                Ok((Arc::clone(&UNNAMED), plain(index, &array)?))
            })
            .collect::<Result<_>>()
            .map(Self)
    }

    fn check_rows(rows: usize) -> Result<()> {
        if rows == 1 {
            return Ok(());
        }
        Err(invalid(format!("parameters are one row of values, not {rows}")))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Encodes every value for a driver.
    pub(crate) fn encode(&self, dbms: &Dbms) -> Result<BoundParameters> {
        if self.len() > dbms.parameters_max {
            return Err(Error::new(
                ErrorKind::Limit,
                "execute",
                format!(
                    "{} parameters are more than the {} that {} takes in one statement",
                    self.len(),
                    dbms.parameters_max,
                    dbms.id
                ),
            ));
        }
        let encoded = self.0.iter().enumerate().map(|(index, (field, array))| {
            encode::encode(field, array, dbms).map_err(|refusal| refused(index, refusal))
        });
        encoded.collect::<Result<_>>().map(BoundParameters)
    }
}

/// How a value is bound, or a column of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CellType {
    pub c_type: CDataType,
    pub sql_type: SqlDataType,
    pub column_size: usize,
    pub decimal_digits: i16,
}

/// One value as the driver takes it.
pub(crate) struct BoundParameter {
    pub c_type: CDataType,
    pub sql_type: SqlDataType,
    pub column_size: usize,
    pub decimal_digits: i16,
    pub data: Box<[u8]>,
    indicator: isize,
}

impl BoundParameter {
    fn is_bound_like(&self, other: &Self) -> bool {
        (self.c_type, self.sql_type, self.column_size, self.decimal_digits, self.data.len())
            == (
                other.c_type,
                other.sql_type,
                other.column_size,
                other.decimal_digits,
                other.data.len(),
            )
    }
}

/// The encoded values of one execution. A driver may read them until its result is closed, so none
/// is added or taken away: all stay where they are.
#[derive(Default)]
pub(crate) struct BoundParameters(Vec<BoundParameter>);

impl BoundParameters {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes over the values of others, at the addresses that these have; gives them back where
    /// they are of other types or sizes, so that they must be bound.
    pub fn replace(&mut self, others: Self) -> std::result::Result<(), Self> {
        let fits = self.0.len() == others.0.len()
            && self.0.iter().zip(&others.0).all(|(mine, other)| mine.is_bound_like(other));
        if !fits {
            return Err(others);
        }
        for (mine, other) in self.0.iter_mut().zip(&others.0) {
            mine.data.copy_from_slice(&other.data);
            mine.indicator = other.indicator;
        }
        Ok(())
    }

    /// Binds every value. What was bound before must have been reset.
    pub fn bind(&mut self, statement: &StatementHandle, context: Context) -> Result<()> {
        for (index, parameter) in self.0.iter_mut().enumerate() {
            // SAFETY: The value and its indicator live on the heap, where this keeps them, and the
            // statement that keeps this resets its handle before it lets go of it.
            let returned = unsafe {
                SQLBindParameter(
                    statement.as_sys(),
                    u16::try_from(index + 1).expect("no database takes 65,536 parameters"),
                    ParamType::Input,
                    parameter.c_type,
                    parameter.sql_type,
                    parameter.column_size,
                    parameter.decimal_digits,
                    parameter.data.as_mut_ptr().cast(),
                    parameter.data.len() as isize,
                    &mut parameter.indicator,
                )
            };
            statement.check(returned, context)?;
        }
        Ok(())
    }
}
