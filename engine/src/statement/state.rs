//! The driver's side of a statement.

mod reading;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::{
    cancel::{Cause, Phase},
    catalog::{self, CatalogQuery},
    connection::{Prepared, SchemaMark},
    dbms::Dbms,
    error::{Error, ErrorKind, Result},
    fetch::Cursor,
    handle::{Context, Outcome, StatementHandle},
    metrics::{Gauge, Open, count_prepare},
    parameters::BoundParameters,
    statement::{
        CLOSED, Execution,
        held::{HeldResult, HeldResults},
        steady::Steadiness,
    },
    types::ColumnInfo,
};

/// Where the rows of the present result come from.
enum Reader {
    Driver(Box<Cursor>, Vec<ColumnInfo>),
    Memory(VecDeque<RecordBatch>),
}

/// How a driver may have lost what it has not given yet of a result.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Loss {
    /// A statement that failed has cost it the cursor, by which it fetched so many rows at once:
    /// with fewer, it had all of them.
    Cursor { rows: u64 },
    /// A transaction that began has ended the result, unless more rows come.
    Rest { fetched: u64 },
}

/// A statement within its session. Field order is drop order: the handle lets go of what is bound
/// before that is freed.
pub(crate) struct StatementState {
    handle: Option<StatementHandle>,
    /// What reads the present result.
    reader: Option<Reader>,
    /// What read the last result of the prepared text, with its columns: it is bound already.
    parked: Option<(Box<Cursor>, Vec<ColumnInfo>)>,
    /// Some drivers read parameters while they fetch, so the values stay until the next execution.
    parameters: BoundParameters,
    /// Whether they are bound to the handle.
    parameters_bound: bool,
    /// What the handle is prepared for: the text, and its number of markers.
    prepared: Option<(String, usize)>,
    /// Whether it may be executed again as it is prepared.
    steadiness: Steadiness,
    /// The tables that the present result is described for, until its first rows are there.
    awaited: Option<SchemaMark>,
    /// Whether it was prepared before the present execution, perhaps long ago.
    prepared_before: bool,
    /// The session's number when it was prepared.
    generation: u64,
    failed: bool,
    /// Why the present execution's result is not to be read.
    stopped: Option<Cause>,
    executed: bool,
    /// Whether the last execution had a result set.
    gave_rows: bool,
    /// The number of the present result, counted over all executions.
    result: u64,
    /// Whether that is not the first of its execution.
    later: bool,
    /// That number while a stream reads the result, otherwise 0.
    reading: Arc<AtomicU64>,
    column_count: usize,
    /// The results, where they were read into memory.
    held: Option<HeldResults>,
    /// What the driver may call the end of the present result although it is not.
    loss: Option<Loss>,
    /// The columns of a catalog function's result.
    standard: Option<Vec<ColumnInfo>>,
    _gauge: Gauge,
}

impl StatementState {
    pub fn new() -> Self {
        Self {
            handle: None,
            reader: None,
            parked: None,
            parameters: BoundParameters::default(),
            parameters_bound: false,
            prepared: None,
            steadiness: Steadiness::default(),
            awaited: None,
            prepared_before: false,
            generation: 0,
            failed: false,
            stopped: None,
            executed: false,
            gave_rows: false,
            result: 0,
            later: false,
            reading: Arc::default(),
            column_count: 0,
            held: None,
            loss: None,
            standard: None,
            _gauge: Gauge::new(Open::Statement),
        }
    }

    pub fn has_handle(&self) -> bool {
        self.handle.is_some()
    }

    /// Whether the next execution wants a new handle.
    pub fn wants_handle(&self, dbms: &Dbms) -> bool {
        self.handle.is_none() || (self.failed && !dbms.handle_survives_errors)
    }

    pub fn set_handle(&mut self, handle: StatementHandle) {
        self.drop_handle();
        self.handle = Some(handle);
    }

    fn drop_handle(&mut self) {
        // The old handle goes before the buffers that are bound to it.
        self.handle = None;
        self.end_result();
        self.parked = None;
        self.prepared = None;
        self.steadiness = Steadiness::Unknown;
        self.parameters_bound = false;
    }

