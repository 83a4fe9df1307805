//! Stopping what runs, on real databases.

mod support;

use std::{
    thread,
    time::{Duration, Instant},
};

use odbc_engine::{Connection, ErrorKind, Parameters};
use support::{SQLITE, batches, connect, query, run, server};

/// What is stopped in milliseconds must not be mistaken for what ends by itself.
const STOPPED: Duration = Duration::from_secs(5);

/// A database to stop things on.
struct Database {
    name: &'static str,
    connection_string: String,
    /// Runs for about half a minute, unless it is stopped: waiting, and computing.
    long: &'static [&'static str],
    sqlstate: &'static str,
}

fn databases() -> Vec<Database> {
    let mut all = vec![Database {
        name: "sqlite",
        connection_string: SQLITE.to_owned(),
        long: &[
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 300000000) \
                 SELECT count(*) FROM s",
        ],
        sqlstate: "HY000",
    }];
    all.extend(server("ODBC_ENGINE_POSTGRESQL").map(|connection_string| Database {
        name: "postgresql",
        connection_string,
        long: &[
            "SELECT pg_sleep(30)",
            "SELECT count(*) FROM generate_series(1, 500000000) AS g(n)",
        ],
        sqlstate: "57014",
    }));
    all.extend(server("ODBC_ENGINE_MARIADB").map(|connection_string| Database {
        name: "mariadb",
        connection_string,
        long: &[
            "SELECT SLEEP(30)",
            "SELECT SUM(a.seq * b.seq % 7) FROM seq_1_to_100000 a, seq_1_to_100000 b",
        ],
        sqlstate: "HY018",
    }));
    all
}

/// Stops `work` after a while; it must fail for that, and soon.
fn stopped<T>(
    connection: &Connection,
    name: &str,
    stop: impl FnOnce() + Send,
    work: impl FnOnce() -> odbc_engine::Result<T>,
) -> odbc_engine::Error {
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            stop();
        });
        let begin = Instant::now();
        let worked = work();
        assert!(begin.elapsed() < STOPPED, "{name}: {:?}", begin.elapsed());
        match worked {
            Ok(_) => panic!("{name}: was not stopped"),
            Err(error) => error,
        }
    });
    assert_eq!(error.kind, ErrorKind::Cancelled, "{name}: {error}");
    let rows = batches(&query(connection, "SELECT 1 AS one"));
    assert_eq!(rows[0].num_rows(), 1, "{name}");
    error
}

#[test]
fn a_running_query_is_stopped() {
    for database in databases() {
        let connection = connect(&database.connection_string);
        for sql in database.long {
            let handle = connection.cancel_handle();
            let error = stopped(
                &connection,
                database.name,
                || handle.cancel().unwrap(),
                || connection.execute(sql, &Parameters::none()),
            );
            assert_eq!(error.sqlstate.as_deref(), Some(database.sqlstate), "{error}");
            let statement = connection.statement(sql).unwrap();
            let handle = statement.cancel_handle();
            for _ in 0..2 {
                stopped(
                    &connection,
                    database.name,
                    || handle.cancel().unwrap(),
                    || statement.execute(&Parameters::none()),
                );
            }
            statement.close().unwrap();
            handle.cancel().unwrap();
        }
        connection.close().unwrap();
        connection.cancel().unwrap();
        run(&connect(&database.connection_string), "SELECT 1");
    }
}
