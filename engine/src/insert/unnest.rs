//! An INSERT of arrays that PostgreSQL unnests, by the types of the table's columns.

use std::collections::HashMap;

use arrow_schema::{DataType, Field};

use super::{OPERATION, target::Target};
use crate::{connection::Session, error::Result, parameters::encode::is_uuid};

/// The INSERT, or None where a column does not go by its text.
pub(super) fn sql(session: &mut Session, target: &Target) -> Result<Option<String>> {
    let types = column_types(session, target)?;
    let mut arrays = Vec::new();
    let mut values = Vec::new();
    for (index, (name, field)) in target.columns.iter().zip(target.schema.fields()).enumerate() {
        let Some(column_type) = types.get(name) else { return Ok(None) };
        let column = format!("c{index}");
        match element(field, column_type) {
            Some(element) => {
                arrays.push(format!("?::{element}[]"));
                values.push(column);
            }
            // Any value has a text, and an array of arrays would come apart.
            None if is_text(field.data_type()) => {
                arrays.push("?::text[]".to_owned());
                values.push(format!("{column}::{column_type}"));
            }
            None => return Ok(None),
        }
    }
    let columns: Vec<_> = (0..values.len()).map(|index| format!("c{index}")).collect();
    Ok(Some(format!(
        "{} SELECT {} FROM unnest({}) AS rows_given({})",
        target.head(),
        values.join(", "),
        arrays.join(", "),
        columns.join(", ")
    )))
}

/// The types of a table's columns, without their lengths, which a cast would cut a value to; a
/// domain keeps its length, so that columns of one are left out.
fn column_types(session: &mut Session, target: &Target) -> Result<HashMap<String, String>> {
    let table = target.table_text();
    let query = format!(
        "SELECT coalesce(string_agg(attname || chr(31) || format_type(atttypid, -1), chr(30)), '') \
         FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid \
         WHERE attrelid = {table}::regclass AND attnum > 0 AND NOT attisdropped \
         AND typtype <> 'd'"
    );
    let found = session.ask(OPERATION, &query)?;
    let columns = found.split('\x1e').filter_map(|column| column.split_once('\x1f'));
    Ok(columns.map(|(name, column_type)| (name.to_owned(), column_type.to_owned())).collect())
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null)
}

/// The type of an array's elements that go to a column as single parameters of the field would.
fn element<'a>(field: &Field, column_type: &'a str) -> Option<&'a str> {
    use DataType as A;
    let is = |types: &[&str]| types.contains(&column_type).then_some(column_type);
    match field.data_type() {
        A::Boolean => is(&["boolean"]),
        A::Int8 | A::Int16 | A::Int32 | A::Int64 | A::UInt8 | A::UInt16 | A::UInt32 | A::UInt64 => {
            is(&["smallint", "integer", "bigint", "numeric", "double precision"])
        }
        // The shortest text of a float is that of another double.
        A::Float32 => is(&["real"]),
        A::Float64 => is(&["double precision"]),
        A::Decimal128(..) | A::Decimal256(..) => is(&["numeric"]),
        A::Utf8 | A::LargeUtf8 | A::Utf8View | A::Null => {
            is(&["text", "character varying", "bpchar"])
        }
        A::FixedSizeBinary(16) if is_uuid(field) => is(&["uuid"]),
        A::Binary | A::LargeBinary | A::BinaryView | A::FixedSizeBinary(_) => is(&["bytea"]),
        A::Date32 => is(&["date"]),
        A::Time32(_) | A::Time64(_) => is(&["time without time zone"]),
        A::Timestamp(_, None) => is(&["timestamp without time zone", "timestamp with time zone"]),
        A::Timestamp(_, Some(_)) => is(&["timestamp with time zone"]),
        _ => None,
    }
}
