//! What a pool knows of its connections, behind its one lock. No driver is called under it.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::PoolOptions;
use crate::{connection::Parked, metrics::Latency};

/// How a pool is doing. `size` is `idle` and `in_use` together, and what was created less what was
/// closed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PoolState {
    /// The option of this name.
    pub size_min: usize,
    /// The option of this name.
    pub size_max: usize,
    /// The connections that are open.
    pub size: usize,
    /// Those that nobody uses.
    pub idle: usize,
    /// Those that are lent, or being checked or reset.
    pub in_use: usize,
    /// Those that are being opened, beside `size`.
    pub opening: usize,
    /// The callers that wait for one.
    pub waiting: usize,
    /// How often a connection was lent.
    pub acquired: u64,
    /// How often a caller waited in vain.
    pub timed_out: u64,
    /// How many connections were opened.
    pub created: u64,
    /// How often opening one failed.
    pub failed: u64,
    /// How many connections were closed, by reason.
    pub closed: PoolClosed,
    /// How long callers waited for the connections that they got, in milliseconds.
    pub wait_ms: Latency,
}

/// How many connections a pool has closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PoolClosed {
    /// They were lost, or in an unknown state.
    pub broken: u64,
    /// Their borrower changed what nothing undoes.
    pub changed: u64,
    /// They went unused for too long.
    pub idle: u64,
    /// They were used for long enough.
    pub lifetime: u64,
    /// The pool was made smaller.
    pub surplus: u64,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Broken,
    Changed,
    Idle,
    Lifetime,
    Surplus,
    /// The pool is.
    Closed,
}

/// A connection that waits for a borrower.
pub(super) struct Idle {
    pub parked: Parked,
    pub opened: Instant,
    pub since: Instant,
}

/// The right to a connection.
pub(super) enum Ticket {
    /// To this one, which counts as used.
    Idle(Box<Idle>),
    /// To open one, which counts as being opened.
    Open,
    /// To none: the pool is closed.
    Closed,
}

/// A caller that waits for its turn.
#[derive(Default)]
pub(super) struct Waiter {
    ticket: Mutex<Option<Ticket>>,
    ready: Condvar,
}

impl Waiter {
    fn give(&self, ticket: Ticket) {
        *self.ticket.lock().unwrap_or_else(PoisonError::into_inner) = Some(ticket);
        self.ready.notify_one();
    }

    /// Waits for the ticket until then.
    pub fn wait(&self, until: Instant) -> Option<Ticket> {
        let mut ticket = self.ticket.lock().unwrap_or_else(PoisonError::into_inner);
        while ticket.is_none() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let woken = self.ready.wait_timeout(ticket, left);
            ticket = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        ticket.take()
    }
}

pub(super) struct State {
    pub options: PoolOptions,
    /// The one that was used last comes last, and is lent first, so that others may go.
    pub idle: Vec<Idle>,
    pub in_use: usize,
    pub opening: usize,
    /// In the order in which they came.
    pub waiters: VecDeque<Arc<Waiter>>,
    pub closed: bool,
    acquired: u64,
    pub timed_out: u64,
    created: u64,
    failed: u64,
    closed_by: PoolClosed,
    /// In microseconds, from one to an hour.
    waits: Histogram<u64>,
}

impl State {
    pub fn new(options: PoolOptions) -> Self {
        let hour_us = 3_600_000_000;
        Self {
            options,
            idle: Vec::new(),
            in_use: 0,
            opening: 0,
            waiters: VecDeque::new(),
            closed: false,
            acquired: 0,
            timed_out: 0,
            created: 0,
            failed: 0,
            closed_by: PoolClosed::default(),
            waits: Histogram::new_with_bounds(1, hour_us, 3).expect("the bounds are in order"),
        }
    }

    /// The connections that are open, or are being opened.
    pub fn taken(&self) -> usize {
        self.idle.len() + self.in_use + self.opening
    }

    /// Whether there are fewer than are to be kept.
    pub fn lacks(&self) -> bool {
        self.taken() < self.options.size_min
    }

    /// A connection that is free, or the right to open one.
    fn free(&mut self) -> Option<Ticket> {
        if let Some(idle) = self.idle.pop() {
            self.in_use += 1;
            return Some(Ticket::Idle(Box::new(idle)));
        }
        if self.taken() < self.options.size_max {
            self.opening += 1;
            return Some(Ticket::Open);
        }
        None
    }

    /// The same for a caller that has just come, behind those who wait.
    pub fn take_free(&mut self) -> Option<Ticket> {
        if self.closed {
            return Some(Ticket::Closed);
        }
        if self.waiters.is_empty() { self.free() } else { None }
    }

