//! The demo of the README: the same table as from Python and Dart.

use std::{
    env,
    io::{self, IsTerminal as _},
    sync::Arc,
};

use odbc_engine::{
    Connection, ConnectionOptions, Parameters, Progress, Result, StreamOptions,
    arrow_array::{
        Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray,
        cast::AsArray, temporal_conversions::date32_to_datetime,
    },
};

type Pet<'a> = (i64, &'a str, Option<f64>, i32, bool);

/// Dates are days since 1970-01-01, as Arrow counts them.
const PETS: [Pet<'_>; 3] = [
    (1, "Zoë", Some(12.5), 19_448, true),
    (2, "Łatka", Some(99.95), 19_782, false),
    (3, "Mochi 😺", None, 18_992, true),
];

fn main() -> Result<()> {
    let connection_string = env::var("ODBC_ENGINE_DEMO")
        .unwrap_or_else(|_| "Driver=SQLite3;Database=:memory:".to_owned());
    let connection = Connection::open(&connection_string, &ConnectionOptions::default())?;
    connection.execute(
        "CREATE TABLE pet (id INTEGER PRIMARY KEY, name VARCHAR(40), price DOUBLE, born DATE, \
         active BOOLEAN)",
        &Parameters::none(),
    )?;
    let insert = connection
        .statement("INSERT INTO pet (id, name, price, born, active) VALUES (?, ?, ?, ?, ?)")?;
    for (id, name, price, born, active) in PETS {
        let values: [ArrayRef; 5] = [
            Arc::new(Int64Array::from(vec![id])),
            Arc::new(StringArray::from(vec![name])),
            Arc::new(Float64Array::from(vec![price])),
            Arc::new(Date32Array::from(vec![born])),
            Arc::new(BooleanArray::from(vec![active])),
        ];
        insert.execute(&Parameters::from_arrays(values)?)?;
    }
    let stream = connection.query(
        "SELECT id, name, price, born, active FROM pet ORDER BY id",
        &Parameters::none(),
        &StreamOptions::default(),
    )?;
    let names: Vec<_> = stream.schema().fields().iter().map(|f| f.name().clone()).collect();
    println!("{}", names.join(" | "));
    while let Some(batch) = stream.fetch()? {
        for row in 0..batch.num_rows() {
            let cells: Vec<_> = batch.columns().iter().map(|column| cell(column, row)).collect();
            println!("{}", cells.join(" | "));
        }
    }
    if io::stderr().is_terminal() { read_with_bar(&connection) } else { Ok(()) }
}

/// Reads every twelve pets side by side, and shows on a terminal how far that is.
fn read_with_bar(connection: &Connection) -> Result<()> {
    const WIDTH: u64 = 40;
    let total = 3_u64.pow(12);
    let twelve = (1..=12).map(|number| format!("pet p{number}")).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT p1.id FROM {twelve}");
    let stream = connection.query(&sql, &Parameters::none(), &StreamOptions::default())?;
    while stream.fetch()?.is_some() {
        let Progress { rows, elapsed, .. } = stream.progress();
        let done = rows * WIDTH / total;
        let bar = "#".repeat(done as usize) + &".".repeat((WIDTH - done) as usize);
        eprint!("\r[{bar}] {rows} rows, {} ms", elapsed.as_millis());
    }
    eprintln!();
    Ok(())
}

fn cell(column: &ArrayRef, row: usize) -> String {
    use odbc_engine::arrow_array::types::{Date32Type, Float64Type, Int64Type};
    if column.is_null(row) {
        return "NULL".to_owned();
    }
    if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
        numbers.value(row).to_string()
    } else if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
        format!("{:.2}", numbers.value(row))
    } else if let Some(days) = column.as_primitive_opt::<Date32Type>() {
        date32_to_datetime(days.value(row)).map_or_else(String::new, |at| at.date().to_string())
    } else if let Some(flags) = column.as_boolean_opt() {
        flags.value(row).to_string()
    } else {
        column.as_string::<i32>().value(row).to_owned()
    }
}
