//! Prepared statements, their cache, the metrics that show them, and clearing them all.
//!
//! The metrics are the process's, so each test of this binary takes its turn.

mod support;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use odbc_engine::{
    Connection, ConnectionOptions, ErrorKind, Parameters, StreamOptions,
    arrow_array::{ArrayRef, Int64Array, RecordBatch},
    clear_all_statements, metrics, reset_metrics,
};
use support::{SQLITE, batches, cell, connect, query, run, server};

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = clear_all_statements();
    reset_metrics();
    turn
}

/// The resident memory of this process in bytes.
fn resident_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

fn integer(value: i64) -> Parameters {
    let array: ArrayRef = Arc::new(Int64Array::from(vec![value]));
    Parameters::from_arrays([array]).unwrap()
}

#[test]
fn a_statement_is_prepared_once() {
    let _turn = turn();
    let connection = connect(SQLITE);
    run(&connection, "CREATE TABLE t (i INTEGER)");
    let insert = connection.statement("INSERT INTO t VALUES (?)").unwrap();
    for i in 0..10_000 {
        insert.execute(&integer(i)).unwrap();
    }
    let counted = metrics();
    assert_eq!((counted.prepares, counted.executions), (1, 10_001));
    assert!(counted.latency_ms.p50 > 0.0 && counted.latency_ms.max >= counted.latency_ms.p99);
    let rows = batches(&query(&connection, "SELECT * FROM t"));
    assert_eq!(rows.iter().map(|batch| batch.num_rows()).sum::<usize>(), 10_000);
    assert_eq!(metrics().rows, 10_000);
    connection.execute("SELEKT", &Parameters::none()).unwrap_err();
    assert_eq!(metrics().errors.get("Syntax"), Some(&1));
}

/// What the server itself counted of this session, or of a statement, by a query.
fn counts(connection: &Connection, sql: &str) -> Vec<u64> {
    let batches = batches(&query(connection, sql));
    let rows = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
    let number = |(batch, row): (&RecordBatch, usize)| {
        cell(batch.column(0), row).trim_matches('"').parse().unwrap()
    };
    rows.map(number).collect()
}

#[test]
fn servers_count_one_preparation_too() {
    let _turn = turn();
    for (variable, statistics) in [
        (
            "ODBC_ENGINE_POSTGRESQL",
            "SELECT n FROM (SELECT count(*) AS prepared, sum(generic_plans + custom_plans) AS \
             executed FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO prepared%') \
             AS s, LATERAL (VALUES (prepared::bigint), (coalesce(executed, 0)::bigint)) AS v (n)",
        ),
        (
            "ODBC_ENGINE_MARIADB",
            "SELECT CAST(variable_value AS UNSIGNED) AS n FROM information_schema.session_status \
             WHERE variable_name IN ('COM_STMT_PREPARE', 'COM_STMT_EXECUTE') \
             ORDER BY variable_name DESC",
        ),
    ] {
        let Some(connection_string) = server(variable) else { continue };
        let connection = connect(&connection_string);
        run(&connection, "DROP TABLE IF EXISTS prepared_once");
        run(&connection, "CREATE TABLE prepared_once (i BIGINT)");
        // Asking may count as well, always alike.
        let (first, second) = (counts(&connection, statistics), counts(&connection, statistics));
        reset_metrics();
        connection.begin(&Default::default()).unwrap();
        let insert = connection.statement("INSERT INTO prepared_once VALUES (?)").unwrap();
        for i in 0..10_000 {
            insert.execute(&integer(i)).unwrap();
        }
        assert_eq!(metrics().prepares, 1, "{variable}");
        let third = counts(&connection, statistics);
        connection.commit().unwrap();
        let since = |later: &[u64], earlier: &[u64], index: usize| {
            later.get(index).unwrap_or(&0) - earlier.get(index).unwrap_or(&0)
        };
        let own = |index| since(&third, &second, index) - since(&second, &first, index);
        assert_eq!((own(0), own(1)), (1, 10_000), "{variable}: {first:?} {second:?} {third:?}");
    }
}

#[test]
fn the_cache_serves_later_statements_of_the_same_text() {
    let _turn = turn();
    let connection = connect(SQLITE);
    run(&connection, "CREATE TABLE t (i INTEGER)");
    for i in 0..10 {
        connection.execute("INSERT INTO t VALUES (?)", &integer(i)).unwrap();
    }
    let counted = metrics();
    assert_eq!((counted.prepares, counted.cache_hits, counted.cache_misses), (1, 9, 1));
    assert_eq!((counted.cached_statements, counted.open_statements), (1, 0));
    // A change of tables empties it.
    run(&connection, "CREATE TABLE u (i INTEGER)");
    assert_eq!(metrics().cached_statements, 0);
    // It holds as many as it was made for, and the oldest goes.
    for i in 0..20 {
        connection.execute(&format!("INSERT INTO t VALUES (? + {i})"), &integer(i)).unwrap();
    }
    assert_eq!(metrics().cached_statements, 16);
    connection.close().unwrap();
    assert_eq!(metrics().cached_statements, 0);

    let none = ConnectionOptions { statement_cache_size: 0, ..Default::default() };
    let connection = Connection::open(SQLITE, &none).unwrap();
    reset_metrics();
    for i in 0..3 {
        connection.execute("SELECT ?", &integer(i)).unwrap();
    }
    let counted = metrics();
    assert_eq!((counted.prepares, counted.cache_hits, counted.cache_misses), (3, 0, 0));
}

