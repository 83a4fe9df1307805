//! The catalog functions, on every database.

mod support;

use odbc_engine::{
    CatalogFunction, CatalogQuery, Connection, ErrorKind, Parameters, StreamOptions,
};
use support::{SQLITE, batches, cell, connect, run, server};

/// The rows of an answer, each with the columns asked for.
fn ask(connection: &Connection, query: &CatalogQuery, columns: &[&str]) -> Vec<Vec<String>> {
    let statement = connection.catalog(query).unwrap_or_else(|error| panic!("{query:?}: {error}"));
    let stream = statement.stream(&StreamOptions::default()).unwrap();
    let mut rows = Vec::new();
    for batch in batches(&stream) {
        for row in 0..batch.num_rows() {
            let value = |name: &&str| cell(batch.column_by_name(name).unwrap(), row);
            rows.push(columns.iter().map(value).collect());
        }
    }
    rows
}

#[test]
fn every_function_answers_on_every_database() {
    let servers = ["ODBC_ENGINE_POSTGRESQL", "ODBC_ENGINE_MARIADB"];
    let mut connection_strings: Vec<_> = servers.into_iter().filter_map(server).collect();
    connection_strings.push(SQLITE.to_owned());
    for connection_string in &connection_strings {
        let connection = connect(connection_string);
        for table in ["catalog_child", "catalog_parent"] {
            run(&connection, &format!("DROP TABLE IF EXISTS {table}"));
        }
        run(
            &connection,
            "CREATE TABLE catalog_parent (a INTEGER NOT NULL PRIMARY KEY, b VARCHAR(20))",
        );
        run(
            &connection,
            "CREATE TABLE catalog_child (c INTEGER, \
             CONSTRAINT child_fk FOREIGN KEY (c) REFERENCES catalog_parent (a))",
        );
        run(&connection, "CREATE UNIQUE INDEX catalog_index ON catalog_parent (b)");
        let of = |function, name: &str| CatalogQuery {
            name: Some(name.to_owned()),
            ..CatalogQuery::new(function)
        };
        let dbms = &connection.info().dbms;
        let check = |query: &CatalogQuery, columns: &[&str], expected: &[&[&str]]| {
            let mut rows = ask(&connection, query, columns);
            rows.sort();
            assert_eq!(rows, expected, "{dbms}: {query:?}");
        };
        check(
            &of(CatalogFunction::Tables, "catalog_pa%"),
            &["TABLE_NAME", "TABLE_TYPE"],
            &[&["\"catalog_parent\"", "\"TABLE\""]],
        );
        check(
            &of(CatalogFunction::Columns, "catalog_parent"),
            &["COLUMN_NAME", "NULLABLE", "ORDINAL_POSITION"],
            &[&["\"a\"", "0", "1"], &["\"b\"", "1", "2"]],
        );
        check(
            &of(CatalogFunction::PrimaryKeys, "catalog_parent"),
            &["TABLE_NAME", "COLUMN_NAME", "KEY_SEQ"],
            &[&["\"catalog_parent\"", "\"a\"", "1"]],
        );
        check(
            &of(CatalogFunction::ForeignKeys, "catalog_child"),
            &["PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ"],
            &[&["\"catalog_parent\"", "\"a\"", "\"catalog_child\"", "\"c\"", "1"]],
        );
        check(
            &of(CatalogFunction::Statistics, "catalog_parent"),
            &["COLUMN_NAME", "NON_UNIQUE", "ORDINAL_POSITION"],
            &[&["\"a\"", "0", "1"], &["\"b\"", "0", "1"]],
        );
        let types = CatalogQuery::new(CatalogFunction::TypeInfo);
        let big_int = vec!["-5".to_owned(), "19".to_owned()];
        assert!(ask(&connection, &types, &["DATA_TYPE", "COLUMN_SIZE"]).contains(&big_int));
        let procedures = CatalogQuery::new(CatalogFunction::Procedures);
        let procedures = ask(&connection, &procedures, &["PROCEDURE_NAME"]);
        assert_eq!(procedures.contains(&vec!["\"lower\"".to_owned()]), dbms == "postgresql");
        let of_upper = of(CatalogFunction::ProcedureColumns, "upper");
        let of_upper = ask(&connection, &of_upper, &["PROCEDURE_NAME", "DATA_TYPE"]);
        assert_eq!(of_upper.is_empty(), dbms != "postgresql");
        let statement = connection.catalog(&of(CatalogFunction::Tables, "none")).unwrap();
        let again = statement.execute(&Parameters::none()).unwrap_err();
        assert_eq!(again.kind, ErrorKind::InvalidState);
    }
}
