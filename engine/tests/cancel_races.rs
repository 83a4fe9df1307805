//! Cancels and completions that race, on real databases.
//!
//! `ODBC_ENGINE_RACES` is how many on each database, over 8 threads; 800 unless set.

mod support;

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use odbc_engine::{ErrorKind, Parameters, StreamOptions};
use support::{SQLITE, batches, connect, query, server};

const THREADS: u64 = 8;

fn races() -> u64 {
    env::var("ODBC_ENGINE_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(800)
}

/// A random number, by Knuth's MMIX generator.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn race(name: &str, connection_string: &str, short: &str) {
    let (cancelled, completed) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (cancelled, completed) = (&cancelled, &completed);
            scope.spawn(move || {
                let mut state = thread;
                let connection = connect(connection_string);
                let prepared = connection.statement(short).unwrap();
                for round in 0..races() / THREADS {
                    // Its first execution prepares nothing.
                    let direct = connection.statement(short).unwrap();
                    let statement = if round % 4 < 2 { &prepared } else { &direct };
                    let pause = Duration::from_micros(random(&mut state) % 6000);
                    let handle = match round % 2 {
                        0 => statement.cancel_handle(),
                        _ => connection.cancel_handle(),
                    };
                    let raced = thread::scope(|scope| {
                        scope.spawn(|| {
                            let begin = Instant::now();
                            while begin.elapsed() < pause {
                                std::hint::spin_loop();
                            }
                            handle.cancel().unwrap();
                        });
                        let executed = statement.execute(&Parameters::none());
                        executed.and_then(|execution| {
                            // One that has ended has a result, also where it is not read any more.
                            assert_eq!(execution.column_count, 1, "{name}");
                            statement.stream(&StreamOptions::default())?.fetch().map(drop)
                        })
                    });
                    match raced {
                        Ok(()) => completed.fetch_add(1, Ordering::Relaxed),
                        Err(error) => {
                            assert_eq!(error.kind, ErrorKind::Cancelled, "{name}: {error}");
                            cancelled.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                    // What nobody cancelled must succeed.
                    let rows = batches(&query(&connection, "SELECT 42 AS n"));
                    assert_eq!(rows[0].num_rows(), 1, "{name}");
                }
            });
        }
    });
    let (cancelled, completed) = (cancelled.into_inner(), completed.into_inner());
    println!("{name}: {cancelled} cancelled, {completed} completed");
    assert_eq!(cancelled + completed, races() / THREADS * THREADS);
    assert!(cancelled > 0, "{name}: nothing was ever cancelled");
}

#[test]
fn sqlite_cancels_no_wrong_statement() {
    race(
        "sqlite",
        SQLITE,
        "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 20000) \
         SELECT count(*) AS n FROM s",
    );
}

#[test]
fn sqlite_that_streams_cancels_no_wrong_statement() {
    race(
        "sqlite that streams",
        &format!("{SQLITE};StepAPI=1"),
        "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 20000) \
         SELECT max(n) AS n FROM s",
    );
}

#[test]
fn postgresql_cancels_no_wrong_statement() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    race("postgresql", &connection_string, "SELECT count(*) AS n FROM generate_series(1, 20000)");
}

#[test]
fn mariadb_cancels_no_wrong_statement() {
    let Some(connection_string) = server("ODBC_ENGINE_MARIADB") else { return };
    race(
        "mariadb",
        &connection_string,
        "SELECT COUNT(*) AS n FROM seq_1_to_20000 WHERE seq % 7 = 1",
    );
}
