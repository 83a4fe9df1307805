//! Several results and named parameters.

mod support;

use std::sync::Arc;

use odbc_engine::{
    ErrorKind, Parameters, Statement, StreamOptions,
    arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray},
};
use support::{SQLITE, batches, cell, connect, query, run, server};

fn integer(value: i64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![value]))
}

#[test]
fn named_parameters_find_their_markers() {
    let connection = connect(SQLITE);
    let statement = connection.statement("SELECT :a + :b + @a AS s, ':a' AS t").unwrap();
    let named = Parameters::named([("b", integer(10)), ("a", integer(1))]).unwrap();
    for _ in 0..2 {
        statement.execute(&named).unwrap();
        let stream = statement.stream(&StreamOptions::default()).unwrap();
        let batch = &batches(&stream)[0];
        assert_eq!(
            (cell(batch.column(0), 0), cell(batch.column(1), 0)),
            ("12".into(), "\":a\"".into())
        );
    }
    for (values, message) in [
        (vec![("a", integer(1))], "parameter \"b\" has no value"),
        (vec![("a", integer(1)), ("b", integer(1)), ("c", integer(1))], "no parameter \"c\""),
    ] {
        let error = statement.execute(&Parameters::named(values).unwrap()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.contains(message), "{}", error.message);
    }
    let mixed = connection.statement("SELECT :a, ?").unwrap();
    let error = mixed.execute(&Parameters::named([("a", integer(1))]).unwrap()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(Parameters::named([("a", integer(1)), ("a", integer(2))]).is_err());
    assert!(Parameters::named([("a", integer(1)), ("", integer(2))]).is_err());
}

#[test]
fn postgresql_gives_the_results_of_several_statements() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let connection = connect(&connection_string);
    run(&connection, "DROP TABLE IF EXISTS several");
    run(&connection, "CREATE TABLE several (i INT)");
    let statement = connection
        .statement(
            "INSERT INTO several VALUES (1), (2); SELECT i FROM several; DELETE FROM several",
        )
        .unwrap();
    assert_eq!(statement.execute(&Parameters::none()).unwrap().affected_rows, Some(2));
    assert_eq!(statement.next_result().unwrap().unwrap().column_count, 1);
    let stream = statement.stream(&StreamOptions::default()).unwrap();
    assert_eq!(batches(&stream)[0].num_rows(), 2);
    let third = statement.next_result().unwrap().unwrap();
    assert_eq!((third.affected_rows, third.column_count), (Some(2), 0));
    assert_eq!(stream.fetch().unwrap_err().kind, ErrorKind::InvalidState);
    assert_eq!(statement.next_result().unwrap(), None);
    assert_eq!(statement.next_result().unwrap(), None);
}

#[test]
fn mariadb_gives_the_results_of_a_procedure() {
    let Some(connection_string) = server("ODBC_ENGINE_MARIADB") else { return };
    let connection = connect(&connection_string);
    run(&connection, "DROP PROCEDURE IF EXISTS several_results");
    run(
        &connection,
        "CREATE PROCEDURE several_results(n INT) BEGIN SELECT n AS a; SELECT 'x' AS b, n + 1 AS c; END",
    );
    let statement = connection.statement("CALL several_results(?)").unwrap();
    for n in [1, 5] {
        let first = statement.execute(&Parameters::from_arrays([integer(n)]).unwrap()).unwrap();
        assert_eq!(first.column_count, 1);
        // A result that nobody reads is passed over.
        assert_eq!(statement.next_result().unwrap().unwrap().column_count, 2);
        let stream = statement.stream(&StreamOptions::default()).unwrap();
        assert_eq!(cell(batches(&stream)[0].column(1), 0), (n + 1).to_string());
        while statement.next_result().unwrap().is_some() {}
    }
}

#[test]
fn a_statement_without_more_results_says_so() {
    let connection = connect(SQLITE);
    let statement = connection.statement("SELECT ?").unwrap();
    assert_eq!(statement.next_result().unwrap(), None);
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    statement.execute(&Parameters::from_arrays([text]).unwrap()).unwrap();
    assert_eq!(statement.next_result().unwrap(), None);
    assert_eq!(statement.next_result().unwrap(), None);
}