    /// Gives the execution up whose statement was stopped. Closing may leave it running in
    /// sqliteodbc 0.9998, and for as long SQLite's interrupt lasts.
    fn stop(&mut self, dbms: &Dbms) {
        if dbms.cancelling.stops_all {
            self.drop_handle();
        }
        self.end_execution();
    }

    /// Takes over a handle that another statement of the same text has prepared.
    pub fn set_prepared(&mut self, prepared: Prepared) {
        self.set_handle(prepared.handle);
        self.prepared = Some((prepared.sql, prepared.markers));
    }

    /// Forgets what was prepared before names may have changed their meaning: MariaDB 10.11 goes on
    /// to execute it in the database in which it was prepared.
    pub fn renew(&mut self, generation: u64, dbms: &Dbms) {
        if std::mem::replace(&mut self.generation, generation) != generation
            && !dbms.keeps_prepared_queries
        {
            self.prepared = None;
        }
    }

    /// Keeps what is prepared in another generation.
    pub fn keep_prepared(&mut self, generation: u64) {
        self.generation = generation;
    }

    /// Closes the statement, and tells what the driver had against it.
    pub fn free(mut self, context: Context) -> Result<()> {
        self.end_result();
        self.handle.take().map_or(Ok(()), |handle| handle.free(context))
    }

    /// The prepared handle, where another statement may use it.
    pub fn into_prepared(mut self, generation: u64, dbms: &Dbms) -> Option<Prepared> {
        self.renew(generation, dbms);
        if self.failed || (self.gave_rows && !dbms.keeps_prepared_queries) {
            return None;
        }
        self.end_execution();
        self.unbind();
        let (sql, markers) = self.prepared.take()?;
        let mut handle = self.handle.take()?;
        handle.reset_parameters();
        Some(Prepared { handle, sql, markers })
    }

    /// Whether a failure may only mean that what was prepared, be it a moment ago, no longer fits its
    /// tables. What writes is tried again only where it was prepared by an execution before.
    pub fn is_stale(&self, error: &Error, reads_only: bool) -> bool {
        // PostgreSQL's "cached plan must not change result type" and "no such statement".
        (self.prepared_before || reads_only)
            && matches!(error.sqlstate.as_deref(), Some("0A000" | "26000"))
    }

    /// Forgets the present result; what else the execution gave can still be had.
    fn end_result(&mut self) {
        match self.reader.take() {
            // What a text was prepared for are the columns of its first result.
            Some(Reader::Driver(cursor, columns))
                if self.prepared.is_some() && !self.failed && !self.later =>
            {
                self.parked = Some((cursor, columns));
            }
            Some(Reader::Driver(..)) => self.unbind(),
            _ => {}
        }
        self.reading.store(0, Ordering::Release);
        self.column_count = 0;
    }

    /// Unbinds the columns, and only then lets go of what they were bound to.
    pub fn unbind(&mut self) {
        if let Some(handle) = &mut self.handle {
            handle.unbind_columns();
        }
        self.parked = None;
    }

    /// Forgets the execution with all its results.
    fn end_execution(&mut self) {
        self.end_result();
        self.held = None;
        if let Some(handle) = &mut self.handle {
            handle.close();
        }
    }

    /// Puts results that were read into memory in the place of the driver's; returns the first.
    pub fn hold(&mut self, results: Vec<HeldResult>) -> Execution {
        self.end_execution();
        self.result += 1;
        self.held = Some(HeldResults::new(results));
        self.begin_held().unwrap_or_default()
    }

    fn begin_held(&mut self) -> Option<Execution> {
        let execution = self.held.as_ref()?.execution().cloned()?;
        self.column_count = execution.column_count;
        Some(execution)
    }

    /// Begins to read the present result from memory, if it is there: its columns and number.
    pub fn read_held(&mut self) -> Option<(SchemaRef, u64)> {
        if self.reader.is_some() {
            return None;
        }
        let (schema, batches) = self.held.as_mut()?.take_rows()?;
        self.reader = Some(Reader::Memory(batches));
        self.reading.store(self.result, Ordering::Release);
        Some((schema, self.result))
    }

