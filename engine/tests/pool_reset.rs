//! What a borrower of a pool leaves in its session reaches none of the next.

mod support;

use odbc_engine::{
    BulkMode, BulkOptions, Connection, ConnectionOptions, ErrorKind, Parameters,
    arrow_array::{ArrayRef, Int64Array, RecordBatch, RecordBatchIterator},
};
use support::{SQLITE, batches, cell, connect, pools::pool, query, run, server};

fn text(connection: &Connection, sql: &str) -> String {
    cell(batches(&query(connection, sql))[0].column(0), 0).trim_matches('"').to_owned()
}

/// A file of its own for a test on SQLite.
fn file(name: &str) -> String {
    let path = format!("{}/{name}.db", env!("CARGO_TARGET_TMPDIR"));
    let _ = std::fs::remove_file(&path);
    format!("Driver=SQLite3;Database={path}")
}

#[test]
fn a_rollback_does_not_bring_back_what_was_set_back() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let options = r#"{"size_max": 1, "connection": {"autocommit": false}}"#;
    let pool = pool(&connection_string, options);
    let connection = pool.acquire().unwrap();
    run(&connection, "SET search_path = pg_catalog");
    run(&connection, "CREATE TEMPORARY TABLE pool_left (a int)");
    run(&connection, "DECLARE pool_held CURSOR WITH HOLD FOR SELECT 1");
    connection.commit().unwrap();
    drop(connection);
    let connection = pool.acquire().unwrap();
    connection.rollback().unwrap();
    assert_ne!(text(&connection, "SHOW search_path"), "pg_catalog");
    let gone = connection.execute("SELECT * FROM pool_left", &Parameters::none());
    assert_eq!(gone.unwrap_err().kind, ErrorKind::Syntax);
    connection.rollback().unwrap();
    assert_eq!(text(&connection, "SELECT count(*) FROM pg_cursors"), "0");
    assert_eq!(pool.state().unwrap().created, 1);
}

#[test]
fn the_engine_leaves_no_transaction_open() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let observer = connect(&connection_string);
    let name = "odbc_engine_idle";
    let named = format!("{connection_string};PqOpt={{application_name={name}}}");
    let states = format!(
        "SELECT string_agg(state, ',') FROM pg_stat_activity WHERE application_name = '{name}'"
    );
    let manual = ConnectionOptions { autocommit: false, ..Default::default() };
    let connection = Connection::open(&named, &manual).unwrap();
    assert_eq!(text(&observer, &states), "idle");
    run(&connection, "SELECT 1");
    assert_eq!(text(&observer, &states), "idle in transaction");
    drop(connection);
    let options = r#"{"size_max": 1, "validation_query": "SELECT 1",
                      "connection": {"autocommit": false}}"#;
    let pool = pool(&named, options);
    for _ in 0..2 {
        let connection = pool.acquire().unwrap();
        assert_eq!(text(&observer, &states), "idle");
        run(&connection, "SET work_mem = '5MB'");
        assert_eq!(text(&observer, &states), "idle in transaction");
    }
    assert_eq!(text(&observer, &states), "idle");
}

#[test]
fn a_savepoint_that_began_a_transaction_ends_with_its_borrower() {
    let database = file("pool_savepoint");
    let plain = connect(&database);
    run(&plain, "CREATE TABLE t (a INTEGER)");
    let pool = pool(&database, r#"{"size_max": 1}"#);
    run(&pool.acquire().unwrap(), "SAVEPOINT a");
    run(&pool.acquire().unwrap(), "INSERT INTO t VALUES (1)");
    pool.close().unwrap();
    assert_eq!(text(&plain, "SELECT count(*) FROM t"), "1");
}

#[test]
fn temporary_tables_end_with_their_borrower_however_they_are_made() {
    let insert = |table: &str| {
        let table = table.to_owned();
        move |connection: &Connection| {
            let id: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![1]));
            let batch = RecordBatch::try_from_iter([("id", id)]).unwrap();
            let rows = RecordBatchIterator::new([Ok(batch.clone())], batch.schema());
            let options = BulkOptions { mode: BulkMode::Create, ..Default::default() };
            connection.bulk_insert(&table, Box::new(rows), &options).unwrap();
        }
    };
    let execute = |sql: &'static str| move |connection: &Connection| run(connection, sql);
    type Make = Box<dyn Fn(&Connection)>;
    let mut databases: Vec<(String, Vec<Make>)> = vec![(
        SQLITE.to_owned(),
        vec![
            Box::new(insert("temp.pool_temporary")),
            Box::new(execute("CREATE TABLE temp.pool_temporary (id int)")),
            Box::new(execute("CREATE\n    TEMP TABLE pool_temporary (id int)")),
        ],
    )];
    if let Some(postgresql) = server("ODBC_ENGINE_POSTGRESQL") {
        databases.push((postgresql, vec![Box::new(insert("pg_temp.pool_temporary"))]));
    }
    if let Some(mariadb) = server("ODBC_ENGINE_MARIADB") {
        let make = execute("CREATE /* x */\n TEMPORARY TABLE pool_temporary (id int)");
        databases.push((mariadb, vec![Box::new(make)]));
    }
    for (connection_string, makes) in databases {
        let pool = pool(&connection_string, r#"{"size_max": 1}"#);
        for make in makes {
            make(&pool.acquire().unwrap());
            let connection = pool.acquire().unwrap();
            let gone = connection.execute("SELECT * FROM pool_temporary", &Parameters::none());
            assert_eq!(gone.unwrap_err().kind, ErrorKind::Syntax, "{connection_string}");
        }
    }
}
