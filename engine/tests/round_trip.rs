//! Random values of every type go through a database and come back as they were.

mod support;

use std::sync::Arc;

use odbc_engine::{
    Connection, Parameters, StreamOptions,
    arrow_array::{
        Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array,
        Int64Array, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
        cast::AsArray,
        types::{
            Date32Type, Decimal128Type, Float64Type, Int64Type, Time64MicrosecondType,
            TimestampMicrosecondType,
        },
    },
};
use proptest::{option, prelude::*, test_runner::TestRunner};
use support::{SQLITE, connect, run, server};

/// Year 1 to 9999, in days and microseconds since 1970-01-01.
const DAYS: std::ops::Range<i32> = -719_162..2_932_897;
const MICROSECONDS: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_799_999_999;
const DAY_MICROSECONDS: i64 = 86_400_000_000;

#[derive(Debug, Clone)]
struct Row {
    integer: Option<i64>,
    double: Option<f64>,
    boolean: Option<bool>,
    text: Option<String>,
    binary: Option<Vec<u8>>,
    decimal: Option<i128>,
    date: Option<i32>,
    time: Option<i64>,
    timestamp: Option<i64>,
}

/// What a database can hold, where that is less than every value.
struct Limits {
    /// Significant digits of a decimal.
    decimal: i128,
    /// Whether a double comes back with all its digits.
    exact_double: bool,
}

const SERVER: Limits = Limits { decimal: 10i128.pow(38) - 1, exact_double: true };

fn rows(limits: &Limits) -> impl Strategy<Value = Row> + use<> {
    let finite = if limits.exact_double {
        any::<f64>().prop_filter("finite", |value| value.is_finite()).boxed()
    } else {
        // Any double of 15 decimal digits.
        (any::<i32>(), -200i32..200)
            .prop_map(|(digits, exponent)| format!("{digits}e{exponent}").parse().unwrap())
            .boxed()
    };
    let text = prop_oneof![
        "[^\\x00]{0,40}",
        "[a-zäß€😀]{200,600}",
        Just(String::new()),
        Just("NULL".to_owned()),
        Just("X'00'".to_owned()),
        Just(" padded ".to_owned()),
    ];
    let decimals = -limits.decimal..=limits.decimal;
    (
        option::of(any::<i64>()),
        option::of(finite),
        option::of(any::<bool>()),
        option::of(text),
        option::of(prop::collection::vec(any::<u8>(), 0..600)),
        option::of(decimals),
        option::of(DAYS),
        option::of(0..DAY_MICROSECONDS),
        option::of(MICROSECONDS),
    )
        .prop_map(
            |(integer, double, boolean, text, binary, decimal, date, time, timestamp)| Row {
                integer,
                double,
                boolean,
                text,
                binary,
                decimal,
                date,
                time,
                timestamp,
            },
        )
}

fn parameters(number: usize, row: &Row) -> Parameters {
    let decimal = Decimal128Array::from(vec![row.decimal]).with_precision_and_scale(38, 4).unwrap();
    let values: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![row.integer])),
        Arc::new(Float64Array::from(vec![row.double])),
        Arc::new(BooleanArray::from(vec![row.boolean])),
        Arc::new(StringArray::from(vec![row.text.as_deref()])),
        Arc::new(BinaryArray::from_opt_vec(vec![row.binary.as_deref()])),
        Arc::new(decimal),
        Arc::new(Date32Array::from(vec![row.date])),
        Arc::new(Time64MicrosecondArray::from(vec![row.time])),
        Arc::new(TimestampMicrosecondArray::from(vec![row.timestamp])),
        Arc::new(Int64Array::from(vec![number as i64])),
    ];
    Parameters::from_arrays(values).unwrap()
}

