//! The columns of each catalog function's result, by the ODBC 3 standard.

use odbc_api::sys::SqlDataType;

use super::CatalogFunction;
use crate::types::ColumnInfo;

/// What a column of the standard holds.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// SMALLINT in the standard.
    Small,
    /// INTEGER in the standard; 64 bits here, since sizes of MariaDB's types exceed 32.
    Number,
}
use Kind::{Number, Small, Text};

const TABLES: &[(&str, Kind)] = &[
    ("TABLE_CAT", Text),
    ("TABLE_SCHEM", Text),
    ("TABLE_NAME", Text),
    ("TABLE_TYPE", Text),
    ("REMARKS", Text),
];
const COLUMNS: &[(&str, Kind)] = &[
    ("TABLE_CAT", Text),
    ("TABLE_SCHEM", Text),
    ("TABLE_NAME", Text),
    ("COLUMN_NAME", Text),
    ("DATA_TYPE", Small),
    ("TYPE_NAME", Text),
    ("COLUMN_SIZE", Number),
    ("BUFFER_LENGTH", Number),
    ("DECIMAL_DIGITS", Small),
    ("NUM_PREC_RADIX", Small),
    ("NULLABLE", Small),
    ("REMARKS", Text),
    ("COLUMN_DEF", Text),
    ("SQL_DATA_TYPE", Small),
    ("SQL_DATETIME_SUB", Small),
    ("CHAR_OCTET_LENGTH", Number),
    ("ORDINAL_POSITION", Number),
    ("IS_NULLABLE", Text),
];
const PRIMARY_KEYS: &[(&str, Kind)] = &[
    ("TABLE_CAT", Text),
    ("TABLE_SCHEM", Text),
    ("TABLE_NAME", Text),
    ("COLUMN_NAME", Text),
    ("KEY_SEQ", Small),
    ("PK_NAME", Text),
];
const FOREIGN_KEYS: &[(&str, Kind)] = &[
    ("PKTABLE_CAT", Text),
    ("PKTABLE_SCHEM", Text),
    ("PKTABLE_NAME", Text),
    ("PKCOLUMN_NAME", Text),
    ("FKTABLE_CAT", Text),
    ("FKTABLE_SCHEM", Text),
    ("FKTABLE_NAME", Text),
    ("FKCOLUMN_NAME", Text),
    ("KEY_SEQ", Small),
    ("UPDATE_RULE", Small),
    ("DELETE_RULE", Small),
    ("FK_NAME", Text),
    ("PK_NAME", Text),
    ("DEFERRABILITY", Small),
];
const STATISTICS: &[(&str, Kind)] = &[
    ("TABLE_CAT", Text),
    ("TABLE_SCHEM", Text),
    ("TABLE_NAME", Text),
    ("NON_UNIQUE", Small),
    ("INDEX_QUALIFIER", Text),
    ("INDEX_NAME", Text),
    ("TYPE", Small),
    ("ORDINAL_POSITION", Small),
    ("COLUMN_NAME", Text),
    ("ASC_OR_DESC", Text),
    ("CARDINALITY", Number),
    ("PAGES", Number),
    ("FILTER_CONDITION", Text),
];
const PROCEDURES: &[(&str, Kind)] = &[
    ("PROCEDURE_CAT", Text),
    ("PROCEDURE_SCHEM", Text),
    ("PROCEDURE_NAME", Text),
    ("NUM_INPUT_PARAMS", Number),
    ("NUM_OUTPUT_PARAMS", Number),
    ("NUM_RESULT_SETS", Number),
    ("REMARKS", Text),
    ("PROCEDURE_TYPE", Small),
];
const PROCEDURE_COLUMNS: &[(&str, Kind)] = &[
    ("PROCEDURE_CAT", Text),
    ("PROCEDURE_SCHEM", Text),
    ("PROCEDURE_NAME", Text),
    ("COLUMN_NAME", Text),
    ("COLUMN_TYPE", Small),
    ("DATA_TYPE", Small),
    ("TYPE_NAME", Text),
    ("COLUMN_SIZE", Number),
    ("BUFFER_LENGTH", Number),
    ("DECIMAL_DIGITS", Small),
    ("NUM_PREC_RADIX", Small),
    ("NULLABLE", Small),
    ("REMARKS", Text),
    ("COLUMN_DEF", Text),
    ("SQL_DATA_TYPE", Small),
    ("SQL_DATETIME_SUB", Small),
    ("CHAR_OCTET_LENGTH", Number),
    ("ORDINAL_POSITION", Number),
    ("IS_NULLABLE", Text),
];
const TYPE_INFO: &[(&str, Kind)] = &[
    ("TYPE_NAME", Text),
    ("DATA_TYPE", Small),
    ("COLUMN_SIZE", Number),
    ("LITERAL_PREFIX", Text),
    ("LITERAL_SUFFIX", Text),
    ("CREATE_PARAMS", Text),
    ("NULLABLE", Small),
    ("CASE_SENSITIVE", Small),
    ("SEARCHABLE", Small),
    ("UNSIGNED_ATTRIBUTE", Small),
    ("FIXED_PREC_SCALE", Small),
    ("AUTO_UNIQUE_VALUE", Small),
    ("LOCAL_TYPE_NAME", Text),
    ("MINIMUM_SCALE", Small),
    ("MAXIMUM_SCALE", Small),
    ("SQL_DATA_TYPE", Small),
    ("SQL_DATETIME_SUB", Small),
    ("NUM_PREC_RADIX", Number),
    ("INTERVAL_PRECISION", Small),
];

/// The columns that a function's result has on every database. What a driver adds is left out.
pub(crate) fn infos(function: CatalogFunction) -> Vec<ColumnInfo> {
    let columns = match function {
        CatalogFunction::Tables => TABLES,
        CatalogFunction::Columns => COLUMNS,
        CatalogFunction::PrimaryKeys => PRIMARY_KEYS,
        CatalogFunction::ForeignKeys => FOREIGN_KEYS,
        CatalogFunction::Statistics => STATISTICS,
        CatalogFunction::Procedures => PROCEDURES,
        CatalogFunction::ProcedureColumns => PROCEDURE_COLUMNS,
        CatalogFunction::TypeInfo => TYPE_INFO,
    };
    let info = |(name, kind): &(&str, Kind)| {
        let sql_type = match kind {
            Text => SqlDataType::VARCHAR,
            Small => SqlDataType::SMALLINT,
            Number => SqlDataType::EXT_BIG_INT,
        };
        ColumnInfo {
            name: (*name).to_owned(),
            sql_type: sql_type.0,
            nullable: true,
            standard: true,
            ..ColumnInfo::default()
        }
    };
    columns.iter().map(info).collect()
}
