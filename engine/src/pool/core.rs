//! What a pool, its connections and its keeper share.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak, mpsc::sync_channel},
    thread,
    time::{Duration, Instant},
};

use super::{
    PoolOptions,
    state::{Idle, Reason, State, Ticket, Waiter},
};
use crate::{
    connection::{Connection, Home, Origin, Parked, Reset},
    error::{Error, ErrorKind, Result},
    insert::Inserts,
    telemetry::{Counted, PoolCounts, PoolPlace},
};

const OPERATION: &str = "acquire";

/// How long a connection may have gone unused for a check to be trusted to end.
const TRUSTED: Duration = Duration::from_secs(1);

/// The longest that a check may take, on a network that has gone silent.
const CHECK_MAX: Duration = Duration::from_secs(5);

pub(super) struct Core {
    origin: Arc<Origin>,
    pub telemetry: PoolPlace,
    state: Mutex<State>,
    /// Something has changed that the keeper should look at.
    pub to_keep: Condvar,
    /// A connection of a closed pool has come back.
    drained: Condvar,
    pub inserts: Arc<Inserts>,
}

/// How a caller comes to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It waits in line.
    Wait,
    /// It takes what is free, or nothing.
    Try,
}

/// The way home of a connection that is lent.
struct Lease {
    core: Weak<Core>,
    opened: Instant,
    lent: Instant,
}

impl Home for Lease {
    fn take_back(&self, parked: Parked) {
        match self.core.upgrade() {
            Some(core) => {
                core.telemetry.used(self.lent.elapsed());
                core.take_back(parked, self.opened);
            }
            None => parked.disconnect(),
        }
    }
}

impl Counted for Core {
    fn counts(&self) -> PoolCounts {
        let told = self.lock().told();
        PoolCounts {
            size_min: told.size_min,
            size_max: told.size_max,
            idle: told.idle,
            in_use: told.in_use,
            waiting: told.waiting,
            timed_out: told.timed_out,
        }
    }
}

fn closed(operation: &'static str) -> Error {
    Error::new(ErrorKind::InvalidState, operation, "the pool is closed")
}

