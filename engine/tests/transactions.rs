//! Transactions, by what they do: two connections, and what the one sees of the other.

mod support;

use odbc_engine::{
    Connection, ConnectionOptions, ErrorKind, Isolation, Parameters, StreamOptions,
    TransactionOptions,
};
use support::{SQLITE, batches, cell, connect, query, run, server};

fn at(isolation: Isolation) -> TransactionOptions {
    TransactionOptions { isolation: Some(isolation), ..Default::default() }
}

fn count(connection: &Connection, table: &str) -> String {
    let counted = batches(&query(connection, &format!("SELECT count(*) FROM {table}")));
    cell(counted[0].column(0), 0)
}

fn fails(connection: &Connection, sql: &str) -> ErrorKind {
    connection.execute(sql, &Parameters::none()).unwrap_err().kind
}

/// What a transaction at each level sees of rows that another commits meanwhile.
fn phantoms(connection_string: &str, table: &str) {
    let (reader, writer) = (connect(connection_string), connect(connection_string));
    run(&writer, &format!("DROP TABLE IF EXISTS {table}"));
    run(&writer, &format!("CREATE TABLE {table} (i INTEGER)"));
    for (level, sees) in [
        (Isolation::ReadCommitted, true),
        (Isolation::RepeatableRead, false),
        (Isolation::ReadCommitted, true),
    ] {
        run(&writer, &format!("DELETE FROM {table}"));
        reader.begin(&at(level)).unwrap();
        assert_eq!(count(&reader, table), "0");
        run(&writer, &format!("INSERT INTO {table} VALUES (1)"));
        assert_eq!(count(&reader, table), if sees { "1" } else { "0" }, "{level:?}");
        reader.commit().unwrap();
        assert_eq!(count(&reader, table), "1");
    }
    // The level went with its transaction.
    reader.begin(&at(Isolation::Serializable)).unwrap();
    reader.rollback().unwrap();
    run(&writer, &format!("DELETE FROM {table}"));
    reader.begin(&TransactionOptions::default()).unwrap();
    assert_eq!(count(&reader, table), "0");
    run(&writer, &format!("INSERT INTO {table} VALUES (1)"));
    let default_sees = if reader.info().dbms == "postgresql" { "1" } else { "0" };
    assert_eq!(count(&reader, table), default_sees);
    reader.commit().unwrap();
}

/// Savepoints, transactions within transactions, and read-only ones.
fn nesting(connection_string: &str, table: &str) {
    let connection = connect(connection_string);
    let begin = || connection.begin(&TransactionOptions::default()).unwrap();
    let insert = || run(&connection, &format!("INSERT INTO {table} VALUES (1)"));
    run(&connection, &format!("DROP TABLE IF EXISTS {table}"));
    run(&connection, &format!("CREATE TABLE {table} (i INTEGER)"));
    assert_eq!(connection.savepoint("a").unwrap_err().kind, ErrorKind::InvalidState);

    begin();
    insert();
    connection.savepoint("a").unwrap();
    insert();
    connection.rollback_to_savepoint("a").unwrap();
    insert();
    connection.release_savepoint("a").unwrap();
    begin();
    insert();
    begin();
    insert();
    connection.commit().unwrap();
    connection.rollback().unwrap();
    assert_eq!(count(&connection, table), "2");
    let error = connection.begin(&at(Isolation::Serializable)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidState);
    assert_eq!(connection.set_autocommit(true).unwrap_err().kind, ErrorKind::InvalidState);
    connection.commit().unwrap();
    assert!(connection.autocommit().unwrap());
    assert_eq!(count(&connection, table), "2");

    begin();
    insert();
    connection.rollback().unwrap();
    assert_eq!(count(&connection, table), "2");

    let read_only = TransactionOptions { read_only: true, ..Default::default() };
    connection.begin(&read_only).unwrap();
    let refused = fails(&connection, &format!("INSERT INTO {table} VALUES (1)"));
    assert_eq!(refused, ErrorKind::Transaction);
    connection.rollback().unwrap();
    insert();
    assert_eq!(count(&connection, table), "3");

    for name in ["", "1a", "a b", "a;", "a\"", &"a".repeat(33)] {
        begin();
        assert_eq!(connection.savepoint(name).unwrap_err().kind, ErrorKind::InvalidArgument);
        connection.rollback().unwrap();
    }

    // With autocommit off a transaction is always open, so begin nests at once.
    let manual = ConnectionOptions { autocommit: false, ..Default::default() };
    let manual = Connection::open(connection_string, &manual).unwrap();
    run(&manual, &format!("INSERT INTO {table} VALUES (1)"));
    manual.begin(&TransactionOptions::default()).unwrap();
    run(&manual, &format!("INSERT INTO {table} VALUES (1)"));
    manual.rollback().unwrap();
    manual.commit().unwrap();
    assert!(!manual.autocommit().unwrap());
    manual.close().unwrap();
    assert_eq!(count(&connection, table), "4");
}

