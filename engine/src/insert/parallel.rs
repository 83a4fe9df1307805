//! One bulk insert over several connections of a pool, each with its own transactions.
//!
//! The caller's thread reads the rows, cuts them into pieces without copying, and keeps each until
//! it was sent, since their memory may only be let go of there. Workers take the pieces as they
//! come, so that a slow one holds up nobody.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel, sync_channel},
    },
    thread::{self, Scope, ScopedJoinHandle},
};

use super::{
    BulkParallelOptions, BulkResult, OPERATION,
    create::prepare_table,
    plan::Plan,
    source::{Piece, Source},
    stop::Stop,
    target::Target,
    worker::{Report, Worker},
    write::Written,
};
use crate::{
    connection::{Connection, TransactionOptions},
    error::{BulkPartialFailure, Diagnostic, Error, ErrorKind, Result},
    pool::Pool,
    telemetry::Caller,
};

/// What the threads of one insert share.
pub(super) struct Common<'a> {
    pub options: &'a BulkParallelOptions,
    pub plan: Plan,
    /// Once stopped, nothing more is written, and what was not committed is undone.
    pub stop: &'a Stop,
}

/// The pieces that no worker has taken yet.
pub(super) type Line = Arc<Mutex<Receiver<Piece>>>;
/// The first row of each piece that is done with.
pub(super) type Done = Sender<u64>;

/// A worker that runs, or, where there was no connection for it, why.
type Running<'scope> = ScopedJoinHandle<'scope, std::result::Result<Report, Diagnostic>>;

/// Has no worker commit where the reader of the rows, or a worker, panics.
struct StopOfPanic<'a>(&'a Stop);

impl Drop for StopOfPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

/// Inserts rows over up to `workers` connections, of which the first is there.
pub(super) fn run(
    pool: &Pool,
    first: Connection,
    table: &str,
    mut source: Source,
    workers: usize,
    options: &BulkParallelOptions,
    stop: &Stop,
) -> Result<BulkResult> {
    let plan = prepare(&first, table, &source, options, stop)?;
    let limits = plan.limits();
    let (sender, pieces) = sync_channel::<Piece>(workers);
    let (done, sent) = channel();
    let common = &Common { options, plan, stop };
    let mut ahead = VecDeque::new();
    let (read, reports) = thread::scope(|scope| {
        let _stopping = StopOfPanic(stop);
        let mut line = Some(Arc::new(Mutex::new(pieces)));
        let mut running = Vec::new();
        let mut first = Some(first);
        let mut read = Ok(());
        loop {
            while let Ok(row) = sent.try_recv() {
                ahead.retain(|piece: &Piece| piece.first_row != row);
            }
            if stop.is_stopped() {
                break;
            }
            match source.next(limits) {
                Ok(Some(piece)) => {
                    // Another connection is only worth it for another piece.
                    if let Some(line) = &line {
                        let first = first.take();
                        let connect = || first.map_or_else(|| pool.try_acquire(), |c| Ok(Some(c)));
                        running.push(begin(scope, common, connect, line.clone(), done.clone()));
                    }
                    if running.len() == workers {
                        // Once all workers have ended, nothing is sent any more.
                        line = None;
                    }
                    ahead.push_back(piece.clone());
                    if sender.send(piece).is_err() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    read = Err(error);
                    if options.stop_on_error {
                        stop.stop();
                    }
                    break;
                }
            }
        }
        if let (Ok(()), Some(first), false) = (&read, &first, stop.is_stopped()) {
            // There are no rows that would tell whether the table is there.
            let session = first.shared().session(OPERATION);
            read = session.and_then(|mut session| common.plan.probe(&mut session));
        }
        drop((sender, line));
        (read, running.into_iter().map(join).collect::<Vec<_>>())
    });
    let all_read = source.has_ended();
    summary(common, source.row(), all_read, read.err(), reports)
}

