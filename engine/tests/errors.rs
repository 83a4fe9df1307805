//! The shape of errors, pinned by snapshots, on every database alike.

mod support;

use std::fmt::Write;

use odbc_engine::{
    Connection, ConnectionOptions, Error, ErrorKind, Parameters, StreamOptions,
    arrow_array::StringArray,
};
use support::{SQLITE, connect, run, server};

fn shape(error: &Error) -> String {
    format!(
        "{} {} in {}, sqlstate {}, native {}, column {:?}, row {:?}, {} records, retryable {}",
        error.kind as i32,
        error.kind.name(),
        error.operation,
        error.sqlstate.as_deref().unwrap_or("none"),
        error.native_code.map_or_else(|| "none".to_owned(), |code| code.to_string()),
        error.column,
        error.row,
        error.records.len(),
        error.retryable,
    )
}

/// The shape of the error of each statement, executed and read to its end.
fn shapes(connection: &Connection, statements: &[&str]) -> String {
    let mut text = String::new();
    for sql in statements {
        let failed = || {
            let statement = connection.statement(sql)?;
            if statement.execute(&Parameters::none())?.column_count > 0 {
                let stream = statement.stream(&StreamOptions::default())?;
                while stream.fetch()?.is_some() {}
            }
            Ok(())
        };
        let shape = match failed() {
            Ok(()) => "no error".to_owned(),
            Err(error) => shape(&error),
        };
        writeln!(text, "{sql}\n    {shape}").unwrap();
    }
    text
}

const SETUP: &[&str] = &[
    "DROP TABLE IF EXISTS failing",
    "CREATE TABLE failing (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, s VARCHAR(3))",
    "INSERT INTO failing VALUES (1, 1, 'a')",
];

const STATEMENTS: &[&str] = &[
    "SELEKT 1",
    "SELECT * FROM missing_table",
    "SELECT missing_column FROM failing",
    "SELECT missing_function(1)",
    "INSERT INTO failing VALUES (1, 1, 'b')",
    "INSERT INTO failing VALUES (2, NULL, 'b')",
    "INSERT INTO failing VALUES (3, 1, 'too long')",
    "INSERT INTO failing VALUES (4, 1 / 0, 'd')",
    "CREATE TABLE failing (id INTEGER)",
    "COMMIT WITHOUT SENSE",
];

fn check(connection_string: &str) -> String {
    let connection = connect(connection_string);
    for sql in SETUP {
        run(&connection, sql);
    }
    shapes(&connection, STATEMENTS)
}

#[test]
fn sqlite() {
    insta::assert_snapshot!(check(SQLITE));
}

#[test]
fn postgresql() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    insta::assert_snapshot!(check(&connection_string));
}

#[test]
fn mariadb() {
    let Some(connection_string) = server("ODBC_ENGINE_MARIADB") else { return };
    insta::assert_snapshot!(check(&connection_string));
}

#[test]
fn what_a_column_cannot_hold_names_column_and_row() {
    let connection = connect(SQLITE);
    run(&connection, "CREATE TABLE wrong (i INTEGER, d DATE)");
    run(
        &connection,
        "INSERT INTO wrong VALUES (1, '2024-01-01'), (2, NULL), ('three', '2024-01-03')",
    );
    insta::assert_snapshot!(shapes(
        &connection,
        &["SELECT * FROM wrong", "SELECT d, i FROM wrong"]
    ));
    let stream = support::query(&connection, "SELECT i FROM wrong");
    // What was read before the error comes before it.
    assert_eq!(stream.fetch().unwrap().unwrap().num_rows(), 2);
    let error = stream.fetch().unwrap_err();
    assert_eq!(error.message, "\"three\" is not a value of type bigint");
    // After its error a stream is closed; the connection goes on.
    assert_eq!(stream.fetch().unwrap_err().kind, ErrorKind::InvalidState);
    run(&connection, "SELECT 1");
}

#[test]
fn failures_to_connect() {
    let mut text = String::new();
    for connection_string in [
        "",
        "Driver",
        "Driver={No Such Driver};PWD=hunter2",
        "Driver=/no/such/library.so;PWD=hunter2",
        "DSN=no_such_source;PWD=hunter2",
        "Driver=SQLite3;Database=/no/such/folder/file.db;PWD=hunter2",
        "Driver={PostgreSQL Unicode};Server=127.0.0.1;Port=1;Database=d;UID=u;PWD=hunter2",
        "Driver={MariaDB Unicode};Server=127.0.0.1;Port=1;Database=d;UID=u;PWD=hunter2",
    ] {
        let opened = Connection::open(connection_string, &ConnectionOptions::default());
        let error = opened.err().unwrap();
        writeln!(text, "{connection_string}\n    {}", shape(&error)).unwrap();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_library_that_does_not_load_says_why() {
    let connection_string = "Driver=/no/such/library.so;Database=x";
    let error = Connection::open(connection_string, &ConnectionOptions::default()).err().unwrap();
    assert!(error.message.contains("No such file"), "{}", error.message);
}

#[test]
fn a_silent_server_times_out() {
    // It accepts the connection, in its backlog, and never says a word.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for driver in ["PostgreSQL Unicode", "MariaDB Unicode"] {
        let connection_string =
            format!("Driver={{{driver}}};Server=127.0.0.1;Port={port};Database=d;UID=u;PWD=p");
        let options = ConnectionOptions { login_timeout_ms: 200, ..Default::default() };
        let error = Connection::open(&connection_string, &options).err().unwrap();
        assert_eq!(error.kind, ErrorKind::Timeout, "{driver}: {error}");
        assert!(error.message.contains("200 ms"), "{error}");
    }
}

#[test]
fn parameters_that_cannot_be_passed_are_named() {
    let connection = connect(SQLITE);
    let statement = connection.statement("SELECT ?").unwrap();
    let text = |value: &str| {
        Parameters::from_arrays([std::sync::Arc::new(StringArray::from(vec![value])) as _]).unwrap()
    };
    let error = statement.execute(&text("a\0b")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    assert!(error.message.starts_with("parameter 1: "), "{}", error.message);
    let error = statement.execute(&Parameters::none()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(error.message.contains("1 parameter markers, but 0"), "{}", error.message);
    statement.execute(&text("ab")).unwrap();
}
