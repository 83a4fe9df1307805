//! Reading the parts of a query over several connections at once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use arrow_array::{Array, ArrayRef, cast::AsArray};
use arrow_schema::{FieldRef, Schema, SchemaRef};

use super::{PartitionOptions, bounds, column, fitting, nested};
use crate::{
    cancel::CancelHandle,
    connection::{Connection, Shared},
    dbms::{Dbms, SharedSnapshot},
    error::{Error, ErrorKind, Result},
    options::StreamOptions,
    parameters::Parameters,
    stream::{Batches, Fetched, Stream},
};

const OPERATION: &str = "partition";

/// The query of one part, with its parameters.
type Part = (String, Parameters);
/// The parts that no connection has taken yet.
type Line = Arc<Mutex<std::vec::IntoIter<Part>>>;

/// Streams a query whose parts are read by connections of their own, in any order.
pub(crate) fn read(
    shared: &Arc<Shared>,
    sql: &str,
    parameters: &Parameters,
    partition: &PartitionOptions,
    options: &StreamOptions,
) -> Result<Stream> {
    partition.check()?;
    options.check()?;
    let parameters = &parameters.copied();
    let query = nested(sql, parameters, OPERATION)?;
    let job = shared.job(OPERATION)?;
    let first = shared.connect_for_long_result()?;
    let mut stops = vec![first.stop_handle()];
    job.also_stops(first.stop_handle());
    let snapshot = shared.dbms.shared_snapshot;
    let snapshot_id = snapshot.map(|how| export(&first, how)).transpose()?;
    let parts = match &partition.column {
        None => by_predicates(&query, parameters, &partition.predicates),
        Some(on) => by_column(shared, &first, &query, parameters, on, partition.connections())?,
    };
    let mut others = Vec::new();
    while others.len() + 1 < parts.len().min(partition.connections()) {
        job.check()?;
        let other = shared.connect_for_long_result()?;
        stops.push(other.stop_handle());
        job.also_stops(other.stop_handle());
        if let (Some(how), Some(id)) = (snapshot, &snapshot_id) {
            other.execute(&how.import.replace("{}", id), &Parameters::none())?;
        }
        others.push(other);
    }
    let options = StreamOptions { prefetch: Some(false), ..options.clone() };
    let mut parts = parts.into_iter();
    let no_part = || Error::new(ErrorKind::Internal, OPERATION, "a query has no part");
    let (sql, parameters) = parts.next().ok_or_else(no_part)?;
    let line = Arc::new(Mutex::new(parts));
    let (sender, batches) = sync_channel(others.len() + 1);
    let mut gathered = Box::new(Parts { batches, stops, schema: SchemaRef::new(Schema::empty()) });
    // A driver may return from an execution only once it has every row, so all begin together.
    for other in others {
        spawn(other, None, &line, &sender, &options)?;
    }
    // This part is begun here, so that what is wrong with the query is told at once.
    let begun = first.query(&sql, &parameters, &options)?.feeding_another();
    let schema = begun.schema();
    gathered.schema = Arc::clone(&schema);
    spawn(first, Some(begun), &line, &sender, &options)?;
    Ok(Stream::made(shared, schema, gathered))
}

/// Begins a transaction whose view of the data others can share; returns its name.
fn export(connection: &Connection, how: SharedSnapshot) -> Result<String> {
    let statement = connection.statement(how.export)?;
    let mut execution = Some(statement.execute(&Parameters::none())?);
    while execution.as_ref().is_some_and(|execution| execution.column_count == 0) {
        execution = statement.next_result()?;
    }
    let row = statement.stream(&StreamOptions::default())?.fetch()?;
    let name = row.as_ref().and_then(|row| row.column(0).as_string_opt::<i32>());
    name.map(|name| name.value(0).to_owned()).ok_or_else(|| {
        Error::new(ErrorKind::Driver, OPERATION, "the database gave no name of a snapshot")
    })
}

fn by_predicates(query: &str, parameters: &Parameters, predicates: &[String]) -> Vec<Part> {
    let part = |predicate: &String| {
        (format!("SELECT * FROM {query} WHERE ({predicate}\n)"), parameters.clone())
    };
    predicates.iter().map(part).collect()
}

/// Divides the range of a column; the first part has the rows without a value too.
fn by_column(
    shared: &Shared,
    first: &Connection,
    query: &str,
    parameters: &Parameters,
    on: &str,
    connections: usize,
) -> Result<Vec<Part>> {
    let (on, _) = column(on, shared.dbms, OPERATION)?;
    let starts = match range(shared.dbms, first, query, parameters, &on)? {
        Some((field, least, greatest)) => bounds::divide(&field, &least, &greatest, connections)?,
        None => Vec::new(),
    };
    if starts.is_empty() {
        return Ok(vec![(format!("SELECT * FROM {query}"), parameters.clone())]);
    }
    let mut parts = Vec::new();
    for index in 0..=starts.len() {
        let (from, to) = (index.checked_sub(1).map(|before| &starts[before]), starts.get(index));
        let condition = match (from, to) {
            (None, _) => format!("{on} < ? OR {on} IS NULL"),
            (Some(_), Some(_)) => format!("{on} >= ? AND {on} < ?"),
            (Some(_), None) => format!("{on} >= ?"),
        };
        let limits = Parameters::from_arrays(from.into_iter().chain(to).cloned())?;
        let sql = format!("SELECT * FROM {query} WHERE {condition}");
        parts.push((sql, parameters.clone().followed_by(limits)));
    }
    Ok(parts)
}

