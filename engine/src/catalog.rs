//! What a database holds: the catalog functions of ODBC, with one schema for every database.

mod call;
mod columns;
mod number;

use serde::Deserialize;

pub(crate) use {
    columns::infos,
    number::{ask, qualifier, text},
};

use crate::{
    error::{Error, ErrorKind, Result},
    options::{from_members, object},
};

/// What to ask the catalog for; each is the ODBC function of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CatalogFunction {
    /// SQLTables, by `catalog`, `schema`, `name` and `types`.
    Tables,
    /// SQLColumns, by `catalog`, `schema`, `name` (of the table) and `column`.
    Columns,
    /// SQLPrimaryKeys of the table `name`.
    PrimaryKeys,
    /// SQLForeignKeys: those of the table `name`, which refer to others.
    ForeignKeys,
    /// SQLStatistics: the indexes of the table `name`.
    Statistics,
    /// SQLProcedures, by `catalog`, `schema` and `name`.
    Procedures,
    /// SQLProcedureColumns, by `catalog`, `schema`, `name` (of the procedure) and `column`.
    ProcedureColumns,
    /// SQLGetTypeInfo: every type of the database.
    TypeInfo,
}

/// A question to the catalog, asked by [`Connection::catalog`](crate::Connection::catalog).
///
/// For tables, columns and procedures, `schema`, `name` and `column` are patterns: `%` stands for
/// any characters, `_` for one, and the driver's escape character (`\` mostly) takes their meaning
/// away. For keys and statistics they are plain names. What is None is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogQuery {
    /// What to ask for.
    pub function: CatalogFunction,
    /// The catalog, which is a database on MariaDB.
    #[serde(default)]
    pub catalog: Option<String>,
    /// The schema.
    #[serde(default)]
    pub schema: Option<String>,
    /// The table or procedure.
    #[serde(default)]
    pub name: Option<String>,
    /// The column.
    #[serde(default)]
    pub column: Option<String>,
    /// Types of tables, such as `TABLE,VIEW`.
    #[serde(default)]
    pub types: Option<String>,
}

impl CatalogQuery {
    /// Asks for everything that a function knows.
    pub fn new(function: CatalogFunction) -> Self {
        Self { function, catalog: None, schema: None, name: None, column: None, types: None }
    }

    /// Reads a question from a JSON object: `function`, and the others by their names.
    pub fn from_json(json: &str) -> Result<Self> {
        from_members(object(json, "catalog")?, "catalog")
    }

    /// Refuses a question that its function cannot be asked.
    pub(crate) fn check(&self) -> Result<()> {
        use CatalogFunction::{
            Columns, ForeignKeys, PrimaryKeys, ProcedureColumns, Statistics, Tables, TypeInfo,
        };
        let error =
            |message: String| Err(Error::new(ErrorKind::InvalidArgument, "catalog", message));
        let function = self.function;
        let takes_column = matches!(function, Columns | ProcedureColumns);
        let given = [
            ("catalog", &self.catalog, function != TypeInfo),
            ("schema", &self.schema, function != TypeInfo),
            ("name", &self.name, function != TypeInfo),
            ("column", &self.column, takes_column),
            ("types", &self.types, function == Tables),
        ];
        for (key, value, allowed) in given {
            let Some(value) = value else { continue };
            if !allowed {
                return error(format!("{function:?} cannot be asked by {key:?}"));
            }
            if value.contains('\0') || i16::try_from(value.len()).is_err() {
                return error(format!("{key:?} holds a NUL character or is too long"));
            }
        }
        if matches!(function, PrimaryKeys | ForeignKeys | Statistics) && self.name.is_none() {
            return error(format!("{function:?} wants the table's \"name\""));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_is_named() {
        for (json, named) in [
            ("", "function"),
            (r#"{"function": "views"}"#, "views"),
            (r#"{"function": "tables", "name": 5}"#, "\"name\""),
            (r#"{"function": "tables", "table": "x"}"#, "table"),
            (r#"{"function": "tables", "column": "x"}"#, "column"),
            (r#"{"function": "type_info", "name": "x"}"#, "name"),
            (r#"{"function": "columns", "types": "TABLE"}"#, "types"),
            (r#"{"function": "statistics"}"#, "name"),
            (r#"{"function": "tables", "name": "a\u0000b"}"#, "NUL"),
        ] {
            let query = CatalogQuery::from_json(json);
            let error = query.and_then(|query| query.check()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{json}");
            assert!(error.message.contains(named), "{json}: {}", error.message);
        }
    }
}
