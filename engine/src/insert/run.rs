//! One bulk insert on one connection, from its first row to its commit.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TryRecvError, channel, sync_channel},
    },
    thread,
};

use super::{
    BulkMode, BulkOptions, BulkResult, OPERATION,
    chunk::Chunk,
    create::prepare_table,
    plan::Plan,
    search::find_bad_row,
    source::{Piece, Source},
    target::Target,
    write::{Writer, Written},
};
use crate::{
    cancel::Job,
    connection::{SessionGuard, Shared, TransactionOptions},
    error::{BulkPartialFailure, Error, ErrorKind, Result},
};

/// The savepoint before the rows that are sent.
const SAVEPOINT: &str = "odbc_engine_rows";

/// A connection while rows are inserted on it: other calls are refused meanwhile, but each chunk
/// takes the session only for itself, so that the rows may come from a stream of this connection.
pub(super) struct Inserter {
    shared: Arc<Shared>,
    options: BulkOptions,
    job: Job,
}

impl Drop for Inserter {
    fn drop(&mut self) {
        if let Ok(mut session) = self.shared.session_while_inserting(OPERATION) {
            session.inserting = None;
        }
    }
}

impl Inserter {
    pub fn begin(shared: &Arc<Shared>, options: &BulkOptions) -> Result<Self> {
        let job = shared.job(OPERATION)?;
        let mut session = shared.session_of(&job)?;
        session.trace("INSERT");
        session.inserting = Some(Writer::default());
        drop(session);
        Ok(Self { shared: Arc::clone(shared), options: options.clone(), job })
    }

    pub fn session(&self) -> Result<SessionGuard<'_>> {
        self.shared.session_of_while_inserting(&self.job)
    }

    pub fn finds_bad_row(&self) -> bool {
        self.options.find_bad_row
    }

    /// Whether to stop, asked before each chunk.
    fn check_interrupted(&self) -> Result<()> {
        self.session().map(drop)
    }

    /// Undoes what was not committed of a transaction that [`Inserter::prepare`] began.
    fn roll_back(&self, depth: usize) {
        // What went wrong first is what the caller must hear of.
        if let Ok(mut session) = self.shared.session_while_inserting(OPERATION)
            && session.depth() == depth
        {
            let _ = session.rollback();
        }
    }

    /// Makes the table ready and begins the transaction.
    fn prepare(&self, target: Target) -> Result<(Plan, usize)> {
        let mut session = self.session()?;
        let begins = session.autocommit;
        let undoes_schema = session.dbms.bulk.undoes_schema;
        let what = if begins {
            None
        } else if self.options.commit_every_rows.is_some() {
            Some("commit_every_rows")
        } else {
            let makes_table = !undoes_schema && self.options.mode != BulkMode::Append;
            makes_table.then_some("making a table")
        };
        if let Some(what) = what {
            let advice = if session.depth() == 0 { "turn autocommit on" } else { "end it" };
            let message = format!("{what} would commit the open transaction: {advice} first");
            return Err(Error::new(ErrorKind::InvalidState, OPERATION, message));
        }
        if !undoes_schema {
            prepare_table(&mut session, &target, self.options.mode)?;
        }
        session.begin(&TransactionOptions::default())?;
        let plan = || {
            if undoes_schema {
                prepare_table(&mut session, &target, self.options.mode)?;
            }
            Plan::new(&mut session, target, &self.options)
        };
        let planned = plan();
        let depth = session.depth();
        planned.map(|plan| (plan, depth)).map_err(|error| {
            let error = session.failed(error);
            // What went wrong first is what the caller must hear of.
            let _ = session.rollback();
            error
        })
    }

    /// Sends a chunk, behind a savepoint where its bad row is to be found.
    pub fn write(&self, plan: &Plan, chunk: &Chunk, with_savepoint: bool) -> Result<Written> {
        let mut session = self.session()?;
        let _alarm = self.job.within(self.shared.query_timeout_ms());
        if with_savepoint {
            session.savepoint(SAVEPOINT)?;
        }
        let closed = || Error::new(ErrorKind::InvalidState, OPERATION, "the insert has ended");
        let mut writer = session.inserting.take().ok_or_else(closed)?;
        let written = writer.write(&session, plan, chunk);
        session.inserting = Some(writer);
        let written = written.map_err(|error| session.failed(error))?;
        if with_savepoint {
            session.release_savepoint(SAVEPOINT)?;
        }
        Ok(written)
    }

    /// Undoes a chunk that failed.
    pub fn undo(&self) -> Result<()> {
        let mut session = self.session()?;
        session.rollback_to_savepoint(SAVEPOINT)?;
        session.release_savepoint(SAVEPOINT)
    }

    /// Sends a chunk; where a multiple of `commit_every_rows` is reached, commits.
    fn send(&self, plan: &Plan, chunk: &Chunk) -> Result<Written> {
        self.check_interrupted()?;
        let written = self.write(plan, chunk, self.options.find_bad_row)?;
        let rows = chunk.first_row + chunk.rows as u64;
        if self.options.commit_every_rows.is_some_and(|every| rows.is_multiple_of(every)) {
            let mut session = self.session()?;
            session.commit()?;
            session.begin(&TransactionOptions::default())?;
        }
        Ok(written)
    }
}

