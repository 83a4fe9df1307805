//! The thread that keeps a pool's connections between their limits.

use std::{
    sync::{Arc, PoisonError},
    thread,
    time::Duration,
};

use super::core::Core;
use crate::error::{Error, ErrorKind, Result};

/// The pause after a connection could not be opened.
const PAUSE: Duration = Duration::from_secs(1);

/// Keeps the pool until it is closed.
pub(super) fn spawn(core: &Arc<Core>) -> Result<()> {
    let core = Arc::clone(core);
    let spawned = thread::Builder::new().name("odbc-pool".to_owned()).spawn(move || keep(&core));
    spawned.map(drop).map_err(|error| Error::new(ErrorKind::Limit, "pool_open", error.to_string()))
}

fn keep(core: &Core) {
    let mut failed = false;
    loop {
        let mut state = core.lock();
        if state.closed {
            return;
        }
        let expired = state.take_expired();
        if !expired.is_empty() {
            drop(state);
            core.expire(expired);
            continue;
        }
        let lacks = state.lacks();
        if lacks && !failed {
            state.opening += 1;
            drop(state);
            failed = core.open_idle().is_err();
            continue;
        }
        let pause = lacks.then_some(PAUSE);
        failed = false;
        match pause.into_iter().chain(state.until_expiry()).min() {
            Some(left) => {
                let woken = core.to_keep.wait_timeout(state, left);
                drop(woken.unwrap_or_else(PoisonError::into_inner));
            }
            None => drop(core.to_keep.wait(state).unwrap_or_else(PoisonError::into_inner)),
        }
    }
}