#[test]
fn sqlite() {
    let folder = std::env::temp_dir().join(format!("odbc_engine-tx-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    nesting(&format!("Driver=SQLite3;Database={}", folder.join("n.db").display()), "nesting");
    let connection = connect(SQLITE);
    let error = connection.begin(&at(Isolation::ReadCommitted)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    connection.begin(&at(Isolation::Serializable)).unwrap();
    connection.commit().unwrap();
    // A read-only session stays so behind a read-only transaction.
    let read_only = ConnectionOptions { read_only: true, ..Default::default() };
    let connection = Connection::open(SQLITE, &read_only).unwrap();
    connection.begin(&TransactionOptions { read_only: true, ..Default::default() }).unwrap();
    connection.commit().unwrap();
    assert_eq!(fails(&connection, "CREATE TABLE t (i INTEGER)"), ErrorKind::Transaction);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn mariadb() {
    let Some(connection_string) = server("ODBC_ENGINE_MARIADB") else { return };
    phantoms(&connection_string, "phantoms");
    nesting(&connection_string, "nesting");
}

#[test]
fn postgresql() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    phantoms(&connection_string, "phantoms");
    nesting(&connection_string, "nesting");
}

#[test]
fn postgresql_serialization_failures_are_tried_again() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let (first, second) = (connect(&connection_string), connect(&connection_string));
    run(&first, "DROP TABLE IF EXISTS contended");
    run(&first, "CREATE TABLE contended (i INTEGER)");
    run(&first, "INSERT INTO contended VALUES (0)");
    let mut attempts = 0;
    first
        .run_in_transaction(&at(Isolation::Serializable), 5, |connection| {
            attempts += 1;
            count(connection, "contended");
            if attempts == 1 {
                run(&second, "UPDATE contended SET i = i + 10");
            }
            connection.execute("UPDATE contended SET i = i + 1", &Parameters::none()).map(drop)
        })
        .unwrap();
    assert_eq!(attempts, 2);
    let rows = batches(&query(&second, "SELECT i FROM contended"));
    assert_eq!(cell(rows[0].column(0), 0), "11");
    // What cannot be mended is not tried again.
    let mut attempts = 0;
    let failed = first.run_in_transaction(&TransactionOptions::default(), 5, |connection| {
        attempts += 1;
        connection.execute("SELEKT 1", &Parameters::none())
    });
    assert_eq!((failed.unwrap_err().kind, attempts), (ErrorKind::Syntax, 1));
    assert!(first.autocommit().unwrap());
}

/// psqlodbc 13.02 reports success for both of these commits.
#[test]
fn postgresql_commits_that_are_none_are_errors() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let other = connect(&connection_string);
    run(&other, "DROP TABLE IF EXISTS lost");
    run(&other, "CREATE TABLE lost (i INTEGER)");

    let aborting = connect(&format!("{connection_string};Protocol=7.4-0"));
    aborting.begin(&TransactionOptions::default()).unwrap();
    run(&aborting, "INSERT INTO lost VALUES (1)");
    assert_eq!(fails(&aborting, "SELEKT 1"), ErrorKind::Syntax);
    assert_eq!(aborting.commit().unwrap_err().kind, ErrorKind::Transaction);
    assert_eq!(count(&other, "lost"), "0");
    run(&aborting, "INSERT INTO lost VALUES (2)");
    assert_eq!(count(&other, "lost"), "1");

    let undoing = connect(&format!("{connection_string};Protocol=7.4-1"));
    undoing.begin(&TransactionOptions::default()).unwrap();
    run(&undoing, "INSERT INTO lost VALUES (3)");
    assert_eq!(fails(&undoing, "SELECT 1 / 0"), ErrorKind::Data);
    run(&undoing, "INSERT INTO lost VALUES (3)");
    assert_eq!(undoing.commit().unwrap_err().kind, ErrorKind::Transaction);
    assert_eq!(count(&other, "lost"), "1");

    let killed = connect(&connection_string);
    let pid = batches(&query(&killed, "SELECT pg_backend_pid()"));
    let pid = cell(pid[0].column(0), 0);
    killed.begin(&TransactionOptions::default()).unwrap();
    run(&killed, "INSERT INTO lost VALUES (3)");
    run(&other, &format!("SELECT pg_terminate_backend({pid})"));
    let error = killed.execute("INSERT INTO lost VALUES (4)", &Parameters::none()).unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true), "{error}");
    assert_eq!(killed.commit().unwrap_err().kind, ErrorKind::Transaction);
    assert_eq!(count(&other, "lost"), "1");
    killed.close().unwrap();
}

