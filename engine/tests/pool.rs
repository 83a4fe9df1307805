//! Pools: what they lend works, what comes back is as it was, and their figures add up.

mod support;

use std::{
    collections::HashSet,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use odbc_engine::{
    Connection, ErrorKind, Isolation, Parameters, Pool, PoolOptions, PoolState, StreamOptions,
    TransactionOptions,
    arrow_array::{Array, cast::AsArray},
};
use support::{SQLITE, batches, connect, query, run, server};

fn pool(connection_string: &str, options: &str) -> Pool {
    Pool::open(connection_string, &PoolOptions::from_json(options).unwrap()).unwrap()
}

/// The first cell of a query, as text.
fn text(connection: &Connection, sql: &str) -> String {
    let rows = batches(&query(connection, sql));
    support::cell(rows[0].column(0), 0).trim_matches('"').to_owned()
}

fn assert_adds_up(state: &PoolState) {
    let closed = state.closed;
    let all_closed =
        closed.broken + closed.changed + closed.idle + closed.lifetime + closed.surplus;
    assert_eq!(state.size, state.idle + state.in_use, "{state:?}");
    assert_eq!(state.size as u64, state.created - all_closed, "{state:?}");
    assert!(state.size + state.opening <= state.size_max, "{state:?}");
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

/// How to tell one session of a server from another, and to end it.
struct Killing {
    id: &'static str,
    kill: fn(&str) -> String,
}

fn hammer(connection_string: &str, killing: &Killing, threads: usize, checkouts: u64) {
    let pool = Arc::new(pool(connection_string, r#"{"size_max": 8}"#));
    let ids: Arc<std::sync::Mutex<HashSet<String>>> = Arc::default();
    let ended = Arc::new(AtomicBool::new(false));
    let (worked, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let killer = thread::spawn({
        let (ids, ended, pool) = (Arc::clone(&ids), Arc::clone(&ended), Arc::clone(&pool));
        let (connection, kill) = (connect(connection_string), killing.kill);
        move || {
            let mut killed = 0;
            while !ended.load(SeqCst) {
                // A hash set has no order of its own.
                let id = ids.lock().unwrap().iter().next().cloned();
                let Some(id) = id else { continue };
                ids.lock().unwrap().remove(&id);
                // It may be gone already.
                let _ = connection.execute(&kill(&id), &Parameters::none());
                killed += 1;
                let seen = pool.state().unwrap();
                assert_adds_up(&seen);
                let until = seen.acquired + 40;
                while !ended.load(SeqCst) && pool.state().unwrap().acquired < until {
                    thread::yield_now();
                }
            }
            killed
        }
    });
    let start = Arc::new(Barrier::new(threads));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (pool, ids, start) = (Arc::clone(&pool), Arc::clone(&ids), Arc::clone(&start));
            let (worked, failed, id) = (Arc::clone(&worked), Arc::clone(&failed), killing.id);
            thread::spawn(move || {
                start.wait();
                for _ in 0..checkouts {
                    let asked = pool.acquire().and_then(|connection| {
                        let none = Parameters::none();
                        let stream = connection.query(id, &none, &StreamOptions::default())?;
                        Ok(stream.fetch()?.map(|row| support::cell(row.column(0), 0)))
                    });
                    match asked {
                        Ok(Some(session)) => {
                            ids.lock().unwrap().insert(session.trim_matches('"').to_owned());
                            worked.fetch_add(1, SeqCst);
                        }
                        Ok(None) => panic!("a session has an id"),
                        Err(error) => {
                            let kinds = [ErrorKind::Connection, ErrorKind::Cancelled];
                            assert!(kinds.contains(&error.kind), "{error}");
                            failed.fetch_add(1, SeqCst);
                        }
                    }
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    ended.store(true, SeqCst);
    let killed: u64 = killer.join().unwrap();
    let state = pool.state().unwrap();
    assert_adds_up(&state);
    let (worked, failed) = (worked.load(SeqCst), failed.load(SeqCst));
    println!("{worked} worked, {failed} failed, {killed} were killed: {state:?}");
    assert_eq!(worked + failed, threads as u64 * checkouts);
    assert_eq!((state.in_use, state.opening, state.waiting, state.timed_out), (0, 0, 0, 0));
    assert_eq!(state.acquired + state.failed, threads as u64 * checkouts);
    assert!(failed <= killed, "only a session that was killed fails");
    assert!(state.closed.broken <= killed && killed > 0);
    // Whatever was killed, all that is lent works again, once the last kill has been carried out.
    for _ in 0..8 {
        let works = (0..10).any(|_| {
            let connection = pool.acquire().unwrap();
            connection.execute(killing.id, &Parameters::none()).is_ok()
        });
        assert!(works);
    }
    pool.close().unwrap();
}

const POSTGRESQL: Killing = Killing {
    id: "SELECT pg_backend_pid()",
    kill: |id| format!("SELECT pg_terminate_backend({id})"),
};
const MARIADB: Killing =
    Killing { id: "SELECT CONNECTION_ID()", kill: |id| format!("KILL CONNECTION {id}") };

/// The number of checkouts of each thread: few, but as many as it says where one wants them.
fn checkouts() -> u64 {
    std::env::var("ODBC_ENGINE_POOL_CHECKOUTS").map_or(40, |number| number.parse().unwrap())
}

#[test]
fn killed_sessions_are_replaced_on_postgresql() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    hammer(&connection_string, &POSTGRESQL, 64, checkouts());
}

#[test]
fn killed_sessions_are_replaced_on_mariadb() {
    let Some(connection_string) = server("ODBC_ENGINE_MARIADB") else { return };
    hammer(&connection_string, &MARIADB, 64, checkouts());
}

#[test]
fn many_threads_share_few_connections() {
    let pool = Arc::new(pool(SQLITE, r#"{"size_max": 3}"#));
    let workers: Vec<_> = (0..16)
        .map(|_| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                for number in 0..50i64 {
                    let connection = pool.acquire().unwrap();
                    let rows = batches(&query(&connection, &format!("SELECT {number} AS n")));
                    let array = rows[0].column(0);
                    let seen =
                        array.as_primitive_opt::<odbc_engine::arrow_array::types::Int64Type>();
                    assert_eq!(seen.map(|n| n.value(0)), Some(number), "{array:?}");
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let state = pool.state().unwrap();
    assert_eq!((state.acquired, state.in_use), (800, 0));
    assert!(state.created <= 3);
    assert_adds_up(&state);
}