/// Makes the table for all to see, and plans the insert.
fn prepare(
    connection: &Connection,
    table: &str,
    source: &Source,
    options: &BulkParallelOptions,
    stop: &Stop,
) -> Result<Plan> {
    connection.set_autocommit(true)?;
    let shared = connection.shared();
    let target = Target::new(table, source.schema(), &options.bulk, shared.dbms)?;
    let planned = {
        let job = shared.job(OPERATION)?;
        stop.add(connection.cancel_handle());
        if stop.is_stopped() {
            return Err(asked_to_stop());
        }
        let mut session = shared.session_of(&job)?;
        if shared.dbms.bulk.undoes_schema {
            session.begin(&TransactionOptions::default())?;
        }
        let made = prepare_table(&mut session, &target, options.bulk.mode);
        made.and_then(|()| Plan::new(&mut session, target, &options.bulk))
            .map_err(|error| session.failed(error))
    };
    let mut session = shared.session(OPERATION)?;
    let ended = match &planned {
        _ if !session.has_begun() => Ok(()),
        Ok(_) => session.commit(),
        Err(_) => session.rollback(),
    };
    planned.and_then(|plan| ended.map(|()| plan))
}

pub(super) fn asked_to_stop() -> Error {
    Error::new(ErrorKind::Cancelled, OPERATION, "the insert was asked to stop")
}

fn begin<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    common: &'env Common<'env>,
    connect: impl FnOnce() -> Result<Option<Connection>> + Send + 'scope,
    line: Line,
    done: Done,
) -> Running<'scope> {
    let caller = Caller::of_this_thread();
    scope.spawn(move || {
        // What the worker does belongs to the caller, whose thread this is not.
        let _entered = caller.enter();
        let (sqlstate, native_code, message) = match connect() {
            Ok(Some(connection)) => {
                let _stopping = StopOfPanic(common.stop);
                return Ok(Worker::new(common, &connection, line, done).run());
            }
            Ok(None) => {
                let message = "no other connection of the pool is free: fewer workers insert";
                (None, None, message.to_owned())
            }
            Err(error) => {
                let message = format!("fewer workers insert, for want of a connection: {error}");
                (error.sqlstate.clone(), error.native_code, message)
            }
        };
        let sqlstate = sqlstate.unwrap_or_else(|| "01000".to_owned());
        Err(Diagnostic { sqlstate, native_code: native_code.unwrap_or(0), message })
    })
}

fn join(running: Running<'_>) -> std::result::Result<Report, Diagnostic> {
    running.join().unwrap_or_else(|_| {
        let message = "a worker panicked";
        Ok(Report::failed(Error::new(ErrorKind::Internal, OPERATION, message)))
    })
}

/// What all of them did: the result, or the first error with what is known of the rows.
fn summary(
    common: &Common<'_>,
    read: u64,
    all_read: bool,
    failed_to_read: Option<Error>,
    reports: Vec<std::result::Result<Report, Diagnostic>>,
) -> Result<BulkResult> {
    let mut result = BulkResult::new(common.plan.strategy());
    result.workers = 0;
    let mut committed = Vec::new();
    let mut workers = Vec::new();
    let mut first: Option<(u64, Error)> = None;
    for report in reports {
        let report = match report {
            Ok(report) => report,
            Err(warning) => {
                result.warn(vec![warning]);
                continue;
            }
        };
        result.workers += 1;
        result.chunks += report.executions;
        result.warn(report.warnings);
        committed.extend(&report.committed);
        if let Some((when, error)) = report.first_error
            && first.as_ref().is_none_or(|(earlier, _)| when < *earlier)
        {
            first = Some((when, error));
        }
        workers.push(report.told);
    }
    let mut failure = BulkPartialFailure::new(read, all_read, committed);
    result.rows = failure.committed;
    // A request that came when everything was committed has stopped nothing.
    let is_done = all_read && failure.not_committed == 0;
    let stopped = (common.stop.was_asked() && !is_done).then(asked_to_stop);
    let error = first.map(|(_, error)| error).or(failed_to_read).or(stopped);
    let Some(error) = error else {
        if failure.not_committed == 0 {
            return Ok(result);
        }
        let message = format!("{} rows were not written", failure.not_committed);
        return Err(Error::new(ErrorKind::Internal, OPERATION, message).with_bulk(failure));
    };
    failure.workers = workers;
    if failure.committed == 0 {
        return Err(error.with_bulk(failure));
    }
    let message = format!(
        "{} ({} rows are committed, {} that were read are not)",
        error.message, failure.committed, failure.not_committed
    );
    Err(error.with_message(message).with_bulk(failure))
}

impl Written {
    /// Takes over what another gave.
    pub(super) fn merge_into(self, report: &mut Report) {
        report.executions += self.executions;
        Diagnostic::keep(&mut report.warnings, self.warnings, Self::WARNINGS_MAX);
    }
}
