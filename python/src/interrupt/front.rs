//! A signal handler in front of Python's, which is called as before.

use std::{
    mem,
    os::raw::{c_int, c_void},
    ptr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::watch;

/// Python's handler, once ours stands in front of it; it is the same for every handler in Python.
static BEHIND: AtomicUsize = AtomicUsize::new(0);
/// Whether it takes the signal's details.
static BEHIND_TAKES_INFO: AtomicBool = AtomicBool::new(false);

/// Puts our handler in front of Python's. Setting a handler in Python takes it away.
///
/// One of another library stays where it is: it may well call ours.
pub(super) fn stand_in_front() {
    let ours = on_sigint as *const () as usize;
    // SAFETY: A zeroed sigaction is one, and the call only fills it.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: As above.
    if unsafe { libc::sigaction(libc::SIGINT, ptr::null(), &mut action) } != 0 {
        return;
    }
    let found = action.sa_sigaction;
    if found == ours || found == libc::SIG_DFL || found == libc::SIG_IGN {
        return;
    }
    match BEHIND.load(Ordering::Acquire) {
        0 => {
            BEHIND_TAKES_INFO.store(action.sa_flags & libc::SA_SIGINFO != 0, Ordering::Release);
            BEHIND.store(found, Ordering::Release);
        }
        behind if behind != found => return,
        _ => {}
    }
    action.sa_sigaction = ours;
    action.sa_flags |= libc::SA_SIGINFO;
    // SAFETY: The handler does only what is safe in one, and has the signature of SA_SIGINFO.
    unsafe { libc::sigaction(libc::SIGINT, &action, ptr::null_mut()) };
}

extern "C" fn on_sigint(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let behind = BEHIND.load(Ordering::Acquire);
    if BEHIND_TAKES_INFO.load(Ordering::Acquire) {
        // SAFETY: It was the handler of this signal, with this signature.
        let behind = unsafe {
            mem::transmute::<usize, extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void)>(behind)
        };
        behind(signal, info, context);
    } else {
        // SAFETY: As above.
        let behind = unsafe { mem::transmute::<usize, extern "C" fn(c_int)>(behind) };
        behind(signal);
    }
    // Python knows of the signal by now, so a call that begins later finds it there.
    watch::notify();
}
