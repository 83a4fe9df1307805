//! A driver that fails to close a statement is told of, and holds nothing else up.

mod support;

use odbc_engine::{ErrorKind, Parameters, clear_all_statements, metrics};
use support::{connect, driver};

#[test]
fn clearing_tells_of_a_statement_that_stays_and_closes_the_others() {
    let library = driver("libstubborn.so", "stubborn_driver.c", &[]);
    let connection = connect(&format!("Driver={}", library.display()));
    let open: Vec<_> = (0..3).map(|_| connection.statement("DO SOMETHING").unwrap()).collect();
    for statement in &open {
        statement.execute(&Parameters::none()).unwrap();
    }
    assert_eq!(metrics().open_statements, 3);
    let error = clear_all_statements().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Driver);
    assert_eq!(error.operation, "clear");
    assert!(error.message.contains("1 of 3 statements"), "{}", error.message);
    assert_eq!(metrics().open_statements, 0);
    for statement in &open {
        let closed = statement.execute(&Parameters::none()).unwrap_err();
        assert_eq!(closed.kind, ErrorKind::InvalidState);
    }
    assert_eq!(clear_all_statements().unwrap(), 0);
    connection.execute("DO SOMETHING", &Parameters::none()).unwrap();
    connection.close().unwrap();
}
