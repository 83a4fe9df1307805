//! Where a connection's operations take place: the attributes that all of them have.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::{Context, ContextGuard, KeyValue, trace::TraceContextExt};

use super::{
    QueryText,
    describe::Description,
    is_on, parent,
    subject::{Subject, Subjects},
};
use crate::{connection::ConnectionString, dbms::Dbms, error::Result, sql::Syntax};

/// What the spans of one connection have in common.
pub(crate) struct Place {
    pub(super) attributes: Arc<[KeyValue]>,
    /// The database's name, or else the server's.
    pub(super) target: Option<Arc<str>>,
    pub(super) system: &'static str,
    syntax: Syntax,
    subjects: Arc<Subjects>,
    /// The caller's span, where it cannot be told by the thread.
    parent: Mutex<Option<Context>>,
}

const SERVERS: [&str; 6] = ["server", "servername", "host", "hostname", "address", "socket"];
const DATABASES: [&str; 4] = ["database", "dbname", "db", "initial catalog"];

impl Place {
    /// The place that a connection string tells. `dbms_name` is the database's own name, once it
    /// is known; before that, the driver's name has to do.
    pub fn new(connection_string: &str, known: Option<(&Dbms, &str)>) -> Self {
        let parsed = ConnectionString::parse(connection_string).ok();
        let get = |keys: &[&str]| {
            let values = keys.iter().filter_map(|key| parsed.as_ref()?.get(key));
            values.map(str::trim).find(|value| !value.is_empty())
        };
        let (dbms, name) = known.unwrap_or_else(|| {
            (Dbms::by_driver(get(&["driver"]).or_else(|| get(&["dsn"])).unwrap_or_default()), "")
        });
        let system = dbms.system(name);
        let mut address = Address {
            server: get(&SERVERS).map(str::to_owned),
            port: get(&["port"]).and_then(|port| port.parse().ok()),
            database: get(&DATABASES).map(str::to_owned),
        };
        match system {
            "microsoft.sql_server" => address.split_instance(),
            "oracle.db" => address.split_service(get(&["dbq"])),
            _ => {}
        }
        let mut attributes = vec![KeyValue::new("db.system.name", system)];
        let mut add = |key: &'static str, value: Option<&str>| {
            let value = value.map(Arc::<str>::from);
            attributes.extend(value.clone().map(|value| KeyValue::new(key, value)));
            value
        };
        let namespace = add("db.namespace", address.database.as_deref());
        let server = add("server.address", address.server.as_deref());
        if server.is_some() {
            let port = address.port.map(|port| KeyValue::new("server.port", i64::from(port)));
            attributes.extend(port);
        }
        Self {
            attributes: attributes.into(),
            target: namespace.or(server),
            system,
            syntax: dbms.syntax,
            subjects: Arc::default(),
            parent: Mutex::default(),
        }
    }

    /// The same place, for a caller of whom nothing is known yet.
    pub fn without_parent(&self) -> Self {
        Self {
            attributes: Arc::clone(&self.attributes),
            target: self.target.clone(),
            system: self.system,
            syntax: self.syntax,
            subjects: Arc::clone(&self.subjects),
            parent: Mutex::default(),
        }
    }

    /// Names the span that the caller's next operations belong to; none where it is empty.
    pub fn set_parent(&self, traceparent: &str) -> Result<()> {
        let context = match traceparent {
            "" => None,
            text => Some(parent::context(text)?),
        };
        *self.parent.lock().unwrap_or_else(PoisonError::into_inner) = context;
        Ok(())
    }

    /// Takes over the parent of another place.
    pub fn adopt(&self, other: &Self) {
        if is_on() {
            *self.parent.lock().unwrap_or_else(PoisonError::into_inner) = Some(other.parent());
        }
    }

    /// Makes what the place was told the parent of what this thread does, until the guard is
    /// dropped, unless something is current there.
    pub fn enter(&self) -> Option<ContextGuard> {
        is_on().then(|| self.parent().attach())
    }

    /// The parent of a span: what is current on this thread, or else what the connection was told.
    pub(super) fn parent(&self) -> Context {
        let current = Context::current();
        if current.span().span_context().is_valid() {
            return current;
        }
        let told = self.parent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        told.unwrap_or(current)
    }

    /// What a pool of connections to this place is called, by the conventions.
    pub(super) fn pool_name(&self) -> String {
        let get = |key: &str| {
            let found = self.attributes.iter().find(|attribute| attribute.key.as_str() == key);
            found.map(|attribute| attribute.value.as_str().into_owned())
        };
        let port = get("server.port").map(|port| format!(":{port}"));
        let parts =
            [get("server.address"), port, get("db.namespace").map(|name| format!("/{name}"))];
        let name: String = parts.into_iter().flatten().collect();
        if name.is_empty() { self.system.to_owned() } else { name }
    }

    /// What a statement's text is about.
    pub fn subject(&self, sql: &str) -> Arc<Subject> {
        let make = || Subject::new(self, Description::of_sql(sql, self.syntax));
        self.subjects.get(sql, make)
    }

    /// An operation on a table that no text tells of, such as a bulk insert.
    pub fn subject_of(&self, operation: &str, table: &str) -> Arc<Subject> {
        Arc::new(Subject::new(self, Description::of_operation(operation, table)))
    }

    pub(super) fn query_text(
        &self,
        wanted: QueryText,
        subject: &Subject,
        sql: &str,
    ) -> Option<KeyValue> {
        (wanted == QueryText::Sanitised && !sql.is_empty())
            .then(|| KeyValue::new("db.query.text", subject.description.text(sql, self.syntax)))
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("attributes", &self.attributes).finish_non_exhaustive()
    }
}

