//! What the engine's spans tell, as they are finished in memory.

mod support;

use std::sync::Arc;

use odbc_engine::{
    BulkOptions, CatalogFunction, CatalogQuery, Connection, ConnectionOptions, ErrorKind,
    Parameters, StreamOptions,
    arrow_array::{Int64Array, RecordBatch, RecordBatchIterator},
};
use serde_json::{Value, json};
use support::{MEMORY, SQLITE, alone, spans};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn open() -> Connection {
    let text = format!("{SQLITE};PWD=hunter2");
    Connection::open(&text, &ConnectionOptions::default()).unwrap()
}

fn run(connection: &Connection, sql: &str) {
    connection.execute(sql, &Parameters::none()).unwrap();
}

fn read(connection: &Connection, sql: &str) {
    let options = StreamOptions { batch_rows_max: 2, ..StreamOptions::default() };
    let stream = connection.query(sql, &Parameters::none(), &options).unwrap();
    while stream.fetch().unwrap().is_some() {}
}

/// The attributes of a span that are not the connection's.
fn own(span: &Value) -> Value {
    let mut attributes = span["attributes"].as_object().unwrap().clone();
    assert_eq!(attributes.remove("db.system.name"), Some(json!("sqlite")));
    assert_eq!(attributes.remove("db.namespace"), Some(json!(":memory:")));
    Value::Object(attributes)
}

#[test]
fn every_operation_is_a_span() {
    let _alone = alone(MEMORY);
    let connection = open();
    run(&connection, "CREATE TABLE t (a integer)");
    run(&connection, "INSERT INTO t VALUES (47110815), (2), (3), (4), (5) -- secret");
    read(&connection, "SELECT a FROM t WHERE a <> 47110815");
    let column = Arc::new(Int64Array::from(vec![6, 7, 8]));
    let batch = RecordBatch::try_from_iter([("a", column as _)]).unwrap();
    let schema = batch.schema();
    let rows = Box::new(RecordBatchIterator::new([Ok(batch)], schema));
    connection.bulk_insert("t", rows, &BulkOptions::default()).unwrap();
    let query = CatalogQuery::new(CatalogFunction::Tables);
    connection.catalog(&query).unwrap();
    let error = connection.execute("SELECT nope FROM t", &Parameters::none()).unwrap_err();
    let (spans, text) = spans();
    let names: Vec<_> = spans.iter().map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "connect :memory:",
            "CREATE TABLE t",
            "INSERT t",
            "SELECT t",
            "fetch SELECT t",
            "BATCH INSERT t",
            "catalog :memory:",
            "SELECT t"
        ]
    );
    assert!(spans.iter().all(|span| span["kind"] == "client" && span["scope"] == "odbc_engine"));
    assert_eq!(
        own(&spans[2]),
        json!({
            "odbc_engine.operation": "execute", "db.operation.name": "INSERT",
            "db.query.summary": "INSERT t", "db.collection.name": "t",
            "db.query.text": "INSERT INTO t VALUES (?), (?), (?), (?), (?)",
            "odbc_engine.affected_rows": 5
        })
    );
    assert_eq!(own(&spans[4])["db.response.returned_rows"], 4);
    assert_eq!(own(&spans[4])["odbc_engine.batches"], 2);
    let events = spans[4]["events"].as_array().unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["name"], "batch");
    assert_eq!(events[0]["attributes"]["odbc_engine.batch.rows"], 2);
    assert_eq!(own(&spans[5])["db.operation.batch.size"], 3);
    assert_eq!(own(&spans[5])["db.operation.name"], "BATCH INSERT");
    let failed = &spans[7];
    assert_eq!(failed["status"], json!({"code": "error", "message": "Syntax"}));
    assert_eq!(error.kind, ErrorKind::Syntax);
    assert_eq!(own(failed)["db.response.status_code"], json!(error.sqlstate));
    assert_eq!(own(failed)["error.type"], json!(error.sqlstate));
    assert_eq!(own(failed)["odbc_engine.error.kind"], "Syntax");
    for secret in ["hunter2", "47110815", "secret", "nope: "] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[test]
fn spans_are_children_of_what_the_connection_or_the_thread_was_told() {
    let _alone = alone(MEMORY);
    let entered = odbc_engine::telemetry::enter(PARENT).unwrap();
    let connection = open();
    drop(entered);
    run(&connection, "CREATE TABLE t (a integer)");
    connection.set_trace_context(PARENT).unwrap();
    read(&connection, "SELECT 1");
    let entered = odbc_engine::telemetry::enter(&PARENT.replace("b7ad", "aaaa")).unwrap();
    run(&connection, "SELECT 2");
    drop(entered);
    connection.set_trace_context("").unwrap();
    run(&connection, "SELECT 3");
    let error = connection.set_trace_context("no").unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    let (all, _) = spans();
    let options = ConnectionOptions { trace_context: Some(PARENT.into()), ..Default::default() };
    run(&Connection::open(SQLITE, &options).unwrap(), "SELECT 4");
    assert!(spans().0.iter().all(|span| span["trace_id"] == TRACE));
    let options = ConnectionOptions { trace_context: Some("no".into()), ..Default::default() };
    let error = Connection::open(SQLITE, &options).map(drop).unwrap_err();
    assert!(error.message.contains("\"trace_context\""), "{}", error.message);
    let spans = all;
    let parents: Vec<_> = spans.iter().map(|span| span["parent_span_id"].as_str()).collect();
    let told = Some("b7ad6b7169203331");
    assert_eq!(parents, [told, None, told, told, Some("aaaa6b7169203331"), None]);
    for (span, parent) in spans.iter().zip(parents) {
        assert_eq!(span["trace_id"] == TRACE, parent.is_some());
    }
}

#[test]
fn what_is_not_sampled_is_not_kept() {
    let _alone = alone(MEMORY);
    let connection = open();
    connection.set_trace_context(&PARENT.replace("-01", "-00")).unwrap();
    run(&connection, "SELECT 1");
    let (spans, _) = spans();
    assert_eq!(spans.len(), 1, "only the connect");
}

#[test]
fn connecting_in_vain_is_a_span_without_the_password() {
    let _alone = alone(MEMORY);
    let text = "Driver=/nowhere/libpsqlodbcw.so;Server=db.example;Port=5432;Database=shop;\
                UID=me;PWD=hunter2";
    assert!(Connection::open(text, &ConnectionOptions::default()).is_err());
    let (spans, text) = spans();
    let [span] = spans.as_slice() else { panic!("{text}") };
    assert_eq!(span["name"], "connect shop");
    let attributes = &span["attributes"];
    assert_eq!(attributes["db.system.name"], "postgresql");
    assert_eq!(attributes["server.address"], "db.example");
    assert_eq!(attributes["server.port"], 5432);
    assert_eq!(attributes["odbc_engine.error.kind"], "Driver");
    assert!(!text.contains("hunter2"));
}

#[test]
fn texts_can_be_left_out() {
    let _alone = alone(r#"{"exporter": "memory", "query_text": "off"}"#);
    run(&open(), "SELECT 1");
    assert!(!spans().1.contains("db.query.text"));
}