/// sqliteodbc 0.9998 would describe the later results as it did the first.
#[test]
fn sqlite_describes_each_execution_anew() {
    let connection = connect(SQLITE);
    let statement = connection.statement("SELECT ? AS v").unwrap();
    let values: [(ArrayRef, &str); 4] = [
        (Arc::new(Float64Array::from(vec![2.5])), "2.5"),
        (integer(9_007_199_254_740_993), "9007199254740993"),
        (Arc::new(StringArray::from(vec!["abc"])), "\"abc\""),
        (integer(1), "1"),
    ];
    for (value, expected) in values {
        statement.execute(&Parameters::from_arrays([value]).unwrap()).unwrap();
        let stream = statement.stream(&StreamOptions::default()).unwrap();
        assert_eq!(cell(batches(&stream)[0].column(0), 0), expected);
    }
}

#[test]
fn what_the_server_says_of_a_query_is_told_by_its_stream() {
    let Some(server) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let connection = connect(&server);
    run(
        &connection,
        "CREATE FUNCTION pg_temp.loud() RETURNS integer LANGUAGE plpgsql AS \
         $$ BEGIN RAISE NOTICE 'heard'; RETURN 1; END $$",
    );
    let stream = query(&connection, "SELECT pg_temp.loud() AS one");
    assert_eq!(cell(batches(&stream)[0].column(0), 0), "1");
    let warnings = stream.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].message.contains("heard"), "{warnings:?}");
}

#[test]
fn a_query_that_the_server_has_no_plan_for_is_described_anew() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    let other = connect(&connection_string);
    let make = |columns: &str| {
        run(&other, "DROP TABLE IF EXISTS made_anew");
        run(&other, &format!("CREATE TABLE made_anew AS SELECT {columns}"));
    };
    let connection = connect(&format!("{connection_string};UseServerSidePrepare=0"));
    let statement = connection.statement("SELECT v FROM made_anew WHERE 1 = ?").unwrap();
    make("1 AS v");
    for expected in ["1", "1", "\"abc\""] {
        if expected == "\"abc\"" {
            make("'abc' AS v");
        }
        statement.execute(&Parameters::from_arrays([integer(1)]).unwrap()).unwrap();
        let stream = statement.stream(&StreamOptions::default()).unwrap();
        assert_eq!(cell(batches(&stream)[0].column(0), 0), expected);
    }
    run(&other, "DROP TABLE made_anew");
}

#[test]
fn long_names_of_columns_are_whole() {
    let connection = connect(SQLITE);
    let name = "ä".repeat(2_000);
    let stream = query(&connection, &format!("SELECT 1 AS \"{name}\""));
    assert_eq!(stream.schema().field(0).name(), &name);
}

#[test]
fn names_mean_what_they_do_after_use() {
    let Some(connection_string) = server("ODBC_ENGINE_MARIADB") else { return };
    let connection = connect(&connection_string);
    // That of information_schema is not empty.
    run(&connection, "CREATE TEMPORARY TABLE engines (i int)");
    let sql = "SELECT CAST(count(*) > 0 AS CHAR) FROM engines WHERE 1 = ?";
    let values = Parameters::from_arrays([integer(1)]).unwrap();
    let ask = |statement: &Statement| {
        statement.execute(&values).unwrap();
        cell(batches(&statement.stream(&StreamOptions::default()).unwrap())[0].column(0), 0)
    };
    let (open, closed) = (connection.statement(sql).unwrap(), connection.statement(sql).unwrap());
    assert_eq!((ask(&open), ask(&closed)), ("\"0\"".into(), "\"0\"".into()));
    run(&connection, "USE information_schema");
    closed.close().unwrap();
    assert_eq!(ask(&open), "\"1\"");
    assert_eq!(ask(&connection.statement(sql).unwrap()), "\"1\"");
}