struct Address {
    server: Option<String>,
    port: Option<u16>,
    database: Option<String>,
}

impl Address {
    /// SQL Server's `tcp:host\instance,port`.
    fn split_instance(&mut self) {
        let Some(server) = self.server.take() else { return };
        let server = match server.split_once(':') {
            Some(("tcp" | "np" | "lpc" | "admin", rest)) => rest.to_owned(),
            _ => server,
        };
        let (server, port) = server.split_once(',').unwrap_or((&server, ""));
        self.port = port.trim().parse().ok().or(self.port);
        let (server, instance) = server.split_once('\\').unwrap_or((server, ""));
        if !instance.is_empty() {
            let database = self.database.take().unwrap_or_default();
            self.database = Some(format!("{instance}|{database}"));
        }
        self.server = Some(server.trim().to_owned());
    }

    /// Oracle's `//host:port/service`.
    fn split_service(&mut self, dbq: Option<&str>) {
        let Some(dbq) = dbq else { return };
        let Some((host, service)) = dbq.trim_start_matches('/').split_once('/') else {
            self.database = Some(dbq.to_owned());
            return;
        };
        let (host, port) = host.split_once(':').unwrap_or((host, ""));
        self.server = Some(host.to_owned());
        self.port = port.parse().ok().or(self.port);
        self.database = Some(service.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(connection_string: &str) -> Vec<String> {
        let place = Place::new(connection_string, None);
        place.attributes.iter().map(|a| format!("{}={}", a.key, a.value)).collect()
    }

    #[test]
    fn a_place_is_told_by_the_connection_string_without_its_secrets() {
        for (text, expected) in [
            (
                "Driver={PostgreSQL Unicode};Servername=db.example;Port=5433;Database=shop;\
                 UID=me;PWD={hunter2}",
                vec![
                    "db.system.name=postgresql",
                    "db.namespace=shop",
                    "server.address=db.example",
                    "server.port=5433",
                ],
            ),
            (
                "Driver=/usr/lib/libmaodbc.so;SERVER=127.0.0.1;DATABASE=shop;PASSWORD=hunter2",
                vec!["db.system.name=mariadb", "db.namespace=shop", "server.address=127.0.0.1"],
            ),
            (
                "Driver=SQLite3;Database=/tmp/a.db",
                vec!["db.system.name=sqlite", "db.namespace=/tmp/a.db"],
            ),
            (
                "Driver={ODBC Driver 18 for SQL Server};Server=tcp:h\\i,1434;Database=d;Pwd=hunter2",
                vec![
                    "db.system.name=microsoft.sql_server",
                    "db.namespace=i|d",
                    "server.address=h",
                    "server.port=1434",
                ],
            ),
            (
                "Driver={Oracle 23 ODBC driver};DBQ=//h:1521/s;Uid=u;Pwd=hunter2",
                vec![
                    "db.system.name=oracle.db",
                    "db.namespace=s",
                    "server.address=h",
                    "server.port=1521",
                ],
            ),
            ("DSN=anything;PWD=hunter2", vec!["db.system.name=other_sql"]),
            ("PWD=hunter2;x", vec!["db.system.name=other_sql"]),
        ] {
            assert_eq!(attributes(text), expected, "{text}");
        }
    }

    #[test]
    fn a_mysql_server_is_not_called_mariadb() {
        let dbms = Dbms::by_name("MySQL");
        assert_eq!(Place::new("Driver=MariaDB", Some((dbms, "MySQL"))).system, "mysql");
        assert_eq!(Place::new("Driver=MariaDB", Some((dbms, "MariaDB"))).system, "mariadb");
    }
}
