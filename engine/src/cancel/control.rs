//! What runs on a connection at this moment, behind a lock that nobody holds for long.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use odbc_api::sys::HStmt;

use super::{
    CancelHandle, Cause, Facts, Job, Phase, StreamFlag, Target, chase,
    state::{Call, Entry, OpenStream, State},
};
use crate::{
    connection::StatementKey,
    dbms::Stop,
    error::{Diagnostic, Error, ErrorKind, Result},
};

/// How long a call that has ended waits for a request that is still on its way to the server.
const LEAVE_MAX: Duration = Duration::from_millis(if cfg!(test) { 100 } else { 5000 });

/// What runs on one connection.
#[derive(Debug, Default)]
pub(crate) struct Control {
    facts: OnceLock<Facts>,
    state: Mutex<State>,
    /// Whether the operation that has the session is to stop; so that asking takes no lock.
    hurry: AtomicBool,
    changed: Condvar,
}

/// What a chase has to do next.
pub(super) enum Next {
    /// The call has ended.
    Done,
    /// To wait, since the call has just begun.
    Wait(Duration),
    Stop(Stop),
}

impl Control {
    pub fn set_up(&self, facts: Facts) {
        // It is done once, when the connection has been made.
        let _ = self.facts.set(facts);
    }

    /// How long a call must have run before it is stopped, if that makes a difference.
    fn grace(&self) -> Option<Duration> {
        Some(self.facts()?.dbms.cancelling.grace).filter(|grace| !grace.is_zero())
    }

    pub(super) fn facts(&self) -> Option<&Facts> {
        self.facts.get()
    }

    /// Begins a new life of the connection: what was to stop the one before stops nothing now.
    pub fn new_lease(&self) -> u64 {
        let mut state = self.lock();
        state.lease += 1;
        state.stopped = false;
        state.streams.clear();
        state.lease
    }

    /// Whether a call can be stopped, or at least a stream between its batches, by the facts.
    pub fn can_cancel(&self) -> bool {
        self.facts().is_some_and(|facts| facts.dbms.cancelling.execute != Stop::Nothing)
    }

