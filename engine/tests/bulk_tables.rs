//! Bulk inserts, by the tables that they find and the rights that they need.

mod support;

use std::sync::Arc;

use odbc_engine::{
    BulkOptions, BulkResult, Connection, ErrorKind, PageOptions, Parameters, Result, StreamOptions,
    arrow_array::{ArrayRef, Int64Array, RecordBatch, RecordBatchIterator, StringArray},
    arrow_schema::ArrowError,
};
use support::{SQLITE, batches, cell, connect, query, run, server};

fn servers() -> Vec<Connection> {
    let servers = ["ODBC_ENGINE_POSTGRESQL", "ODBC_ENGINE_MARIADB"].into_iter().filter_map(server);
    servers.chain([SQLITE.to_owned()]).map(|one| connect(&one)).collect()
}

fn insert(
    connection: &Connection,
    table: &str,
    columns: Vec<(&str, ArrayRef)>,
    options: &str,
) -> Result<BulkResult> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let schema = batch.schema();
    let rows = RecordBatchIterator::new([Ok::<_, ArrowError>(batch)], schema);
    connection.bulk_insert(table, Box::new(rows), &BulkOptions::from_json(options)?)
}

fn numbers(values: impl IntoIterator<Item = i64>) -> Vec<(&'static str, ArrayRef)> {
    vec![("id", Arc::new(Int64Array::from_iter_values(values)))]
}

fn first(connection: &Connection, sql: &str) -> String {
    cell(batches(&query(connection, sql))[0].column(0), 0)
}

fn count(connection: &Connection, table: &str) -> String {
    first(connection, &format!("SELECT COUNT(*) FROM {table}"))
}

#[test]
fn pages_of_the_same_connection_are_inserted() {
    for connection in servers() {
        for table in ["pages_from", "pages_to"] {
            run(&connection, &format!("DROP TABLE IF EXISTS {table}"));
            run(&connection, &format!("CREATE TABLE {table} (id bigint NOT NULL PRIMARY KEY)"));
        }
        insert(&connection, "pages_from", numbers(0..2_500), "").unwrap();
        let pages = PageOptions::from_json(r#"{"key": "id", "rows": 1000}"#).unwrap();
        let sql = "SELECT id FROM pages_from";
        let options = StreamOptions::default();
        let stream = connection.query_pages(sql, &Parameters::none(), &pages, &options).unwrap();
        let stream = Arc::new(stream);
        let schema = stream.schema();
        let rows = std::iter::from_fn(move || {
            let batch = stream.fetch().transpose()?;
            Some(batch.map_err(|error| ArrowError::ExternalError(Box::new(error))))
        });
        let rows = Box::new(RecordBatchIterator::new(rows, schema));
        connection.bulk_insert("pages_to", rows, &BulkOptions::default()).unwrap();
        assert_eq!(count(&connection, "pages_to"), "2500");
        for table in ["pages_from", "pages_to"] {
            run(&connection, &format!("DROP TABLE {table}"));
        }
    }
}

#[test]
fn a_temporary_table_is_one_that_is_there() {
    for connection in servers() {
        run(&connection, "DROP TABLE IF EXISTS bulk_staging");
        run(&connection, "CREATE TEMPORARY TABLE bulk_staging (id bigint)");
        let mode = r#"{"mode": "create_append"}"#;
        insert(&connection, "bulk_staging", numbers([1, 2]), mode).unwrap();
        assert_eq!(count(&connection, "bulk_staging"), "2");
        run(&connection, "DROP TABLE bulk_staging");
        let gone = connection.execute("SELECT * FROM bulk_staging", &Parameters::none());
        assert_eq!(gone.unwrap_err().kind, ErrorKind::Syntax, "{}", connection.info().dbms);
        insert(&connection, "bulk_staging", numbers([1]), mode).unwrap();
        insert(&connection, "bulk_staging", numbers([2]), mode).unwrap();
        assert_eq!(count(&connection, "bulk_staging"), "2");
        run(&connection, "DROP TABLE bulk_staging");
    }
}

#[test]
fn the_right_to_insert_is_enough() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let connection = connect(&connection_string);
    run(&connection, "DROP TABLE IF EXISTS bulk_audit");
    run(&connection, "CREATE TABLE bulk_audit (id bigint)");
    run(&connection, "REVOKE SELECT ON bulk_audit FROM CURRENT_USER");
    let read = connection.execute("SELECT * FROM bulk_audit", &Parameters::none());
    assert_eq!(read.unwrap_err().sqlstate.as_deref(), Some("42501"));
    insert(&connection, "bulk_audit", numbers([1, 2]), "").unwrap();
    run(&connection, "GRANT SELECT ON bulk_audit TO CURRENT_USER");
    assert_eq!(count(&connection, "bulk_audit"), "2");
    run(&connection, "DROP TABLE bulk_audit");
}

#[test]
fn a_value_that_is_too_long_for_an_index_is_that_of_its_row() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let connection = connect(&connection_string);
    run(&connection, "DROP TABLE IF EXISTS bulk_index");
    run(&connection, "CREATE TABLE bulk_index (v text PRIMARY KEY)");
    // Without a pattern that the database could compress.
    let mut state = 1u64;
    let long: String = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'!' + (state >> 33) as u8 % 90)
    })
    .take(20_000)
    .collect();
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", &long, "c"]));
    let error = insert(&connection, "bulk_index", vec![("v", texts)], "").unwrap_err();
    assert_eq!((error.kind, error.row), (ErrorKind::Limit, Some(2)), "{error}");
    run(&connection, "DROP TABLE bulk_index");
}
