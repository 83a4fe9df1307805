//! A prepared query on SQLite whose file was not written for so long that its stamp tells whether
//! tables have changed.
#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    os::unix::fs::MetadataExt,
    sync::Arc,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use odbc_engine::{
    Connection, ConnectionOptions, ErrorKind, Parameters, Statement, StreamOptions,
    TransactionOptions,
    arrow_array::{ArrayRef, Int64Array, RecordBatch},
};
use support::{cell, connect, run};

const QUERY: &str = "SELECT * FROM t WHERE id = ?";

/// A database of its own, whose last write is long ago once `settle` has returned.
struct Database {
    path: String,
}

impl Database {
    fn new(name: &str) -> Self {
        let path = format!("{}/schema_{name}.db", env!("CARGO_TARGET_TMPDIR"));
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(format!("{path}{suffix}"));
        }
        let database = Self { path };
        let connection = database.connect();
        run(&connection, "CREATE TABLE t (id BIGINT PRIMARY KEY, v VARCHAR(10))");
        run(&connection, "INSERT INTO t VALUES (1, 'one')");
        database
    }

    fn connection_string(&self) -> String {
        format!("Driver=SQLite3;Database={}", self.path)
    }

    fn connect(&self) -> Connection {
        connect(&self.connection_string())
    }

    /// How many seconds ago it was written.
    fn age(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        now - fs::metadata(&self.path).unwrap().ctime()
    }

    fn settle(&self) {
        while self.age() < 4 {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn make_anew(connection: &Connection) {
    run(connection, "DROP TABLE t");
    run(connection, "CREATE TABLE t (w VARCHAR(10), id BIGINT PRIMARY KEY)");
    run(connection, "INSERT INTO t VALUES ('two', 1)");
}

/// Executes the query; the names of its columns.
fn columns(statement: &Statement) -> Vec<String> {
    let key: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    statement.execute(&Parameters::from_arrays([key]).unwrap()).unwrap();
    let stream = statement.stream(&StreamOptions::default()).unwrap();
    let names = stream.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(stream.fetch().unwrap().unwrap().num_rows(), 1);
    names
}

/// Executes the query until nothing is to be learned of it any more.
fn keep(statement: &Statement) {
    for _ in 0..4 {
        assert_eq!(columns(statement), ["id", "v"]);
    }
}

/// How often this thread has asked the system for a part of a file.
fn reads() -> u64 {
    let counts = fs::read_to_string("/proc/thread-self/io").unwrap();
    let count = counts.lines().find_map(|line| line.strip_prefix("syscr: ")).unwrap();
    count.parse().unwrap()
}

#[test]
fn a_query_reads_less_of_a_file_that_was_not_written() {
    let database = Database::new("reads");
    let reads_of = |connection: &Connection| {
        let statement = connection.statement(QUERY).unwrap();
        keep(&statement);
        let before = reads();
        for _ in 0..20 {
            columns(&statement);
        }
        reads() - before
    };
    let connection = database.connect();
    let asking = loop {
        run(&connection, "UPDATE t SET v = 'uno'");
        let reads = reads_of(&connection);
        if database.age() < 2 {
            break reads;
        }
    };
    database.settle();
    let stamped = reads_of(&connection);
    assert!(stamped + 20 <= asking, "{stamped} reads instead of {asking}");
}

#[test]
fn another_connection_makes_the_table_anew() {
    let databases = ["delete", "truncate", "persist", "memory", "wal"].map(|mode| {
        let database = Database::new(mode);
        let other = database.connect();
        run(&other, &format!("PRAGMA journal_mode = {mode}"));
        (mode, database, other)
    });
    for (mode, database, other) in databases {
        database.settle();
        let connection = database.connect();
        let statement = connection.statement(QUERY).unwrap();
        keep(&statement);
        make_anew(&other);
        assert_eq!(columns(&statement), ["w", "id"], "{mode}");
    }
}

#[test]
fn another_connection_makes_a_table_of_an_attached_database_anew() {
    let (database, other) = (Database::new("attaching"), Database::new("attached"));
    let connection = database.connect();
    run(&connection, &format!("ATTACH '{}' AS \"the other\"", other.path));
    for clearing in [false, true] {
        let query = "SELECT * FROM \"the other\".t WHERE id = ?";
        let seen = columns(&connection.statement(query).unwrap());
        let kept = connection.statement(query).unwrap();
        for _ in 0..3 {
            assert_eq!(columns(&kept), seen);
        }
        drop(kept);
        if clearing {
            connection.clear_statements().unwrap();
        }
        let kept = connection.statement(query).unwrap();
        assert_eq!(columns(&kept), seen);
        let writer = other.connect();
        let anew = match clearing {
            false => "CREATE TABLE t (w VARCHAR(10), id BIGINT)",
            true => "CREATE TABLE t (id BIGINT, w VARCHAR(10), x VARCHAR(10))",
        };
        run(&writer, "DROP TABLE t");
        run(&writer, anew);
        run(&writer, "INSERT INTO t (id) VALUES (1)");
        let expected: &[&str] = if clearing { &["id", "w", "x"] } else { &["w", "id"] };
        assert_eq!(columns(&kept), expected);
        assert_eq!(columns(&connection.statement(query).unwrap()), expected);
    }
}

#[test]
fn the_journal_is_moved_beside_the_file() {
    let database = Database::new("to_wal");
    database.settle();
    let (connection, other) = (database.connect(), database.connect());
    let statement = connection.statement(QUERY).unwrap();
    keep(&statement);
    run(&other, "PRAGMA journal_mode = wal");
    keep(&statement);
    database.settle();
    keep(&statement);
    make_anew(&other);
    assert_eq!(columns(&statement), ["w", "id"]);
}

#[test]
fn a_change_of_the_session_itself_is_undone() {
    let failing = "INSERT OR ROLLBACK INTO t VALUES ('again', 1)";
    let databases =
        [("rollback", "", ""), ("text", "BEGIN", "ROLLBACK"), ("failure", "BEGIN", failing)]
            .map(|(name, begin, undo)| (name, begin, undo, Database::new(name)));
    for (name, begin, undo, database) in databases {
        database.settle();
        let connection = database.connect();
        let statement = connection.statement(QUERY).unwrap();
        keep(&statement);
        if begin.is_empty() {
            connection.begin(&TransactionOptions::default()).unwrap();
        } else {
            run(&connection, begin);
        }
        make_anew(&connection);
        for _ in 0..4 {
            assert_eq!(columns(&statement), ["w", "id"], "{name}");
        }
        match undo {
            "" => connection.rollback().unwrap(),
            undo => {
                let failed = connection.execute(undo, &Parameters::none()).is_err();
                assert_eq!(failed, undo == failing);
            }
        }
        assert_eq!(columns(&statement), ["id", "v"], "{name}");
    }
}

/// How many locks there are on the file, as processes see those of each other.
fn locks(database: &Database) -> usize {
    let inode = format!(":{} ", fs::metadata(&database.path).unwrap().ino());
    fs::read_to_string("/proc/locks").unwrap().matches(&inode).count()
}

#[test]
fn looking_at_the_file_drops_no_lock() {
    let database = Database::new("locks");
    let (writer, reader) = (database.connect(), database.connect());
    run(&writer, "BEGIN IMMEDIATE");
    let held = locks(&database);
    assert!(held > 0);
    let statement = reader.statement(QUERY).unwrap();
    keep(&statement);
    statement.close().unwrap();
    reader.close().unwrap();
    assert_eq!(locks(&database), held);
    run(&writer, "ROLLBACK");
}

/// Makes a table whose values are the names of their columns, in another order each time.
fn make_named(connection: &Connection, round: usize) {
    let (c, d) = (format!("c{round}"), format!("d{round}"));
    let columns = match round % 3 {
        0 => format!("id BIGINT, {c} VARCHAR(10), {d} VARCHAR(10)"),
        1 => format!("{d} VARCHAR(10), id BIGINT, {c} VARCHAR(10)"),
        _ => format!("{c} VARCHAR(10), {d} VARCHAR(10), id BIGINT"),
    };
    run(connection, "BEGIN IMMEDIATE");
    run(connection, "DROP TABLE t");
    run(connection, &format!("CREATE TABLE t ({columns})"));
    run(connection, &format!("INSERT INTO t (id, {c}, {d}) VALUES (1, '{c}', '{d}')"));
    run(connection, "COMMIT");
}

/// Reads the table's row; false where tables changed before it came.
fn names_are_those_of_values(statement: &Statement, key: Option<i64>) -> bool {
    let parameters = key.map(|key| Arc::new(Int64Array::from(vec![key])) as ArrayRef);
    let read = || -> odbc_engine::Result<RecordBatch> {
        statement.execute(&Parameters::from_arrays(parameters)?)?;
        let stream = statement.stream(&StreamOptions::default())?;
        let row = stream.fetch()?.unwrap();
        assert!(stream.fetch()?.is_none());
        Ok(row)
    };
    match read() {
        Ok(row) => {
            for (field, column) in row.schema().fields().iter().zip(row.columns()) {
                let expected = match field.name().as_str() {
                    "id" => "1".to_owned(),
                    name => format!("{name:?}"),
                };
                assert_eq!(cell(column, 0), expected, "{row:?}");
            }
            true
        }
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Transaction, "{error}");
            false
        }
    }
}

#[test]
fn names_are_those_of_the_values_while_the_table_changes() {
    const ROUNDS: usize = 300;
    for (mode, streaming) in [("delete", false), ("wal", false), ("wal", true)] {
        let database = Database::new(&format!("{mode}_{streaming}"));
        let writer = database.connect();
        run(&writer, &format!("PRAGMA journal_mode = {mode}"));
        make_named(&writer, 0);
        let options = ConnectionOptions { streaming, ..ConnectionOptions::default() };
        let reader = Connection::open(&database.connection_string(), &options).unwrap();
        let kept = reader.statement(QUERY).unwrap();
        let mut read = 0;
        thread::scope(|scope| {
            let writing = scope.spawn(|| (1..ROUNDS).for_each(|round| make_named(&writer, round)));
            while !writing.is_finished() {
                read += usize::from(names_are_those_of_values(&kept, Some(1)));
                let new = reader.statement("SELECT * FROM t").unwrap();
                read += usize::from(names_are_those_of_values(&new, None));
                let new = reader.statement(QUERY).unwrap();
                read += usize::from(names_are_those_of_values(&new, Some(1)));
            }
        });
        assert!(read > 0);
    }
}
