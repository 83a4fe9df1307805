//! Bulk inserts: random batches of every type arrive as single parameters do, whatever the
//! strategy, and a failure leaves what it says.

mod support;

use std::sync::Arc;

use odbc_engine::{
    BulkOptions, BulkResult, Connection, Error, ErrorKind, Parameters, Result,
    arrow_array::{
        Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
        FixedSizeBinaryArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
        Int64Array, LargeBinaryArray, LargeStringArray, NullArray, RecordBatch,
        RecordBatchIterator, StringArray, StringViewArray, Time32MillisecondArray,
        Time64MicrosecondArray, TimestampMicrosecondArray, TimestampMillisecondArray,
        TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
    },
    arrow_schema::{ArrowError, DataType, Field, Schema},
};
use proptest::{
    option,
    prelude::*,
    test_runner::{TestError, TestRunner},
};
use support::{SQLITE, batches, connect, query, run, server};

/// Year 1 to 9999, in days, seconds and microseconds since 1970-01-01.
const DAYS: std::ops::Range<i32> = -719_162..2_932_897;
const SECONDS: std::ops::Range<i64> = -62_135_596_800..253_402_300_799;
const MICROSECONDS: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_799_999_999;
const DAY_MICROSECONDS: i64 = 86_400_000_000;

fn insert(
    connection: &Connection,
    table: &str,
    batches: Vec<RecordBatch>,
    options: &str,
) -> Result<BulkResult> {
    let schema = batches[0].schema();
    let rows = RecordBatchIterator::new(batches.into_iter().map(Ok::<_, ArrowError>), schema);
    connection.bulk_insert(table, Box::new(rows), &BulkOptions::from_json(options)?)
}

fn servers() -> Vec<(Connection, &'static str)> {
    let servers = ["ODBC_ENGINE_POSTGRESQL", "ODBC_ENGINE_MARIADB"].into_iter().filter_map(server);
    let names = ["postgresql", "mariadb"];
    let mut all = vec![(connect(SQLITE), "sqlite")];
    for connection_string in servers {
        let connection = connect(&connection_string);
        let name = names[usize::from(connection.info().dbms_name != "PostgreSQL")];
        all.push((connection, name));
    }
    all
}

fn strategies(name: &str) -> &'static [&'static str] {
    match name {
        "postgresql" => &["unnest", "multi_row", "array", "row"],
        _ => &["array", "multi_row", "row"],
    }
}

/// A column of random values, some of them NULL, by its name.
fn column(rows: usize, dbms: &'static str) -> impl Strategy<Value = (Field, ArrayRef)> {
    macro_rules! column {
        ($name:literal, $value:expr, $array:expr) => {
            prop::collection::vec(option::of($value), rows)
                .prop_map(move |values| {
                    let array: ArrayRef = Arc::new($array(values));
                    (Field::new($name, array.data_type().clone(), true), array)
                })
                .boxed()
        };
    }
    let text = prop_oneof![
        "[^\\x00]{0,40}",
        "[a-zäß€😀]{200,600}",
        Just(String::new()),
        Just("NULL".to_owned()),
        Just("null".to_owned()),
        Just(r#"{"a": "\\b'c", [1,2]}"#.to_owned()),
        Just(" padded ".to_owned()),
    ];
    let text = || text.clone();
    let finite = any::<f64>().prop_filter("finite", |value| value.is_finite());
    // The driver passes a REAL of SQLite on with 15 digits, whoever wrote it.
    let bytes = || prop::collection::vec(any::<u8>(), 0..600);
    let finite32 = any::<f32>().prop_filter("finite", |value| value.is_finite());
    let unsigned = if dbms == "sqlite" { 0..=i64::MAX as u64 } else { 0..=u64::MAX };
    let decimal = |values: Vec<Option<i128>>| {
        Decimal128Array::from(values).with_precision_and_scale(30, 4).unwrap()
    };
    let uuid = prop::collection::vec(option::of(any::<[u8; 16]>()), rows).prop_map(|values| {
        let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values.into_iter(), 16);
        let field = Field::new("c_uuid", DataType::FixedSizeBinary(16), true);
        let extension = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
        let array: ArrayRef = Arc::new(array.unwrap());
        (field.with_metadata(std::collections::HashMap::from([extension])), array)
    });
    let large_text = |values: Vec<Option<String>>| LargeStringArray::from_iter(values);
    prop_oneof![
        column!("c_bool", any::<bool>(), BooleanArray::from),
        column!("c_int8", any::<i8>(), Int8Array::from),
        column!("c_int16", any::<i16>(), Int16Array::from),
        column!("c_int32", any::<i32>(), Int32Array::from),
        column!("c_int64", any::<i64>(), Int64Array::from),
        column!("c_uint8", any::<u8>(), UInt8Array::from),
        column!("c_uint16", any::<u16>(), UInt16Array::from),
        column!("c_uint32", any::<u32>(), UInt32Array::from),
        column!("c_uint64", unsigned, UInt64Array::from),
        column!("c_float32", finite32, Float32Array::from),
        column!("c_float64", finite, Float64Array::from),
        column!("c_decimal", -10i128.pow(30) + 1..10i128.pow(30), decimal),
        column!("c_text", text(), |v: Vec<Option<String>>| StringArray::from_iter(v)),
        column!("c_large_text", text(), large_text),
        column!("c_text_view", text(), |v: Vec<Option<String>>| StringViewArray::from_iter(v)),
        column!("c_binary", bytes(), |v: Vec<Option<Vec<u8>>>| BinaryArray::from_iter(v)),
        column!("c_large_binary", bytes(), |v: Vec<Option<Vec<u8>>>| {
            LargeBinaryArray::from_iter(v)
        }),
        column!("c_date", DAYS, Date32Array::from),
        column!("c_time_ms", 0..86_400_000, Time32MillisecondArray::from),
        column!("c_time_us", 0..DAY_MICROSECONDS, Time64MicrosecondArray::from),
        column!("c_timestamp_s", SECONDS, TimestampSecondArray::from),
        column!("c_timestamp_ms", SECONDS, TimestampMillisecondArray::from),
        column!("c_timestamp_us", MICROSECONDS, TimestampMicrosecondArray::from),
        column!("c_instant", MICROSECONDS, |v: Vec<Option<i64>>| {
            TimestampMicrosecondArray::from(v).with_timezone("UTC")
        }),
        uuid,
    ]
}

