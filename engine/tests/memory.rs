//! Buffers follow the byte budget, not the driver's description of a column.

mod support;

use std::time::Instant;

use odbc_engine::{Parameters, StreamOptions};
use support::{SQLITE, connect, query, run};

/// The resident memory of this process in bytes, at its highest.
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// sqliteodbc describes TEXT as 65,536 characters and keeps the whole result itself.
#[test]
fn a_hundred_thousand_rows_of_text_stay_small() {
    let connection = connect(SQLITE);
    run(
        &connection,
        "CREATE TABLE big AS WITH RECURSIVE n(i) AS \
         (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
         SELECT i, i / 7.0 AS d, 'text number ' || i AS t, \
         datetime(i, 'unixepoch') AS ts, i || '.25' AS de FROM n",
    );
    run(
        &connection,
        "CREATE TABLE described (i BIGINT PRIMARY KEY, d DOUBLE, t TEXT, ts TIMESTAMP, de DECIMAL)",
    );
    run(&connection, "INSERT INTO described SELECT * FROM big");
    let stream = query(&connection, "SELECT * FROM described");
    let mut rows = 0;
    while let Some(batch) = stream.fetch().unwrap() {
        rows += batch.num_rows();
    }
    assert_eq!(rows, 100_000);
    let peak = peak_memory();
    assert!(peak < 200 << 20, "{} MiB", peak >> 20);

    // A query of one row allocates for one row: a thousand of them are quick. The time is printed
    // for people; a test asserts no speed.
    let one = connection.statement("SELECT * FROM described WHERE i = 77").unwrap();
    let begin = Instant::now();
    for _ in 0..20 {
        one.execute(&Parameters::none()).unwrap();
        let stream = one.stream(&StreamOptions::default()).unwrap();
        assert_eq!(stream.fetch().unwrap().unwrap().num_rows(), 1);
        assert!(stream.fetch().unwrap().is_none());
    }
    println!("a query of one row takes {:?}", begin.elapsed() / 20);
}
