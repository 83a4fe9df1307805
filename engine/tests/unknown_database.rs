//! Databases that nothing is known of: the real ones, whose drivers tell another name.

mod support;

use std::{env, path::Path, process::Command, sync::Arc};

use odbc_engine::{
    BulkOptions, Connection,
    arrow_array::{Int64Array, RecordBatch, RecordBatchIterator, StringArray},
};
use support::{batches, cell, connect, driver, query, run, server};

/// A connection to the same server by the same driver, under another name.
fn renamed(connection_string: &str) -> Connection {
    let (_, rest) = connection_string.split_once('=').unwrap();
    let end = rest.find(';').unwrap();
    let (name, rest) = rest.split_at(end);
    let name = name.trim_matches(['{', '}']);
    let installed = Command::new("odbcinst").args(["-q", "-d", "-n", name]).output().unwrap();
    let settings = String::from_utf8(installed.stdout).unwrap();
    let path = settings.lines().find_map(|line| line.strip_prefix("Driver=")).unwrap();
    let path = match Path::new(path).is_absolute() {
        true => path.to_owned(),
        false => format!("/usr/lib/{}-linux-gnu/odbc/{path}", env::consts::ARCH),
    };
    let library = driver(
        &format!("unknown_{}.so", name.replace(' ', "_")),
        "unknown_database.c",
        &[&format!("-DREAL=\"{path}\""), "-Wl,--no-as-needed", &path, "-ldl"],
    );
    let connection = connect(&format!("Driver={}{rest}", library.display()));
    assert_eq!(connection.info().dbms, "unknown");
    connection
}

#[test]
fn names_are_quoted_as_the_driver_says() {
    for variable in ["ODBC_ENGINE_MARIADB", "ODBC_ENGINE_POSTGRESQL"] {
        let Some(connection_string) = server(variable) else { continue };
        let known = connect(&connection_string);
        let quote = if variable == "ODBC_ENGINE_MARIADB" { '`' } else { '"' };
        let table = format!("{quote}order of unknown{quote}");
        run(&known, &format!("DROP TABLE IF EXISTS {table}"));
        run(&known, &format!("CREATE TABLE {table} ({quote}group{quote} INT, v VARCHAR(10))"));
        let connection = renamed(&connection_string);
        let rows = RecordBatch::try_from_iter([
            ("group", Arc::new(Int64Array::from(vec![1, 2])) as _),
            ("v", Arc::new(StringArray::from(vec!["a", "b"])) as _),
        ])
        .unwrap();
        let schema = rows.schema();
        let reader = RecordBatchIterator::new([Ok(rows)], schema);
        let options = BulkOptions::default();
        let inserted = connection.bulk_insert(&table, Box::new(reader), &options).unwrap();
        assert_eq!(inserted.rows, 2);
        let sum = format!("SELECT SUM({quote}group{quote}) FROM {table}");
        assert_eq!(cell(batches(&query(&connection, &sum))[0].column(0), 0), "3");
        run(&known, &format!("DROP TABLE {table}"));
    }
}
