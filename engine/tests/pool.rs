//! Pools: what they lend works, what comes back is as it was, and their figures add up.

mod support;

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use odbc_engine::{
    Connection, ErrorKind, Isolation, Parameters, Pool, PoolOptions, PoolState, StreamOptions,
    TransactionOptions, arrow_array::Array,
};
use support::{
    SQLITE, batches, connect,
    pools::{assert_adds_up, pool},
    query, run, server,
};

/// The first cell of a query, as text.
fn text(connection: &Connection, sql: &str) -> String {
    let rows = batches(&query(connection, sql));
    support::cell(rows[0].column(0), 0).trim_matches('"').to_owned()
}

/// Waits for a state that the pool's own thread brings about.
fn eventually(pool: &Pool, what: impl Fn(&PoolState) -> bool) -> PoolState {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let state = pool.state().unwrap();
        assert_adds_up(&state);
        if what(&state) {
            return state;
        }
        assert!(Instant::now() < until, "{state:?}");
        thread::yield_now();
    }
}

fn kind<T>(result: odbc_engine::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind)
}

#[test]
fn a_connection_goes_back_and_is_lent_again() {
    let pool = pool(SQLITE, r#"{"size_max": 2}"#);
    let first = pool.acquire().unwrap();
    run(&first, "CREATE TABLE mine (a INTEGER)");
    let statement = first.statement("SELECT 1").unwrap();
    let stream = query(&first, "SELECT 1");
    let state = pool.state().unwrap();
    assert_eq!((state.size, state.idle, state.in_use, state.acquired), (1, 0, 1, 1));
    first.close().unwrap();
    assert_eq!(kind(first.execute("SELECT 1", &Parameters::none())), Some(ErrorKind::InvalidState));
    assert_eq!(kind(statement.execute(&Parameters::none())), Some(ErrorKind::InvalidState));
    assert_eq!(kind(stream.fetch()), Some(ErrorKind::InvalidState));
    first.close().unwrap();
    let state = pool.state().unwrap();
    assert_eq!((state.size, state.idle, state.in_use), (1, 1, 0));

    // It is the same session, since only that one has the table.
    let again = pool.acquire().unwrap();
    run(&again, "INSERT INTO mine VALUES (1)");
    drop(again);
    // Those that are gone do not disturb the one that is lent now.
    let again = pool.acquire().unwrap();
    statement.close().unwrap();
    drop((statement, stream, first));
    assert_eq!(text(&again, "SELECT count(*) FROM mine"), "1");
    assert_adds_up(&pool.state().unwrap());
}

#[test]
fn a_dropped_pool_leaves_what_is_lent() {
    let pool = pool(SQLITE, "");
    let connection = pool.acquire().unwrap();
    drop(pool);
    assert_eq!(text(&connection, "SELECT 7"), "7");
    connection.close().unwrap();
}

#[test]
fn waiting_ends_at_the_timeout_and_is_counted() {
    let pool = pool(SQLITE, r#"{"size_max": 1, "acquire_timeout_ms": 50}"#);
    let held = pool.acquire().unwrap();
    let error = pool.acquire().err().unwrap();
    assert_eq!((error.kind, error.operation), (ErrorKind::Timeout, "acquire"));
    assert!(error.message.contains("acquire_timeout_ms"), "{error}");
    assert!(pool.try_acquire().unwrap().is_none());
    drop(held);
    assert!(pool.try_acquire().unwrap().is_some());
    let state = pool.state().unwrap();
    assert_eq!((state.timed_out, state.acquired, state.waiting), (1, 2, 0));
}

#[test]
fn who_comes_first_is_served_first() {
    let pool = Arc::new(pool(SQLITE, r#"{"size_max": 1}"#));
    let held = pool.acquire().unwrap();
    let (sender, served) = std::sync::mpsc::channel();
    let mut threads = Vec::new();
    for number in 0..5 {
        let (pool, sender) = (Arc::clone(&pool), sender.clone());
        threads.push(thread::spawn({
            let pool = Arc::clone(&pool);
            move || {
                let _connection = pool.acquire().unwrap();
                sender.send(number).unwrap();
            }
        }));
        eventually(&pool, |state| state.waiting == number + 1);
    }
    assert!(pool.try_acquire().unwrap().is_none());
    drop(held);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(served.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(pool.state().unwrap().wait_ms.max > 0.0);
}

#[test]
fn a_pool_is_resized() {
    let pool = Arc::new(pool(SQLITE, r#"{"size_min": 0, "size_max": 1, "lifetime_ms": 0}"#));
    let first = pool.acquire().unwrap();
    let waiting = thread::spawn({
        let pool = Arc::clone(&pool);
        move || pool.acquire().unwrap()
    });
    eventually(&pool, |state| state.waiting == 1);
    pool.resize(r#"{"size_max": 3}"#).unwrap();
    let second = waiting.join().unwrap();
    let third = pool.acquire().unwrap();
    assert_eq!(pool.state().unwrap().size, 3);
    drop(third);
    pool.resize(r#"{"size_max": 1}"#).unwrap();
    // What is not lent goes at once, one that is too many when it comes back.
    let state = pool.state().unwrap();
    assert_eq!((state.size, state.idle, state.closed.surplus), (2, 0, 1));
    drop(second);
    drop(first);
    let state = pool.state().unwrap();
    assert_eq!((state.size, state.idle, state.closed.surplus), (1, 1, 2));
    assert_adds_up(&state);
    pool.resize(r#"{"size_min": 4, "size_max": 4}"#).unwrap();
    eventually(&pool, |state| state.idle == 4);
    assert_eq!(kind(pool.resize(r#"{"size_max": 3}"#)), Some(ErrorKind::InvalidArgument));
    assert_eq!(kind(pool.resize(r#"{"lifetime_ms": 3}"#)), Some(ErrorKind::InvalidArgument));
}

#[test]
fn closing_waits_for_what_is_lent() {
    let pool = Arc::new(pool(SQLITE, r#"{"size_min": 2, "size_max": 2}"#));
    let held = pool.acquire().unwrap();
    let other = pool.acquire().unwrap();
    let waiting = thread::spawn({
        let pool = Arc::clone(&pool);
        move || pool.acquire().err().unwrap()
    });
    eventually(&pool, |state| state.waiting == 1);
    let closing = thread::spawn({
        let pool = Arc::clone(&pool);
        move || pool.close()
    });
    // Whoever waits hears of it at once.
    assert_eq!(waiting.join().unwrap().kind, ErrorKind::InvalidState);
    assert_eq!(text(&held, "SELECT 7"), "7");
    drop(other);
    assert!(!closing.is_finished());
    held.close().unwrap();
    closing.join().unwrap().unwrap();
    pool.close().unwrap();
    assert_eq!(kind(pool.acquire()), Some(ErrorKind::InvalidState));
    assert_eq!(kind(pool.try_acquire()), Some(ErrorKind::InvalidState));
    assert_eq!(kind(pool.state()), Some(ErrorKind::InvalidState));
    assert_eq!(kind(pool.resize("{}")), Some(ErrorKind::InvalidState));
}

#[test]
fn closing_does_not_wait_for_ever() {
    let pool = pool(SQLITE, r#"{"acquire_timeout_ms": 50}"#);
    let held = pool.acquire().unwrap();
    let error = pool.close().unwrap_err();
    assert_eq!((error.kind, error.operation), (ErrorKind::Timeout, "pool_close"));
    assert!(error.message.contains("1 connections"), "{error}");
    drop(held);
    pool.close().unwrap();
}

#[test]
fn connections_go_when_they_are_unused_or_old() {
    let pool = pool(SQLITE, r#"{"size_min": 1, "size_max": 3, "idle_timeout_ms": 20}"#);
    let lent: Vec<_> = (0..3).map(|_| pool.acquire().unwrap()).collect();
    assert_eq!(pool.state().unwrap().size, 3);
    drop(lent);
    let state = eventually(&pool, |state| state.size == 1);
    assert_eq!(state.closed.idle, 2);

    let pool = self::pool(SQLITE, r#"{"size_min": 1, "lifetime_ms": 20, "size_max": 1}"#);
    eventually(&pool, |state| state.closed.lifetime >= 2 && state.size == 1);
    // One that is lent goes when it comes back.
    let held = pool.acquire().unwrap();
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(25) {
        assert_eq!(text(&held, "SELECT 7"), "7");
    }
    let before = pool.state().unwrap().closed.lifetime;
    drop(held);
    eventually(&pool, |state| state.closed.lifetime > before);
}

#[test]
fn failures_to_open_are_told_as_they_are() {
    let bad = "Driver=SQLite3;Database=/nonexistent/folder/file.db";
    let options = PoolOptions::from_json(r#"{"size_min": 0}"#).unwrap();
    let pool = Pool::open(bad, &options).unwrap();
    let plain = Connection::open(bad, &options.connection).err().unwrap();
    let error = pool.acquire().err().unwrap();
    assert_eq!((error.kind, error.operation), (plain.kind, "connect"));
    let state = pool.state().unwrap();
    assert_eq!((state.failed, state.size, state.opening), (1, 0, 0));
    assert_eq!(kind(Pool::open(bad, &PoolOptions::default())), Some(plain.kind));

    let options = PoolOptions::from_json(r#"{"validation_query": "SELECT nonsense"}"#).unwrap();
    assert_eq!(kind(Pool::open(SQLITE, &options)), Some(ErrorKind::Syntax));
    let options = PoolOptions { size_max: 0, ..PoolOptions::default() };
    assert_eq!(kind(Pool::open(SQLITE, &options)), Some(ErrorKind::InvalidArgument));
}

#[test]
fn a_validation_query_runs_before_each_loan() {
    let database = concat!(env!("CARGO_TARGET_TMPDIR"), "/pool_validation.db");
    let _ = std::fs::remove_file(database);
    let database = format!("Driver=SQLite3;Database={database}");
    let plain = connect(&database);
    run(&plain, "CREATE TABLE alive (a INTEGER)");
    let pool = pool(&database, r#"{"size_max": 1, "validation_query": "SELECT a FROM alive"}"#);
    drop(pool.acquire().unwrap());
    run(&plain, "DROP TABLE alive");
    // The one that is there is taken for broken, and so is the one in its stead.
    assert_eq!(kind(pool.acquire()), Some(ErrorKind::Syntax));
    let state = pool.state().unwrap();
    assert_eq!((state.closed.broken, state.failed), (1, 1));
    run(&plain, "CREATE TABLE alive (a INTEGER)");
    pool.acquire().unwrap();
}

#[test]
fn connections_that_could_not_be_replaced_come_back() {
    let database = concat!(env!("CARGO_TARGET_TMPDIR"), "/pool_kept.db");
    let _ = std::fs::remove_file(database);
    let database = format!("Driver=SQLite3;Database={database}");
    let plain = connect(&database);
    run(&plain, "CREATE TABLE alive (a INTEGER)");
    let options = r#"{"size_min": 2, "idle_timeout_ms": 0, "lifetime_ms": 0,
                      "validation_query": "SELECT a FROM alive"}"#;
    let pool = pool(&database, options);
    eventually(&pool, |state| state.idle == 2);
    run(&plain, "DROP TABLE alive");
    for _ in 0..2 {
        assert_eq!(kind(pool.acquire()), Some(ErrorKind::Syntax));
    }
    run(&plain, "CREATE TABLE alive (a INTEGER)");
    eventually(&pool, |state| state.idle == 2);
}

#[test]
fn options_hold_for_every_connection() {
    let options = r#"{"size_max": 1, "connection": {"read_only": true, "autocommit": false}}"#;
    let pool = pool(SQLITE, options);
    for _ in 0..3 {
        let connection = pool.acquire().unwrap();
        assert!(!connection.autocommit().unwrap());
        let refused = connection.execute("CREATE TABLE t (a INTEGER)", &Parameters::none());
        assert_eq!(kind(refused), Some(ErrorKind::Transaction));
        connection.rollback().unwrap();
        connection.set_autocommit(true).unwrap();
    }
}

/// Changes all that the engine offers to change, and leaves it so.
fn change(connection: &Connection, isolation: Isolation) {
    connection.begin(&TransactionOptions { isolation: Some(isolation), read_only: true }).unwrap();
    connection.begin(&TransactionOptions::default()).unwrap();
    let _ = connection.execute("SELECT nonsense FROM nowhere", &Parameters::none());
}

fn assert_plain(connection: &Connection) {
    assert!(connection.autocommit().unwrap());
    run(connection, "DELETE FROM pool_reset");
    run(connection, "INSERT INTO pool_reset VALUES (1)");
}

#[test]
fn what_a_borrower_left_is_undone() {
    let database = concat!(env!("CARGO_TARGET_TMPDIR"), "/pool_reset.db");
    let _ = std::fs::remove_file(database);
    let sqlite = Some(format!("Driver=SQLite3;Database={database}"));
    let servers = ["ODBC_ENGINE_POSTGRESQL", "ODBC_ENGINE_MARIADB"].map(server);
    for connection_string in servers.into_iter().chain([sqlite]).flatten() {
        let plain = connect(&connection_string);
        let _ = plain.execute("DROP TABLE pool_reset", &Parameters::none());
        run(&plain, "CREATE TABLE pool_reset (a INTEGER)");
        let pool = pool(&connection_string, r#"{"size_min": 0, "size_max": 1}"#);

        // A transaction with modes of its own, in which something fails.
        let connection = pool.acquire().unwrap();
        change(&connection, Isolation::Serializable);
        drop(connection);
        assert_plain(&pool.acquire().unwrap());
        // The same, with nothing executed in it.
        let connection = pool.acquire().unwrap();
        let modes =
            TransactionOptions { isolation: Some(Isolation::Serializable), read_only: true };
        connection.begin(&modes).unwrap();
        drop(connection);
        assert_plain(&pool.acquire().unwrap());
        // Autocommit, and what was not committed.
        let connection = pool.acquire().unwrap();
        connection.set_autocommit(false).unwrap();
        run(&connection, "DELETE FROM pool_reset");
        drop(connection);
        assert_eq!(text(&pool.acquire().unwrap(), "SELECT count(*) FROM pool_reset"), "1");
        assert_plain(&pool.acquire().unwrap());
        // None of that needed another connection.
        let state = pool.state().unwrap();
        assert_eq!((state.created, state.size), (1, 1), "{connection_string}");
        run(&plain, "DROP TABLE pool_reset");
    }
}

#[test]
fn settings_of_postgresql_are_set_back() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let pool = pool(&connection_string, r#"{"size_max": 1, "connection": {"read_only": true}}"#);
    let settings = "SELECT string_agg(name || '=' || setting, ', ' ORDER BY name) FROM pg_settings";
    let session = "SELECT current_setting('TimeZone') || ' ' || current_setting('DateStyle') || \
                   ' ' || current_setting('extra_float_digits') || ' ' || \
                   current_setting('client_encoding')";
    let connection = pool.acquire().unwrap();
    let (before, told) = (text(&connection, settings), text(&connection, session));
    assert!(told.starts_with("UTC ISO") && told.ends_with("UTF8"), "{told}");
    for sql in [
        "SET statement_timeout = 12345",
        "SET TIME ZONE 'Europe/Berlin'",
        "SELECT set_config('search_path', 'pg_catalog', false)",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "CREATE TEMPORARY TABLE pool_left (a int)",
        "LISTEN pool_left",
        "SELECT pg_advisory_lock(42)",
        "BEGIN",
        "SET DateStyle = 'German'",
    ] {
        run(&connection, sql);
    }
    let prepared = connection.statement("SELECT ? + 1").unwrap();
    prepared.execute(&Parameters::none()).unwrap_err();
    drop(connection);
    let connection = pool.acquire().unwrap();
    assert_eq!(text(&connection, settings), before);
    assert_eq!(text(&connection, session), told);
    let left = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
    assert_eq!(text(&connection, left), "0");
    assert_eq!(text(&connection, "SELECT count(*) FROM pg_listening_channels()"), "0");
    let gone = connection.execute("SELECT * FROM pool_left", &Parameters::none());
    assert_eq!(kind(gone), Some(ErrorKind::Syntax));
    let refused = connection.execute("CREATE TABLE pool_left (a int)", &Parameters::none());
    assert_eq!(kind(refused), Some(ErrorKind::Transaction));
    assert_eq!(pool.state().unwrap().created, 1);
}

#[test]
fn a_session_that_cannot_be_set_back_is_replaced() {
    let mariadb = server("ODBC_ENGINE_MARIADB").map(|connection_string| {
        (
            connection_string,
            vec![
                (
                    "SET SESSION max_statement_time = 5",
                    "SELECT CAST(@@max_statement_time AS CHAR)",
                    "0.0",
                ),
                ("SET @pool_left = 1", "SELECT CAST(coalesce(@pool_left, 0) AS CHAR)", "0"),
                ("SELECT @pool_left := 1", "SELECT CAST(coalesce(@pool_left, 0) AS CHAR)", "0"),
                (
                    "SELECT GET_LOCK('pool_left', 0)",
                    "SELECT CAST(coalesce(is_used_lock('pool_left'), 0) AS CHAR)",
                    "0",
                ),
                ("CREATE TEMPORARY TABLE pool_left (a int)", "SELECT 0", "0"),
            ],
        )
    });
    let sqlite = (
        SQLITE.to_owned(),
        vec![
            ("PRAGMA foreign_keys = 1", "PRAGMA foreign_keys", "0"),
            ("CREATE TEMP TABLE pool_left (a int)", "SELECT 0", "0"),
        ],
    );
    for (connection_string, changes) in mariadb.into_iter().chain([sqlite]) {
        let pool = pool(&connection_string, r#"{"size_max": 1}"#);
        for (change, ask, expected) in changes {
            let before = pool.state().unwrap().closed.changed;
            let connection = pool.acquire().unwrap();
            run(&connection, change);
            drop(connection);
            let connection = pool.acquire().unwrap();
            let answer = text(&connection, ask);
            assert!(answer.starts_with(expected), "{change}: {answer}");
            let gone = connection.execute("SELECT * FROM pool_left", &Parameters::none());
            assert_eq!(kind(gone), Some(ErrorKind::Syntax), "{change}");
            drop(connection);
            let state = pool.state().unwrap();
            assert!(state.closed.changed > before, "{change}");
            assert_adds_up(&state);
        }
    }
}

#[test]
fn prepared_statements_stay_with_their_session() {
    let servers = ["ODBC_ENGINE_POSTGRESQL", "ODBC_ENGINE_MARIADB"].map(server);
    for connection_string in servers.into_iter().flatten() {
        let pool = pool(&connection_string, r#"{"size_max": 1}"#);
        let plain = connect(&connection_string);
        let _ = plain.execute("DROP TABLE pool_prepared", &Parameters::none());
        run(&plain, "CREATE TABLE pool_prepared (a INTEGER)");
        let one = odbc_engine::arrow_array::Int64Array::from(vec![1]);
        let one = Parameters::from_arrays([Arc::new(one) as Arc<dyn Array>]).unwrap();
        for _ in 0..5 {
            let connection = pool.acquire().unwrap();
            connection.execute("INSERT INTO pool_prepared VALUES (?)", &one).unwrap();
            let stream = connection
                .query("SELECT a FROM pool_prepared WHERE a = ?", &one, &StreamOptions::default())
                .unwrap();
            assert!(stream.fetch().unwrap().unwrap().num_rows() > 0);
        }
        assert_eq!(text(&plain, "SELECT count(*) FROM pool_prepared"), "5");
        run(&plain, "DROP TABLE pool_prepared");
    }
}
