//! Ctrl-C while the engine works: the call stops on the server, and Python raises.
//!
//! Python's own signal handler only notes that SIGINT came, and what that means is decided once the
//! main thread is back in Python: after the driver's call. With Python's default handler, which
//! raises KeyboardInterrupt, the call is stopped meanwhile by a thread that waits for the signal.
//! With a handler of the program's own nobody knows before it has run, so the call goes to another
//! thread, and the main thread runs the handler. Other threads get no signals.

#[cfg(unix)]
mod front;
#[cfg(unix)]
mod watch;

use std::{cell::Cell, sync::Arc};

use odbc_engine::{CancelHandle, Pool, Result};
use pyo3::{exceptions::PyKeyboardInterrupt, prelude::*, sync::PyOnceLock};

/// What stops a call, from any thread and without waiting.
#[derive(Clone)]
pub(crate) enum Stop {
    Call(CancelHandle),
    Inserts(Arc<Pool>),
}

impl Stop {
    pub(crate) fn cancel(&self) -> Result<()> {
        match self {
            Self::Call(handle) => handle.cancel(),
            Self::Inserts(pool) => pool.cancel(),
        }
    }
}

/// What Ctrl-C does to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Nothing: it is ignored, ends the process, or is another thread's concern.
    None,
    /// Python will raise KeyboardInterrupt, so the call stops at once.
    Stop,
    /// The program's own handler decides.
    Ask,
}

impl Reaction {
    /// What a Ctrl-C during the call that this thread begins would do.
    pub(crate) fn of(py: Python<'_>) -> PyResult<Self> {
        // On Windows Python's handler runs after the call, as it does without this module.
        if cfg!(not(unix)) || !is_main_thread(py)? {
            return Ok(Self::None);
        }
        let signals = Signals::get(py)?;
        let handler = signals.getsignal.bind(py).call1((&signals.sigint,))?;
        Ok(if handler.is(&signals.default) {
            Self::Stop
        } else if handler.is_callable() {
            Self::Ask
        } else {
            Self::None
        })
    }
}

#[cfg(not(unix))]
mod watch {
    /// A call that nothing stops.
    pub(crate) struct Call;

    impl Call {
        pub(crate) fn begin(_: &super::Stop) -> Option<Self> {
            None
        }

        pub(crate) fn is_interrupted(&self) -> bool {
            false
        }
    }
}

pub(crate) use watch::Call;

/// Begins a call on behalf of code that may or may not hold the GIL; an error where a signal that
/// came since the last one ends the work.
pub(crate) fn begin_if_main(stop: &Stop) -> PyResult<Option<Call>> {
    if IS_MAIN.get() == Some(false) {
        return Ok(None);
    }
    Python::attach(|py| match Reaction::of(py)? {
        Reaction::None => Ok(None),
        Reaction::Stop => {
            let call = Call::begin(stop);
            if is_pending(py) { Err(PyKeyboardInterrupt::new_err(())) } else { Ok(call) }
        }
        Reaction::Ask => py.check_signals().map(|()| None),
    })
}

/// Whether SIGINT waits for Python's handler, and goes on waiting: only the handler's own exception
/// is sure to get past code that catches others.
fn is_pending(_: Python<'_>) -> bool {
    // SAFETY: The GIL is held, as the argument shows.
    unsafe {
        let pending = pyo3::ffi::PyOS_InterruptOccurred() != 0;
        if pending {
            pyo3::ffi::PyErr_SetInterrupt();
        }
        pending
    }
}

/// What Python's signal module is asked again and again.
struct Signals {
    getsignal: Py<PyAny>,
    sigint: Py<PyAny>,
    default: Py<PyAny>,
}

impl Signals {
    fn get(py: Python<'_>) -> PyResult<&Self> {
        static SIGNALS: PyOnceLock<Signals> = PyOnceLock::new();
        SIGNALS.get_or_try_init(py, || {
            // The public module wraps this one's answer, at ten times the price.
            let module = py.import("_signal")?;
            Ok(Self {
                getsignal: module.getattr("getsignal")?.unbind(),
                sigint: module.getattr("SIGINT")?.unbind(),
                default: module.getattr("default_int_handler")?.unbind(),
            })
        })
    }
}

thread_local! {
    static IS_MAIN: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Whether Python runs signal handlers on this thread.
fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    if let Some(known) = IS_MAIN.get() {
        return Ok(known);
    }
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    let is_main = main.eq(threading.call_method0("get_ident")?)?;
    IS_MAIN.set(Some(is_main));
    Ok(is_main)
}