    /// Gives what is free to those who wait, in their order.
    pub fn serve(&mut self) {
        while !self.waiters.is_empty() {
            let ticket = if self.closed { Some(Ticket::Closed) } else { self.free() };
            let Some(ticket) = ticket else { return };
            if let Some(waiter) = self.waiters.pop_front() {
                waiter.give(ticket);
            }
        }
    }

    /// Takes a waiter out of the line; false where it has got its ticket already.
    pub fn leave(&mut self, waiter: &Arc<Waiter>) -> bool {
        let place = self.waiters.iter().position(|other| Arc::ptr_eq(other, waiter));
        place.and_then(|place| self.waiters.remove(place)).is_some()
    }

    /// What was being opened is there, and used.
    pub fn opened(&mut self) {
        self.opening -= 1;
        self.in_use += 1;
        self.created += 1;
    }

    pub fn failed_to_open(&mut self) {
        self.opening -= 1;
        self.failed += 1;
        self.serve();
    }

    pub fn lent(&mut self, waited: Duration) {
        self.acquired += 1;
        let microseconds = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.waits.saturating_record(microseconds.max(1));
    }

    /// A connection that was used waits for another borrower.
    pub fn park(&mut self, parked: Parked, opened: Instant) {
        self.in_use -= 1;
        self.idle.push(Idle { parked, opened, since: Instant::now() });
        self.serve();
    }

    /// A connection that counted as used is closed. Its place is left to others, unless another
    /// connection is opened in its stead.
    pub fn gone(&mut self, reason: Reason, reopens: bool) {
        self.in_use -= 1;
        match reason {
            Reason::Broken => self.closed_by.broken += 1,
            Reason::Changed => self.closed_by.changed += 1,
            Reason::Idle => self.closed_by.idle += 1,
            Reason::Lifetime => self.closed_by.lifetime += 1,
            Reason::Surplus => self.closed_by.surplus += 1,
            Reason::Closed => {}
        }
        if reopens {
            self.opening += 1;
        } else {
            self.serve();
        }
    }

    /// Why a connection of this age is not to be used any more.
    pub fn reason_to_close(&self, opened: Instant) -> Option<Reason> {
        let too_old = |lifetime| opened.elapsed() >= lifetime;
        if self.closed {
            Some(Reason::Closed)
        } else if self.options.lifetime().is_some_and(too_old) {
            Some(Reason::Lifetime)
        } else if self.taken() > self.options.size_max {
            Some(Reason::Surplus)
        } else {
            None
        }
    }

    /// Takes those out that have waited or lived for too long, or are too many; they count as used
    /// until they are gone.
    pub fn take_expired(&mut self) -> Vec<(Idle, Reason)> {
        let mut expired = Vec::new();
        let mut place = 0;
        // The first one has waited longest.
        while let Some(idle) = self.idle.get(place) {
            let waited = |timeout| idle.since.elapsed() >= timeout;
            let beyond_min = self.idle.len() + self.in_use > self.options.size_min;
            let reason = self.reason_to_close(idle.opened).or_else(|| {
                let unused = beyond_min && self.options.idle_timeout().is_some_and(waited);
                unused.then_some(Reason::Idle)
            });
            match reason {
                Some(reason) => expired.push((self.idle.remove(place), reason)),
                None => place += 1,
            }
        }
        self.in_use += expired.len();
        expired
    }

    /// How long nothing can expire, not even what has yet to come back; None where nothing does.
    pub fn until_expiry(&self) -> Option<Duration> {
        let beyond_min = self.idle.len() + self.in_use > self.options.size_min;
        let idle_timeout = self.options.idle_timeout().filter(|_| beyond_min);
        let left = |from: Instant, limit: Option<Duration>| {
            limit.map(|limit| limit.saturating_sub(from.elapsed()))
        };
        let each = self.idle.iter().flat_map(|idle| {
            [left(idle.since, idle_timeout), left(idle.opened, self.options.lifetime())]
        });
        let later = [self.options.idle_timeout(), self.options.lifetime()];
        each.chain(later).flatten().min()
    }

    pub fn told(&self) -> PoolState {
        let milliseconds = |quantile: f64| self.waits.value_at_quantile(quantile) as f64 / 1e3;
        PoolState {
            size_min: self.options.size_min,
            size_max: self.options.size_max,
            size: self.idle.len() + self.in_use,
            idle: self.idle.len(),
            in_use: self.in_use,
            opening: self.opening,
            waiting: self.waiters.len(),
            acquired: self.acquired,
            timed_out: self.timed_out,
            created: self.created,
            failed: self.failed,
            closed: self.closed_by,
            wait_ms: Latency {
                p50: milliseconds(0.5),
                p95: milliseconds(0.95),
                p99: milliseconds(0.99),
                max: if self.waits.is_empty() { 0.0 } else { self.waits.max() as f64 / 1e3 },
            },
        }
    }
}