    /// Whether a running call is stopped, or never waits.
    pub fn stops(&self, phase: Phase) -> bool {
        self.facts().is_some_and(|facts| {
            let never_waits = phase == Phase::Fetch && !facts.streams && self.can_cancel();
            never_waits || facts.stop(phase).is_some()
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, mut state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        state.waiting += 1;
        let waited = self.changed.wait_timeout(state, limit);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    fn tell(&self, state: &State) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    /// Begins an operation, or a part of the one that this thread is in already.
    pub fn begin(
        self: &Arc<Self>,
        name: &'static str,
        statement: Option<StatementKey>,
        stream: Option<&StreamFlag>,
    ) -> Result<Job> {
        let thread = thread::current().id();
        let mut state = self.lock();
        if state.stopped || stream.is_some_and(StreamFlag::is_set) {
            return Err(Cause::Cancelled.error(name));
        }
        let outer = state.jobs.iter_mut().find(|entry| entry.thread == thread);
        let id = match outer {
            Some(outer) => {
                outer.depth += 1;
                outer.part = statement;
                outer.id
            }
            None => {
                state.last_id += 1;
                let id = state.last_id;
                state.jobs.push(Entry {
                    id,
                    thread,
                    depth: 1,
                    statement,
                    part: None,
                    stream: stream.cloned(),
                    cause: None,
                    others: Vec::new(),
                    alarm: None,
                    trouble: None,
                });
                id
            }
        };
        Ok(Job { control: Arc::clone(self), id, name })
    }

    pub(super) fn end(&self, id: u64) {
        let mut state = self.lock();
        let Some(place) = state.jobs.iter().position(|entry| entry.id == id) else { return };
        state.jobs[place].depth -= 1;
        state.jobs[place].part = None;
        if state.jobs[place].depth == 0 {
            state.jobs.swap_remove(place);
        }
    }

    /// Waits for its turn to use the session; an operation that is to stop does not.
    pub fn take_turn(&self, job: Option<&Job>) -> Result<()> {
        let mut state = self.lock();
        loop {
            let entry = job.and_then(|job| state.entry(job.id));
            let cause = entry.and_then(|entry| entry.cause);
            if let (Some(cause), Some(job)) = (cause, job) {
                return Err(cause.error(job.name));
            }
            if !state.taken {
                break;
            }
            state = self.wait(state, Duration::from_secs(60));
        }
        state.taken = true;
        state.current = job.map(|job| job.id);
        Ok(())
    }

    pub fn end_turn(&self) {
        let mut state = self.lock();
        state.taken = false;
        state.current = None;
        self.hurry.store(false, Ordering::Release);
        self.tell(&state);
    }

    /// Calls the driver, so that the call can be stopped meanwhile; tells whether SQLCancel was
    /// called for it, after which little can be asked of the statement.
    pub fn call<T>(
        &self,
        phase: Phase,
        statement: HStmt,
        operation: &'static str,
        work: impl FnOnce() -> T,
    ) -> Result<(T, bool)> {
        if phase == Phase::Fetch && self.facts().is_some_and(|facts| facts.stop(phase).is_none()) {
            // Asking is enough between calls that do not wait, and a lock would take its time.
            if self.hurry.load(Ordering::Acquire) {
                self.enter(phase, statement, operation)?;
                self.leave();
            }
            return Ok((work(), false));
        }
        self.enter(phase, statement, operation)?;
        let returned = work();
        Ok((returned, self.leave()))
    }

    pub(super) fn enter(
        &self,
        phase: Phase,
        statement: HStmt,
        operation: &'static str,
    ) -> Result<()> {
        let mut state = self.lock();
        if let Some(cause) = state.cause() {
            return Err(cause.error(operation));
        }
        if state.sending {
            return Err(Error::new(
                ErrorKind::Connection,
                operation,
                "a request to stop an earlier call is still on its way to the server and could \
                 hit this one; close the connection, or try again later",
            ));
        }
        state.last_id += 1;
        state.call = Some(Call {
            id: state.last_id,
            statement: statement.0 as usize,
            phase,
            begin: self.grace().map(|_| Instant::now()),
            chased: false,
            cancelled: false,
        });
        Ok(())
    }

    pub(super) fn leave(&self) -> bool {
        let mut state = self.lock();
        if state.sending {
            let end = Instant::now() + LEAVE_MAX;
            while state.sending {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                state = self.wait(state, left);
            }
        }
        let call = state.call.take();
        self.tell(&state);
        call.is_some_and(|call| call.cancelled)
    }

    /// Whether a request that nobody can call back still uses a statement of the driver.
    pub fn is_stuck(&self) -> bool {
        self.lock().sending
    }

    /// Stops what runs, by what the target says.
    pub fn request(self: &Arc<Self>, lease: u64, target: &Target) {
        let mut others = Vec::new();
        let mut state = self.lock();
        if state.lease != lease {
            return;
        }
        state.stopped |= matches!(target, Target::ForGood);
        let is_meant = |statement: Option<StatementKey>, stream: Option<&StreamFlag>| match target {
            Target::Connection | Target::ForGood => true,
            Target::Statement(key) => statement == Some(*key),
            Target::Stream(flag) => stream.is_some_and(|stream| stream.is(flag)),
        };
        if let Target::Stream(flag) = target {
            flag.set();
        }
        for open in &state.streams {
            if is_meant(open.statement, Some(&open.flag)) {
                open.flag.set();
                others.extend(open.others.iter().cloned());
            }
        }
        for entry in &mut state.jobs {
            if is_meant(entry.statement, entry.stream.as_ref()) {
                entry.cause.get_or_insert(Cause::Cancelled);
                others.extend(entry.others.iter().cloned());
            }
        }
        self.act(state);
        for other in others {
            // Where a database cannot stop a call, the mark is all there is.
            let _ = other.cancel();
        }
    }

    /// Stops an operation whose time has passed, if that alarm is still set.
    pub(super) fn expire(self: &Arc<Self>, alarm: u64, ms: u32) {
        let mut state = self.lock();
        let entry = state.jobs.iter_mut().find(|entry| entry.alarm == Some(alarm));
        let Some(entry) = entry else { return };
        entry.cause.get_or_insert(Cause::Timeout(ms));
        let others = entry.others.clone();
        self.act(state);
        for other in others {
            let _ = other.cancel();
        }
    }

    /// Sees to it that the running call stops, where its operation is to.
    fn act(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        self.tell(&state);
        if state.cause().is_none() {
            return;
        }
        self.hurry.store(true, Ordering::Release);
        let Some(call) = &mut state.call else { return };
        let can_stop = self.facts().is_some_and(|facts| facts.stop(call.phase).is_some());
        if !can_stop || std::mem::replace(&mut call.chased, true) {
            return;
        }
        let id = call.id;
        drop(state);
        if let Err(error) = chase::start(self, id) {
            self.trouble(id, format!("no thread to stop the call: {error}"));
        }
    }

    /// What to do about a call; marks the request as being sent where `send` says so.
    pub(super) fn next(&self, call_id: u64, send: bool) -> (Next, HStmt) {
        let mut state = self.lock();
        let none = HStmt(std::ptr::null_mut());
        let facts = self.facts();
        let entry = state.current.and_then(|id| state.entry(id));
        let reads_others = state.streams.iter().any(|open| match entry {
            Some(entry) => !entry.reads(open),
            None => open.statement.is_some(),
        });
        let State { call, sending, .. } = &mut *state;
        let (Some(call), Some(facts)) = (call.as_mut().filter(|call| call.id == call_id), facts)
        else {
            return (Next::Done, none);
        };
        if let (Some(grace), Some(begin)) = (self.grace(), call.begin)
            && let Some(left) = grace.checked_sub(begin.elapsed()).filter(|left| !left.is_zero())
        {
            return (Next::Wait(left), none);
        }
        let Some(stop) = facts.stop(call.phase) else { return (Next::Done, none) };
        if facts.dbms.cancelling.stops_all && facts.streams && reads_others {
            // It would stop those as well, which nobody asked for.
            return (Next::Done, none);
        }
        if send {
            *sending = true;
            call.cancelled |= stop == Stop::SqlCancel && facts.spare.is_none();
        }
        let statement = facts.spare.unwrap_or(call.statement);
        (Next::Stop(stop), HStmt(statement as *mut _))
    }

    pub(super) fn sent(&self) {
        let mut state = self.lock();
        state.sending = false;
        self.tell(&state);
    }

    /// Waits for the end of a call, or this long.
    pub(super) fn pause(&self, call_id: u64, limit: Duration) {
        let end = Instant::now() + limit;
        let mut state = self.lock();
        while state.call.as_ref().is_some_and(|call| call.id == call_id) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.wait(state, left);
        }
    }

    /// Keeps why a call could not be stopped, to be told when it ends.
    pub(super) fn trouble(&self, call_id: u64, why: String) {
        let mut state = self.lock();
        let runs = state.call.as_ref().is_some_and(|call| call.id == call_id);
        let current = state.current.filter(|_| runs);
        if let Some(entry) = current.and_then(|id| state.entry_mut(id)) {
            entry.trouble = Some(why);
        }
    }

    /// Explains an error of the operation that has the session, if it was to stop, and tells
    /// whether it did. What follows on the session is no part of it any more.
    pub fn explain(&self, error: Error) -> (Error, bool) {
        let Some((cause, trouble)) = self.was_late() else { return (error, false) };
        self.let_finish();
        let Some(facts) = self.facts() else { return (error, false) };
        let error = cause.explain(error, facts.dbms);
        let stopped = matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Timeout);
        match trouble {
            Some(trouble) if !stopped => (error.with_record(trouble), false),
            _ => (error, stopped),
        }
    }

    /// Lets who has the session put things in order, whatever was to stop.
    pub fn let_finish(&self) {
        self.lock().current = None;
        self.hurry.store(false, Ordering::Release);
    }

    /// Whether the operation that has the session was to stop, with what kept it from stopping.
    pub fn was_late(&self) -> Option<(Cause, Option<Diagnostic>)> {
        if !self.hurry.load(Ordering::Acquire) {
            return None;
        }
        let mut state = self.lock();
        let cause = state.cause()?;
        let trouble = state.current.and_then(|id| state.entry_mut(id)?.trouble.take());
        Some((cause, trouble.map(|why| not_stopped(&why))))
    }

    pub(super) fn forget_alarm(&self, operation: u64) {
        if let Some(entry) = self.lock().entry_mut(operation) {
            entry.alarm = None;
        }
    }

    /// Makes a stream known, so that it can be stopped by its statement and connection.
    pub fn open_stream(
        &self,
        flag: &StreamFlag,
        statement: Option<StatementKey>,
        others: Vec<CancelHandle>,
    ) {
        self.lock().streams.push(OpenStream { flag: flag.clone(), statement, others });
    }

    /// Forgets the streams of statements that are closed.
    pub fn close_streams(&self, are_closed: impl Fn(Option<StatementKey>) -> bool) {
        self.lock().streams.retain(|open| !are_closed(open.statement));
    }

    pub fn close_stream(&self, flag: &StreamFlag) {
        let mut state = self.lock();
        if let Some(place) = state.streams.iter().position(|open| open.flag.is(flag)) {
            state.streams.swap_remove(place);
        }
    }
}

fn not_stopped(why: &str) -> Diagnostic {
    let message = format!("the call was to stop, and could not be stopped: {why}");
    Diagnostic { sqlstate: "01000".to_owned(), native_code: 0, message }
}