#[test]
fn a_cached_query_sees_a_changed_table() {
    let _turn = turn();
    for variable in ["ODBC_ENGINE_POSTGRESQL", "ODBC_ENGINE_MARIADB"] {
        let Some(connection_string) = server(variable) else { continue };
        let (connection, other) = (connect(&connection_string), connect(&connection_string));
        run(&other, "DROP TABLE IF EXISTS changing");
        run(&other, "CREATE TABLE changing (i INTEGER)");
        let select = |columns: usize| {
            let options = StreamOptions::default();
            let stream = connection
                .query("SELECT * FROM changing WHERE i = ?", &integer(1), &options)
                .unwrap();
            assert_eq!(stream.schema().fields().len(), columns, "{variable}");
            batches(&stream)
        };
        run(&other, "INSERT INTO changing VALUES (1)");
        assert_eq!(select(1)[0].num_rows(), 1);
        run(&other, "ALTER TABLE changing ADD COLUMN t VARCHAR(5)");
        run(&other, "UPDATE changing SET t = 'x'");
        assert_eq!(cell(select(2)[0].column(1), 0), "\"x\"", "{variable}");
    }
}

#[test]
fn clearing_closes_everything_and_harms_nothing() {
    let _turn = turn();
    // Threads that come and go spread over the allocator's arenas and fragment them, which looks
    // like a leak; with one arena, growth is one.
    #[cfg(target_env = "gnu")]
    // SAFETY: The call takes two numbers.
    assert_eq!(unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) }, 1);
    assert_eq!(clear_all_statements().unwrap(), 0);
    let connections: Vec<_> = (0..8).map(|_| connect(SQLITE)).collect();
    let mut resident = Vec::new();
    for _ in 0..100 {
        let statements: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = connections
                .iter()
                .map(|connection| {
                    scope.spawn(|| {
                        let open = (0..125).map(|i| {
                            let statement =
                                connection.statement(&format!("SELECT ? + {i}")).unwrap();
                            statement.execute(&integer(i)).unwrap();
                            statement
                        });
                        open.collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let stream = statements[0].stream(&StreamOptions::default()).unwrap();
        assert_eq!(metrics().open_statements, 1000);
        assert_eq!(clear_all_statements().unwrap(), 1000);
        let counted = metrics();
        assert_eq!((counted.open_statements, counted.open_streams), (0, 0));
        assert_eq!(stream.fetch().unwrap_err().kind, ErrorKind::InvalidState);
        for statement in &statements {
            assert_eq!(statement.execute(&integer(1)).unwrap_err().kind, ErrorKind::InvalidState);
        }
        for connection in &connections {
            run(connection, "SELECT 1");
        }
        resident.push(resident_memory());
    }
    // The first rounds warm the allocator up; a leak of a statement each would be a thousand times
    // 80, at several KiB. What is freed late makes single rounds larger, but not the least of ten.
    let least = |rounds: &[usize]| *rounds.iter().min().unwrap();
    let grown = least(&resident[90..]).saturating_sub(least(&resident[10..20]));
    assert!(grown < 16 << 20, "{} MiB in 80 rounds", grown >> 20);
    assert_eq!(connections[0].clear_statements().unwrap(), 0);
}

#[test]
fn clearing_does_not_wait_for_a_running_call() {
    const SLOW: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
                        WHERE i < 300000) SELECT count(*) FROM n";
    let _turn = turn();
    let connection = connect(SQLITE);
    let met = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // A statement may be closed before its call begins; then there is another.
            while !met.load(Ordering::Acquire) {
                match connection.execute(SLOW, &Parameters::none()) {
                    Ok(execution) => assert_eq!(execution.column_count, 1),
                    Err(error) => assert_eq!(error.kind, ErrorKind::InvalidState),
                }
            }
        });
        let error = loop {
            if let Err(error) = clear_all_statements() {
                break error;
            }
        };
        met.store(true, Ordering::Release);
        assert_eq!(error.kind, ErrorKind::InvalidState);
        assert!(error.message.contains("1 connections are in a call"), "{}", error.message);
    });
    run(&connection, "SELECT 1");
    assert_eq!(metrics().open_statements, 0);
}