    /// Executes with the parameters of the execution before.
    pub fn execute_again(&mut self, sql: &str, context: Context) -> Result<Execution> {
        let parameters = std::mem::take(&mut self.parameters);
        self.execute(sql, parameters, context)
    }

    pub fn execute(
        &mut self,
        sql: &str,
        parameters: BoundParameters,
        context: Context,
    ) -> Result<Execution> {
        self.end_execution();
        self.failed = true;
        self.stopped = None;
        self.loss = None;
        self.awaited = None;
        let outcome = self.run(sql, parameters, context)?;
        let execution = self.begin_result(outcome, context)?;
        self.gave_rows = execution.column_count > 0;
        self.failed = false;
        Ok(execution)
    }

    /// Asks the catalog, on a handle of its own.
    pub fn ask_catalog(
        &mut self,
        query: &CatalogQuery,
        handle: StatementHandle,
        context: Context,
    ) -> Result<()> {
        let handle = self.handle.insert(handle);
        let returned = handle.call_raw(Phase::Other, context, || query.call(handle))?;
        handle.check(returned, context)?;
        let standard = catalog::infos(query.function);
        let found = handle.column_count(context)?;
        if found < standard.len() {
            return Err(Error::new(
                ErrorKind::Driver,
                context.operation,
                format!("the driver gave {found} columns where ODBC has {}", standard.len()),
            ));
        }
        self.column_count = standard.len();
        self.standard = Some(standard);
        self.executed = true;
        Ok(())
    }

