//! Streams: the rows of a result, batch by batch.

mod live;
mod made;
mod prefetch;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::{
    cancel::{CancelHandle, StreamFlag, Target},
    connection::{Session, Shared, StatementKey},
    error::{Diagnostic, Error, ErrorKind, Result},
    fetch::WARNINGS_MAX,
    metrics,
    statement::{CLOSED, Statement, StatementState},
    telemetry::Reading,
};
pub(crate) use made::Batches;
pub(crate) use prefetch::Fetched;
use prefetch::Prefetch;

const OPERATION: &str = "fetch";

/// A result that is fetched at once starts no thread; that is worth it once so many batches came.
const BATCHES_BEFORE_PREFETCH: u64 = 2;
/// Handing batches from thread to thread costs a few percent, so the consumer must take at least
/// this part of the driver's time for itself before it is worth it.
const CONSUMER_SHARE_MIN: u32 = 8;

/// How far a stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Rows that were delivered.
    pub rows: u64,
    /// The bytes of their Arrow buffers.
    pub bytes: u64,
    /// The time since the stream began.
    pub elapsed: Duration,
}

/// The rows of one result.
///
/// It is closed by [`Stream::close`], by its statement's next execution, and with its statement
/// and connection. It may be used from any thread; one fetch runs at a time.
pub struct Stream {
    origin: Origin,
    schema: SchemaRef,
    closed: AtomicBool,
    /// Whether all rows were delivered.
    ended: AtomicBool,
    cancelled: StreamFlag,
    source: Mutex<Source>,
    warnings: Mutex<Vec<Diagnostic>>,
    begin: Instant,
    rows: AtomicU64,
    bytes: AtomicU64,
    reading: Reading,
    /// Whether another stream delivers these rows, and counts them.
    feeds_another: bool,
    /// The statement that nobody else holds, freed with this stream.
    statement: Option<Statement>,
}

/// Where the next batch comes from.
enum Source {
    /// From the driver, as it is asked for.
    Driver(Pace),
    /// From a thread that is ahead.
    Ahead(Prefetch),
    /// From several queries.
    Made(Box<dyn Batches>),
    Ended,
    /// From nowhere, behind an error.
    Failed,
}

/// How fast a result is fetched and consumed.
struct Pace {
    prefetch: Option<bool>,
    batches: u64,
    /// How long the driver took, and how long the consumer.
    fetching: Duration,
    consuming: Duration,
    last: Option<Instant>,
}

impl Pace {
    fn new(prefetch: Option<bool>) -> Self {
        let (fetching, consuming) = (Duration::ZERO, Duration::ZERO);
        Self { prefetch, batches: 0, fetching, consuming, last: None }
    }

    /// Notes that the consumer is back; tells whether a thread should be ahead of it.
    fn wants_prefetch(&mut self) -> bool {
        self.consuming += self.last.map_or(Duration::ZERO, |last| last.elapsed());
        self.batches += 1;
        let wins = || self.consuming * CONSUMER_SHARE_MIN >= self.fetching;
        self.batches > BATCHES_BEFORE_PREFETCH && self.prefetch.unwrap_or_else(wins)
    }

    fn fetch(&mut self, result: &ResultKey) -> Fetched {
        let begin = Instant::now();
        let fetched = result.fetch();
        self.fetching += begin.elapsed();
        self.last = Some(Instant::now());
        fetched
    }
}

/// What a stream ends with.
enum Origin {
    Result(Arc<ResultKey>),
    Connection(Arc<Shared>),
}

impl Origin {
    fn check(&self) -> Result<()> {
        match self {
            Self::Result(result) => result.check(),
            Self::Connection(shared) if shared.is_closed() => Err(closed("")),
            Self::Connection(_) => Ok(()),
        }
    }

    fn shared(&self) -> &Arc<Shared> {
        match self {
            Self::Result(result) => &result.shared,
            Self::Connection(shared) => shared,
        }
    }

    fn give_up(&self, error: Error) -> Error {
        match self {
            Self::Result(result) => result.give_up(error),
            Self::Connection(_) => error,
        }
    }
}

/// The place of a result: its statement, and its number there.
pub(crate) struct ResultKey {
    pub shared: Arc<Shared>,
    pub statement: StatementKey,
    pub number: u64,
    /// The number of the result that its statement reads at present; 0 for none.
    pub reading: Arc<AtomicU64>,
    pub flag: StreamFlag,
    pub query_timeout_ms: u32,
}

impl ResultKey {
    /// Whether the result is still being read.
    fn check(&self) -> Result<()> {
        let reading = self.reading.load(Ordering::Acquire);
        if reading == self.number && !self.shared.is_closed() {
            return Ok(());
        }
        let went_on = reading > self.number && reading != CLOSED;
        Err(closed(if went_on { ": its statement went on" } else { "" }))
    }