/// The least and the greatest value of a column, each as an array of one; None where it has none.
fn range(
    dbms: &Dbms,
    connection: &Connection,
    query: &str,
    parameters: &Parameters,
    on: &str,
) -> Result<Option<(FieldRef, ArrayRef, ArrayRef)>> {
    let ask = |sql: &str| connection.query(sql, parameters, &StreamOptions::default())?.fetch();
    if dbms.expressions_are_typed {
        let row = ask(&format!("SELECT MIN({on}) AS least, MAX({on}) AS greatest FROM {query}"))?;
        let some = row.filter(|row| row.column(0).is_valid(0));
        return Ok(some.map(|row| {
            let field = Arc::clone(&row.schema().fields()[0]);
            (field, Arc::clone(row.column(0)), Arc::clone(row.column(1)))
        }));
    }
    let (before, behind) = dbms.limit.around(1);
    let first_by = |order: &str| {
        ask(&format!(
            "SELECT {before}{on} FROM {query} WHERE {on} IS NOT NULL ORDER BY {order} {behind}"
        ))
    };
    let ends = first_by(on)?.zip(first_by(&format!("{on} DESC"))?);
    Ok(ends.map(|(least, greatest)| {
        let field = Arc::clone(&least.schema().fields()[0]);
        (field, Arc::clone(least.column(0)), Arc::clone(greatest.column(0)))
    }))
}

/// Begins to read the next part of the line.
fn begin(connection: &Connection, line: &Line, options: &StreamOptions) -> Result<Option<Stream>> {
    let next = line.lock().unwrap_or_else(PoisonError::into_inner).next();
    next.map(|(sql, parameters)| {
        Ok(connection.query(&sql, &parameters, options)?.feeding_another())
    })
    .transpose()
}

/// Reads parts on a thread until the line is empty, or nobody listens.
fn spawn(
    connection: Connection,
    begun: Option<Stream>,
    line: &Line,
    sender: &SyncSender<Fetched>,
    options: &StreamOptions,
) -> Result<()> {
    let (line, sender, options) = (Arc::clone(line), sender.clone(), options.clone());
    let work = move || {
        let mut stream = begun;
        let mut next = || -> Result<Option<Fetched>> {
            if stream.is_none() {
                stream = begin(&connection, &line, &options)?;
            }
            let Some(open) = &stream else { return Ok(None) };
            let batch = open.fetch()?;
            let (last, warnings) = (batch.is_none(), open.take_warnings());
            if last {
                stream = None;
            }
            Ok(Some(Fetched { batch: Ok(batch), last, warnings }))
        };
        loop {
            // A panic would look like the end of the part.
            let fetched = catch_unwind(AssertUnwindSafe(&mut next)).unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Internal, OPERATION, "the reading panicked"))
            });
            let failed = fetched.is_err();
            let fetched = fetched.unwrap_or_else(|error| Some(Fetched::plain(Err(error))));
            let Some(message) = fetched else { return };
            if sender.send(message).is_err() || failed {
                return;
            }
        }
    };
    let spawned = thread::Builder::new().name("odbc_part".to_owned()).spawn(work);
    spawned.map(drop).map_err(|error| {
        Error::new(ErrorKind::Limit, OPERATION, format!("no thread for a part: {error}"))
    })
}

/// The batches of all parts, as they come.
struct Parts {
    /// What the connections fetched; the `last` of one is that of its part.
    batches: Receiver<Fetched>,
    stops: Vec<CancelHandle>,
    /// The columns of them all.
    schema: SchemaRef,
}

impl Drop for Parts {
    /// Stops what still reads, since nobody wants it.
    fn drop(&mut self) {
        for stop in &self.stops {
            // What cannot be stopped ends once it finds nobody listening.
            let _ = stop.ask();
        }
    }
}

impl Batches for Parts {
    fn next(&mut self) -> Fetched {
        let mut warnings = Vec::new();
        loop {
            let Ok(mut fetched) = self.batches.recv() else {
                return Fetched { batch: Ok(None), last: true, warnings };
            };
            warnings.append(&mut fetched.warnings);
            if !fetched.last {
                let fit = |batch| fitting(batch, &self.schema, OPERATION);
                let batch = fetched.batch.and_then(|batch| batch.map(fit).transpose());
                return Fetched { batch, warnings, ..fetched };
            }
        }
    }

    fn cancel_handles(&self) -> Vec<CancelHandle> {
        self.stops.clone()
    }
}
