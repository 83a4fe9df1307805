//! The calls themselves, by the character set that odbc-api chose for the driver manager.

use std::ptr::null;

use odbc_api::{
    handles::{SqlChar, SqlText},
    sys::{self, HStmt, SqlDataType, SqlReturn},
};

use super::{CatalogFunction, CatalogQuery};
use crate::handle::StatementHandle;

#[cfg(not(windows))]
use sys::{
    SQLColumns as columns, SQLForeignKeys as foreign_keys, SQLPrimaryKeys as primary_keys,
    SQLTables as tables,
};
#[cfg(windows)]
use sys::{
    SQLColumnsW as columns, SQLForeignKeysW as foreign_keys, SQLPrimaryKeysW as primary_keys,
    SQLTablesW as tables,
};

// odbc-sys does not declare these; it links the library that has them.
unsafe extern "system" {
    #[cfg_attr(windows, link_name = "SQLStatisticsW")]
    #[cfg_attr(not(windows), link_name = "SQLStatistics")]
    fn statistics(
        statement: HStmt,
        catalog: *const SqlChar,
        catalog_length: i16,
        schema: *const SqlChar,
        schema_length: i16,
        table: *const SqlChar,
        table_length: i16,
        unique: u16,
        reserved: u16,
    ) -> SqlReturn;
    #[cfg_attr(windows, link_name = "SQLProceduresW")]
    #[cfg_attr(not(windows), link_name = "SQLProcedures")]
    fn procedures(
        statement: HStmt,
        catalog: *const SqlChar,
        catalog_length: i16,
        schema: *const SqlChar,
        schema_length: i16,
        name: *const SqlChar,
        name_length: i16,
    ) -> SqlReturn;
    #[cfg_attr(windows, link_name = "SQLProcedureColumnsW")]
    #[cfg_attr(not(windows), link_name = "SQLProcedureColumns")]
    fn procedure_columns(
        statement: HStmt,
        catalog: *const SqlChar,
        catalog_length: i16,
        schema: *const SqlChar,
        schema_length: i16,
        name: *const SqlChar,
        name_length: i16,
        column: *const SqlChar,
        column_length: i16,
    ) -> SqlReturn;
}

/// SQL_INDEX_ALL: unique indexes and the others.
const INDEX_ALL: u16 = 1;
/// SQL_QUICK: what the database knows without looking at the table.
const QUICK: u16 = 0;

/// A name as the entry points take it; NULL stands for "not asked for".
struct Name<'a>(Option<SqlText<'a>>);

impl<'a> Name<'a> {
    fn new(text: Option<&'a str>) -> Self {
        Self(text.map(SqlText::new))
    }

    fn address(&self) -> *const SqlChar {
        self.0.as_ref().map_or(null(), SqlText::ptr)
    }

    fn length(&self) -> i16 {
        let units = self.0.as_ref().map_or(0, SqlText::len_char);
        i16::try_from(units).expect("the query was checked")
    }
}

impl CatalogQuery {
    /// Asks the driver; the statement then has the result.
    pub(crate) fn call(&self, statement: &StatementHandle) -> SqlReturn {
        let handle = statement.as_sys();
        let catalog = Name::new(self.catalog.as_deref());
        let schema = Name::new(self.schema.as_deref());
        let name = Name::new(self.name.as_deref());
        let column = Name::new(self.column.as_deref());
        let types = Name::new(self.types.as_deref());
        let (c, c_length) = (catalog.address(), catalog.length());
        let (s, s_length) = (schema.address(), schema.length());
        let (n, n_length) = (name.address(), name.length());
        // SAFETY: The handle is valid, and each name is NULL or lives with its length until the
        // call is over; a catalog function keeps no address.
        unsafe {
            match self.function {
                CatalogFunction::Tables => {
                    let (t, t_length) = (types.address(), types.length());
                    tables(handle, c, c_length, s, s_length, n, n_length, t, t_length)
                }
                CatalogFunction::Columns => {
                    let (l, l_length) = (column.address(), column.length());
                    columns(handle, c, c_length, s, s_length, n, n_length, l, l_length)
                }
                CatalogFunction::PrimaryKeys => {
                    primary_keys(handle, c, c_length, s, s_length, n, n_length)
                }
                CatalogFunction::ForeignKeys => foreign_keys(
                    handle,
                    null(),
                    0,
                    null(),
                    0,
                    null(),
                    0,
                    c,
                    c_length,
                    s,
                    s_length,
                    n,
                    n_length,
                ),
                CatalogFunction::Statistics => {
                    statistics(handle, c, c_length, s, s_length, n, n_length, INDEX_ALL, QUICK)
                }
                CatalogFunction::Procedures => {
                    procedures(handle, c, c_length, s, s_length, n, n_length)
                }
                CatalogFunction::ProcedureColumns => {
                    let (l, l_length) = (column.address(), column.length());
                    procedure_columns(handle, c, c_length, s, s_length, n, n_length, l, l_length)
                }
                CatalogFunction::TypeInfo => sys::SQLGetTypeInfo(handle, SqlDataType::UNKNOWN_TYPE),
            }
        }
    }
}
