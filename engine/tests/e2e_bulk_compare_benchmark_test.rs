//! Ways of inserting many rows, compared on each database: arrays of parameters, rows of VALUES,
//! arrays that the server unnests, and several connections of a pool at once.
//!
//! `cargo test --release --test e2e_bulk_compare_benchmark_test -- --ignored --nocapture` prints a
//! table; ODBC_ENGINE_BULK_ROWS is the number of rows, 200,000 unless set. The databases are those
//! of ODBC_ENGINE_SQLITE (or a file), ODBC_ENGINE_POSTGRESQL, ODBC_ENGINE_MARIADB and
//! ODBC_ENGINE_SQLSERVER. It asserts that every row arrived, and no speed.

mod support;

use std::{env, sync::Arc, time::Instant};

use odbc_engine::{
    BulkOptions, BulkParallelOptions, BulkResult, Connection, ErrorKind, Pool, PoolOptions, Result,
    arrow_array::{
        ArrayRef, Float64Array, Int64Array, RecordBatch, RecordBatchIterator, RecordBatchReader,
        StringArray, TimestampMicrosecondArray, cast::AsArray, types::Int64Type,
    },
    arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit},
};
use support::{batches, connect, query, run};

const TABLE: &str = "bulk_compare";
const BATCH: i64 = 65_536;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("d", DataType::Float64, true),
        Field::new("s", DataType::Utf8, true),
        Field::new("ts", DataType::Timestamp(TimeUnit::Microsecond, None), true),
    ]))
}

fn batch(from: i64, to: i64) -> RecordBatch {
    let ids = || from..to;
    let columns: [ArrayRef; 4] = [
        Arc::new(Int64Array::from_iter_values(ids())),
        Arc::new(Float64Array::from_iter_values(ids().map(|id| id as f64 * 1.1))),
        Arc::new(StringArray::from_iter_values(ids().map(|id| format!("row number {id}")))),
        Arc::new(TimestampMicrosecondArray::from_iter_values(
            ids().map(|id| 1_700_000_000_000_000 + id * 1_000_001),
        )),
    ];
    RecordBatch::try_new(schema(), columns.to_vec()).unwrap()
}

fn reader(batches: &[RecordBatch]) -> Box<dyn RecordBatchReader + Send> {
    let batches: Vec<_> = batches.iter().cloned().map(Ok::<_, ArrowError>).collect();
    Box::new(RecordBatchIterator::new(batches, schema()))
}

struct Database {
    title: &'static str,
    connection_string: Option<String>,
    timestamp: &'static str,
}

fn databases() -> [Database; 4] {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/bulk_compare.db");
    let sqlite = format!("Driver=SQLite3;Database={file}");
    let variable = |name: &str| env::var(name).ok();
    let database =
        |title, connection_string, timestamp| Database { title, connection_string, timestamp };
    [
        database("PostgreSQL", variable("ODBC_ENGINE_POSTGRESQL"), "timestamp"),
        database("MariaDB", variable("ODBC_ENGINE_MARIADB"), "datetime(6)"),
        database("SQLite", variable("ODBC_ENGINE_SQLITE").or(Some(sqlite)), "timestamp"),
        database("SQL Server", variable("ODBC_ENGINE_SQLSERVER"), "datetime2(6)"),
    ]
}

/// How rows are sent: a strategy on one connection, or a number of workers.
#[derive(Clone, Copy)]
enum Way {
    Strategy(&'static str),
    Parallel(usize),
}

const WAYS: [(&str, Way); 6] = [
    ("array", Way::Strategy("array")),
    ("multi-row", Way::Strategy("multi_row")),
    ("unnest", Way::Strategy("unnest")),
    ("auto", Way::Strategy("auto")),
    ("parallel 2", Way::Parallel(2)),
    ("parallel 4", Way::Parallel(4)),
];

fn insert(
    connection: &Connection,
    pool: &Pool,
    way: Way,
    rows: &[RecordBatch],
) -> Result<BulkResult> {
    match way {
        Way::Strategy(strategy) => {
            let options = format!(r#"{{"strategy": "{strategy}"}}"#);
            connection.bulk_insert(TABLE, reader(rows), &BulkOptions::from_json(&options)?)
        }
        Way::Parallel(workers) => {
            let options = BulkParallelOptions {
                parallelism: Some(workers),
                ..BulkParallelOptions::default()
            };
            pool.bulk_insert_parallel(TABLE, reader(rows), &options)
        }
    }
}

/// The number of rows, and the sum of their first column.
fn there(connection: &Connection) -> (i64, i64) {
    let mut told = (0, 0);
    for batch in batches(&query(connection, &format!("SELECT id FROM {TABLE}"))) {
        let ids = batch.column(0).as_primitive::<Int64Type>();
        told = (told.0 + batch.num_rows() as i64, told.1 + ids.values().iter().sum::<i64>());
    }
    told
}

fn compare(database: &Database, rows: &[RecordBatch], count: i64) {
    let Some(connection_string) = &database.connection_string else {
        println!("{:<12}not run: no connection string in the environment", database.title);
        return;
    };
    let connection = connect(connection_string);
    let options = PoolOptions { size_min: 0, size_max: 4, ..PoolOptions::default() };
    let pool = Pool::open(connection_string, &options).unwrap();
    let mut array = None;
    for (title, way) in WAYS {
        let _ =
            connection.execute(&format!("DROP TABLE {TABLE}"), &odbc_engine::Parameters::none());
        let create = format!(
            "CREATE TABLE {TABLE} (id BIGINT, d DOUBLE PRECISION, s VARCHAR(40), ts {})",
            database.timestamp
        );
        run(&connection, &create);
        let begin = Instant::now();
        let inserted = match insert(&connection, &pool, way, rows) {
            Ok(inserted) => inserted,
            Err(error) if error.kind == ErrorKind::Unsupported => {
                println!("{:<12}{title:<12}not run: {}", database.title, error.message);
                continue;
            }
            Err(error) => panic!("{} {title}: {error}", database.title),
        };
        let seconds = begin.elapsed().as_secs_f64();
        assert_eq!(inserted.rows, u64::try_from(count).unwrap());
        assert_eq!(there(&connection), (count, count * (count - 1) / 2), "{title}");
        let speed = count as f64 / seconds;
        let reference = *array.get_or_insert(speed);
        println!(
            "{:<12}{title:<12}{:>12.0} rows/s {:>7.2} x  {:>8.3} s  {} over {}",
            database.title,
            speed,
            speed / reference,
            seconds,
            inserted.strategy,
            inserted.workers,
        );
    }
    pool.close().unwrap();
    run(&connection, &format!("DROP TABLE {TABLE}"));
}

#[test]
#[ignore = "it measures; run it by name"]
fn ways_of_inserting_are_compared() {
    let count = env::var("ODBC_ENGINE_BULK_ROWS").map_or(200_000, |rows| rows.parse().unwrap());
    let starts = (0..count).step_by(BATCH as usize);
    let rows: Vec<_> = starts.map(|from| batch(from, count.min(from + BATCH))).collect();
    println!("{count} rows of (bigint, double, varchar, timestamp); x: times the speed of arrays");
    for database in &databases() {
        compare(database, &rows, count);
    }
}
