//! Calls of what PostgreSQL has beside plain procedures.

mod support;

use std::sync::Arc;

use odbc_engine::{
    Connection, ErrorKind, Parameters, ProcedureCall, StreamOptions,
    arrow_array::{ArrayRef, Int64Array, StringArray, new_null_array},
    arrow_schema::DataType,
};
use support::{batches, cell, connect, run, server};

fn integer(value: i64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![value]))
}

fn null() -> ArrayRef {
    new_null_array(&DataType::Int64, 1)
}

/// The rows of the present result.
fn rows(call: &ProcedureCall) -> Vec<Vec<String>> {
    let stream = call.statement.stream(&StreamOptions::default()).unwrap();
    let batches = batches(&stream);
    let rows = batches.iter().flat_map(|batch| {
        let row = |row| batch.columns().iter().map(|column| cell(column, row)).collect();
        (0..batch.num_rows()).map(row).collect::<Vec<_>>()
    });
    rows.collect()
}

fn outputs(call: &ProcedureCall) -> Vec<(String, String)> {
    let fields = call.outputs.schema();
    let named = fields.fields().iter().zip(call.outputs.columns());
    named.map(|(field, column)| (field.name().clone(), cell(column, 0))).collect()
}

/// A connection with a schema of its own, which is the first of its path.
fn connection(schema: &str) -> Option<Connection> {
    let connection = connect(&server("ODBC_ENGINE_POSTGRESQL")?);
    run(&connection, &format!("DROP SCHEMA IF EXISTS {schema} CASCADE"));
    run(&connection, &format!("CREATE SCHEMA {schema}"));
    run(&connection, &format!("SET search_path = {schema}, public"));
    Some(connection)
}

#[test]
fn functions_are_called_whatever_they_return() {
    let Some(connection) = connection("call_functions") else { return };
    let row = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
    for (function, sql, expected) in [
        ("nothing(a int) RETURNS void", "SELECT 1", vec![row(&["NULL"])]),
        ("one(a int) RETURNS int", "SELECT a", vec![row(&["1"])]),
        (
            "many(a int) RETURNS SETOF int",
            "SELECT a UNION ALL SELECT a + 1",
            vec![row(&["1"]), row(&["2"])],
        ),
        ("wide(a int) RETURNS TABLE (b int, c int)", "SELECT a, a + 1", vec![row(&["1", "2"])]),
        ("giving(a int, OUT b int, OUT c int)", "SELECT a, a + 1", vec![row(&["1", "2"])]),
        ("adding(INOUT a int)", "SELECT a + 1", vec![row(&["2"])]),
    ] {
        run(&connection, &format!("CREATE FUNCTION {function} LANGUAGE sql AS '{sql}'"));
        let name = function.split('(').next().unwrap();
        for name in [name.to_owned(), format!("call_functions.{name}")] {
            let values = Parameters::from_arrays([integer(1)]).unwrap();
            let call = connection.call(&name, &values).unwrap();
            assert_eq!(rows(&call), expected, "{name}");
            assert_eq!(outputs(&call), []);
        }
    }
    let all = Parameters::from_arrays([integer(1), null(), null()]).unwrap();
    let call = connection.call("giving", &all).unwrap();
    assert_eq!(rows(&call), [row(&["1", "2"])]);
    run(&connection, "DROP SCHEMA call_functions CASCADE");
}

#[test]
fn a_temporary_procedure_gives_its_outputs() {
    let Some(connection) = connection("call_temporary") else { return };
    let body = "LANGUAGE plpgsql AS 'BEGIN b := a + 1; END'";
    run(&connection, &format!("CREATE PROCEDURE pg_temp.next(a int, INOUT b int) {body}"));
    let values = Parameters::from_arrays([integer(1), null()]).unwrap();
    let call = connection.call("pg_temp.next", &values).unwrap();
    assert_eq!(outputs(&call), [("b".to_owned(), "2".to_owned())]);
    run(&connection, "DROP SCHEMA call_temporary CASCADE");
}

#[test]
fn names_are_those_of_the_procedure_that_is_called() {
    let Some(connection) = connection("call_first") else { return };
    run(&connection, "CREATE SCHEMA IF NOT EXISTS call_archive");
    let make = |schema: &str, parameters: &str| {
        let sql = format!(
            "CREATE OR REPLACE PROCEDURE {schema}.pay(a int, {parameters}) LANGUAGE plpgsql \
             AS 'BEGIN fee := fee + a; END'"
        );
        run(&connection, &sql);
    };
    // That of the other schema comes first in the catalog.
    make("call_archive", "INOUT total int, INOUT fee int");
    make("call_first", "INOUT fee int, INOUT total int");
    let named =
        [("a", integer(1)), ("fee", integer(10)), ("total", integer(100))].map(|(n, v)| (n, v));
    let call = connection.call("pay", &Parameters::named(named).unwrap()).unwrap();
    let told = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(outputs(&call), [told("fee", "11"), told("total", "100")]);
    // Which of them the values' types choose is not known before the call.
    run(
        &connection,
        "CREATE PROCEDURE call_first.pay(a text, INOUT total int, INOUT fee int) LANGUAGE plpgsql \
         AS 'BEGIN fee := 0; END'",
    );
    let text: ArrayRef = Arc::new(StringArray::from(vec!["t"]));
    let values = Parameters::from_arrays([text, integer(1), integer(2)]).unwrap();
    let Err(refused) = connection.call("pay", &values) else { panic!("it was called") };
    assert_eq!(refused.kind, ErrorKind::InvalidArgument, "{refused}");
    run(&connection, "DROP SCHEMA call_archive CASCADE");
    run(&connection, "DROP SCHEMA call_first CASCADE");
}
