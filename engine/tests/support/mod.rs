//! What the tests on real databases share.

#![allow(dead_code, reason = "each test binary uses its part")]

pub mod pools;

use std::{
    env,
    fmt::Write,
    path::{Path, PathBuf},
    process::Command,
};

use odbc_engine::{
    Connection, ConnectionOptions, Parameters, Stream, StreamOptions,
    arrow_array::{Array, ArrayRef, RecordBatch, cast::AsArray},
    arrow_schema::DataType,
};

pub const SQLITE: &str = "Driver=SQLite3;Database=:memory:";

/// The connection string of a server that `make test` starts; None, said aloud, where it did not.
pub fn server(variable: &str) -> Option<String> {
    let connection_string = env::var(variable).ok();
    if connection_string.is_none() {
        eprintln!("NOT RUN: {variable} is not set; `make test` starts the servers and sets it");
    }
    connection_string
}

/// Compiles a driver of the tests' own, from `source` in their folder; returns its library.
pub fn driver(library: &str, source: &str, flags: &[&str]) -> PathBuf {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(library);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(source);
    let compiled = Command::new(env::var("CC").unwrap_or_else(|_| "cc".to_owned()))
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .args(flags)
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    library
}

pub fn connect(connection_string: &str) -> Connection {
    Connection::open(connection_string, &ConnectionOptions::default()).unwrap()
}

pub fn run(connection: &Connection, sql: &str) {
    connection.execute(sql, &Parameters::none()).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

pub fn query(connection: &Connection, sql: &str) -> Stream {
    connection
        .query(sql, &Parameters::none(), &StreamOptions::default())
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

pub fn batches(stream: &Stream) -> Vec<RecordBatch> {
    std::iter::from_fn(|| stream.fetch().unwrap()).collect()
}

/// One line a column: its name, type, metadata and first values.
pub fn describe(stream: &Stream) -> String {
    let batches = batches(stream);
    let mut text = String::new();
    for (index, field) in stream.schema().fields().iter().enumerate() {
        let mut metadata: Vec<_> =
            field.metadata().iter().map(|(key, value)| format!("{key}={value}")).collect();
        metadata.sort();
        let null = if field.is_nullable() { "" } else { " not null" };
        writeln!(text, "{}: {}{null} [{}]", field.name(), field.data_type(), metadata.join(", "))
            .unwrap();
        for batch in &batches {
            for row in 0..batch.num_rows() {
                writeln!(text, "    {}", cell(batch.column(index), row)).unwrap();
            }
        }
    }
    text
}

pub fn cell(array: &ArrayRef, row: usize) -> String {
    use odbc_engine::arrow_array::types::{Float32Type, Float64Type};
    if array.is_null(row) {
        return "NULL".to_owned();
    }
    match array.data_type() {
        DataType::Utf8 => format!("{:?}", array.as_string::<i32>().value(row)),
        DataType::Binary => format!("{:02x?}", array.as_binary::<i32>().value(row)),
        DataType::FixedSizeBinary(_) => format!("{:02x?}", array.as_fixed_size_binary().value(row)),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Float32 => format!("{:?}", array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
        // The debug form of one value of any other primitive array.
        _ => {
            let text = format!("{:?}", array.slice(row, 1));
            text.lines().nth(2).unwrap_or_default().trim().trim_end_matches(',').to_owned()
        }
    }
}