impl Core {
    pub fn new(origin: Origin, options: PoolOptions) -> Arc<Self> {
        let core = Arc::new(Self {
            telemetry: PoolPlace::new(&origin.connection_string),
            origin: Arc::new(origin),
            state: Mutex::new(State::new(options)),
            to_keep: Condvar::new(),
            drained: Condvar::new(),
            inserts: Arc::default(),
        });
        let counted: Weak<Self> = Arc::downgrade(&core);
        core.telemetry.register(counted);
        core
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        // Each change under the lock is done once it can no longer panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of a pool that is open.
    pub fn open_state(&self, operation: &'static str) -> Result<MutexGuard<'_, State>> {
        let state = self.lock();
        if state.closed { Err(closed(operation)) } else { Ok(state) }
    }

    /// A connection; None where nothing is free and the caller does not wait.
    pub fn acquire(self: &Arc<Self>, turn: Turn) -> Result<Option<Connection>> {
        let begun = Instant::now();
        let mut state = self.lock();
        let timeout = state.options.acquire_timeout();
        let until = begun + timeout;
        let free = state.take_free();
        let waiter = Arc::new(Waiter::default());
        if free.is_none() && turn == Turn::Wait {
            state.waiters.push_back(Arc::clone(&waiter));
        }
        drop(state);
        let ticket = match (free, turn) {
            (Some(ticket), _) => ticket,
            (None, Turn::Try) => return Ok(None),
            (None, Turn::Wait) => self.wait(&waiter, until)?,
        };
        let (parked, opened) = self.redeem(ticket, until, timeout)?;
        let connection = parked.lend(Box::new(Lease {
            core: Arc::downgrade(self),
            opened,
            lent: Instant::now(),
        }));
        let mut state = self.lock();
        if state.closed {
            drop(state);
            drop(connection);
            return Err(closed(OPERATION));
        }
        let waited = begun.elapsed();
        state.lent(waited);
        drop(state);
        self.telemetry.waited(waited);
        Ok(Some(connection))
    }

    fn wait(&self, waiter: &Arc<Waiter>, until: Instant) -> Result<Ticket> {
        if let Some(ticket) = waiter.wait(until) {
            return Ok(ticket);
        }
        let mut state = self.lock();
        if !state.leave(waiter) {
            // The ticket came while nobody was waiting any more.
            drop(state);
            return waiter.wait(until + CHECK_MAX).ok_or_else(|| {
                Error::new(ErrorKind::Internal, OPERATION, "a ticket of the pool was lost")
            });
        }
        state.timed_out += 1;
        let State { options, .. } = &*state;
        let message = format!(
            "no connection became free within {} ms (option \"acquire_timeout_ms\"): all {} of \
             the pool (option \"size_max\") are in use",
            options.acquire_timeout_ms, options.size_max
        );
        Err(Error::new(ErrorKind::Timeout, OPERATION, message))
    }

    /// Makes a connection of a ticket: one that works, or an error.
    fn redeem(
        &self,
        ticket: Ticket,
        until: Instant,
        timeout: Duration,
    ) -> Result<(Parked, Instant)> {
        match ticket {
            Ticket::Closed => return Err(closed(OPERATION)),
            Ticket::Open => {}
            Ticket::Idle(idle) => {
                let opened = idle.opened;
                let reason = self.lock().reason_to_close(opened);
                let reason = match reason {
                    Some(Reason::Lifetime) => {
                        idle.parked.disconnect();
                        Reason::Lifetime
                    }
                    _ => match self.check(*idle, until) {
                        Some(parked) => return Ok((parked, opened)),
                        None => Reason::Broken,
                    },
                };
                self.lock().gone(reason, true);
            }
        }
        self.open(until, timeout)
    }

    /// The connection, if it still answers; otherwise it is ended, or left behind.
    fn check(&self, idle: Idle, until: Instant) -> Option<Parked> {
        let Idle { parked, since, .. } = idle;
        let unused = since.elapsed();
        let query = self.lock().options.validation_query.clone();
        let query = match query {
            Some(query) if query.trim().is_empty() => None,
            Some(query) => Some(query),
            None => parked.default_query().map(str::to_owned),
        };
        if unused < TRUSTED {
            return match parked.check(query.as_deref()) {
                Ok(()) => Some(parked),
                Err(_) => {
                    parked.disconnect();
                    None
                }
            };
        }
        // The network may have gone silent meanwhile, and no driver's own timeout helps then.
        let (sender, answer) = sync_channel(1);
        let checking = thread::Builder::new().name("odbc-check".to_owned()).spawn(move || {
            let alive = parked.check(query.as_deref()).is_ok();
            // Where nobody waits any more, the connection comes back in the error and is dropped.
            let _ = sender.send((parked, alive));
        });
        checking.ok()?;
        let left = until.saturating_duration_since(Instant::now()) / 2;
        match answer.recv_timeout(left.min(CHECK_MAX)) {
            Ok((parked, true)) => Some(parked),
            Ok((parked, false)) => {
                parked.disconnect();
                None
            }
            Err(_) => None,
        }
    }

    /// Opens a connection in a place that counts as being opened.
    fn open(&self, until: Instant, timeout: Duration) -> Result<(Parked, Instant)> {
        match self.connect(until.saturating_duration_since(Instant::now())) {
            Ok(parked) => {
                self.lock().opened();
                Ok((parked, Instant::now()))
            }
            Err(error) => {
                let mut state = self.lock();
                state.failed_to_open();
                let lacks = state.lacks();
                drop(state);
                self.drained.notify_all();
                if lacks {
                    self.to_keep.notify_one();
                }
                if error.kind == ErrorKind::Timeout && Instant::now() >= until {
                    let message = format!(
                        "no connection could be opened within {} ms (option \
                         \"acquire_timeout_ms\")",
                        timeout.as_millis()
                    );
                    return Err(Error::new(ErrorKind::Timeout, OPERATION, message));
                }
                Err(error)
            }
        }
    }

    fn connect(&self, within: Duration) -> Result<Parked> {
        let query = self.lock().options.validation_query.clone();
        let begun = Instant::now();
        let parked = Parked::open(&self.origin, within)?;
        self.telemetry.created(begun.elapsed());
        if let Some(query) = query.filter(|query| !query.trim().is_empty()) {
            parked.check(Some(&query))?;
        }
        Ok(parked)
    }

    /// Opens a connection in a place that counts as being opened, for later.
    pub fn open_idle(&self) -> Result<()> {
        let timeout = self.lock().options.acquire_timeout();
        let (parked, opened) = self.open(Instant::now() + timeout, timeout)?;
        self.put_back(parked, opened);
        Ok(())
    }

    fn take_back(&self, parked: Parked, opened: Instant) {
        let reason = self.lock().reason_to_close(opened);
        let reason = reason.or_else(|| match parked.reset() {
            Reset::Clean => None,
            Reset::Changed => Some(Reason::Changed),
            Reset::Broken => Some(Reason::Broken),
        });
        match reason {
            None => self.put_back(parked, opened),
            Some(reason) => self.retire(parked, reason),
        }
    }

    /// Keeps a connection that counts as used for the next borrower.
    fn put_back(&self, parked: Parked, opened: Instant) {
        let mut state = self.lock();
        // A resize may have come meanwhile.
        if let Some(reason) = state.reason_to_close(opened) {
            drop(state);
            return self.retire(parked, reason);
        }
        state.park(parked, opened);
    }

    /// Ends a connection that counts as used.
    pub fn retire(&self, parked: Parked, reason: Reason) {
        parked.disconnect();
        let mut state = self.lock();
        state.gone(reason, false);
        let lacks = state.lacks();
        drop(state);
        self.drained.notify_all();
        if lacks {
            self.to_keep.notify_one();
        }
    }

    /// Ends those that nobody needs.
    pub fn expire(&self, expired: Vec<(Idle, Reason)>) {
        for (idle, reason) in expired {
            self.retire(idle.parked, reason);
        }
    }

    /// Lends nothing any more, and ends what is not lent.
    pub fn shut(&self) {
        let expired = {
            let mut state = self.lock();
            state.closed = true;
            state.serve();
            state.take_expired()
        };
        self.to_keep.notify_all();
        self.expire(expired);
    }

    /// Waits until what was lent has come back.
    pub fn drain(&self) -> Result<()> {
        let mut state = self.lock();
        let until = Instant::now() + state.options.acquire_timeout();
        while state.in_use + state.opening > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let message = format!(
                    "{} connections are still in use after {} ms (option \"acquire_timeout_ms\"); \
                     each is closed when it is given back",
                    state.in_use + state.opening,
                    state.options.acquire_timeout_ms
                );
                return Err(Error::new(ErrorKind::Timeout, "pool_close", message));
            }
            let woken = self.drained.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}
