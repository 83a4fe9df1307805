//! Answers of drivers that number columns wrongly, with the database's own numbers.

use std::{collections::HashMap, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Int16Array, Int64Array, RecordBatch, StringArray, UInt64Array, cast::AsArray,
    types::Int16Type,
};
use arrow_schema::{ArrowError, DataType};
use arrow_select::{concat::concat_batches, take::take_record_batch};

use super::{CatalogFunction, CatalogQuery};
use crate::{
    connection::Shared,
    error::{Error, ErrorKind, Result},
    parameters::Parameters,
    statement::{HeldResult, Statement},
};

const OPERATION: &str = "catalog";

/// A column: its table's qualifier, its table and its name.
type Place<'a> = [&'a str; 3];

/// Asks the catalog, and puts the answer right where the driver is known to get it wrong.
pub(crate) fn ask(shared: &Arc<Shared>, query: &CatalogQuery) -> Result<Statement> {
    let function = query.function;
    let known = shared.dbms.column_numbers.iter().find(|known| known.function == function);
    let Some(numbers) = known else { return Statement::of_catalog(shared, query) };
    // A request that comes between the two questions is for both.
    let _job = shared.job(OPERATION)?;
    let statement = Statement::of_catalog(shared, query)?;
    let mut answer = statement.read()?;
    let rows = concat_batches(&answer.schema, &answer.batches).map_err(wrong)?;
    if rows.num_rows() > 0 {
        let found = own_numbers(shared, numbers.query, &rows)?;
        answer.batches = vec![renumber(function, &rows, &found).map_err(wrong)?];
    }
    statement.hold(vec![answer])?;
    Ok(statement)
}

/// Asks the database for the numbers of the columns in the tables of an answer.
fn own_numbers(shared: &Arc<Shared>, query: &str, rows: &RecordBatch) -> Result<RecordBatch> {
    let name = |index: usize| -> ArrayRef {
        let name = place(rows, 0)[index];
        let is_one = (1..rows.num_rows()).all(|row| place(rows, row)[index] == name);
        Arc::new(StringArray::from(vec![is_one.then_some(name)]))
    };
    let statement = Statement::new(shared, query)?;
    statement.execute(&Parameters::from_arrays([name(0), name(1)])?)?;
    let HeldResult { schema, batches, .. } = statement.read()?;
    if let Some(other) = schema.fields().iter().find(|field| *field.data_type() != DataType::Utf8) {
        return Err(wrong(format!("the database numbers columns by {other}, not by text")));
    }
    concat_batches(&schema, &batches).map_err(wrong)
}

fn wrong(message: impl ToString) -> Error {
    Error::new(ErrorKind::Internal, OPERATION, message.to_string())
}

/// The rows of the columns that the database has numbered, by these numbers within each table.
fn renumber(
    function: CatalogFunction,
    rows: &RecordBatch,
    numbers: &RecordBatch,
) -> std::result::Result<RecordBatch, ArrowError> {
    let known: HashMap<Place<'_>, i64> = (0..numbers.num_rows())
        .filter_map(|row| {
            let [qualifier, table, name, number] =
                std::array::from_fn(|index| text(numbers, index, row));
            Some(([qualifier, table, name], number.parse().ok()?))
        })
        .collect();
    let mut tables = HashMap::new();
    let mut order: Vec<(usize, i64, u64)> = Vec::new();
    for row in 0..rows.num_rows() {
        let place = place(rows, row);
        let next = tables.len();
        let table = *tables.entry([place[0], place[1]]).or_insert(next);
        order.extend(known.get(&place).map(|number| (table, *number, row as u64)));
    }
    order.sort_unstable();
    let taken = UInt64Array::from_iter_values(order.iter().map(|(.., row)| *row));
    let rows = take_record_batch(rows, &taken)?;
    let numbers = order.iter().map(|(_, number, _)| *number);
    let mut columns = rows.columns().to_vec();
    let number = if function == CatalogFunction::Columns { ORDINAL_POSITION } else { KEY_SEQ };
    columns[number] = match columns[number].data_type() {
        DataType::Int16 => Arc::new(Int16Array::from_iter_values(numbers.map(|one| one as i16))),
        _ => Arc::new(Int64Array::from_iter_values(numbers)),
    };
    if function == CatalogFunction::Columns {
        columns[IS_NULLABLE] = Arc::new(is_nullable(&columns));
    }
    RecordBatch::try_new(rows.schema(), columns)
}

const KEY_SEQ: usize = 4;
const NULLABLE: usize = 10;
const ORDINAL_POSITION: usize = 16;
const IS_NULLABLE: usize = 17;

/// IS_NULLABLE, which psqlodbc 13.02 leaves out, by what NULLABLE says.
fn is_nullable(columns: &[ArrayRef]) -> StringArray {
    let nullable = columns[NULLABLE].as_primitive::<Int16Type>();
    let given = columns[IS_NULLABLE].as_string::<i32>();
    let words = nullable.iter().zip(given).map(|(nullable, given)| {
        given.or(match nullable? {
            0 => Some("NO"),
            1 => Some("YES"),
            _ => None,
        })
    });
    words.collect()
}

/// The column in a row of an answer.
fn place(rows: &RecordBatch, row: usize) -> Place<'_> {
    [qualifier(rows, row), text(rows, 2, row), text(rows, 3, row)]
}

/// What qualifies the name in a row of an answer: its schema, or else its catalog.
pub(crate) fn qualifier(rows: &RecordBatch, row: usize) -> &str {
    let (catalog, schema) = (text(rows, 0, row), text(rows, 1, row));
    if schema.is_empty() { catalog } else { schema }
}

/// A text of an answer; empty where it is NULL.
pub(crate) fn text(rows: &RecordBatch, column: usize, row: usize) -> &str {
    let texts = rows.column(column).as_string::<i32>();
    if texts.is_null(row) { "" } else { texts.value(row) }
}