    /// Fetches the next batch from the driver. After a failure the caller gives the result up.
    fn fetch(&self) -> Fetched {
        let (mut warnings, mut last) = (Vec::new(), false);
        let mut fetch = || {
            let control = &self.shared.control;
            let job = control.begin(OPERATION, Some(self.statement), Some(&self.flag))?;
            let mut session = self.shared.session_of_while_inserting(&job)?;
            let _alarm = job.within(self.query_timeout_ms);
            self.check()?;
            let context = session.context(OPERATION);
            let state = session.statements.get_mut(self.statement).ok_or_else(|| closed(""))?;
            let fetched = state.fetch(context, &mut warnings);
            let batch;
            let awaited = state.take_awaited();
            if fetched.is_err() || state.is_failing() {
                // A commit must not pass over it, whenever the consumer comes to it.
                session.note_failure();
            }
            let stopped = || control.was_late().is_some();
            let is_stale =
                awaited.is_some() && !stopped() && session.schema_mark() != awaited && !stopped();
            if is_stale {
                return Err(changed());
            }
            (batch, last) = fetched.map_err(|error| control.explain(error).0)?;
            match control.was_late() {
                // What the driver was asked to stop it may not go on with.
                Some((cause, _)) => Err(cause.error(OPERATION)),
                None => Ok(batch),
            }
        };
        let batch = fetch();
        Fetched { batch, last, warnings }
    }

    /// Gives the result up after an error, unless its statement has gone on.
    fn give_up(&self, error: Error) -> Error {
        // Nothing is read any more that a request for another call could stop as well.
        self.shared.control.close_stream(&self.flag);
        let Ok(mut session) = self.shared.session_while_inserting(OPERATION) else { return error };
        if self.check().is_err() {
            return error;
        }
        if let Some(state) = session.statements.get_mut(self.statement) {
            state.fail_reading(&error, self.shared.dbms);
        }
        // The server knows nothing of a stream that is cancelled between its batches.
        match error.kind {
            ErrorKind::Cancelled if error.records.is_empty() => error,
            _ => session.failed(error),
        }
    }
}

fn changed() -> Error {
    let message =
        "tables changed between the query's execution and its first rows: execute it again";
    Error::new(ErrorKind::Transaction, OPERATION, message)
}

fn closed(because: &str) -> Error {
    Error::new(ErrorKind::InvalidState, OPERATION, format!("the stream is closed{because}"))
}

impl Stream {
    /// The stream of one result.
    pub(crate) fn new(
        result: ResultKey,
        schema: SchemaRef,
        prefetch: Option<bool>,
        reading: Reading,
    ) -> Self {
        let source = Source::Driver(Pace::new(prefetch));
        let (flag, statement) = (result.flag.clone(), Some(result.statement));
        result.shared.control.open_stream(&flag, statement, Vec::new());
        Self::of(Origin::Result(Arc::new(result)), flag, schema, source, reading)
    }

    /// A stream of several queries, which ends with a connection.
    pub(crate) fn made(shared: &Arc<Shared>, schema: SchemaRef, batches: Box<dyn Batches>) -> Self {
        let flag = StreamFlag::default();
        shared.control.open_stream(&flag, None, batches.cancel_handles());
        let origin = Origin::Connection(Arc::clone(shared));
        Self::of(origin, flag, schema, Source::Made(batches), Reading::default())
    }

    fn of(
        origin: Origin,
        cancelled: StreamFlag,
        schema: SchemaRef,
        source: Source,
        reading: Reading,
    ) -> Self {
        Self {
            origin,
            schema,
            closed: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            cancelled,
            source: Mutex::new(source),
            warnings: Mutex::default(),
            begin: Instant::now(),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            reading,
            feeds_another: false,
            statement: None,
        }
    }

    /// The same stream, which also closes its statement, and tells what that had to say.
    pub(crate) fn owning(mut self, statement: Statement) -> Self {
        *lock(&self.warnings) = statement.warnings();
        self.statement = Some(statement);
        self
    }

    /// The same stream, whose rows another one delivers.
    pub(crate) fn feeding_another(mut self) -> Self {
        self.feeds_another = true;
        self
    }

