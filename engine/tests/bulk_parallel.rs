//! Bulk inserts over several connections of a pool: every row is there once, or the error tells
//! which are not.

mod support;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use odbc_engine::{
    BulkParallelOptions, BulkResult, Connection, Error, ErrorKind, Parameters, Pool, PoolOptions,
    Result,
    arrow_array::{
        ArrayRef, Int64Array, RecordBatch, RecordBatchReader, StringArray, cast::AsArray,
        types::Int64Type,
    },
    arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef},
};
use support::{batches, connect, query, run, server};

/// Batches of rows that count up, made when they are read.
struct Rows {
    next: i64,
    end: i64,
    batch: i64,
    /// Fails after so many rows.
    fails_at: Option<i64>,
    read: Arc<AtomicUsize>,
}

fn rows(end: i64) -> Rows {
    Rows { next: 0, end, batch: 1000, fails_at: None, read: Arc::default() }
}

fn schema() -> SchemaRef {
    let id = Field::new("id", DataType::Int64, false);
    Arc::new(Schema::new(vec![id, Field::new("v", DataType::Utf8, true)]))
}

impl Iterator for Rows {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.fails_at.is_some_and(|row| self.next >= row) {
            return Some(Err(ArrowError::ComputeError("the rows end here".to_owned())));
        }
        let end = self.end.min(self.next + self.batch);
        if self.next == end {
            return None;
        }
        let ids = Int64Array::from_iter_values(self.next..end);
        let values = (self.next..end).map(|id| (id % 7 != 0).then(|| format!("value {id} €")));
        let columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(StringArray::from_iter(values))];
        self.next = end;
        self.read.fetch_add(1, SeqCst);
        Some(RecordBatch::try_new(schema(), columns))
    }
}

impl RecordBatchReader for Rows {
    fn schema(&self) -> SchemaRef {
        schema()
    }
}

struct Database {
    name: &'static str,
    connection_string: String,
    plain: Connection,
}

/// Each database with a table of its own for a test.
fn databases(table: &str) -> Vec<Database> {
    let file = format!("{}/{table}.db", env!("CARGO_TARGET_TMPDIR"));
    let _ = std::fs::remove_file(&file);
    let mut all = vec![("sqlite", format!("Driver=SQLite3;Database={file}"))];
    let servers = [("postgresql", "ODBC_ENGINE_POSTGRESQL"), ("mariadb", "ODBC_ENGINE_MARIADB")];
    all.extend(servers.iter().filter_map(|(name, variable)| Some((*name, server(variable)?))));
    let open = |(name, connection_string): (&'static str, String)| {
        let plain = connect(&connection_string);
        run(&plain, &format!("DROP TABLE IF EXISTS {table}"));
        run(
            &plain,
            &format!("CREATE TABLE {table} (id BIGINT NOT NULL PRIMARY KEY, v VARCHAR(40))"),
        );
        Database { name, connection_string, plain }
    };
    all.into_iter().map(open).collect()
}

fn pool(database: &Database, size_max: usize) -> Pool {
    let options = PoolOptions { size_max, ..PoolOptions::default() };
    Pool::open(&database.connection_string, &options).unwrap()
}

fn insert(pool: &Pool, table: &str, rows: Rows, options: &str) -> Result<BulkResult> {
    let options = BulkParallelOptions::from_json(options)?;
    pool.bulk_insert_parallel(table, Box::new(rows), &options)
}

fn ids(database: &Database, table: &str) -> Vec<i64> {
    let sql = format!("SELECT id FROM {table} ORDER BY id");
    let batches = batches(&query(&database.plain, &sql));
    let ids = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values());
    ids.copied().collect()
}

fn idle(pool: &Pool) {
    let state = pool.state().unwrap();
    assert_eq!((state.in_use, state.idle), (0, state.size), "{state:?}");
}

/// What the error says beside what the table holds: both are the same.
fn assert_honest(error: &Error, database: &Database, table: &str, before: &[i64]) {
    let bulk = error.bulk.as_ref().unwrap_or_else(|| panic!("{error}"));
    let there: BTreeSet<i64> = ids(database, table).into_iter().collect();
    let mut expected: BTreeSet<i64> = before.iter().copied().collect();
    let read = i64::try_from(bulk.committed + bulk.not_committed).unwrap();
    let missing = |id: i64| {
        let id = u64::try_from(id).unwrap();
        bulk.ranges_not_committed.iter().any(|(begin, end)| (*begin..*end).contains(&id))
    };
    expected.extend((0..read).filter(|id| !missing(*id)));
    assert_eq!(there, expected, "{}: {error}: {bulk:?}", database.name);
    let committed: u64 = bulk.workers.iter().map(|worker| worker.committed).sum();
    assert_eq!(committed, bulk.committed);
    let not_committed: u64 = bulk.ranges_not_committed.iter().map(|(begin, end)| end - begin).sum();
    assert_eq!(not_committed, bulk.not_committed);
}

