//! Reading one row with each call.

use super::{Cursor, Step, WARNINGS_MAX, known_length};
use crate::{
    error::{Diagnostic, Result},
    handle::{Context, StatementHandle},
};

impl Cursor {
    /// Fetches some rows, up to `limit`, and appends them. They wait in the block until there are
    /// some, since converting many at once takes less time.
    pub(super) fn append_rows(
        &mut self,
        statement: &mut StatementHandle,
        first_unbound: usize,
        limit: usize,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<()> {
        if self.block.rows() != 1 {
            self.bind_row(statement, first_unbound, context)?;
        }
        let limit = limit.min(self.block.waiting_max());
        let mut waiting = 0;
        let mut fetched = Ok(());
        while waiting < limit {
            if self.pending.is_empty() {
                fetched = self.fetch_row(statement, Step::Next, context, warnings);
            }
            if fetched.is_err() || self.done || self.has_unread(first_unbound) {
                break;
            }
            waiting += 1;
            self.block.buffers.iter_mut().for_each(|buffer| buffer.keep_first(waiting));
            self.block_start += 1;
            self.pending = 0..0;
        }
        if waiting > 0 {
            self.append(1..1 + waiting, context, warnings)?;
        }
        fetched?;
        if waiting == limit || self.done {
            return Ok(());
        }
        self.read_unread(statement, first_unbound, context)?;
        self.block_start += 1;
        self.pending = 0..0;
        self.append(0..1, context, warnings)
    }

    /// Whether columns of the row have to be read by SQLGetData.
    fn has_unread(&self, first_unbound: usize) -> bool {
        first_unbound < self.block.buffers.len()
            || self.block.buffers.iter().any(|buffer| buffer.clipped(0).is_some())
    }

    fn read_unread(
        &mut self,
        statement: &StatementHandle,
        first_unbound: usize,
        context: Context,
    ) -> Result<()> {
        for index in 0..self.block.buffers.len() {
            let clipped = self.block.buffers[index].clipped(0);
            let unbound = index >= first_unbound;
            if unbound || clipped.is_some() {
                let length = if unbound { None } else { clipped.and_then(known_length) };
                let value = self.read_long(statement, index, length, context);
                let value = value.map_err(|error| self.locate(error, index, self.block_start))?;
                self.block.buffers[index].set_first(value);
            }
        }
        Ok(())
    }

    pub(super) fn bind_row(
        &mut self,
        statement: &mut StatementHandle,
        first_unbound: usize,
        context: Context,
    ) -> Result<()> {
        let waiting_max = self.plan.block_rows(true);
        self.block.bind(statement, &self.plan.columns, 1, first_unbound, waiting_max, context)
    }

    pub(super) fn fetch_row(
        &mut self,
        statement: &StatementHandle,
        step: Step,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<()> {
        let fetched = self.block.fetch(statement, step, context)?;
        Diagnostic::keep(warnings, fetched.warnings, WARNINGS_MAX);
        if let Some(error) = fetched.failure {
            return Err(error.in_row(self.block_start));
        }
        self.pending = 0..fetched.rows;
        self.done = fetched.rows == 0;
        Ok(())
    }
}
