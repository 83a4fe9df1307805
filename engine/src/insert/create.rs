//! The table that is made for rows.

use arrow_schema::{DataType, Field, TimeUnit, extension::EXTENSION_TYPE_NAME_KEY};

use super::{BulkMode, OPERATION, target::Target};
use crate::{
    connection::Session,
    dbms::{ColumnTypes, CreateIfMissing, Dbms},
    error::{Error, ErrorKind, Result},
    parameters::encode::is_uuid,
};

/// Makes the table as the mode asks for it.
pub(super) fn prepare_table(session: &mut Session, target: &Target, mode: BulkMode) -> Result<()> {
    let statements = statements(session.dbms, target, mode)?;
    // IF NOT EXISTS looks where a table would be made, and not at temporary ones.
    if mode == BulkMode::CreateAppend && is_visible(session, target) {
        return Ok(());
    }
    for sql in statements {
        session.trace(&sql);
        let run = session.run(OPERATION, &sql).map(drop);
        // What was prepared for a table of this name may not fit it any more.
        session.note_schema_change(&sql);
        run?;
    }
    Ok(())
}

/// Whether rows that are inserted into the table find it.
fn is_visible(session: &mut Session, target: &Target) -> bool {
    match session.dbms.bulk.visible_table {
        Some(query) => {
            let query = query.replace("{}", &target.table_text());
            session.ask(OPERATION, &query).is_ok_and(|found| !found.is_empty())
        }
        None => {
            let query = format!("SELECT 1 FROM {} WHERE 1 = 0", target.table);
            session.run(OPERATION, &query).is_ok()
        }
    }
}

fn statements(dbms: &Dbms, target: &Target, mode: BulkMode) -> Result<Vec<String>> {
    if mode == BulkMode::Append {
        return Ok(Vec::new());
    }
    let create = |what: &str| -> Result<String> {
        let columns = target.quoted().iter().zip(target.schema.fields());
        let columns = columns.map(|(name, field)| {
            let null = if field.is_nullable() { "" } else { " NOT NULL" };
            column_type(field, dbms).map(|sql| format!("{name} {sql}{null}"))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?.join(", ");
        Ok(format!("{what} {} ({columns})", target.table))
    };
    match (mode, dbms.bulk.create_if_missing) {
        (BulkMode::Create, _) => Ok(vec![create("CREATE TABLE")?]),
        (_, CreateIfMissing::Unsupported) => Err(unsupported(format!(
            "nothing is known that drops or makes a table of {} only where there is one or none",
            dbms.id
        ))),
        (BulkMode::Replace, _) => {
            Ok(vec![format!("DROP TABLE IF EXISTS {}", target.table), create("CREATE TABLE")?])
        }
        (_, CreateIfMissing::Clause) => Ok(vec![create("CREATE TABLE IF NOT EXISTS")?]),
        (_, CreateIfMissing::ObjectId) => {
            let name = target.table.replace('\'', "''");
            Ok(vec![create(&format!("IF OBJECT_ID(N'{name}') IS NULL CREATE TABLE"))?])
        }
    }
}

fn unsupported(message: String) -> Error {
    Error::new(ErrorKind::Unsupported, OPERATION, message)
}

/// The type of a column that holds every value of a field.
fn column_type(field: &Field, dbms: &Dbms) -> Result<String> {
    let Some(types) = dbms.bulk.types else {
        let message = format!("the types of {} are not known well enough to make a table", dbms.id);
        return Err(unsupported(message));
    };
    let is_json = field.metadata().get(EXTENSION_TYPE_NAME_KEY).is_some_and(|n| n == "arrow.json");
    let plain = |text: &str| Ok(text.to_owned());
    match field.data_type() {
        DataType::Boolean => plain(types.boolean),
        DataType::Int8 => plain(types.int8),
        DataType::Int16 => plain(types.int16),
        DataType::Int32 => plain(types.int32),
        DataType::Int64 => plain(types.int64),
        DataType::UInt8 => plain(types.uint8),
        DataType::UInt16 => plain(types.uint16),
        DataType::UInt32 => plain(types.uint32),
        DataType::UInt64 => plain(types.uint64),
        DataType::Float32 => plain(types.float32),
        DataType::Float64 => plain(types.float64),
        DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => decimal(field, *p, *s, types),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if is_json => plain(types.json),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
            plain(types.text)
        }
        DataType::FixedSizeBinary(16) if is_uuid(field) => plain(types.uuid),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => plain(types.binary),
        DataType::Date32 => plain(types.date),
        DataType::Time32(unit) | DataType::Time64(unit) => {
            Ok(with_fraction(types.time, *unit, types))
        }
        DataType::Timestamp(unit, None) => Ok(with_fraction(types.timestamp, *unit, types)),
        DataType::Timestamp(unit, Some(_)) => Ok(with_fraction(types.instant, *unit, types)),
        other => Err(unsupported(format!("no column is made for the Arrow type {other}"))
            .in_column(field.name())),
    }
}

fn decimal(field: &Field, precision: u8, scale: i8, types: &ColumnTypes) -> Result<String> {
    // A negative scale stands for zeros before the point.
    let whole = usize::from(scale.min(0).unsigned_abs());
    let scale = usize::from(scale.max(0).unsigned_abs());
    let precision = (usize::from(precision) + whole).max(scale);
    let (precision_max, scale_max) = types.decimal_max;
    if precision > precision_max || scale > scale_max {
        let message = format!(
            "a decimal of {precision} digits, {scale} of them behind the point, exceeds the \
             {precision_max} and {scale_max} that there may be"
        );
        return Err(unsupported(message).in_column(field.name()));
    }
    let sql = types.decimal.replace("{p}", &precision.to_string());
    Ok(sql.replace("{s}", &scale.to_string()))
}

fn with_fraction(sql: &str, unit: TimeUnit, types: &ColumnTypes) -> String {
    let digits: u8 = match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    };
    sql.replace("{f}", &digits.min(types.fraction_max).to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::Schema;

    use super::*;
    use crate::insert::BulkOptions;

    fn sql(dbms: &str, mode: BulkMode) -> Vec<String> {
        let schema = Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("v", DataType::Decimal128(10, -2), true),
            Field::new("t", DataType::Timestamp(TimeUnit::Nanosecond, None), true),
        ]);
        let dbms = Dbms::by_name(dbms);
        let target = Target::new("s.pet", &Arc::new(schema), &BulkOptions::default(), dbms);
        statements(dbms, &target.unwrap(), mode).unwrap()
    }

    #[test]
    fn tables_are_made_of_the_databases_types() {
        assert_eq!(
            sql("PostgreSQL", BulkMode::Replace),
            [
                r#"DROP TABLE IF EXISTS "s"."pet""#,
                r#"CREATE TABLE "s"."pet" ("id" bigint NOT NULL, "v" numeric(12, 0), "t" timestamp(6))"#
            ]
        );
        assert_eq!(
            sql("Microsoft SQL Server", BulkMode::CreateAppend),
            ["IF OBJECT_ID(N'[s].[pet]') IS NULL CREATE TABLE [s].[pet] ([id] bigint NOT NULL, \
              [v] decimal(12, 0), [t] datetime2(7))"]
        );
        assert_eq!(sql("MariaDB", BulkMode::Append), Vec::<String>::new());
    }
}
