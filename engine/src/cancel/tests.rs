//! The state without a database: what a driver's call and a request see of each other.

use std::{ptr::null_mut, sync::Arc, thread, time::Duration};

use odbc_api::sys::HStmt;

use super::{Control, Facts, Phase, Target, control::Next};
use crate::{
    dbms::{Dbms, Stop},
    error::ErrorKind,
};

const STATEMENT: HStmt = HStmt(null_mut());

/// The control of a connection to SQLite, whose calls are stopped by SQLCancel.
fn control() -> Arc<Control> {
    let control = Arc::new(Control::default());
    control.set_up(Facts {
        dbms: Dbms::by_name("SQLite"),
        streams: false,
        kill: None,
        spare: None,
    });
    control
}

fn cancel(control: &Arc<Control>, lease: u64) {
    control.request(lease, &Target::Connection);
}

#[test]
fn a_job_that_is_to_stop_calls_no_driver() {
    let control = control();
    let lease = control.new_lease();
    let job = control.begin("execute", None, None).unwrap();
    cancel(&control, lease);
    let error = control.take_turn(Some(&job)).unwrap_err();
    assert_eq!((error.kind, error.operation), (ErrorKind::Cancelled, "execute"));
    drop(job);
    let job = control.begin("execute", None, None).unwrap();
    control.take_turn(Some(&job)).unwrap();
    control.call(Phase::Execute, STATEMENT, "execute", || ()).unwrap();
    cancel(&control, lease);
    let refused = control.call(Phase::Execute, STATEMENT, "execute", || unreachable!());
    assert_eq!(refused.map(drop).unwrap_err().kind, ErrorKind::Cancelled);
    // Putting things in order is no part of it.
    control.let_finish();
    control.call(Phase::Execute, STATEMENT, "rollback", || ()).unwrap();
    control.end_turn();
}

#[test]
fn a_request_of_an_earlier_lease_stops_nothing() {
    let control = control();
    let before = control.new_lease();
    control.new_lease();
    let job = control.begin("execute", None, None).unwrap();
    cancel(&control, before);
    job.check().unwrap();
}

#[test]
fn a_part_of_a_job_stops_with_it() {
    let control = control();
    let lease = control.new_lease();
    let whole = control.begin("call", None, None).unwrap();
    let part = control.begin("execute", None, None).unwrap();
    cancel(&control, lease);
    assert_eq!(part.check().unwrap_err().kind, ErrorKind::Cancelled);
    drop(part);
    assert_eq!(whole.check().unwrap_err().kind, ErrorKind::Cancelled);
    let elsewhere = thread::scope(|scope| {
        scope.spawn(|| control.begin("execute", None, None).unwrap().check()).join().unwrap()
    });
    elsewhere.unwrap();
}

#[test]
fn a_request_that_does_not_come_back_holds_up_one_call_for_a_while_and_then_the_connection() {
    let control = control();
    control.enter(Phase::Execute, STATEMENT, "execute").unwrap();
    assert!(matches!(control.next(1, true), (Next::Stop(Stop::SqlCancel), _)));
    // The driver's call ends, and the request is still on its way.
    assert!(control.leave());
    assert!(control.is_stuck());
    let error = control.enter(Phase::Execute, STATEMENT, "execute").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection);
    control.sent();
    control.enter(Phase::Execute, STATEMENT, "execute").unwrap();
    control.leave();
}

#[test]
fn a_call_waits_for_the_request_that_is_meant_for_it() {
    let control = control();
    control.enter(Phase::Execute, STATEMENT, "execute").unwrap();
    assert!(matches!(control.next(1, true), (Next::Stop(Stop::SqlCancel), _)));
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            control.sent();
        });
        assert!(control.leave());
        assert!(!control.is_stuck());
    });
    // It has ended: nothing is sent for it any more.
    assert!(matches!(control.next(1, true), (Next::Done, _)));
}