#[test]
fn every_row_is_there_once() {
    for database in databases("parallel_once") {
        let pool = pool(&database, 4);
        for (parallelism, count) in [(2, 30_000), (4, 30_001), (1, 2_000), (0, 10), (3, 0)] {
            run(&database.plain, "DELETE FROM parallel_once");
            let options = format!(r#"{{"parallelism": {parallelism}, "chunk_rows": 1000}}"#);
            let result = insert(&pool, "parallel_once", rows(count), &options).unwrap();
            assert_eq!(result.rows, u64::try_from(count).unwrap());
            assert_eq!(ids(&database, "parallel_once"), (0..count).collect::<Vec<_>>());
            let several = parallelism > 1 && count > 0 && database.name != "sqlite";
            assert_eq!(result.workers > 1, several, "{}: {result:?}", database.name);
            // SQLite has one writer, and says so.
            let warned = database.name == "sqlite" && parallelism > 1;
            assert_eq!(result.warnings.len(), usize::from(warned), "{:?}", result.warnings);
            idle(&pool);
        }
        let nulls = "SELECT id FROM parallel_once WHERE v IS NULL";
        assert_eq!(batches(&query(&database.plain, nulls)).len(), 0);
        insert(&pool, "parallel_once", rows(8), "").unwrap();
        let nulls = batches(&query(&database.plain, nulls));
        assert_eq!(nulls.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
        run(&database.plain, "DROP TABLE parallel_once");
    }
}

#[test]
fn more_workers_than_connections_are_fewer_and_said() {
    for database in databases("parallel_clamp") {
        let pool = pool(&database, 2);
        let options = r#"{"parallelism": 5, "chunk_rows": 500}"#;
        let result = insert(&pool, "parallel_clamp", rows(5_000), options).unwrap();
        assert!(result.workers <= 2);
        let warning = &result.warnings[0];
        assert_eq!(warning.sqlstate, "01S02");
        assert!(warning.message.contains("5 workers"), "{warning:?}");
        assert_eq!(ids(&database, "parallel_clamp").len(), 5_000);
        // One that others have borrowed is not waited for.
        run(&database.plain, "DELETE FROM parallel_clamp");
        let held = pool.acquire().unwrap();
        let options = r#"{"parallelism": 2, "chunk_rows": 500}"#;
        let result = insert(&pool, "parallel_clamp", rows(5_000), options).unwrap();
        assert_eq!((result.workers, result.warnings.len()), (1, 1), "{result:?}");
        assert_eq!(ids(&database, "parallel_clamp").len(), 5_000);
        drop(held);
        idle(&pool);
        run(&database.plain, "DROP TABLE parallel_clamp");
    }
}

#[test]
fn the_first_failure_stops_all_and_tells_what_is_there() {
    for database in databases("parallel_stop") {
        let pool = pool(&database, 4);
        run(&database.plain, "INSERT INTO parallel_stop (id) VALUES (7777)");
        for options in [
            r#"{"parallelism": 3, "chunk_rows": 500}"#,
            r#"{"parallelism": 1, "chunk_rows": 500}"#,
            r#"{"parallelism": 3, "chunk_rows": 500, "strategy": "row"}"#,
        ] {
            let error = insert(&pool, "parallel_stop", rows(20_000), options).unwrap_err();
            assert_eq!((error.kind, error.row), (ErrorKind::Constraint, Some(7777)), "{error}");
            // Nothing of it: the rows before the end are not committed.
            assert_eq!(ids(&database, "parallel_stop"), [7777], "{}", database.name);
            assert_eq!(error.bulk.as_ref().unwrap().committed, 0);
            idle(&pool);
        }
        run(&database.plain, "DROP TABLE parallel_stop");
    }
}

#[test]
fn without_stopping_only_the_pieces_that_fail_are_left_out() {
    for database in databases("parallel_go_on") {
        let pool = pool(&database, 4);
        for id in [1234, 7777, 7778, 15_000] {
            let sql = format!("INSERT INTO parallel_go_on (id) VALUES ({id})");
            run(&database.plain, &sql);
        }
        let before = ids(&database, "parallel_go_on");
        for parallelism in [1, 3] {
            let options = format!(
                r#"{{"parallelism": {parallelism}, "chunk_rows": 500, "stop_on_error": false}}"#
            );
            let error = insert(&pool, "parallel_go_on", rows(20_000), &options).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Constraint, "{error}");
            let bulk = error.bulk.as_ref().unwrap();
            assert_eq!((bulk.committed, bulk.not_committed, bulk.all_read), (18_500, 1_500, true));
            let expected = [(1000, 1500), (7500, 8000), (15_000, 15_500)];
            assert_eq!(bulk.ranges_not_committed, expected);
            let errors = bulk.workers.iter().flat_map(|worker| &worker.errors);
            let mut bad: Vec<_> = errors.map(|error| error.row.unwrap()).collect();
            bad.sort_unstable();
            assert_eq!(bad, [1234, 7777, 15_000]);
            assert!(error.message.contains("18500 rows are committed"), "{error}");
            let there = ids(&database, "parallel_go_on");
            assert_eq!(there.len(), 18_500 + 4, "{}", database.name);
            idle(&pool);
            run(&database.plain, "DELETE FROM parallel_go_on WHERE v IS NOT NULL OR id % 7 = 0");
            for id in &before {
                let sql = format!("INSERT INTO parallel_go_on (id) VALUES ({id})");
                let _ = database.plain.execute(&sql, &Parameters::none());
            }
            assert_eq!(ids(&database, "parallel_go_on"), before);
        }
        run(&database.plain, "DROP TABLE parallel_go_on");
    }
}

#[test]
fn what_is_committed_on_the_way_stays_and_is_told() {
    for database in databases("parallel_commit") {
        let pool = pool(&database, 3);
        run(&database.plain, "INSERT INTO parallel_commit (id) VALUES (9876)");
        let options = r#"{"parallelism": 3, "chunk_rows": 500, "commit_every_rows": 1000}"#;
        let error = insert(&pool, "parallel_commit", rows(20_000), options).unwrap_err();
        assert_eq!((error.kind, error.row), (ErrorKind::Constraint, Some(9876)), "{error}");
        let bulk = error.bulk.as_ref().unwrap();
        assert!(bulk.committed > 0 && bulk.not_committed > 0, "{bulk:?}");
        if database.name != "sqlite" {
            assert_honest(&error, &database, "parallel_commit", &[9876]);
        }
        idle(&pool);
        run(&database.plain, "DROP TABLE parallel_commit");
    }
}

#[test]
fn rows_that_cannot_be_read_are_told() {
    for database in databases("parallel_read") {
        let pool = pool(&database, 3);
        for (stops, parallelism) in [(true, 3), (false, 3), (true, 1)] {
            run(&database.plain, "DELETE FROM parallel_read");
            let given = Rows { fails_at: Some(5000), ..rows(9000) };
            let options = format!(
                r#"{{"parallelism": {parallelism}, "chunk_rows": 500, "stop_on_error": {stops}}}"#
            );
            let error = insert(&pool, "parallel_read", given, &options).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{error}");
            assert!(error.message.contains("the rows end here"), "{error}");
            let bulk = error.bulk.as_ref().unwrap();
            assert!(!bulk.all_read);
            assert_eq!(ids(&database, "parallel_read").len() as u64, bulk.committed);
            assert_eq!(bulk.committed > 0, !stops, "{bulk:?}");
            idle(&pool);
        }
        run(&database.plain, "DROP TABLE parallel_read");
    }
}

#[test]
fn a_table_is_made_for_all_workers() {
    for database in databases("parallel_made") {
        let pool = pool(&database, 3);
        let table = "parallel_made";
        let options =
            |mode: &str| format!(r#"{{"parallelism": 3, "chunk_rows": 500, "mode": "{mode}"}}"#);
        insert(&pool, table, rows(3_000), &options("replace")).unwrap();
        assert_eq!(ids(&database, table).len(), 3_000);
        insert(&pool, table, rows(2_000), &options("replace")).unwrap();
        assert_eq!(ids(&database, table).len(), 2_000);
        let error = insert(&pool, table, rows(2_000), &options("create")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Syntax, "{error}");
        run(&database.plain, "DROP TABLE parallel_made");
        let error = insert(&pool, table, rows(2_000), &options("append")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Syntax, "{error}");
        insert(&pool, table, rows(2_000), &options("create_append")).unwrap();
        assert_eq!(ids(&database, table).len(), 2_000);
        idle(&pool);
        run(&database.plain, "DROP TABLE parallel_made");
    }
}

#[test]
fn rows_that_meet_each_other_end() {
    // Two workers have the same key: one waits for the other's end, which comes.
    for database in databases("parallel_meet") {
        let pool = pool(&database, 3);
        let twice = Rows { end: 6_000, ..rows(0) };
        let ids_of = |batch: RecordBatch| {
            let ids = batch.column(0).as_primitive::<Int64Type>();
            let ids: Int64Array = ids.values().iter().map(|id| id % 3000).collect();
            RecordBatch::try_new(schema(), vec![Arc::new(ids), batch.column(1).clone()])
        };
        let batches = twice.map(|batch| batch.and_then(ids_of)).collect::<Vec<_>>();
        let reader =
            odbc_engine::arrow_array::RecordBatchIterator::new(batches.into_iter(), schema());
        let options = r#"{"parallelism": 3, "chunk_rows": 1000}"#;
        let options = BulkParallelOptions::from_json(options).unwrap();
        let error =
            pool.bulk_insert_parallel("parallel_meet", Box::new(reader), &options).unwrap_err();
        let kinds = [ErrorKind::Constraint, ErrorKind::Transaction];
        assert!(kinds.contains(&error.kind), "{error}");
        let there = ids(&database, "parallel_meet").len() as u64;
        assert_eq!(there, error.bulk.as_ref().unwrap().committed, "{}", database.name);
        idle(&pool);
        run(&database.plain, "DROP TABLE parallel_meet");
    }
}

#[test]
fn no_more_is_read_than_the_workers_are_given() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let plain = connect(&connection_string);
    run(&plain, "DROP TABLE IF EXISTS parallel_memory");
    run(&plain, "CREATE TABLE parallel_memory (id BIGINT NOT NULL PRIMARY KEY, v VARCHAR(40))");
    let options = PoolOptions { size_max: 2, ..PoolOptions::default() };
    let pool = Pool::open(&connection_string, &options).unwrap();
    // Nobody can insert while this lock is held, so reading has to wait as well.
    plain.set_autocommit(false).unwrap();
    run(&plain, "LOCK TABLE parallel_memory IN SHARE MODE");
    let given = Rows { batch: 100, ..rows(100_000) };
    let read = Arc::clone(&given.read);
    std::thread::scope(|scope| {
        let options = r#"{"parallelism": 2, "chunk_rows": 100}"#;
        let inserting = scope.spawn(|| insert(&pool, "parallel_memory", given, options));
        let begun = std::time::Instant::now();
        // Two that are sent, two in the line, one that waits to be put there, one more read ahead.
        while read.load(SeqCst) < 5 && begun.elapsed().as_secs() < 20 {
            std::thread::yield_now();
        }
        for _ in 0..1000 {
            std::thread::yield_now();
            assert!(read.load(SeqCst) <= 6, "{}", read.load(SeqCst));
        }
        plain.rollback().unwrap();
        assert_eq!(inserting.join().unwrap().unwrap().rows, 100_000);
    });
    plain.set_autocommit(true).unwrap();
    run(&plain, "DROP TABLE parallel_memory");
}

#[test]
fn inserts_are_stopped_by_their_pool() {
    let locks = [
        ("ODBC_ENGINE_POSTGRESQL", "LOCK TABLE parallel_cancel IN ACCESS EXCLUSIVE MODE"),
        ("ODBC_ENGINE_MARIADB", "LOCK TABLES parallel_cancel WRITE"),
    ];
    for (variable, lock) in locks {
        let Some(connection_string) = server(variable) else { continue };
        let plain = connect(&connection_string);
        run(&plain, "DROP TABLE IF EXISTS parallel_cancel");
        run(&plain, "CREATE TABLE parallel_cancel (id BIGINT NOT NULL PRIMARY KEY, v VARCHAR(40))");
        let options = PoolOptions { size_max: 3, ..PoolOptions::default() };
        let pool = Pool::open(&connection_string, &options).unwrap();
        for parallelism in [3, 1] {
            run(&plain, "DELETE FROM parallel_cancel");
            let given = rows(1_000_000);
            let read = Arc::clone(&given.read);
            let options = format!(r#"{{"parallelism": {parallelism}, "chunk_rows": 1000}}"#);
            let error = std::thread::scope(|scope| {
                let inserting = scope.spawn(|| insert(&pool, "parallel_cancel", given, &options));
                // It is on its way, and has a million rows to go.
                while read.load(SeqCst) < 10 {
                    std::thread::yield_now();
                }
                pool.cancel().unwrap();
                inserting.join().unwrap().unwrap_err()
            });
            assert_eq!(error.kind, ErrorKind::Cancelled, "{variable}: {error}");
            assert_eq!(error.bulk.as_ref().unwrap().committed, 0);
            let there = batches(&query(&plain, "SELECT id FROM parallel_cancel"));
            assert_eq!(there.iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
            idle(&pool);

            // Those that wait for a lock in the database are stopped as well.
            plain.set_autocommit(false).unwrap();
            run(&plain, lock);
            let begun = std::time::Instant::now();
            let error = std::thread::scope(|scope| {
                let given = rows(100_000);
                let inserting = scope.spawn(|| insert(&pool, "parallel_cancel", given, &options));
                while !inserting.is_finished() && begun.elapsed().as_secs() < 30 {
                    pool.cancel().unwrap();
                    std::thread::yield_now();
                }
                let is_stopped = inserting.is_finished();
                plain.rollback().unwrap();
                let _ = plain.execute("UNLOCK TABLES", &Parameters::none());
                assert!(is_stopped, "{variable}");
                inserting.join().unwrap().unwrap_err()
            });
            assert_eq!(error.kind, ErrorKind::Cancelled, "{variable}: {error}");
            plain.rollback().unwrap();
            plain.set_autocommit(true).unwrap();
            let _ = plain.execute("UNLOCK TABLES", &Parameters::none());
            idle(&pool);
            // It harms nothing that follows.
            let options = r#"{"parallelism": 3, "chunk_rows": 1000}"#;
            assert_eq!(insert(&pool, "parallel_cancel", rows(5_000), options).unwrap().rows, 5_000);
        }
        run(&plain, "DROP TABLE parallel_cancel");
    }
}

#[test]
fn a_request_to_stop_that_comes_before_the_connection_counts() {
    for database in databases("parallel_early") {
        let pool = pool(&database, 1);
        let lent = pool.acquire().unwrap();
        let error = std::thread::scope(|scope| {
            let options = r#"{"parallelism": 1}"#;
            let inserting =
                scope.spawn(|| insert(&pool, "parallel_early", rows(1_000), options).unwrap_err());
            while pool.state().unwrap().waiting == 0 {
                std::thread::yield_now();
            }
            pool.cancel().unwrap();
            drop(lent);
            inserting.join().unwrap()
        });
        assert_eq!(error.kind, ErrorKind::Cancelled, "{error}");
        assert_eq!(ids(&database, "parallel_early"), [0; 0]);
        run(&database.plain, "DROP TABLE parallel_early");
    }
}

#[test]
fn one_worker_commits_whatever_the_connections_of_the_pool_do() {
    for database in databases("parallel_manual") {
        let options = r#"{"size_max": 1, "connection": {"autocommit": false}}"#;
        let options = PoolOptions::from_json(options).unwrap();
        let pool = Pool::open(&database.connection_string, &options).unwrap();
        insert(&pool, "parallel_manual", rows(10), "").unwrap();
        assert_eq!(ids(&database, "parallel_manual").len(), 10, "{}", database.name);
        assert!(!pool.acquire().unwrap().autocommit().unwrap());
        run(&database.plain, "DROP TABLE parallel_manual");
    }
}

#[test]
fn a_reader_that_panics_commits_nothing() {
    for database in databases("parallel_panic") {
        let schema = schema();
        let panics = |after: i64| {
            let fine = rows(after);
            let batches = fine.chain(std::iter::from_fn(|| panic!("the reader of a test")));
            odbc_engine::arrow_array::RecordBatchIterator::new(batches, Arc::clone(&schema))
        };
        let caught = |work: &dyn Fn()| {
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
        };
        let pool = pool(&database, 2);
        let options = BulkParallelOptions::from_json(r#"{"parallelism": 2}"#).unwrap();
        caught(&|| {
            let rows = Box::new(panics(50_000));
            let _ = pool.bulk_insert_parallel("parallel_panic", rows, &options);
        });
        assert_eq!(ids(&database, "parallel_panic"), [0; 0], "{}", database.name);
        let connection = connect(&database.connection_string);
        caught(&|| {
            let rows = Box::new(panics(50_000));
            let _ = connection.bulk_insert("parallel_panic", rows, &Default::default());
        });
        run(&connection, "INSERT INTO parallel_panic VALUES (1, NULL)");
        drop(connection);
        assert_eq!(ids(&database, "parallel_panic"), [1], "{}", database.name);
        run(&database.plain, "DROP TABLE parallel_panic");
    }
}
