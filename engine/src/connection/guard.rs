//! The session of a connection while one call has it.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use super::{Session, StatementKey};
use crate::{
    cancel::Control,
    error::{Error, ErrorKind, Result},
};

/// The session, locked and open.
pub(crate) struct SessionGuard<'a> {
    pub(super) session: MutexGuard<'a, Option<Session>>,
    pub(super) clear_requested: &'a AtomicBool,
    pub(super) orphans: &'a Mutex<Vec<StatementKey>>,
    /// Ends behind the lock.
    pub(super) _turn: Turn<'a>,
}

/// The right to lock the session, for which a job that is cancelled does not wait.
pub(super) struct Turn<'a>(pub(super) &'a Control);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.end_turn();
    }
}

impl SessionGuard<'_> {
    /// Closes what was to be closed while another call had the session; it may hold locks of the
    /// database.
    pub(super) fn settle(&mut self) {
        let orphans =
            std::mem::take(&mut *self.orphans.lock().unwrap_or_else(PoisonError::into_inner));
        for key in orphans {
            self.close_statement(key);
        }
        if self.clear_requested.swap(false, Ordering::AcqRel) {
            // Nobody waits for an answer here.
            let _ = self.clear_statements();
        }
    }
}

impl Drop for SessionGuard<'_> {
    fn drop(&mut self) {
        self.settle();
    }
}

impl std::ops::Deref for SessionGuard<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect("a guard is only made of an open session")
    }
}

impl std::ops::DerefMut for SessionGuard<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect("a guard is only made of an open session")
    }
}

pub(super) fn not_inserting<'a>(
    session: SessionGuard<'a>,
    operation: &'static str,
) -> Result<SessionGuard<'a>> {
    if session.inserting.is_some() {
        // Waiting might never end: the rows may come from whoever waits.
        let message = "a bulk insert runs on this connection";
        return Err(Error::new(ErrorKind::InvalidState, operation, message));
    }
    Ok(session)
}
