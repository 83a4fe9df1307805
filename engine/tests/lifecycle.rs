//! Opening, closing and dropping, in every order and from several threads.

mod support;

use std::{sync::Barrier, thread};

use odbc_engine::{
    Connection, ConnectionOptions, Error, ErrorKind, Parameters, StreamOptions, Streaming,
    arrow_array::{cast::AsArray, types::Int64Type},
};
use support::{SQLITE, batches, connect, query, run, server};

const ROWS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
                    SELECT i FROM n";

fn is_closed(error: Error) -> bool {
    error.kind == ErrorKind::InvalidState
}

#[test]
fn children_of_a_closed_connection_say_so() {
    let connection = connect(SQLITE);
    let statement = connection.statement(ROWS).unwrap();
    statement.execute(&Parameters::none()).unwrap();
    let stream = statement.stream(&StreamOptions::default()).unwrap();
    assert_eq!(stream.fetch().unwrap().unwrap().num_rows(), 256);
    connection.close().unwrap();
    connection.close().unwrap();
    assert!(connection.is_closed());
    assert!(is_closed(stream.fetch().unwrap_err()));
    assert!(is_closed(statement.execute(&Parameters::none()).unwrap_err()));
    assert!(is_closed(statement.stream(&StreamOptions::default()).err().unwrap()));
    assert!(is_closed(connection.statement("SELECT 1").err().unwrap()));
    assert!(is_closed(connection.commit().unwrap_err()));
    stream.close().unwrap();
    statement.close().unwrap();
}

#[test]
fn a_stream_ends_with_its_statement_and_with_the_next_execution() {
    let connection = connect(SQLITE);
    let statement = connection.statement(ROWS).unwrap();
    statement.execute(&Parameters::none()).unwrap();
    let first = statement.stream(&StreamOptions::default()).unwrap();
    first.fetch().unwrap();
    // One result is read by one stream.
    assert!(is_closed(statement.stream(&StreamOptions::default()).err().unwrap()));
    statement.execute(&Parameters::none()).unwrap();
    assert!(is_closed(first.fetch().unwrap_err()));
    let second = statement.stream(&StreamOptions::default()).unwrap();
    // Closing the stale stream leaves the present one alone.
    first.close().unwrap();
    assert_eq!(batches(&second).iter().map(|batch| batch.num_rows()).sum::<usize>(), 1000);
    assert!(second.fetch().unwrap().is_none());
    statement.close().unwrap();
    assert!(is_closed(second.fetch().unwrap_err()));
}

#[test]
fn a_stream_outlives_the_objects_it_came_from() {
    let stream = {
        let connection = connect(SQLITE);
        query(&connection, ROWS)
    };
    assert_eq!(batches(&stream).iter().map(|batch| batch.num_rows()).sum::<usize>(), 1000);
}

#[test]
fn dropping_is_closing() {
    let connection = connect(SQLITE);
    for _ in 0..2000 {
        let stream = query(&connection, ROWS);
        stream.fetch().unwrap();
        connection.statement("SELECT 1").unwrap().execute(&Parameters::none()).unwrap();
    }
}

#[test]
fn threads_take_turns_on_one_connection() {
    let connection = connect(SQLITE);
    run(&connection, "CREATE TABLE counter (n INTEGER)");
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                for _ in 0..100 {
                    run(&connection, "INSERT INTO counter VALUES (1)");
                    assert_eq!(batches(&query(&connection, ROWS)).len(), 2);
                }
            });
        }
    });
    let counted = batches(&query(&connection, "SELECT count(*) FROM counter"));
    assert_eq!(counted[0].column(0).as_primitive::<Int64Type>().value(0), 800);
}

#[test]
fn closing_while_others_work_ends_their_work_with_an_error_or_its_result() {
    for _ in 0..20 {
        let connection = connect(SQLITE);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let query =
                            connection.query(ROWS, &Parameters::none(), &StreamOptions::default());
                        match query.and_then(|stream| stream.fetch()) {
                            Ok(batch) => assert_eq!(batch.unwrap().num_rows(), 256),
                            Err(error) => break assert!(is_closed(error)),
                        }
                    }
                });
            }
            connection.close().unwrap();
        });
    }
}

#[test]
fn an_open_transaction_is_rolled_back() {
    let folder = std::env::temp_dir().join(format!("odbc_engine-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let connection_string = format!("Driver=SQLite3;Database={}", folder.join("tx.db").display());
    let setup = connect(&connection_string);
    run(&setup, "CREATE TABLE t (i INTEGER)");
    let manual = ConnectionOptions { autocommit: false, ..ConnectionOptions::default() };
    for close in [true, false] {
        let connection = Connection::open(&connection_string, &manual).unwrap();
        run(&connection, "INSERT INTO t VALUES (1)");
        if close {
            connection.close().unwrap();
        }
    }
    // A transaction that was begun by SQL text is the driver's blind spot.
    let connection = connect(&connection_string);
    run(&connection, "BEGIN");
    run(&connection, "INSERT INTO t VALUES (2)");
    connection.close().unwrap();
    assert_eq!(batches(&query(&setup, "SELECT i FROM t")).len(), 0);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn streaming_leaves_what_else_the_connection_string_says() {
    let file = format!("{}/stream(1).db", env!("CARGO_TARGET_TMPDIR"));
    let _ = std::fs::remove_file(&file);
    let options = ConnectionOptions { streaming: true, ..ConnectionOptions::default() };
    let connection_string = format!("Driver=SQLite3;Database={file};");
    let connection = Connection::open(&connection_string, &options).unwrap();
    connection.execute("CREATE TABLE t (a INTEGER)", &Parameters::none()).unwrap();
    assert!(std::path::Path::new(&file).exists());
}

#[test]
fn a_driver_that_was_told_to_stream_elsewhere_is_known_to() {
    let file = format!("{}/streaming.dsn", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, "[ODBC]\nDriver=SQLite3\nDatabase=:memory:\nStepAPI=yes\n").unwrap();
    let streaming = |text: &str| connect(text).capabilities().streaming;
    assert_eq!(streaming(&format!("FILEDSN={file}")), Streaming::On);
    assert_eq!(streaming("Driver=SQLite3;Database=:memory:;StepAPI=T"), Streaming::On);
    assert_eq!(streaming("Driver=SQLite3;Database=:memory:;StepAPI=0"), Streaming::Off);
    let Some(postgresql) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    // The name that psqlodbc has for UseDeclareFetch where there is little room.
    assert_eq!(streaming(&format!("{postgresql};B6=1")), Streaming::On);
    assert_eq!(streaming(&format!("{postgresql};B6=0")), Streaming::Off);
}
