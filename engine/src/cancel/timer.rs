//! One thread for all timeouts of the process, started by the first.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::Control;

/// When an alarm goes off, and a number to tell those of the same moment apart.
type Key = (Instant, u64);

struct Due {
    control: Weak<Control>,
    alarm: u64,
    ms: u32,
}

struct Timer {
    alarms: BTreeMap<Key, Due>,
    /// When the thread wakes up by itself; None while it does not run.
    wakes: Option<Instant>,
    /// The process that the thread runs in; one that was forked has none.
    process: u32,
}

static TIMER: Mutex<Timer> = Mutex::new(Timer { alarms: BTreeMap::new(), wakes: None, process: 0 });
static SOONER: Condvar = Condvar::new();
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The thread looks for alarms that often where it knows of none.
const IDLE: Duration = Duration::from_secs(3600);

fn lock() -> MutexGuard<'static, Timer> {
    TIMER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stops an operation at its time, unless it is dropped before.
#[derive(Debug)]
pub(crate) struct Alarm {
    control: Arc<Control>,
    operation: u64,
    key: Key,
}

impl Alarm {
    pub(super) fn set(control: &Arc<Control>, operation: u64, alarm: u64, ms: u32) -> Self {
        let at = Instant::now() + Duration::from_millis(ms.into());
        let key = (at, NEXT.fetch_add(1, Ordering::Relaxed));
        let mut timer = lock();
        let process = std::process::id();
        if timer.process != process {
            // After a fork the alarms are copies of the other process's, whose calls go on there.
            timer.alarms.clear();
            (timer.wakes, timer.process) = (None, process);
        }
        let due = Due { control: Arc::downgrade(control), alarm, ms };
        timer.alarms.insert(key, due);
        match timer.wakes {
            None => {
                timer.wakes = Some(at);
                // Without a thread nothing would ever stop, as without a timeout.
                let started = thread::Builder::new().name("odbc_timer".to_owned()).spawn(run);
                if started.is_err() {
                    timer.wakes = None;
                }
            }
            Some(wakes) if wakes > at => SOONER.notify_one(),
            Some(_) => {}
        }
        drop(timer);
        Self { control: Arc::clone(control), operation, key }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        lock().alarms.remove(&self.key);
        self.control.forget_alarm(self.operation);
    }
}

fn run() {
    let mut timer = lock();
    loop {
        let now = Instant::now();
        let mut due = Vec::new();
        while let Some(first) = timer.alarms.first_entry().filter(|first| first.key().0 <= now) {
            due.push(first.remove());
        }
        if !due.is_empty() {
            drop(timer);
            for one in due {
                if let Some(control) = one.control.upgrade() {
                    control.expire(one.alarm, one.ms);
                }
            }
            timer = lock();
            continue;
        }
        let next = timer.alarms.first_key_value().map(|(key, _)| key.0);
        let wakes = next.unwrap_or(now + IDLE);
        timer.wakes = Some(wakes);
        let waited = SOONER.wait_timeout(timer, wakes.saturating_duration_since(now));
        timer = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}
