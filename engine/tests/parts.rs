//! How the connections that read the parts of a query are opened and closed.

mod support;

use std::time::Instant;

use odbc_engine::{Connection, ErrorKind, Parameters, PartitionOptions, Stream, StreamOptions};
use support::{batches, cell, connect, query, server};

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

/// Reads the first batch of a long query in three parts, none of which comes to its end.
fn begun(connection: &Connection, mark: &str) -> Stream {
    let sql = format!("SELECT n, repeat('x', 100) AS {mark} FROM generate_series(1, 300000) s(n)");
    let parts = PartitionOptions {
        predicates: ["n % 3 = 0", "n % 3 = 1", "n % 3 = 2"].map(str::to_owned).into(),
        connections: 3,
        ..Default::default()
    };
    let options = StreamOptions { batch_rows_max: 1000, ..Default::default() };
    let stream = connection.query_parts(&sql, &Parameters::none(), &parts, &options).unwrap();
    assert!(stream.fetch().unwrap().is_some());
    stream
}

/// Waits until no session but this one has to do with the query.
fn until_gone(watcher: &Connection, mark: &str) {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%AS {mark} FROM%' \
         AND pid <> pg_backend_pid()"
    );
    let begin = Instant::now();
    loop {
        let count = batches(&query(watcher, &sql)).first().map(|batch| cell(batch.column(0), 0));
        match count.as_deref() {
            Some("0") => return,
            count => assert!(begin.elapsed().as_secs() < 60, "{mark}: {count:?} sessions are left"),
        }
    }
}

#[test]
fn no_connection_outlives_what_it_reads_for() {
    let Some(server) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    // So that a session's last query is this one, not a FETCH.
    let server = format!("{server};UseDeclareFetch=0");
    let watcher = connect(&server);
    let connection = connect(&server);

    let closed = begun(&connection, "closed_stream");
    closed.close().unwrap();
    until_gone(&watcher, "closed_stream");

    let cancelled = begun(&connection, "cancelled_stream");
    connection.cancel().unwrap();
    assert_eq!(cancelled.fetch().unwrap_err().kind, ErrorKind::Cancelled);
    until_gone(&watcher, "cancelled_stream");

    let left = begun(&connection, "closed_connection");
    connection.close().unwrap();
    until_gone(&watcher, "closed_connection");
    assert_eq!(left.fetch().unwrap_err().kind, ErrorKind::InvalidState);
}