    /// The columns of the result.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next rows, or None at the end, however often it is asked. After an error the stream is
    /// closed; the rows before it were delivered.
    pub fn fetch(&self) -> Result<Option<RecordBatch>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(closed(""));
        }
        let mut source = lock(&self.source);
        if self.closed.load(Ordering::Acquire) {
            return Err(closed(""));
        }
        self.origin.check()?;
        if self.ended.load(Ordering::Acquire) {
            // What has come to its end cannot be cancelled any more.
            return Ok(None);
        }
        if self.cancelled.is_set() {
            drop(source);
            return Err(self.was_cancelled());
        }
        let fetched = self.fetch_from(&mut source)?;
        if fetched.batch.is_err() {
            // Whoever waits for the lock must not find an end behind the error.
            *source = Source::Failed;
        }
        drop(source);
        Diagnostic::keep(&mut lock(&self.warnings), fetched.warnings, WARNINGS_MAX);
        match &fetched.batch {
            Ok(batch) => {
                if let Some(batch) = batch {
                    if self.cancelled.is_set() {
                        return Err(self.was_cancelled());
                    }
                    self.count(batch);
                }
                if fetched.last {
                    self.end();
                }
            }
            // The driver's own words are better than that the stream was cancelled.
            Err(error) if error.kind == ErrorKind::Cancelled => {}
            Err(_) if self.cancelled.is_set() => return Err(self.was_cancelled()),
            Err(_) => {}
        }
        fetched.batch.map_err(|error| match self.origin {
            Origin::Result(_) => self.fail(error),
            Origin::Connection(_) => self.give_up(error),
        })
    }

    fn count(&self, batch: &RecordBatch) {
        let (rows, bytes) = (batch.num_rows() as u64, metrics::batch_bytes(batch));
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.reading.batch(rows, bytes);
        if !self.feeds_another {
            metrics::count_batch(rows, bytes);
        }
    }

    /// Notes that all rows were delivered.
    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.origin.shared().control.close_stream(&self.cancelled);
        self.reading.end(None);
    }

    fn fetch_from(&self, source: &mut Source) -> Result<Fetched> {
        Ok(match (&mut *source, &self.origin) {
            (Source::Driver(pace), Origin::Result(result)) => {
                if pace.wants_prefetch() {
                    let ahead = Prefetch::start(result)?;
                    let fetched = ahead.next();
                    *source = Source::Ahead(ahead);
                    fetched
                } else {
                    pace.fetch(result)
                }
            }
            (Source::Ahead(ahead), _) => ahead.next(),
            (Source::Made(batches), origin) => {
                let control = &origin.shared().control;
                let job = control.begin(OPERATION, None, Some(&self.cancelled));
                let mut fetched = match job {
                    Ok(_job) => batches.next(),
                    Err(error) => {
                        metrics::count_error(&error);
                        Fetched::plain(Err(error))
                    }
                };
                // Each of the queries may say the same.
                let told = lock(&self.warnings);
                fetched.warnings.retain(|warning| !told.contains(warning));
                fetched
            }
            (Source::Failed, _) => return Err(closed("")),
            _ => Fetched::plain(Ok(None)),
        })
    }

    /// Counts an error, and ends the stream with it.
    fn fail(&self, error: Error) -> Error {
        metrics::count_error(&error);
        self.give_up(error)
    }

    /// Ends the stream with an error.
    fn give_up(&self, error: Error) -> Error {
        if let Origin::Connection(_) = self.origin {
            self.closed.store(true, Ordering::Release);
        }
        self.let_go();
        let error = self.origin.give_up(error);
        self.reading.end(Some(&error));
        error
    }

    /// Lets go of threads that are ahead, unless somebody waits for them at this moment.
    fn let_go(&self) {
        if let Ok(mut source) = self.source.try_lock() {
            *source = Source::Ended;
        }
    }

    fn was_cancelled(&self) -> Error {
        self.fail(Error::new(ErrorKind::Cancelled, OPERATION, "the stream was cancelled"))
    }

    /// Whether all rows were delivered, so that fetching would give no more. It may not be known
    /// before a fetch has found none.
    pub fn is_at_end(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// What stops this stream, from any thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.origin.shared().cancel_handle(Target::Stream(self.cancelled.clone()))
    }

    /// Asks that no more rows be fetched, without waiting: the fetch that runs or comes next fails
    /// with an error of kind Cancelled, at once where the database can stop what runs, else once
    /// the driver has given its batch.
    pub fn cancel(&self) {
        // A stream can be cancelled on every database.
        let _ = self.cancel_handle().cancel();
    }

    /// How far the stream has come.
    pub fn progress(&self) -> Progress {
        Progress {
            rows: self.rows.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            elapsed: self.begin.elapsed(),
        }
    }

    /// What the driver had to say while rows were fetched, so far.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        lock(&self.warnings).clone()
    }

    /// The same, for who tells it on.
    pub(crate) fn take_warnings(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut *lock(&self.warnings))
    }

    /// Closes the stream; its statement can be executed again. Closing again does nothing.
    pub fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.reading.end(None);
        self.origin.shared().control.close_stream(&self.cancelled);
        self.let_go();
        match &self.origin {
            Origin::Result(result) => {
                result.shared.close_in_session(|session| self.close_in(session, result))
            }
            Origin::Connection(_) => Ok(()),
        }
    }

    fn close_in(&self, session: &mut Session, result: &ResultKey) {
        if self.statement.is_some() {
            session.close_statement(result.statement);
        } else if let Some(state) = session.statements.get_mut(result.statement) {
            StatementState::close_reading(state, result.number);
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.origin.shared().control.close_stream(&self.cancelled);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
