//! The rows of one call, in buffers that are bound to a statement.

use odbc_api::sys::{
    self, FetchOrientation, SQLBindCol, SQLFetch, SQLFetchScroll, StatementAttribute,
};

use crate::{
    cancel::Phase,
    error::{Diagnostic, Error, Result},
    handle::{Context, Outcome, StatementHandle},
    types::{Column, ColumnBuffer},
};

/// SQL_CURSOR_STATIC of SQL_ATTR_CURSOR_TYPE.
const STATIC: usize = 3;
/// SQL_ROW_ERROR of the row status array.
const ROW_ERROR: u16 = 5;

/// Which rows to fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Next,
    /// From this row of the result on, counted from 0.
    From(u64),
}

/// What a fetch brought.
#[derive(Default)]
pub(super) struct Fetched {
    pub rows: usize,
    pub warnings: Vec<Diagnostic>,
    /// Why the row after these is missing.
    pub failure: Option<Error>,
}

/// Buffers for some rows. They are bound to a handle, which must be reset or freed before this is
/// dropped.
#[derive(Default)]
pub(super) struct Block {
    pub buffers: Vec<ColumnBuffer>,
    rows: usize,
    /// How many more there is room for behind those, for the first to wait in.
    waiting_max: usize,
    /// Rows of the last fetch, written by the driver; boxed, since its address is bound.
    fetched: Box<usize>,
    statuses: Box<[u16]>,
}

impl Block {
    /// For how many rows there is room.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows may wait behind those of a fetch.
    pub fn waiting_max(&self) -> usize {
        self.waiting_max
    }

    /// Makes room for `rows` rows, with `waiting_max` behind them, and binds the first `bound`
    /// columns.
    pub fn bind(
        &mut self,
        statement: &mut StatementHandle,
        columns: &[Box<dyn Column>],
        rows: usize,
        bound: usize,
        waiting_max: usize,
        context: Context,
    ) -> Result<()> {
        // What is bound so far goes away with the buffers.
        statement.unbind_columns();
        let buffer = |binding| ColumnBuffer::new(binding, rows + waiting_max);
        self.buffers = columns.iter().map(|column| buffer(column.binding())).collect();
        self.statuses = vec![0; rows].into();
        (self.rows, self.waiting_max) = (rows, waiting_max);
        let attributes: [(StatementAttribute, sys::Pointer); 3] = [
            (StatementAttribute::RowArraySize, rows as sys::Pointer),
            (StatementAttribute::RowStatusPtr, self.statuses.as_mut_ptr().cast()),
            (StatementAttribute::RowsFetchedPtr, (&raw mut *self.fetched).cast()),
        ];
        for (attribute, value) in attributes {
            // SAFETY: The addresses are of this block, which outlives their use by the handle.
            unsafe { statement.set_attribute(attribute, value, context)? };
        }
        for (index, buffer) in self.buffers.iter_mut().take(bound).enumerate() {
            let binding = columns[index].binding();
            let (data, indicators) = buffer.addresses();
            // SAFETY: As above; the buffer holds `rows` cells of the length given.
            let returned = unsafe {
                SQLBindCol(
                    statement.as_sys(),
                    index as u16 + 1,
                    binding.c_type,
                    data.cast(),
                    binding.cell_bytes as isize,
                    indicators,
                )
            };
            statement.check(returned, context)?;
        }
        Ok(())
    }

    /// Fetches as many rows as there is room for.
    pub fn fetch(
        &mut self,
        statement: &StatementHandle,
        step: Step,
        context: Context,
    ) -> Result<Fetched> {
        self.buffers.iter_mut().for_each(ColumnBuffer::clear_long);
        // MariaDB Connector/ODBC 3.1.15 leaves the count as it was when no rows are left.
        *self.fetched = 0;
        let handle = statement.as_sys();
        // SAFETY: What is bound to the handle lives in this block.
        let fetch = || unsafe {
            match step {
                Step::Next => SQLFetch(handle),
                Step::From(row) => {
                    SQLFetchScroll(handle, FetchOrientation::Absolute, row as isize + 1)
                }
            }
        };
        let returned = statement.call_raw(Phase::Fetch, context, fetch)?;
        match statement.check(returned, context)? {
            Outcome::NoData => Ok(Fetched::default()),
            Outcome::Success => Ok(Fetched { rows: *self.fetched, ..Fetched::default() }),
            Outcome::Warnings(records) => {
                let rows = (*self.fetched).min(self.rows);
                let failed = self.statuses[..rows].iter().position(|status| *status == ROW_ERROR);
                if let Some(row) = failed {
                    let kind = context.dbms.kind(&records);
                    let error = Error::from_records(kind, context.operation, records);
                    return Ok(Fetched { rows: row, warnings: Vec::new(), failure: Some(error) });
                }
                // A clipped value is expected, and read again.
                let warnings = records.into_iter().filter(|record| record.sqlstate != "01004");
                Ok(Fetched { rows, warnings: warnings.collect(), failure: None })
            }
        }
    }
}

/// Whether the statement's cursor can go back to a row.
pub(super) fn scrolls(statement: &StatementHandle) -> bool {
    let mut cursor_type = 0usize;
    // SAFETY: The attribute is an SQLULEN, for which there is room.
    let returned = unsafe {
        sys::SQLGetStmtAttr(
            statement.as_sys(),
            StatementAttribute::CursorType,
            (&raw mut cursor_type).cast(),
            0,
            std::ptr::null_mut(),
        )
    };
    returned == sys::SqlReturn::SUCCESS && cursor_type == STATIC
}