/// Random rows, numbered in a first column.
fn rows(dbms: &'static str) -> impl Strategy<Value = RecordBatch> {
    (1usize..40)
        .prop_flat_map(move |rows| (Just(rows), prop::collection::vec(column(rows, dbms), 1..8)))
        .prop_map(|(rows, mut columns)| {
            let numbers: ArrayRef = Arc::new(Int32Array::from_iter_values(0..rows as i32));
            columns.sort_by(|(a, _), (b, _)| a.name().cmp(b.name()));
            columns.dedup_by(|(a, _), (b, _)| a.name() == b.name());
            columns.insert(0, (Field::new("n", DataType::Int32, false), numbers));
            let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
            RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
        })
}

/// Cuts a batch into batches of one row up to all of them.
fn cut(batch: &RecordBatch, rows: usize) -> Vec<RecordBatch> {
    let pieces = (0..batch.num_rows()).step_by(rows);
    pieces.map(|at| batch.slice(at, rows.min(batch.num_rows() - at))).collect()
}

#[test]
fn every_type_arrives_as_by_single_parameters() {
    for (connection, dbms) in servers() {
        let config = ProptestConfig { cases: 40, failure_persistence: None, ..Default::default() };
        let ran = TestRunner::new(config).run(
            &(rows(dbms), 1usize..40, 1usize..20),
            |(batch, size, chunk)| {
                check(&connection, dbms, &batch, size, chunk).map_err(TestCaseError::fail)
            },
        );
        // The rows themselves would fill pages.
        if let Err(TestError::Fail(reason, _)) = ran {
            panic!("{reason}");
        }
        run(&connection, "DROP TABLE bulk_single");
        run(&connection, "DROP TABLE bulk_many");
    }
}

