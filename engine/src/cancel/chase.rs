//! A thread that stops one call of a driver, and that nobody waits for.

use std::{sync::Arc, thread, time::Duration};

use odbc_api::sys::{HStmt, SQLCancel, SqlReturn};

use super::{
    Kill,
    control::{Control, Next},
};
use crate::{
    dbms::{Dbms, Stop},
    error::Result,
    handle::{ConnectionHandle, Context},
};

/// A request may come before the server has begun, and is lost then, so it is repeated.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// Starts to chase a call.
pub(super) fn start(control: &Arc<Control>, call: u64) -> std::io::Result<()> {
    let control = Arc::clone(control);
    let work = move || run(&control, call);
    thread::Builder::new().name("odbc_cancel".to_owned()).spawn(work).map(drop)
}

fn run(control: &Control, call: u64) {
    let mut second = None;
    let mut pause = PAUSE_MIN;
    loop {
        match control.next(call, false).0 {
            Next::Done => return,
            Next::Wait(left) => {
                control.pause(call, left);
                continue;
            }
            Next::Stop(Stop::Kill) if second.is_none() => {
                let Some(kill) = control.facts().and_then(|facts| facts.kill.as_ref()) else {
                    return;
                };
                // The call may end meanwhile: this is done before anything is being sent.
                match connect(kill) {
                    Ok(connected) => second = Some(connected),
                    Err(why) => control.trouble(call, why),
                }
            }
            Next::Stop(_) => {}
        }
        let (next, statement) = match second {
            None if needs_second(control, call) => (Next::Wait(pause), HStmt(std::ptr::null_mut())),
            _ => control.next(call, true),
        };
        match next {
            Next::Done => return,
            Next::Wait(_) => {}
            Next::Stop(stop) => {
                let sent = send(control, stop, statement, second.as_mut());
                control.sent();
                if let Err(why) = sent {
                    control.trouble(call, why);
                    second = None;
                }
            }
        }
        control.pause(call, pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

fn needs_second(control: &Control, call: u64) -> bool {
    matches!(control.next(call, false).0, Next::Stop(Stop::Kill))
}

fn send(
    control: &Control,
    stop: Stop,
    statement: HStmt,
    second: Option<&mut ConnectionHandle>,
) -> std::result::Result<(), String> {
    let kill = control.facts().and_then(|facts| facts.kill.as_ref());
    match (stop, second, kill) {
        (Stop::SqlCancel, ..) => {
            // SAFETY: The statement is that of the running call, which does not return before this
            // has, unless it leaves the handle alone for good.
            match unsafe { SQLCancel(statement) } {
                SqlReturn::SUCCESS | SqlReturn::SUCCESS_WITH_INFO => Ok(()),
                // Its diagnostics belong to the thread that executes.
                _ => Err("the driver refused SQLCancel".to_owned()),
            }
        }
        (Stop::Kill, Some(second), Some(kill)) => {
            let context = Context { operation: "cancel", dbms: Dbms::unknown() };
            let told = second.allocate_statement(context).and_then(|mut statement| {
                statement.execute_direct(&kill.statement, context).map(drop)
            });
            told.map_err(|error| format!("{}: {}", kill.statement, error.message))
        }
        _ => Ok(()),
    }
}

fn connect(kill: &Kill) -> std::result::Result<ConnectionHandle, String> {
    let login_timeout_s = kill.login_timeout_ms.div_ceil(1000) + 1;
    let connected: Result<_> = ConnectionHandle::connect(&kill.connection_string, login_timeout_s);
    connected.map_err(|error| {
        let text = format!("a second connection to do so: {}", error.message);
        match crate::ConnectionString::parse(&kill.connection_string) {
            Ok(parsed) => parsed.redact(&text),
            Err(_) => "a second connection to do so could not be made".to_owned(),
        }
    })
}
