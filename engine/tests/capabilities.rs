//! doc/capabilities.md has what connections say of themselves.
//!
//! With ODBC_ENGINE_BLESS set this writes the page's table anew.

mod support;

use std::{env, fs, path::Path};

use odbc_engine::{Connection, ConnectionOptions};
use serde_json::{Map, Value};
use support::{SQLITE, server};

const BEGIN: &str =
    "<!-- The table below is generated: ODBC_ENGINE_BLESS=1, test capabilities. -->\n";
const END: &str = "<!-- The table above is generated. -->\n";

fn capabilities(connection_string: &str, json: &str) -> Map<String, Value> {
    let options = ConnectionOptions::from_json(json).unwrap();
    let connection = Connection::open(connection_string, &options).unwrap();
    let value = serde_json::to_value(connection.capabilities()).unwrap();
    value.as_object().unwrap().clone()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[test]
fn the_page_tells_what_connections_tell() {
    let servers = ["ODBC_ENGINE_POSTGRESQL", "ODBC_ENGINE_MARIADB"].map(server);
    let [Some(postgresql), Some(mariadb)] = servers else { return };
    let without = r#"{"cancel_connection": false}"#;
    let columns = [
        ("PostgreSQL", capabilities(&postgresql, "")),
        ("MariaDB", capabilities(&mariadb, "")),
        ("MariaDB without `cancel_connection`", capabilities(&mariadb, without)),
        ("SQLite", capabilities(SQLITE, "")),
    ];
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let mut table = format!("| member | {} |\n", names.join(" | "));
    table += &format!("|---|{}\n", "---|".repeat(columns.len()));
    for member in columns[0].1.keys() {
        let cells: Vec<_> = columns.iter().map(|(_, column)| shown(&column[member])).collect();
        table += &format!("| `{member}` | {} |\n", cells.join(" | "));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../doc/capabilities.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page marks where its table begins");
    let (written, after) = rest.split_once(END).expect("the page marks where its table ends");
    let expected = format!("\n{table}\n");
    if env::var_os("ODBC_ENGINE_BLESS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        return;
    }
    assert!(written == expected, "doc/capabilities.md is stale; it should say\n{table}");
}
