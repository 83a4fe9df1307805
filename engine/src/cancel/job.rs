//! What a caller waits for and others may stop.

use std::sync::Arc;

use super::{CancelHandle, Control, timer::Alarm};
use crate::error::Result;

/// Something that a caller waits for and another may stop.
#[derive(Debug)]
pub(crate) struct Job {
    pub(super) control: Arc<Control>,
    pub(super) id: u64,
    pub name: &'static str,
}

impl Job {
    /// Whether to go on, asked between calls.
    pub fn check(&self) -> Result<()> {
        let state = self.control.lock();
        match state.entry(self.id).and_then(|entry| entry.cause) {
            Some(cause) => Err(cause.error(self.name)),
            None => Ok(()),
        }
    }

    /// Has something else stop with this operation, at once if that is to stop already.
    pub fn also_stops(&self, other: CancelHandle) {
        let mut state = self.control.lock();
        let Some(entry) = state.entry_mut(self.id) else { return };
        let stops = entry.cause.is_some();
        entry.others.push(other.clone());
        drop(state);
        if stops {
            let _ = other.cancel();
        }
    }

    /// Has the operation stop after this time, 0 meaning never, as long as the alarm is kept. What
    /// is a part of another that has an alarm goes by that one.
    pub fn within(&self, ms: u32) -> Option<Alarm> {
        if ms == 0 {
            return None;
        }
        let mut state = self.control.lock();
        state.last_id += 1;
        let alarm = state.last_id;
        let entry = state.entry_mut(self.id).filter(|entry| entry.alarm.is_none())?;
        entry.alarm = Some(alarm);
        drop(state);
        Some(Alarm::set(&self.control, self.id, alarm, ms))
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.control.end(self.id);
    }
}