fn check(
    connection: &Connection,
    dbms: &str,
    batch: &RecordBatch,
    size: usize,
    chunk: usize,
) -> std::result::Result<(), String> {
    insert(connection, "bulk_single", vec![batch.slice(0, 0)], r#"{"mode": "replace"}"#).unwrap();
    let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    let markers = vec!["?"; names.len()].join(", ");
    let single = connection
        .statement(&format!("INSERT INTO bulk_single ({}) VALUES ({markers})", names.join(", ")))
        .unwrap();
    for row in 0..batch.num_rows() {
        // Without their names the values go by position.
        let fields: Vec<_> =
            batch.schema().fields().iter().map(|f| f.as_ref().clone().with_name("")).collect();
        let columns = batch.columns().iter().map(|column| column.slice(row, 1)).collect();
        let one = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        single.execute(&Parameters::from_batch(&one).unwrap()).unwrap();
    }
    let expected = batches(&query(connection, "SELECT * FROM bulk_single ORDER BY n"));
    for strategy in strategies(dbms) {
        let options =
            format!(r#"{{"mode": "replace", "strategy": "{strategy}", "chunk_rows": {chunk}}}"#);
        let inserted = insert(connection, "bulk_many", cut(batch, size), &options);
        let has_bytes = names.iter().any(|name| name.ends_with("binary"));
        if dbms == "sqlite" && *strategy == "array" && has_bytes {
            // sqliteodbc 0.9998 would fill the values up with zeros.
            assert_eq!(refused(inserted).kind, ErrorKind::Unsupported);
            continue;
        }
        let result = inserted.map_err(|error| format!("{dbms} {strategy}: {error}"))?;
        assert_eq!(result.rows, batch.num_rows() as u64);
        let found = batches(&query(connection, "SELECT * FROM bulk_many ORDER BY n"));
        compare(&found, &expected).map_err(|what| format!("{dbms} {strategy}: {what}"))?;
    }
    Ok(())
}

/// Tells the first cell that differs.
fn compare(found: &[RecordBatch], expected: &[RecordBatch]) -> std::result::Result<(), String> {
    if found == expected {
        return Ok(());
    }
    for (found, expected) in found.iter().zip(expected) {
        for (index, field) in expected.schema().fields().iter().enumerate() {
            for row in 0..expected.num_rows().min(found.num_rows()) {
                let cell = |batch: &RecordBatch| support::cell(batch.column(index), row);
                if cell(found) != cell(expected) {
                    let (found, expected) = (cell(found), cell(expected));
                    return Err(format!("{} row {row}: {found} for {expected}", field.name()));
                }
            }
        }
    }
    Err("another schema or number of rows".to_owned())
}

fn numbers(values: impl IntoIterator<Item = i64>) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(values));
    let texts = StringArray::from_iter_values((0..ids.len()).map(|row| format!("row {row}")));
    RecordBatch::try_from_iter([("id", ids), ("v", Arc::new(texts) as ArrayRef)]).unwrap()
}

fn count(connection: &Connection, table: &str) -> String {
    let found = batches(&query(connection, &format!("SELECT COUNT(*) FROM {table}")));
    support::cell(found[0].column(0), 0)
}

fn recreate(connection: &Connection, table: &str) {
    run(connection, &format!("DROP TABLE IF EXISTS {table}"));
    run(
        connection,
        &format!("CREATE TABLE {table} (id bigint NOT NULL PRIMARY KEY, v varchar(40))"),
    );
}

fn refused(result: Result<BulkResult>) -> Error {
    result.expect_err("a row is refused")
}