#[test]
fn the_victim_of_a_deadlock_commits_nothing_of_its_transaction() {
    let Some(connection_string) = server("ODBC_ENGINE_MARIADB") else { return };
    let watcher = connect(&connection_string);
    run(&watcher, "DROP TABLE IF EXISTS locked");
    run(&watcher, "CREATE TABLE locked (i INTEGER PRIMARY KEY, n INTEGER)");
    run(&watcher, "INSERT INTO locked VALUES (1, 0), (2, 0), (3, 0)");
    let update = |connection: &Connection, row: i32| {
        let sql = format!("UPDATE locked SET n = n + 1 WHERE i = {row}");
        connection.execute(&sql, &Parameters::none())
    };
    let both = [1, 2].map(|row| {
        let connection = connect(&connection_string);
        connection.begin(&TransactionOptions::default()).unwrap();
        update(&connection, row).unwrap();
        connection
    });
    let [first, second] = &both;
    let (by_first, by_second) = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| update(first, 2));
        (update(second, 1), waiting.join().unwrap())
    });
    let outcomes = [(second, by_first), (first, by_second)];
    let (victim, error) = outcomes
        .into_iter()
        .find_map(|(connection, outcome)| Some((connection, outcome.err()?)))
        .expect("one of the two is the victim");
    assert_eq!((error.kind, error.retryable), (ErrorKind::Transaction, true), "{error}");
    assert!(error.message.contains("the whole transaction was rolled back"), "{error}");
    assert_eq!(victim.savepoint("here").unwrap_err().kind, ErrorKind::Transaction);
    update(victim, 3).unwrap();
    assert_eq!(victim.commit().unwrap_err().kind, ErrorKind::Transaction);
    let survivor = if std::ptr::eq(victim, first) { second } else { first };
    survivor.commit().unwrap();
    let sum = || {
        let summed = batches(&query(&watcher, "SELECT CAST(sum(n) AS SIGNED) FROM locked"));
        cell(summed[0].column(0), 0)
    };
    assert_eq!(sum(), "2");
    update(victim, 3).unwrap();
    assert_eq!(sum(), "3");
}

