//! One of the connections over which rows are inserted at once.

use std::sync::{
    PoisonError,
    atomic::{AtomicU64, Ordering},
};

use super::{
    OPERATION,
    parallel::{Common, Done, Line},
    run::Inserter,
    search,
    source::Piece,
};
use crate::{
    connection::{Connection, TransactionOptions},
    error::{BulkWorker, Diagnostic, Error, ErrorKind, Result},
};

/// Tells which of several errors came first.
static TIME: AtomicU64 = AtomicU64::new(0);

/// What a worker did.
#[derive(Default)]
pub(super) struct Report {
    pub executions: u64,
    pub warnings: Vec<Diagnostic>,
    /// The ranges of rows that are committed.
    pub committed: Vec<(u64, u64)>,
    pub first_error: Option<(u64, Error)>,
    pub told: BulkWorker,
}

impl Report {
    /// More would only repeat themselves.
    const ERRORS_MAX: usize = 100;

    pub fn failed(error: Error) -> Self {
        let mut report = Self::default();
        report.add(error);
        report
    }

    fn add(&mut self, error: Error) {
        if self.told.errors.len() < Self::ERRORS_MAX {
            self.told.errors.push((*error).clone());
        }
        self.first_error.get_or_insert_with(|| (TIME.fetch_add(1, Ordering::Relaxed), error));
    }

    fn is_full(&self) -> bool {
        self.told.errors.len() >= Self::ERRORS_MAX
    }
}

pub(super) struct Worker<'a> {
    common: &'a Common<'a>,
    connection: &'a Connection,
    line: Line,
    done: Done,
    report: Report,
    /// The rows that were written and are not yet committed.
    open: Vec<(u64, u64)>,
    given: u64,
}

/// Whether a worker goes on.
enum Next {
    GoOn,
    End,
}

impl<'a> Worker<'a> {
    pub fn new(common: &'a Common<'a>, connection: &'a Connection, line: Line, done: Done) -> Self {
        let report = Report::default();
        Self { common, connection, line, done, report, open: Vec::new(), given: 0 }
    }

    /// Inserts pieces until there is none left, or the insert is to stop.
    pub fn run(mut self) -> Report {
        if let Err(error) = self.begin().and_then(|inserter| self.work(&inserter)) {
            self.fail(error);
        }
        self.roll_back();
        let committed: u64 = self.report.committed.iter().map(|(begin, end)| end - begin).sum();
        self.report.told.committed = committed;
        self.report.told.not_committed = self.given - committed;
        self.report
    }

    fn begin(&self) -> Result<Inserter> {
        self.connection.set_autocommit(true)?;
        self.common.stop.add(self.connection.cancel_handle());
        let inserter = Inserter::begin(self.connection.shared(), &self.common.options.bulk)?;
        inserter.session()?.begin(&TransactionOptions::default())?;
        Ok(inserter)
    }

    /// Undoes what was not committed.
    fn roll_back(&self) {
        if let Ok(mut session) = self.connection.shared().session_while_inserting(OPERATION)
            && session.has_begun()
        {
            // What went wrong before is what the caller must hear of.
            let _ = session.rollback();
        }
    }

    fn work(&mut self, inserter: &Inserter) -> Result<()> {
        while let Some(piece) = self.next_piece() {
            self.given += piece.batch.num_rows() as u64;
            let first_row = piece.first_row;
            let next = if self.common.stop.is_stopped() {
                Ok(Next::End)
            } else {
                self.send(inserter, &piece)
            };
            drop(piece);
            // Nobody listens any more where the caller has given up.
            let _ = self.done.send(first_row);
            if matches!(next?, Next::End) {
                return Ok(());
            }
        }
        if self.common.stop.is_stopped() { Ok(()) } else { self.commit() }
    }

    /// The next piece of the line; None at its end.
    fn next_piece(&self) -> Option<Piece> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }

    fn send(&mut self, inserter: &Inserter, piece: &Piece) -> Result<Next> {
        let Common { options, plan, .. } = self.common;
        let with_savepoint = options.bulk.find_bad_row || !options.stop_on_error;
        let encoded = plan.encode(piece);
        let was_sent = encoded.is_ok();
        match encoded.and_then(|chunk| inserter.write(plan, &chunk, with_savepoint)) {
            Ok(written) => {
                written.merge_into(&mut self.report);
                self.wrote(piece);
                self.commit_on_the_way(inserter)?;
                Ok(Next::GoOn)
            }
            Err(error) if options.stop_on_error => {
                if !was_sent || !search::is_of_a_row(&error) {
                    return Err(error);
                }
                // Looking for the row takes a while, in which the others would come to their end.
                self.common.stop.hold();
                Err(search::find_bad_row(inserter, plan, piece, error))
            }
            Err(error) => self.leave_out(inserter, piece, error, was_sent),
        }
    }

    /// Goes on without the rows of a piece that failed, where that can be.
    fn leave_out(
        &mut self,
        inserter: &Inserter,
        piece: &Piece,
        error: Error,
        was_sent: bool,
    ) -> Result<Next> {
        if !search::is_of_a_row(&error) {
            return Err(error);
        }
        if was_sent && inserter.undo().is_err() {
            // The database has ended the whole transaction.
            return Err(error);
        }
        let find = was_sent && inserter.finds_bad_row() && !self.report.is_full();
        let found = if find {
            search::name_bad_row(inserter, &self.common.plan, piece, error)
        } else {
            Ok(error)
        };
        self.fail(found?);
        Ok(Next::GoOn)
    }

    fn wrote(&mut self, piece: &Piece) {
        let end = piece.first_row + piece.batch.num_rows() as u64;
        match self.open.last_mut() {
            Some(last) if last.1 == piece.first_row => last.1 = end,
            _ => self.open.push((piece.first_row, end)),
        }
    }

    fn commit_on_the_way(&mut self, inserter: &Inserter) -> Result<()> {
        let Some(every) = self.common.options.bulk.commit_every_rows else { return Ok(()) };
        if self.open.iter().map(|(begin, end)| end - begin).sum::<u64>() < every {
            return Ok(());
        }
        self.commit()?;
        inserter.session()?.begin(&TransactionOptions::default())
    }

    /// What is to be committed is not stopped any more: nobody could tell whether it was.
    fn commit(&mut self) -> Result<()> {
        self.connection.shared().session_while_inserting(OPERATION)?.commit()?;
        self.report.committed.append(&mut self.open);
        Ok(())
    }

    fn fail(&mut self, error: Error) {
        let stop = self.common.stop;
        if error.kind == ErrorKind::Cancelled && stop.is_stopped() && !stop.was_asked() {
            // Another one's failure has stopped this one, which has nothing to add.
            return;
        }
        if self.common.options.stop_on_error {
            stop.stop();
        }
        self.report.add(error);
    }
}