/// Leaves no transaction open where the reader of the rows panics.
struct UndoOfPanic<'a>(&'a Inserter, usize);

impl Drop for UndoOfPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.roll_back(self.1);
        }
    }
}

/// Inserts every row, or none of those that were not committed before.
pub(super) fn run(
    shared: &Arc<Shared>,
    table: &str,
    mut source: Source,
    options: &BulkOptions,
) -> Result<BulkResult> {
    options.check()?;
    let target = Target::new(table, source.schema(), options, shared.dbms)?;
    let inserter = Inserter::begin(shared, options)?;
    let (plan, depth) = inserter.prepare(target)?;
    let mut result = BulkResult::new(plan.strategy());
    let _undoing = UndoOfPanic(&inserter, depth);
    let sent = send_all(&inserter, &plan, &mut source, &mut result);
    let failure = match sent {
        Ok(()) => match inserter.session().and_then(|mut session| session.commit()) {
            Ok(()) => return Ok(result),
            Err(error) => error,
        },
        Err((error, None)) => error,
        Err((error, Some(piece))) => find_bad_row(&inserter, &plan, &piece, error),
    };
    inserter.roll_back(depth);
    let committed = match options.commit_every_rows {
        Some(every) => result.rows - result.rows % every,
        None => 0,
    };
    let ranges = Vec::from_iter((committed > 0).then_some((0, committed)));
    let report = BulkPartialFailure::new(source.row(), source.has_ended(), ranges);
    if committed == 0 {
        return Err(failure.with_bulk(report));
    }
    let message = format!("{} (the first {committed} rows are committed)", failure.message);
    Err(failure.with_message(message).with_bulk(report))
}

/// An error, and the rows whose sending failed with it.
type Failure = (Error, Option<Piece>);

/// Encodes chunks on this thread, on which the rows' memory is also let go of, while another sends
/// the ones before.
fn send_all(
    inserter: &Inserter,
    plan: &Plan,
    source: &mut Source,
    result: &mut BulkResult,
) -> std::result::Result<(), Failure> {
    let plain = |error: Error| (error, None);
    let Some(piece) = source.next(plan.limits()).map_err(plain)? else {
        let probed = inserter.session().and_then(|mut session| plan.probe(&mut session));
        return probed.map_err(plain);
    };
    let chunk = plan.encode(&piece).map_err(plain)?;
    let second = source.next(plan.limits());
    if matches!(second, Ok(None)) {
        // One chunk is not worth a thread.
        let written = inserter.send(plan, &chunk).map_err(|error| (error, Some(piece)))?;
        result.add(&chunk, written);
        return Ok(());
    }
    thread::scope(|scope| {
        let (chunks, to_send) = sync_channel(1);
        let (sent, done) = channel();
        let sending = scope.spawn(move || {
            send_each(inserter, plan, &to_send, |chunk, written| {
                // Nobody listens any more once encoding has failed.
                let _ = sent.send((chunk, written));
            })
        });
        let mut ahead = Ahead { done, waiting: VecDeque::from([piece]), result };
        let encoded = encode_each(plan, source, chunk, second, &chunks, &mut ahead);
        drop(chunks);
        let sent = sending.join().unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Internal, OPERATION, "the sending of rows panicked"))
        });
        ahead.settle();
        match (sent, encoded) {
            (Err(error), _) => Err((error, ahead.waiting.pop_front())),
            (Ok(()), encoded) => encoded.map_err(plain),
        }
    })
}

/// What was encoded and is not known to be sent yet.
struct Ahead<'a> {
    done: Receiver<(Chunk, Written)>,
    waiting: VecDeque<Piece>,
    result: &'a mut BulkResult,
}

impl Ahead<'_> {
    /// Lets go of the rows that were sent.
    fn settle(&mut self) {
        loop {
            match self.done.try_recv() {
                Ok((chunk, written)) => {
                    self.waiting.pop_front();
                    self.result.add(&chunk, written);
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }
}

fn encode_each(
    plan: &Plan,
    source: &mut Source,
    first: Chunk,
    second: Result<Option<Piece>>,
    chunks: &SyncSender<Chunk>,
    ahead: &mut Ahead<'_>,
) -> Result<()> {
    let mut chunk = first;
    let mut second = Some(second);
    loop {
        if chunks.send(chunk).is_err() {
            // The sending has failed, and tells why.
            return Ok(());
        }
        ahead.settle();
        let next = second.take().unwrap_or_else(|| source.next(plan.limits()));
        let Some(piece) = next? else { return Ok(()) };
        chunk = plan.encode(&piece)?;
        ahead.waiting.push_back(piece);
    }
}

fn send_each(
    inserter: &Inserter,
    plan: &Plan,
    chunks: &Receiver<Chunk>,
    done: impl Fn(Chunk, Written),
) -> Result<()> {
    for chunk in chunks {
        let written = inserter.send(plan, &chunk)?;
        done(chunk, written);
    }
    Ok(())
}

impl BulkResult {
    fn add(&mut self, chunk: &Chunk, written: Written) {
        self.rows += chunk.rows as u64;
        self.chunks += written.executions;
        self.warn(written.warnings);
    }
}