#[test]
fn a_commit_that_failed_leaves_work_that_can_be_lost() {
    let file = format!("{}/failed_commit.db", env!("CARGO_TARGET_TMPDIR"));
    let _ = std::fs::remove_file(&file);
    let database = format!("Driver=SQLite3;Database={file};Timeout=1");
    let (reader, writer) = (connect(&database), connect(&database));
    run(&writer, "CREATE TABLE t (i INTEGER PRIMARY KEY)");
    run(&writer, "INSERT INTO t VALUES (1), (2)");
    writer.set_autocommit(false).unwrap();
    run(&writer, "INSERT INTO t VALUES (3)");
    reader.set_autocommit(false).unwrap();
    run(&reader, "SELECT * FROM t");
    writer.commit().unwrap_err();
    assert_eq!(fails(&writer, "INSERT OR ROLLBACK INTO t VALUES (1)"), ErrorKind::Constraint);
    reader.rollback().unwrap();
    assert_eq!(writer.commit().unwrap_err().kind, ErrorKind::Transaction);
}

#[test]
fn a_failure_that_nobody_has_read_yet_fails_the_commit() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let killer = connect(&connection_string);
    let options = ConnectionOptions {
        streaming: true,
        cancel_connection: false,
        ..ConnectionOptions::default()
    };
    let connection = Connection::open(&connection_string, &options).unwrap();
    let pid = batches(&query(&connection, "SELECT pg_backend_pid()"));
    let pid = cell(pid[0].column(0), 0);
    connection.begin(&TransactionOptions::default()).unwrap();
    let limits = StreamOptions { batch_rows_max: 15_000, ..StreamOptions::default() };
    let sql = "SELECT generate_series(1, 100000)";
    let stream = connection.query(sql, &Parameters::none(), &limits).unwrap();
    stream.fetch().unwrap().unwrap();
    run(&killer, &format!("SELECT pg_terminate_backend({pid})"));
    // The rows that were there come first.
    stream.fetch().unwrap().unwrap();
    stream.close().unwrap();
    connection.commit().unwrap_err();
}

#[test]
fn a_commit_of_an_inner_one_that_fails_leaves_it_to_be_rolled_back() {
    let connection = connect(SQLITE);
    run(&connection, "CREATE TABLE t (i INTEGER PRIMARY KEY)");
    let begin = || connection.begin(&TransactionOptions::default()).unwrap();
    begin();
    run(&connection, "INSERT INTO t VALUES (1)");
    begin();
    assert_eq!(fails(&connection, "INSERT OR ROLLBACK INTO t VALUES (1)"), ErrorKind::Constraint);
    assert_eq!(connection.commit().unwrap_err().kind, ErrorKind::Transaction);
    connection.rollback().unwrap();
    assert_eq!(connection.transaction_depth().unwrap(), 1);
    assert_eq!(connection.commit().unwrap_err().kind, ErrorKind::Transaction);
    assert!(connection.autocommit().unwrap());
    assert_eq!(count(&connection, "t"), "0");
}

#[test]
fn what_the_work_of_a_transaction_left_open_ends_with_it() {
    let connection = connect(SQLITE);
    run(&connection, "CREATE TABLE t (i INTEGER)");
    let begin = |one: &Connection| one.begin(&TransactionOptions::default());
    let insert = |one: &Connection| run(one, "INSERT INTO t VALUES (1)");
    let transaction = |work: &dyn Fn(&Connection) -> odbc_engine::Result<()>| {
        connection.run_in_transaction(&TransactionOptions::default(), 1, work)
    };
    transaction(&|one| {
        insert(one);
        begin(one)?;
        insert(one);
        Ok(())
    })
    .unwrap();
    assert!(connection.autocommit().unwrap());
    assert_eq!(count(&connection, "t"), "2");
    transaction(&|one| {
        insert(one);
        begin(one)?;
        one.execute("no SQL", &Parameters::none()).map(drop)
    })
    .unwrap_err();
    assert!(connection.autocommit().unwrap());
    assert_eq!(count(&connection, "t"), "2");
    // One that the work has ended itself is not ended again, nor the one around it.
    begin(&connection).unwrap();
    transaction(&|one| {
        insert(one);
        one.commit()
    })
    .unwrap();
    assert_eq!(connection.transaction_depth().unwrap(), 1);
    connection.rollback().unwrap();
    assert_eq!(count(&connection, "t"), "2");
}