#[test]
fn a_bad_row_is_named_and_undoes_everything() {
    const ROWS: i64 = 30_000;
    const BAD: i64 = 23_456;
    for (connection, dbms) in servers() {
        let rows = || cut(&numbers((0..ROWS).map(|row| if row == BAD { 7 } else { row })), 9_999);
        for strategy in strategies(dbms) {
            recreate(&connection, "bulk_bad");
            let options = |more: &str| format!(r#"{{"strategy": "{strategy}"{more}}}"#);
            let error = refused(insert(&connection, "bulk_bad", rows(), &options("")));
            assert_eq!(error.kind, ErrorKind::Constraint, "{dbms} {strategy}: {error}");
            assert_eq!(error.row, Some(BAD as u64), "{dbms} {strategy}");
            assert_eq!(count(&connection, "bulk_bad"), "0", "{dbms} {strategy}");
            assert!(connection.autocommit().unwrap());

            let every = options(r#", "commit_every_rows": 1000"#);
            let error = refused(insert(&connection, "bulk_bad", rows(), &every));
            assert_eq!(error.row, Some(BAD as u64), "{dbms} {strategy}");
            assert!(error.message.contains("23000 rows are committed"), "{error}");
            assert_eq!(count(&connection, "bulk_bad"), "23000", "{dbms} {strategy}");

            recreate(&connection, "bulk_bad");
            let blind = options(r#", "find_bad_row": false"#);
            let error = refused(insert(&connection, "bulk_bad", rows(), &blind));
            assert_eq!((error.kind, error.row), (ErrorKind::Constraint, None));
            assert_eq!(count(&connection, "bulk_bad"), "0", "{dbms} {strategy}");
        }
        run(&connection, "DROP TABLE bulk_bad");
    }
}

#[test]
fn within_a_transaction_only_the_insert_is_undone() {
    for (connection, dbms) in servers() {
        for strategy in strategies(dbms) {
            let options = format!(r#"{{"strategy": "{strategy}"}}"#);
            recreate(&connection, "bulk_within");
            connection.begin(&Default::default()).unwrap();
            run(&connection, "INSERT INTO bulk_within VALUES (-1, 'before')");
            insert(&connection, "bulk_within", vec![numbers(0..10)], &options).unwrap();
            let twice = vec![numbers(10..20), numbers(5..15)];
            let error = refused(insert(&connection, "bulk_within", twice, &options));
            assert_eq!(error.row, Some(10), "{dbms} {strategy}: {error}");
            let every = r#"{"commit_every_rows": 5}"#;
            let error = refused(insert(&connection, "bulk_within", vec![numbers(50..60)], every));
            assert_eq!(error.kind, ErrorKind::InvalidState);
            connection.commit().unwrap();
            assert_eq!(count(&connection, "bulk_within"), "11", "{dbms} {strategy}");
            assert!(connection.autocommit().unwrap());
        }
        run(&connection, "DROP TABLE bulk_within");
    }
}

#[test]
fn the_rows_may_come_from_the_same_connection() {
    for (connection, _) in servers() {
        recreate(&connection, "bulk_from");
        recreate(&connection, "bulk_to");
        insert(&connection, "bulk_from", vec![numbers(0..50_000)], "").unwrap();
        let stream = Arc::new(query(&connection, "SELECT id, v FROM bulk_from"));
        let schema = stream.schema();
        let rows = std::iter::from_fn(move || {
            stream
                .fetch()
                .transpose()
                .map(|batch| batch.map_err(|error| ArrowError::ExternalError(Box::new(error))))
        });
        let rows = Box::new(RecordBatchIterator::new(rows, schema));
        let result = connection.bulk_insert("bulk_to", rows, &BulkOptions::default()).unwrap();
        assert_eq!(result.rows, 50_000);
        assert_eq!(count(&connection, "bulk_to"), "50000");
        run(&connection, "DROP TABLE bulk_from");
        run(&connection, "DROP TABLE bulk_to");
    }
}

#[test]
fn other_calls_are_refused_meanwhile() {
    let connection = Arc::new(connect(SQLITE));
    recreate(&connection, "bulk_busy");
    let other = Arc::clone(&connection);
    let batch = numbers(0..10);
    let schema = batch.schema();
    let mut given = false;
    let rows = std::iter::from_fn(move || {
        if std::mem::replace(&mut given, true) {
            return None;
        }
        let refused = other.execute("DELETE FROM bulk_busy", &Parameters::none()).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::InvalidState);
        Some(Ok(batch.clone()))
    });
    let rows = Box::new(RecordBatchIterator::new(rows, schema));
    assert_eq!(
        connection.bulk_insert("bulk_busy", rows, &BulkOptions::default()).unwrap().rows,
        10
    );
    assert_eq!(count(&connection, "bulk_busy"), "10");
}

#[test]
fn a_failing_reader_writes_nothing() {
    let connection = connect(SQLITE);
    recreate(&connection, "bulk_reader");
    let batch = numbers(0..20_000);
    let schema = batch.schema();
    let failure = ArrowError::ComputeError("no more".to_owned());
    let rows = Box::new(RecordBatchIterator::new([Ok(batch), Err(failure)], schema));
    let error = refused(connection.bulk_insert("bulk_reader", rows, &BulkOptions::default()));
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(error.message.contains("no more"), "{error}");
    assert_eq!(count(&connection, "bulk_reader"), "0");
}

#[test]
fn a_value_that_cannot_be_passed_names_column_and_row() {
    let connection = connect(SQLITE);
    recreate(&connection, "bulk_value");
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..20_000));
    let texts = (0..20_000).map(|row| if row == 15_000 { "a\0b" } else { "ab" });
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
    let batch = RecordBatch::try_from_iter([("id", ids), ("v", texts)]).unwrap();
    let every = r#"{"commit_every_rows": 7000}"#;
    let error = refused(insert(&connection, "bulk_value", vec![batch], every));
    assert_eq!((error.kind, error.row), (ErrorKind::Data, Some(15_000)));
    assert_eq!(error.column.as_deref(), Some("v"));
    assert_eq!(count(&connection, "bulk_value"), "14000");
}

#[test]
fn a_row_that_a_trigger_drops_is_an_error() {
    for (connection, dbms) in servers() {
        recreate(&connection, "bulk_trigger");
        match dbms {
            "sqlite" => run(
                &connection,
                "CREATE TRIGGER bulk_trigger_drops BEFORE INSERT ON bulk_trigger \
                 WHEN NEW.id = 77 BEGIN SELECT RAISE(IGNORE); END",
            ),
            "postgresql" => {
                run(
                    &connection,
                    "CREATE OR REPLACE FUNCTION bulk_trigger_drops() RETURNS trigger AS \
                     'BEGIN IF NEW.id = 77 THEN RETURN NULL; END IF; RETURN NEW; END' \
                     LANGUAGE plpgsql",
                );
                run(
                    &connection,
                    "CREATE TRIGGER bulk_trigger_drops BEFORE INSERT ON bulk_trigger \
                     FOR EACH ROW EXECUTE FUNCTION bulk_trigger_drops()",
                );
            }
            // A trigger of MariaDB cannot drop a row silently.
            _ => continue,
        }
        for strategy in strategies(dbms) {
            let options = format!(r#"{{"strategy": "{strategy}"}}"#);
            let error =
                refused(insert(&connection, "bulk_trigger", vec![numbers(0..200)], &options));
            assert_eq!((error.kind, error.row), (ErrorKind::Data, Some(77)), "{dbms} {strategy}");
            assert_eq!(count(&connection, "bulk_trigger"), "0");
        }
        run(&connection, "DROP TABLE bulk_trigger");
    }
}

#[test]
fn a_constraint_that_the_commit_checks_undoes_everything() {
    for (connection, dbms) in servers() {
        match dbms {
            "sqlite" => run(&connection, "PRAGMA foreign_keys = ON"),
            "postgresql" => {}
            // MariaDB checks each row at once.
            _ => continue,
        }
        for table in ["bulk_deferred", "bulk_parent"] {
            run(&connection, &format!("DROP TABLE IF EXISTS {table}"));
        }
        run(&connection, "CREATE TABLE bulk_parent (id bigint PRIMARY KEY)");
        run(
            &connection,
            "CREATE TABLE bulk_deferred (id bigint REFERENCES bulk_parent (id) \
             DEFERRABLE INITIALLY DEFERRED, v varchar(40))",
        );
        let error = refused(insert(&connection, "bulk_deferred", vec![numbers(0..3)], ""));
        assert_eq!((error.kind, error.operation), (ErrorKind::Constraint, "bulk_insert"), "{dbms}");
        assert_eq!(error.bulk.as_ref().map(|bulk| bulk.not_committed), Some(3), "{dbms}");
        assert_eq!(count(&connection, "bulk_deferred"), "0", "{dbms}");
        for row in 0..3 {
            run(&connection, &format!("INSERT INTO bulk_parent VALUES ({row})"));
        }
        insert(&connection, "bulk_deferred", vec![numbers(0..3)], "").unwrap();
        assert_eq!(count(&connection, "bulk_deferred"), "3", "{dbms}");
    }
}

#[test]
fn columns_without_a_value_and_columns_of_other_names() {
    for (connection, _) in servers() {
        recreate(&connection, "bulk_columns");
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let nulls: ArrayRef = Arc::new(NullArray::new(2));
        let batch = RecordBatch::try_from_iter([("a", ids), ("b", nulls)]).unwrap();
        let options = r#"{"columns": ["id", "v"]}"#;
        insert(&connection, "bulk_columns", vec![batch], options).unwrap();
        let found = batches(&query(&connection, "SELECT COUNT(*), COUNT(v) FROM bulk_columns"));
        assert_eq!(support::cell(found[0].column(0), 0), "2");
        assert_eq!(support::cell(found[0].column(1), 0), "0");
        run(&connection, "DROP TABLE bulk_columns");
    }
}

#[test]
fn columns_that_sqlite_takes_for_one_are_refused() {
    let connection = connect(SQLITE);
    run(&connection, "CREATE TABLE t (a INTEGER, b INTEGER)");
    let value = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let rows = RecordBatch::try_from_iter([("a", value()), ("A", value())]).unwrap();
    let error = refused(insert(&connection, "t", vec![rows], ""));
    assert_eq!(error.kind, ErrorKind::InvalidArgument, "{error}");
}

#[test]
fn json_that_is_a_number_stays_as_it_is() {
    let connection = connect(SQLITE);
    let json = [("ARROW:extension:name".to_owned(), "arrow.json".to_owned())];
    let field = Field::new("v", DataType::Utf8, true).with_metadata(json);
    let values: ArrayRef = Arc::new(StringArray::from(vec!["1.10", "12345678901234567890"]));
    let rows = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![values]).unwrap();
    insert(&connection, "made", vec![rows.clone()], r#"{"mode": "create"}"#).unwrap();
    let found = batches(&query(&connection, "SELECT v FROM made"));
    assert_eq!(found[0].column(0), rows.column(0));
    assert_eq!(found[0].schema().field(0).metadata()["ARROW:extension:name"], "arrow.json");
}
