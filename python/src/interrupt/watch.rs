//! The thread that stops the main thread's call when SIGINT comes.

use std::{
    io::{self, PipeReader, PipeWriter},
    os::fd::AsRawFd,
    ptr,
    sync::{
        Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicBool, AtomicPtr, Ordering::SeqCst},
    },
    thread,
};

#[cfg(not(target_vendor = "apple"))]
use libc::__errno_location as errno;
#[cfg(target_vendor = "apple")]
use libc::__error as errno;

use super::{Stop, front::stand_in_front};

/// How long the watcher sleeps between two looks while calls are made.
const TICK_MS: i32 = 20;
/// After so many looks without a call it sleeps until one is made.
const TICKS_AWAKE: u32 = 50;

/// What the main thread, the signal handler and the watcher share; never freed, since the handler
/// may use it at any time.
struct Watch {
    /// What stops the call that the main thread is in.
    call: Mutex<Option<Stop>>,
    /// Whether there was a call since the watcher's last look.
    active: AtomicBool,
    asleep: AtomicBool,
    /// Whether SIGINT came since the call began.
    interrupted: AtomicBool,
    wake: PipeWriter,
}

/// Null before the first call, and in a forked child, where the watcher is gone.
static WATCH: AtomicPtr<Watch> = AtomicPtr::new(ptr::null_mut());

fn watch() -> Option<&'static Watch> {
    // SAFETY: It is null or was leaked.
    unsafe { WATCH.load(SeqCst).as_ref() }
}

impl Watch {
    fn call(&self) -> MutexGuard<'_, Option<Stop>> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        // SAFETY: The descriptor is open for ever, and the byte is there. A full pipe wakes too.
        unsafe { libc::write(self.wake.as_raw_fd(), [0_u8].as_ptr().cast(), 1) };
    }
}

/// Starts the watcher; only the main thread does.
fn start() -> io::Result<&'static Watch> {
    let (reader, wake) = io::pipe()?;
    for end in [reader.as_raw_fd(), wake.as_raw_fd()] {
        // SAFETY: The descriptor is open.
        if unsafe { libc::fcntl(end, libc::F_SETFL, libc::O_NONBLOCK) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    let watch: &'static Watch = Box::leak(Box::new(Watch {
        call: Mutex::default(),
        active: AtomicBool::new(true),
        asleep: AtomicBool::new(false),
        interrupted: AtomicBool::new(false),
        wake,
    }));
    thread::Builder::new().name("odbc_sigint".to_owned()).spawn(move || run(watch, &reader))?;
    WATCH.store(ptr::from_ref(watch).cast_mut(), SeqCst);
    static AT_FORK: Once = Once::new();
    AT_FORK.call_once(|| {
        extern "C" fn forget() {
            WATCH.store(ptr::null_mut(), SeqCst);
        }
        // SAFETY: The function lives for ever, and does no more than store.
        unsafe { libc::pthread_atfork(None, None, Some(forget)) };
    });
    stand_in_front();
    Ok(watch)
}

/// Notes a SIGINT; safe in a signal handler.
pub(super) fn notify() {
    if let Some(watch) = watch() {
        // SAFETY: errno is the thread's own, and the interrupted code's must not change.
        let before = unsafe { *errno() };
        watch.interrupted.store(true, SeqCst);
        watch.wake();
        // SAFETY: As above.
        unsafe { *errno() = before };
    }
}

fn run(watch: &Watch, reader: &PipeReader) {
    let mut idle = 0;
    loop {
        let asleep = watch.asleep.load(SeqCst);
        let mut waited = libc::pollfd { fd: reader.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: The descriptor is open, and the one struct is there.
        unsafe { libc::poll(&mut waited, 1, if asleep { -1 } else { TICK_MS }) };
        let mut drained = [0_u8; 64];
        // SAFETY: The descriptor is open and does not block, and the buffer has its length.
        unsafe { libc::read(reader.as_raw_fd(), drained.as_mut_ptr().cast(), drained.len()) };
        let call = watch.call();
        if let Some(stop) = &*call {
            // Setting a handler in Python and setting it back has taken ours away.
            stand_in_front();
            if watch.interrupted.load(SeqCst) {
                // A request that comes before the call has begun is lost, so it is repeated. What
                // cannot be stopped ends by itself.
                let _ = stop.cancel();
            }
        }
        let busy = watch.active.swap(call.is_some(), SeqCst) || call.is_some();
        drop(call);
        idle = if busy { 0 } else { idle + 1 };
        watch.asleep.store(idle > TICKS_AWAKE, SeqCst);
        if idle > TICKS_AWAKE && watch.active.load(SeqCst) {
            // A call that began meanwhile may have found the watcher awake.
            watch.asleep.store(false, SeqCst);
        }
    }
}

/// The main thread's call, which SIGINT stops while this lives.
pub(crate) struct Call {
    watch: &'static Watch,
    /// The call within which this one was made.
    outer: Option<Stop>,
}

impl Call {
    /// None where the process can have no more threads. Afterwards the caller looks for a signal
    /// that came before.
    pub(crate) fn begin(stop: &Stop) -> Option<Self> {
        let watch = match watch() {
            Some(watch) => watch,
            None => start().ok()?,
        };
        let outer = watch.call().replace(stop.clone());
        if outer.is_none() {
            watch.interrupted.store(false, SeqCst);
        }
        watch.active.store(true, SeqCst);
        if watch.asleep.load(SeqCst) {
            watch.asleep.store(false, SeqCst);
            stand_in_front();
            watch.wake();
        }
        Some(Self { watch, outer })
    }

    /// Whether SIGINT came meanwhile.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.watch.interrupted.load(SeqCst)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        *self.watch.call() = self.outer.take();
    }
}
