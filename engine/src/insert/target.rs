//! The table that rows go to, and the SQL that names it.

use arrow_schema::{Field, SchemaRef};

use super::{BulkOptions, OPERATION};
use crate::{
    dbms::{Dbms, Folding},
    error::Result,
    identifier,
    options::invalid,
};

/// A table with those of its columns that are written.
#[derive(Debug)]
pub(super) struct Target {
    /// The table's name, quoted.
    pub table: String,
    /// The columns' names as the database has them.
    pub columns: Vec<String>,
    /// The same, quoted.
    quoted: Vec<String>,
    /// What the rows have in these columns.
    pub schema: SchemaRef,
}

impl Target {
    pub fn new(
        table: &str,
        schema: &SchemaRef,
        options: &BulkOptions,
        dbms: &Dbms,
    ) -> Result<Self> {
        let given = |field: &std::sync::Arc<Field>| field.name().clone();
        let names = match &options.columns {
            Some(columns) if columns.len() != schema.fields().len() => {
                let message = format!(
                    "option \"columns\" names {} columns, but the rows have {}",
                    columns.len(),
                    schema.fields().len()
                );
                return Err(invalid(OPERATION, message));
            }
            Some(columns) => columns.clone(),
            None => schema.fields().iter().map(given).collect(),
        };
        if names.is_empty() {
            return Err(invalid(OPERATION, "the rows have no columns".to_owned()));
        }
        if names.len() > dbms.parameters_max {
            let message = format!("{} columns are more than {} takes", names.len(), dbms.id);
            return Err(invalid(OPERATION, message));
        }
        let columns: Vec<String> = names.iter().map(|name| kept(name, dbms.folding)).collect();
        // SQLite takes a column twice, and the first value for it.
        let is_same = |one: &String, other: &String| match dbms.folding {
            Folding::Keep => one.eq_ignore_ascii_case(other),
            Folding::Lower | Folding::Upper => one == other,
        };
        for (index, name) in columns.iter().enumerate() {
            if columns[..index].iter().any(|before| is_same(before, name)) {
                return Err(invalid(OPERATION, format!("column {name:?} is given twice")));
            }
        }
        let quoted = columns.iter().map(|name| quote(name, "column", dbms)).collect::<Result<_>>();
        Ok(Self {
            table: quoted_table(table, options, dbms)?,
            quoted: quoted?,
            columns,
            schema: schema.clone(),
        })
    }

    /// The quoted name of the table as a string of PostgreSQL: in such a one a backslash means the
    /// same whatever the session's settings.
    pub fn table_text(&self) -> String {
        format!("E'{}'", self.table.replace('\\', r"\\").replace('\'', "''"))
    }

    /// The columns' names, divided by commas.
    pub fn column_list(&self) -> String {
        self.quoted.join(", ")
    }

    /// The names of the columns as SQL text writes them.
    pub fn quoted(&self) -> &[String] {
        &self.quoted
    }

    /// An INSERT up to what it inserts.
    pub fn head(&self) -> String {
        format!("INSERT INTO {} ({})", self.table, self.column_list())
    }

    /// An INSERT of this many rows, with a marker for each value.
    pub fn values(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns.len()].join(", "));
        format!("{} VALUES {}", self.head(), vec![row.as_str(); rows].join(", "))
    }
}

fn quote(name: &str, what: &str, dbms: &Dbms) -> Result<String> {
    identifier::quote(name, dbms.bulk.quotes).ok_or_else(|| {
        invalid(OPERATION, format!("{name:?} cannot be the name of a {what}: it cannot be quoted"))
    })
}

/// A column's name as the database keeps it: exactly, but that a plain one in lower case stands for
/// the one in upper case where names without quotes are.
fn kept(name: &str, folding: Folding) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if folding == Folding::Upper && is_plain { name.to_uppercase() } else { name.to_owned() }
}

fn quoted_table(table: &str, options: &BulkOptions, dbms: &Dbms) -> Result<String> {
    let parts = identifier::parse(table, dbms.syntax, OPERATION)?;
    let qualified = options.schema.is_some() || options.catalog.is_some();
    if qualified && parts.len() > 1 {
        let message = format!(
            "{table:?} has a schema of its own: give it either there or by option \"schema\""
        );
        return Err(invalid(OPERATION, message));
    }
    let before = options.catalog.iter().chain(&options.schema).cloned();
    let names = before.chain(parts.iter().map(|part| part.folded(dbms.folding)));
    let quoted = names.map(|name| quote(&name, "table", dbms)).collect::<Result<Vec<_>>>()?;
    Ok(quoted.join("."))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::{DataType, Schema};

    use super::*;

    fn target(table: &str, names: &[&str], dbms: &str) -> Result<Target> {
        let fields = names.iter().map(|name| Field::new(*name, DataType::Int32, true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Target::new(table, &schema, &BulkOptions::default(), Dbms::by_name(dbms))
    }

    #[test]
    fn names_are_quoted_as_the_database_keeps_them() {
        let table = |table, dbms| target(table, &["a"], dbms).map(|target| target.table).ok();
        assert_eq!(table("Shop.Order", "PostgreSQL").unwrap(), r#""shop"."order""#);
        assert_eq!(table(r#""Shop"."Or""der""#, "PostgreSQL").unwrap(), r#""Shop"."Or""der""#);
        assert_eq!(table("Shop.Order", "MariaDB").unwrap(), "`Shop`.`Order`");
        assert_eq!(table("[a]]b]", "SQL Server").unwrap(), "[a]]b]");
        assert_eq!(table("pay", "Oracle").unwrap(), r#""PAY""#);
        assert_eq!(table("a b", "SQLite"), None);
        assert_eq!(table("t; drop table t", "SQLite"), None);
    }

    #[test]
    fn columns_are_quoted_exactly() {
        let target_of = |names: &[&str]| target("t", names, "SQLite");
        let values = target_of(&["a", "B \"c\""]).unwrap().values(2);
        assert_eq!(values, r#"INSERT INTO "t" ("a", "B ""c""") VALUES (?, ?), (?, ?)"#);
        for names in [&[][..], &[""], &["a\0"], &["a", "a"]] {
            assert!(target_of(names).is_err(), "{names:?}");
        }
    }
}
