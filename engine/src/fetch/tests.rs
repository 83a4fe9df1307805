//! Every plan reads the same rows, whatever the values' lengths and the batch sizes.

use arrow_array::{Array, RecordBatch, cast::AsArray, types::Int64Type};

use super::Cursor;
use crate::{
    connection::{Connection, Session},
    dbms::{self, Dbms, LongData, TextEncoding},
    error::{ErrorKind, Result},
    handle::Context,
    options::{ConnectionOptions, StreamOptions},
    parameters::Parameters,
    types::ColumnInfo,
};

/// Short, clipped, empty and NULL values, in an order that no column shares.
const ROWS: usize = 300;
const SETUP: [&str; 2] = [
    "CREATE TABLE t (i INTEGER, t TEXT, j INTEGER, b BLOB)",
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 299) \
     SELECT i, CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' \
     WHEN 2 THEN replace(hex(zeroblob(400)), '00', '€') ELSE 'short' || i END, i * 2, \
     CASE i % 3 WHEN 2 THEN NULL WHEN 1 THEN zeroblob(1000) ELSE x'0102' END FROM n",
];

/// Facts, and what is added to the connection string: without StepAPI the driver's cursor can go
/// back, with it single rows are read.
const PLANS: &[(Dbms, &str)] = &[
    (dbms::SQLITE, ""),
    (dbms::SQLITE, ";StepAPI=1"),
    (Dbms { long_data: LongData::UnboundSingleRow, ..dbms::SQLITE }, ""),
    (Dbms { long_data: LongData::UnboundSingleRow, text: TextEncoding::Wide, ..dbms::SQLITE }, ""),
    (Dbms { text: TextEncoding::Wide, ..dbms::SQLITE }, ""),
];

fn read((dbms, extra): &'static (Dbms, &str), options: &StreamOptions) -> Result<Vec<RecordBatch>> {
    let connection_string = format!("Driver=SQLite3;Database=:memory:{extra}");
    let connection = Connection::open(&connection_string, &ConnectionOptions::default())?;
    let mut session = connection.session_for_test();
    let session: &mut Session = &mut session;
    for sql in SETUP {
        session.run("test", sql)?;
    }
    let mut statement = session.run("test", "SELECT * FROM t")?;
    let context = session.context("fetch");
    let columns: Vec<ColumnInfo> =
        (1..=4).map(|number| statement.describe_column(number, context)).collect::<Result<_>>()?;
    let mut cursor = Cursor::new(&columns, &statement, options, Context { dbms, ..context });
    let mut warnings = Vec::new();
    let batches: Result<Vec<_>> =
        std::iter::from_fn(|| cursor.fetch(&mut statement, context, &mut warnings).transpose())
            .collect();
    // The buffers are bound until they are unbound.
    statement.unbind_columns();
    assert_eq!(warnings, []);
    batches
}

fn check(batches: &[RecordBatch]) {
    let mut i = 0;
    for batch in batches {
        for row in 0..batch.num_rows() {
            let text = batch.column(1).as_string::<i32>();
            let blob = batch.column(3).as_binary::<i32>();
            let integer =
                |column: usize| batch.column(column).as_primitive::<Int64Type>().value(row);
            assert_eq!((integer(0), integer(2)), (i as i64, i as i64 * 2));
            let expected = match i % 5 {
                0 => None,
                1 => Some(String::new()),
                2 => Some("€".repeat(400)),
                _ => Some(format!("short{i}")),
            };
            assert_eq!(text.is_valid(row).then(|| text.value(row).to_owned()), expected, "row {i}");
            let expected = match i % 3 {
                2 => None,
                1 => Some(vec![0; 1000]),
                _ => Some(vec![1, 2]),
            };
            assert_eq!(blob.is_valid(row).then(|| blob.value(row).to_vec()), expected, "row {i}");
            i += 1;
        }
    }
    assert_eq!(i, ROWS);
}

#[test]
fn every_plan_reads_every_value_whole() {
    for (plan, dbms) in PLANS.iter().enumerate() {
        for batch_rows_max in [1, 2, 7, 65_536] {
            let options = StreamOptions { batch_rows_max, ..StreamOptions::default() };
            let batches = read(dbms, &options).unwrap();
            assert!(batches.iter().all(|batch| batch.num_rows() <= batch_rows_max), "plan {plan}");
            check(&batches);
        }
    }
}

#[test]
fn long_values_end_a_batch_before_its_rows_do() {
    for dbms in PLANS {
        let options = StreamOptions { batch_bytes_max: 4096, ..StreamOptions::default() };
        let batches = read(dbms, &options).unwrap();
        assert!(batches.len() > 10, "{} batches", batches.len());
        check(&batches);
    }
}

#[test]
fn a_value_above_the_limit_is_named() {
    for dbms in PLANS {
        let options = StreamOptions { column_bytes_max: 999, ..StreamOptions::default() };
        let error = read(dbms, &options).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Limit);
        assert!(error.column.is_some() && error.row.is_some(), "{error}");
        assert!(error.message.contains("column_bytes_max"), "{error}");
    }
}

#[test]
fn a_batch_has_a_row_whatever_its_columns_take() {
    // The offsets of so many columns alone take more than the smallest batch may.
    const COLUMNS: usize = 1100;
    for extra in ["", ";StepAPI=1"] {
        let connection_string = format!("Driver=SQLite3;Database=:memory:{extra}");
        let connection = Connection::open(&connection_string, &ConnectionOptions::default());
        let columns: Vec<_> = (0..COLUMNS).map(|number| format!("'x' AS c{number}")).collect();
        let row = format!("SELECT {}", columns.join(", "));
        let sql = format!("{row} UNION ALL {row}");
        let options = StreamOptions { batch_bytes_max: 4096, ..StreamOptions::default() };
        let stream = connection.unwrap().query(&sql, &Parameters::none(), &options).unwrap();
        let rows = |batch: RecordBatch| (batch.num_rows(), batch.num_columns());
        assert_eq!(stream.fetch().unwrap().map(rows), Some((1, COLUMNS)), "{extra}");
    }
}
