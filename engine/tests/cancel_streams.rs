//! Stopping what reads, and what waits, where other streams are open.

mod support;

use std::{
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};

use odbc_engine::{
    Connection, ConnectionOptions, Error, ErrorKind, PageOptions, Parameters, Stream, StreamOptions,
};
use support::{SQLITE, connect, query, run};

/// What is stopped in milliseconds must not be mistaken for what ends by itself.
const STOPPED: Duration = Duration::from_secs(5);

/// Runs for about half a minute.
const COUNT: &str = "(WITH RECURSIVE s(n) AS \
                     (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 300000000) \
                     SELECT count(*) FROM s)";

fn streaming(connection_string: &str, query_timeout_ms: u32) -> Connection {
    let options =
        ConnectionOptions { streaming: true, query_timeout_ms, ..ConnectionOptions::default() };
    Connection::open(connection_string, &options).unwrap()
}

/// What reading ends with, which has to be soon.
fn failure(stream: odbc_engine::Result<Stream>) -> (Error, Option<Stream>) {
    let begin = Instant::now();
    let error = match stream {
        Err(error) => (error, None),
        Ok(stream) => loop {
            match stream.fetch() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it was not stopped"),
                Err(error) => break (error, Some(stream)),
            }
        },
    };
    assert!(begin.elapsed() < STOPPED, "{:?}", begin.elapsed());
    error
}

#[test]
fn a_stream_that_was_stopped_keeps_no_other_from_it() {
    let connection = streaming(SQLITE, 200);
    let sql = format!("SELECT 1 AS n UNION ALL SELECT {COUNT}");
    let read = || connection.query(&sql, &Parameters::none(), &StreamOptions::default());
    let (error, first) = failure(read());
    assert_eq!(error.kind, ErrorKind::Timeout);
    let (error, _second) = failure(read());
    assert_eq!(error.kind, ErrorKind::Timeout);
    drop(first);
}

#[test]
fn pages_of_a_driver_that_streams_are_stopped() {
    let connection = streaming(SQLITE, 200);
    let sql = format!("SELECT 1 AS id, {COUNT} AS n UNION ALL SELECT 2, {COUNT}");
    let pages = PageOptions::from_json(r#"{"key": "id"}"#).unwrap();
    let options = StreamOptions::default();
    let (error, _) = failure(connection.query_pages(&sql, &Parameters::none(), &pages, &options));
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
}

#[test]
fn a_timeout_of_the_first_rows_is_told_as_one() {
    let file = format!("{}/first_rows.db", env!("CARGO_TARGET_TMPDIR"));
    let _ = std::fs::remove_file(&file);
    let database = format!("Driver=SQLite3;Database={file}");
    let writer = connect(&database);
    run(&writer, "CREATE TABLE t (k INTEGER)");
    let connection = streaming(&database, 200);
    // Just written, so that the file does not tell whether its tables are as they were.
    run(&writer, "INSERT INTO t VALUES (1), (2)");
    let sql = format!("SELECT k, {COUNT} + k AS n FROM t ORDER BY n");
    let read = connection.query(&sql, &Parameters::none(), &StreamOptions::default());
    assert_eq!(failure(read).0.kind, ErrorKind::Timeout);
}

#[test]
fn what_waits_for_its_first_turn_is_stopped_with_its_connection() {
    let connection = connect(SQLITE);
    let long = format!("SELECT {COUNT}");
    let is_stopped = || {
        let (started, has_started) = channel();
        thread::scope(|scope| {
            let running = scope.spawn(|| connection.execute(&long, &Parameters::none()));
            thread::sleep(Duration::from_millis(100));
            let waiting = scope.spawn(|| {
                started.send(()).unwrap();
                connection.execute("SELECT 1", &Parameters::none())
            });
            has_started.recv().unwrap();
            thread::sleep(Duration::from_millis(50));
            while !running.is_finished() {
                connection.cancel().unwrap();
            }
            running.join().unwrap().unwrap_err();
            waiting.join().unwrap().is_err_and(|error| error.kind == ErrorKind::Cancelled)
        })
    };
    // A thread that is late only asks when nothing runs any more.
    assert!((0..20).any(|_| is_stopped()));
    drop(query(&connection, "SELECT 1"));
}
