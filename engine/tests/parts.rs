//! How the connections that read the parts of a query are opened.

mod support;

use odbc_engine::{Connection, Parameters, PartitionOptions, StreamOptions};
use support::{batches, cell, connect, server};

/// How many cursors of the driver each of two parts finds open in its own session.
fn open_cursors(connection: &Connection) -> Vec<String> {
    let sql = "SELECT n, (SELECT count(*) FROM pg_cursors WHERE name LIKE 'SQL_CUR%') AS cursors \
               FROM generate_series(1, 2) AS s(n)";
    let parts =
        PartitionOptions { column: Some("n".to_owned()), connections: 2, ..Default::default() };
    let options = StreamOptions::default();
    let stream = connection.query_parts(sql, &Parameters::none(), &parts, &options).unwrap();
    batches(&stream).iter().map(|batch| cell(batch.column(1), 0)).collect()
}

#[test]
fn parts_are_streamed_by_a_driver_that_would_hold_them_whole() {
    let Some(server) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    assert_eq!(open_cursors(&connect(&server)), ["1", "1"]);
    // What the connection string says stays.
    assert_eq!(open_cursors(&connect(&format!("{server};UseDeclareFetch=0"))), ["0", "0"]);
}
