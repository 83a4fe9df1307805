//! The Rust API: results as Arrow record batches, kept in mode `table` and dropped in mode
//! `stream`, and rows into a table in mode `insert`. With the state of a collector as its argument,
//! it compares telemetry that is on with none.

mod insert;
mod told;

use std::{
    env, fs,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use odbc_engine::{
    Connection, ConnectionOptions, Parameters, StreamOptions,
    arrow_array::{Array, Int64Array, RecordBatch},
};
use serde_json::json;

type Failure = Box<dyn std::error::Error>;

struct Measured {
    rows: u64,
    checksum: i64,
    took: Duration,
    first_row: Option<Duration>,
    /// What turns of the same took with telemetry on and off, where that is compared.
    told: Option<(Duration, Duration)>,
}

impl Measured {
    fn nothing() -> Self {
        Self { rows: 0, checksum: 0, took: Duration::ZERO, first_row: None, told: None }
    }
}

fn main() -> ExitCode {
    match measure() {
        Ok(measured) => {
            let answer = json!({
                "rows": measured.rows,
                "checksum": measured.checksum,
                "seconds": measured.took.as_secs_f64(),
                "told_seconds": measured.told.map(|(on, _)| on.as_secs_f64()),
                "untold_seconds": measured.told.map(|(_, off)| off.as_secs_f64()),
                "first_row_seconds": measured.first_row.map(|first| first.as_secs_f64()),
                "peak_rss_kib": peak_rss_kib(),
            });
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<Measured, Failure> {
    let options = ConnectionOptions::from_json(&setting("BENCH_CONNECT_OPTIONS")?)?;
    if setting("BENCH_MODE")? == "insert" {
        return insert::insert(&options);
    }
    let connection = Connection::open(&setting("BENCH_CONNECTION")?, &options)?;
    let options = StreamOptions::from_json(&setting("BENCH_STREAM_OPTIONS")?)?;
    let sql = setting("BENCH_SQL")?;
    match setting("BENCH_MODE")?.as_str() {
        "lookup" => look_up(&connection, &sql, &options),
        mode => read_all(&connection, &sql, &options, mode == "table"),
    }
}

fn read_all(
    connection: &Connection,
    sql: &str,
    options: &StreamOptions,
    kept: bool,
) -> Result<Measured, Failure> {
    let mut batches = Vec::new();
    let mut measured = Measured::nothing();
    let began = Instant::now();
    let stream = connection.query(sql, &Parameters::none(), options)?;
    while let Some(batch) = stream.fetch()? {
        measured.first_row.get_or_insert_with(|| began.elapsed());
        measured.rows += batch.num_rows() as u64;
        measured.checksum += sum(&batch)?;
        if kept {
            batches.push(batch);
        }
    }
    measured.took = began.elapsed();
    Ok(measured)
}

fn look_up(
    connection: &Connection,
    sql: &str,
    options: &StreamOptions,
) -> Result<Measured, Failure> {
    let executions: i64 = setting("BENCH_EXECUTIONS")?.parse()?;
    let key_count: i64 = setting("BENCH_KEYS")?.parse()?;
    let statement = connection.statement(sql)?;
    let run = |execution: i64| -> Result<(u64, i64), Failure> {
        // The same scattered keys in every contestant.
        let key = execution * 7919 % key_count + 1;
        let parameters = Parameters::from_arrays([Arc::new(Int64Array::from(vec![key])) as _])?;
        statement.execute(&parameters)?;
        let stream = statement.stream(options)?;
        let (mut rows, mut checksum) = (0, 0);
        while let Some(batch) = stream.fetch()? {
            rows += batch.num_rows() as u64;
            checksum += sum(&batch)?;
        }
        Ok((rows, checksum))
    };
    run(0)?;
    let mut measured = Measured::nothing();
    let began = Instant::now();
    for execution in 0..executions {
        let (rows, checksum) = run(execution)?;
        measured.rows += rows;
        measured.checksum += checksum;
    }
    measured.took = began.elapsed();
    if let Some(collector) = env::args().nth(1) {
        let mut execution = 0;
        let execute = || {
            execution += 1;
            run(execution).map(drop)
        };
        measured.told = Some(told::compare(&collector, executions, execute)?);
    }
    Ok(measured)
}

fn sum(batch: &RecordBatch) -> Result<i64, Failure> {
    let ids = batch.column(0).as_any().downcast_ref::<Int64Array>();
    Ok(ids.ok_or("the first column is no bigint")?.values().iter().sum())
}

fn setting(name: &str) -> Result<String, Failure> {
    env::var(name).map_err(|error| format!("{name}: {error}").into())
}

/// The most memory that this process had resident since it began.
fn peak_rss_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
