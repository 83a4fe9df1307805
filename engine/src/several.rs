//! Long results that are read by several queries: in parts over several connections, or page by
//! page.

mod bounds;
mod pages;
mod parts;

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, SchemaRef, extension::EXTENSION_TYPE_NAME_KEY};
use serde::Deserialize;

use crate::{
    connection::Shared,
    dbms::Dbms,
    error::{Error, ErrorKind, Result},
    identifier, metrics,
    options::{StreamOptions, from_members, invalid, object},
    parameters::Parameters,
    statement::Statement,
    stream::Stream,
};

pub(crate) use pages::read as read_pages;
pub(crate) use parts::read as read_parts;

/// How a query is divided into parts, which several connections read at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PartitionOptions {
    /// A column of numbers, dates or timestamps, whose range is divided.
    pub column: Option<String>,
    /// Instead of a column: one condition on the query's columns for each part. Together they
    /// must meet every row once.
    pub predicates: Vec<String>,
    /// How many connections read at once: 1 to 64; 0, the default, is one for each processor.
    pub connections: usize,
}

/// How a query is read page by page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageOptions {
    /// The column that orders the rows, each of which has its own value there, never NULL.
    pub key: String,
    /// The rows of a page: 2 to 10,000,000; 100,000 unless set.
    #[serde(default = "PageOptions::default_rows")]
    pub rows: usize,
}

impl PartitionOptions {
    const CONNECTIONS_MAX: usize = 64;

    /// Reads the options from a JSON object.
    pub fn from_json(json: &str) -> Result<Self> {
        from_members(object(json, "partition")?, "partition")
    }

    fn check(&self) -> Result<()> {
        if self.column.is_some() != self.predicates.is_empty() {
            let message = "give either the \"column\" to partition on, or \"predicates\"";
            return Err(invalid("partition", message.to_owned()));
        }
        if self.connections > Self::CONNECTIONS_MAX {
            let message = format!("\"connections\" must be 0 to {}", Self::CONNECTIONS_MAX);
            return Err(invalid("partition", message));
        }
        Ok(())
    }

    fn connections(&self) -> usize {
        match self.connections {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            connections => connections,
        }
    }
}

impl PageOptions {
    fn default_rows() -> usize {
        100_000
    }

    /// Reads the options from a JSON object.
    pub fn from_json(json: &str) -> Result<Self> {
        from_members(object(json, "page")?, "page")
    }

    fn check(&self) -> Result<()> {
        if (2..=10_000_000).contains(&self.rows) {
            return Ok(());
        }
        Err(invalid("page", format!("\"rows\" must be 2 to 10,000,000, not {}", self.rows)))
    }
}

/// A query within another one.
fn nested(sql: &str, parameters: &Parameters, operation: &'static str) -> Result<String> {
    if parameters.is_named() {
        let message = "a query that is read in several takes its parameters by position";
        return Err(invalid(operation, message.to_owned()));
    }
    let sql = sql.trim_end_matches(|c: char| c.is_whitespace() || c == ';');
    // A comment at the end must not swallow the parenthesis.
    Ok(format!("({sql}\n) q"))
}

/// The name of a column as SQL text takes it, and as a result has it.
fn column(name: &str, dbms: &Dbms, operation: &'static str) -> Result<(String, String)> {
    let parts = identifier::parse(name, dbms.syntax, operation)?;
    match parts.as_slice() {
        [part] => Ok((part.sql(dbms.bulk.quotes), part.folded(dbms.folding))),
        _ => Err(invalid(operation, format!("{name:?} is not the name of a column alone"))),
    }
}

/// All rows of a short query.
fn rows(shared: &Arc<Shared>, sql: &str, parameters: &Parameters) -> Result<Vec<RecordBatch>> {
    let stream = start(shared, sql, parameters, &StreamOptions::default())?;
    std::iter::from_fn(|| stream.fetch().transpose()).collect()
}

fn start(
    shared: &Arc<Shared>,
    sql: &str,
    parameters: &Parameters,
    options: &StreamOptions,
) -> Result<Stream> {
    let statement = Statement::feeding_insert(shared, sql)?;
    statement.execute(parameters)?;
    Ok(statement.stream(options)?.owning(statement))
}

/// The batch of one of the queries as one of them all, whose columns must be the same.
fn fitting(batch: RecordBatch, schema: &SchemaRef, operation: &'static str) -> Result<RecordBatch> {
    let given = batch.schema();
    if Arc::ptr_eq(&given, schema) {
        return Ok(batch);
    }
    let mut pairs = given.fields().iter().zip(schema.fields());
    match pairs.find(|(one, all)| !are_alike(one, all)) {
        Some((one, all)) if one.name() == all.name() => Err(data_error(
            operation,
            format!(
                "column {:?} is {} in one of the queries and {} in another: cast it to one type",
                all.name(),
                all.data_type(),
                one.data_type()
            ),
        )),
        None if given.fields().len() == schema.fields().len() => {
            RecordBatch::try_new(Arc::clone(schema), batch.columns().to_vec())
                .map_err(|error| data_error(operation, error.to_string()))
        }
        _ => Err(data_error(operation, "the columns of the query have changed")),
    }
}

/// Whether values of two fields are told alike, whatever their drivers say of lengths.
fn are_alike(one: &Field, other: &Field) -> bool {
    let same = |key| one.metadata().get(key) == other.metadata().get(key);
    one.name() == other.name()
        && one.data_type() == other.data_type()
        && same("odbc.logical")
        && same(EXTENSION_TYPE_NAME_KEY)
}

/// An error that no query has counted.
fn data_error(operation: &'static str, message: impl Into<String>) -> Error {
    let error = Error::new(ErrorKind::Data, operation, message);
    metrics::count_error(&error);
    error
}