    fn run(&mut self, sql: &str, parameters: BoundParameters, context: Context) -> Result<Outcome> {
        self.result += 1;
        self.later = false;
        let first = !std::mem::replace(&mut self.executed, true);
        const HANDLE: &str = "a statement is executed on a handle";
        let same_text = self.is_prepared_for(sql);
        let is_prepared =
            same_text && (self.steadiness.is_marked() || !self.repeats_query(sql, context.dbms));
        self.prepared_before = is_prepared;
        if first && !is_prepared && parameters.len() == 0 && !sql.contains('?') {
            return self.handle.as_mut().expect(HANDLE).execute_direct(sql, context);
        }
        if !is_prepared {
            self.prepared = None;
            self.parameters_bound = false;
            if !same_text {
                self.steadiness = Steadiness::Unknown;
                self.unbind();
            }
            let handle = self.handle.as_mut().expect(HANDLE);
            count_prepare();
            handle.prepare(sql, context)?;
            self.prepared = Some((sql.to_owned(), handle.parameter_count(context)?));
        }
        let markers = self.prepared.as_ref().map_or(0, |(_, markers)| *markers);
        if markers != parameters.len() {
            // Nothing was executed, so the handle is as good as before.
            self.failed = false;
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                context.operation,
                format!(
                    "the statement has {markers} parameter markers, but {} parameters were given",
                    parameters.len()
                ),
            ));
        }
        self.bind(parameters, context)?;
        let handle = self.handle.as_mut().expect(HANDLE);
        // SAFETY: The bound values are kept beside the handle until it is closed or dropped.
        unsafe { handle.execute(context) }
    }

    fn is_prepared_for(&self, sql: &str) -> bool {
        self.prepared.as_ref().is_some_and(|(text, _)| text == sql)
    }

    /// Whether this is a prepared query that has given a result, whose types the driver keeps.
    pub fn repeats_query(&self, sql: &str, dbms: &Dbms) -> bool {
        dbms.sticking_types.is_some() && self.gave_rows && self.is_prepared_for(sql)
    }

    /// Whether the query may be executed again as it is prepared.
    pub fn steadiness(&mut self) -> &mut Steadiness {
        &mut self.steadiness
    }

    /// Notes for which tables the result is described whose rows are yet to be read.
    pub fn await_rows(&mut self, mark: Option<SchemaMark>) {
        self.awaited = mark;
    }

    /// That, once: what has been read is of these tables or of none.
    pub fn take_awaited(&mut self) -> Option<SchemaMark> {
        self.awaited.take()
    }

    /// The tables that the columns of the present result are of; None where one is of none.
    pub fn base_tables(&self) -> Option<BTreeSet<String>> {
        let handle = self.handle.as_ref()?;
        (1..=self.column_count).map(|number| handle.base_table(number as u16)).collect()
    }

    /// Binds parameters, unless those that are bound can take their values.
    fn bind(&mut self, parameters: BoundParameters, context: Context) -> Result<()> {
        let new = if self.parameters_bound {
            let Err(new) = self.parameters.replace(parameters) else { return Ok(()) };
            new
        } else {
            parameters
        };
        if let Some(handle) = &mut self.handle {
            // Only then may the values go that were bound.
            handle.reset_parameters();
            self.parameters = new;
            self.parameters_bound = false;
            self.parameters.bind(handle, context)?;
            self.parameters_bound = true;
        }
        Ok(())
    }

    /// Goes on to the next result of the execution, if it has one.
    pub fn next_result(&mut self, context: Context) -> Result<Option<Execution>> {
        self.end_result();
        if !self.executed || self.failed {
            return Ok(None);
        }
        let Some(handle) = &mut self.handle else { return Ok(None) };
        self.result += 1;
        if let Some(held) = &mut self.held {
            held.advance();
            return Ok(self.begin_held());
        }
        let outcome = handle.more_results(context)?;
        if outcome == Outcome::NoData {
            return Ok(None);
        }
        self.later = true;
        self.begin_result(outcome, context).map(Some)
    }

    /// Looks at what a call has brought: a result set, or a count of rows.
    fn begin_result(&mut self, outcome: Outcome, context: Context) -> Result<Execution> {
        let handle = self.handle.as_mut().expect("a statement is executed on a handle");
        // Where it succeeded all the same, the driver manager believes in no result any more, and
        // knows the columns of what was prepared only.
        let cancelled = handle.was_cancelled();
        let counted = handle.column_count(context);
        self.column_count = if cancelled { counted.unwrap_or(0) } else { counted? };
        let affected_rows = match outcome {
            _ if self.column_count > 0 || cancelled => None,
            // A searched update or delete that found nothing.
            Outcome::NoData => Some(0),
            _ => handle.row_count(),
        };
        Ok(Execution {
            affected_rows,
            column_count: self.column_count,
            warnings: outcome.into_warnings(),
        })
    }

    /// Whether the driver manager believes in no result any more, whatever the last call brought.
    pub fn was_cancelled(&self) -> bool {
        self.handle.as_ref().is_some_and(StatementHandle::was_cancelled)
    }

    /// Whether there is a result of the driver's to read.
    pub fn has_result(&self) -> bool {
        self.column_count > 0 && self.held.is_none() && !self.failed
    }

    /// What the driver calls the cursor of the present result.
    pub fn cursor_name(&self) -> Option<String> {
        self.handle.as_ref().and_then(StatementHandle::cursor_name)
    }

    /// The rows of the present result that the driver has given.
    pub fn fetched(&self) -> u64 {
        match &self.reader {
            Some(Reader::Driver(cursor, _)) => cursor.fetched(),
            _ => 0,
        }
    }

    /// Whether a failure is to be told behind rows of the present result.
    pub fn is_failing(&self) -> bool {
        matches!(&self.reader, Some(Reader::Driver(cursor, _)) if cursor.is_failing())
    }

    /// Notes that the driver may have lost the rest of the present result, of which it says nothing.
    pub fn lose(&mut self, loss: Loss) {
        if self.has_result() && self.loss.is_none() {
            self.loss = Some(loss);
        }
    }

    /// Has the present result not be read, since the execution was to stop.
    pub fn cancel_result(&mut self, cause: Cause, dbms: &Dbms) {
        self.stop(dbms);
        self.stopped = Some(cause);
    }

    pub fn column_count(&self) -> usize {
        self.column_count
    }

    /// Tells streams, without the session's lock, which result is being read.
    pub fn reading(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.reading)
    }
}

impl Drop for StatementState {
    fn drop(&mut self) {
        self.reading.store(CLOSED, Ordering::Release);
    }
}
