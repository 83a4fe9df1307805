//! Closing the statements of every connection of the process.

use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak, atomic::Ordering};

use super::Shared;
use crate::error::{Error, ErrorKind, Result};

/// Every connection that may still be open.
static CONNECTIONS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

pub(super) fn register(shared: &Arc<Shared>) {
    let mut connections = CONNECTIONS.lock().unwrap_or_else(PoisonError::into_inner);
    connections.retain(|connection| connection.strong_count() > 0);
    connections.push(Arc::downgrade(shared));
}

/// Closes every statement and stream of every connection of this process, cached ones included;
/// returns how many statements were open. The connections stay usable.
///
/// This never waits. A connection that is in a call at this moment closes its statements when that
/// call ends, whatever comes of it; the error then says how many connections that are. Where a
/// driver fails to close a statement, all others are closed, and its error is the answer.
pub fn clear_all_statements() -> Result<usize> {
    let connections: Vec<_> = {
        let connections = CONNECTIONS.lock().unwrap_or_else(PoisonError::into_inner);
        connections.iter().filter_map(Weak::upgrade).collect()
    };
    let mut cleared = 0;
    let mut busy = 0;
    let mut failure = None;
    for connection in connections {
        match connection.session.try_lock() {
            Ok(mut session) => {
                match session.as_mut().map_or(Ok(0), |session| session.clear_statements()) {
                    Ok(open) => cleared += open,
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            Err(TryLockError::WouldBlock) => {
                connection.clear_requested.store(true, Ordering::Release);
                busy += 1;
            }
            // Closing the connection is all that is left to do with it.
            Err(TryLockError::Poisoned(_)) => {}
        }
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    if busy == 0 {
        return Ok(cleared);
    }
    Err(Error::new(
        ErrorKind::InvalidState,
        "clear",
        format!(
            "{cleared} statements were closed; {busy} connections are in a call and close theirs \
             when it ends"
        ),
    ))
}