fn check(connection: &Connection, limits: &Limits) {
    let insert =
        connection.statement("INSERT INTO round_trip VALUES (?,?,?,?,?,?,?,?,?,?)").unwrap();
    let select = connection
        .statement("SELECT i, d, b, t, bin, de, da, tm, ts FROM round_trip ORDER BY n")
        .unwrap();
    // 10 rows a case, so that clipped and short values meet in one batch.
    let strategy = prop::collection::vec(rows(limits), 1..10);
    TestRunner::new(ProptestConfig { cases: 60, failure_persistence: None, ..Default::default() })
        .run(&strategy, |expected| {
            run(connection, "DELETE FROM round_trip");
            for (number, row) in expected.iter().enumerate() {
                insert.execute(&parameters(number, row)).unwrap();
            }
            select.execute(&Parameters::none()).unwrap();
            let stream = select.stream(&StreamOptions::default()).unwrap();
            let mut found = 0;
            while let Some(batch) = stream.fetch().unwrap() {
                for index in 0..batch.num_rows() {
                    compare(&expected[found], batch.columns(), index);
                    found += 1;
                }
            }
            prop_assert_eq!(found, expected.len());
            Ok(())
        })
        .unwrap();
}

fn compare(row: &Row, columns: &[ArrayRef], index: usize) {
    let valid = |column: usize| columns[column].is_valid(index);
    let integer = valid(0).then(|| columns[0].as_primitive::<Int64Type>().value(index));
    assert_eq!(integer, row.integer);
    let double = valid(1).then(|| columns[1].as_primitive::<Float64Type>().value(index));
    // SQLite stores -0.0 as the integer 0; every other bit counts.
    let bits = |value: f64| if value == 0.0 { 0 } else { value.to_bits() };
    assert_eq!(double.map(bits), row.double.map(bits));
    // MariaDB's BOOLEAN is TINYINT.
    let boolean = valid(2).then(|| match columns[2].as_boolean_opt() {
        Some(booleans) => booleans.value(index),
        None => support::cell(&columns[2], index) == "1",
    });
    assert_eq!(boolean, row.boolean);
    let text = valid(3).then(|| columns[3].as_string::<i32>().value(index).to_owned());
    assert_eq!(text, row.text);
    let binary = valid(4).then(|| columns[4].as_binary::<i32>().value(index).to_vec());
    assert_eq!(binary, row.binary);
    let decimal = valid(5).then(|| match columns[5].as_primitive_opt::<Decimal128Type>() {
        Some(decimals) => decimals.value(index),
        None => scaled(columns[5].as_string::<i32>().value(index)),
    });
    assert_eq!(decimal, row.decimal);
    let date = valid(6).then(|| columns[6].as_primitive::<Date32Type>().value(index));
    assert_eq!(date, row.date);
    let time = valid(7).then(|| columns[7].as_primitive::<Time64MicrosecondType>().value(index));
    assert_eq!(time, row.time);
    let timestamp =
        valid(8).then(|| columns[8].as_primitive::<TimestampMicrosecondType>().value(index));
    assert_eq!(timestamp, row.timestamp);
}

/// A decimal in text, counted in ten-thousandths.
fn scaled(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<4}");
    digits.parse().unwrap()
}

#[test]
fn sqlite() {
    let connection = connect(SQLITE);
    run(
        &connection,
        "CREATE TABLE round_trip (i BIGINT, d DOUBLE, b BOOLEAN, t TEXT, bin BLOB, \
         de DECIMAL(15,4), da DATE, tm TIME, ts TIMESTAMP, n INT)",
    );
    let limits = Limits { decimal: 99_999_999_999_999, exact_double: false };
    check(&connection, &limits);
}

#[test]
fn postgresql() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let connection = connect(&connection_string);
    run(&connection, "DROP TABLE IF EXISTS round_trip");
    run(
        &connection,
        "CREATE TABLE round_trip (i BIGINT, d FLOAT8, b BOOL, t TEXT, bin BYTEA, \
         de NUMERIC(38,4), da DATE, tm TIME, ts TIMESTAMP, n INT)",
    );
    check(&connection, &SERVER);
}

#[test]
fn mariadb() {
    let Some(connection_string) = server("ODBC_ENGINE_MARIADB") else { return };
    let connection = connect(&connection_string);
    run(&connection, "DROP TABLE IF EXISTS round_trip");
    run(
        &connection,
        "CREATE TABLE round_trip (i BIGINT, d DOUBLE, b BOOLEAN, t TEXT, bin BLOB, \
         de DECIMAL(38,4), da DATE, tm TIME(6), ts DATETIME(6), n INT) CHARACTER SET utf8mb4",
    );
    check(&connection, &SERVER);
}
