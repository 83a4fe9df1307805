//! Stopping what runs on a connection, from any thread and without waiting.
//!
//! A naive SQLCancel crashes some drivers, corrupts what others read, and hits the next statement
//! now and then. So a small state of its own says what runs on a connection at this moment; a
//! request is a mark there, and where a database can stop a running call, a thread that nobody
//! waits for sees to it.

mod cause;
mod chase;
mod control;
mod facts;
mod job;
mod state;
#[cfg(test)]
mod tests;
mod timer;

use std::sync::Arc;

pub(crate) use cause::Cause;
pub(crate) use control::Control;
pub(crate) use facts::{Facts, Kill, Phase};
pub(crate) use job::Job;
pub(crate) use state::StreamFlag;

use crate::{
    connection::StatementKey,
    error::{Error, ErrorKind, Result},
    insert::Inserts,
    telemetry::{Operation, Place},
};

/// What a request to stop is about.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// Every call that runs or waits on a connection, and its open streams.
    Connection,
    /// The connection altogether: later calls are refused as well.
    ForGood,
    Statement(StatementKey),
    Stream(StreamFlag),
}

/// Stops what a connection, a statement, a stream or a pool is doing, from any thread and at any
/// time.
///
/// It may be kept for as long as one likes: once there is nothing to stop, it does nothing.
#[derive(Debug, Clone)]
pub struct CancelHandle {
    what: What,
    place: Arc<Place>,
}

#[derive(Debug, Clone)]
enum What {
    Calls {
        control: Arc<Control>,
        lease: u64,
        target: Target,
    },
    /// Those over several connections of a pool.
    Inserts(Arc<Inserts>),
}

impl CancelHandle {
    pub(crate) fn new(
        control: &Arc<Control>,
        lease: u64,
        target: Target,
        place: &Arc<Place>,
    ) -> Self {
        let what = What::Calls { control: Arc::clone(control), lease, target };
        Self { what, place: Arc::clone(place) }
    }

    pub(crate) fn of_inserts(inserts: &Arc<Inserts>, place: &Arc<Place>) -> Self {
        Self { what: What::Inserts(Arc::clone(inserts)), place: Arc::clone(place) }
    }

    /// Asks that the running call stops, without waiting for it, for any lock that it holds or for
    /// the network. The call then fails with an error of kind Cancelled, unless it ended before.
    /// Where nothing runs, this does nothing, and nothing that follows is harmed.
    ///
    /// On a database on which a running call cannot be stopped, this is an error of kind
    /// Unsupported; a stream can always be stopped, between its batches at the latest, and an insert
    /// over several connections of a pool between its chunks.
    pub fn cancel(&self) -> Result<()> {
        let observed = Operation::begin(&self.place, "cancel");
        let asked = self.ask();
        observed.end(&asked);
        asked
    }

    /// Asks as `cancel` does, without a span of its own.
    pub(crate) fn ask(&self) -> Result<()> {
        let (control, lease, target) = match &self.what {
            What::Calls { control, lease, target } => (control, *lease, target),
            What::Inserts(inserts) => {
                inserts.stop();
                return Ok(());
            }
        };
        let stops = control.can_cancel() || matches!(target, Target::Stream(_));
        if !stops {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "cancel",
                "nothing is known to stop a running call on this database",
            ));
        }
        control.request(lease, target);
        Ok(())
    }
}
