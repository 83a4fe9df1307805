//! A cursor: from the driver's rows to record batches.

mod single;

use std::ops::Range;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;
use odbc_api::sys::{self, Lock, NO_TOTAL, Operation, SQLSetPos};

use super::{
    block::{self, Block, Step},
    long,
    plan::{Clipped, Mode, Plan},
};
use crate::{
    error::{Diagnostic, Error, ErrorKind, Result},
    handle::{Context, StatementHandle},
    metrics::{Gauge, Open},
    options::StreamOptions,
    types::{Binding, CellError, Column, ColumnInfo, Slabs},
};

/// More warnings than this are not kept.
pub(crate) const WARNINGS_MAX: usize = 1000;

/// Reads a result. Its buffers are bound to the statement's handle, which must be reset or freed
/// before this is dropped.
pub(crate) struct Cursor {
    plan: Plan,
    options: StreamOptions,
    block: Block,
    /// The row of the result that the block begins with.
    block_start: u64,
    /// The rows of the block that no batch has yet.
    pending: Range<usize>,
    /// Whether values among them are longer than their cells.
    clipped: bool,
    /// Whether the next block wants wider cells.
    rebind: bool,
    /// Whether the last block was full, so that a larger one is worth it.
    full: bool,
    /// Rows of the batch in the making.
    built: usize,
    slabs: Slabs,
    /// Rows of the batches that were delivered.
    delivered: u64,
    batches: u64,
    /// What is to be told once the rows before it were delivered.
    failure: Option<Error>,
    /// Whether the driver is not asked for more rows.
    done: bool,
    _gauge: Gauge,
}

impl Cursor {
    pub fn new(
        columns: &[ColumnInfo],
        statement: &StatementHandle,
        options: &StreamOptions,
        context: Context,
    ) -> Self {
        let scrolls = || block::scrolls(statement);
        Self {
            plan: Plan::new(columns, context.dbms, options, scrolls),
            options: options.clone(),
            block: Block::default(),
            block_start: 0,
            pending: 0..0,
            clipped: false,
            rebind: false,
            full: false,
            built: 0,
            slabs: Slabs::default(),
            delivered: 0,
            batches: 0,
            failure: None,
            done: false,
            _gauge: Gauge::new(Open::Stream),
        }
    }

    /// Begins to read another result of the same columns; the buffers stay bound.
    pub fn restart(&mut self) {
        // What a batch in the making had is of the result before.
        self.plan.columns.iter_mut().for_each(|column| column.truncate(0));
        self.block_start = 0;
        self.pending = 0..0;
        self.full = false;
        (self.built, self.delivered, self.batches) = (0, 0, 0);
        (self.failure, self.done) = (None, false);
        self.plan.ambiguous.iter_mut().for_each(|(.., warned)| *warned = false);
    }

    /// The options it was made with.
    pub fn options(&self) -> &StreamOptions {
        &self.options
    }

    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.plan.schema)
    }

    pub fn reads_instants(&self) -> bool {
        self.plan.reads_instants()
    }

    /// The next batch, or None at the end. A failure comes after the rows before it.
    pub fn fetch(
        &mut self,
        statement: &mut StatementHandle,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Option<RecordBatch>> {
        if let Err(error) = self.fill(statement, context, warnings) {
            self.done = true;
            self.pending = 0..0;
            self.failure = Some(error);
        }
        if self.built > 0 {
            return self.finish(context).map(Some);
        }
        self.failure.take().map_or(Ok(None), Err)
    }

    /// The rows that the driver has given.
    pub fn fetched(&self) -> u64 {
        self.delivered + (self.built + self.pending.len()) as u64
    }

    /// Whether a failure is to be told behind the rows before it.
    pub fn is_failing(&self) -> bool {
        self.failure.is_some()
    }

    /// Whether all rows were delivered, and nothing is left to be told.
    pub fn is_at_end(&self) -> bool {
        !self.has_more() && self.failure.is_none()
    }

    fn has_more(&self) -> bool {
        !self.done || !self.pending.is_empty()
    }

    /// Appends rows until the batch is long enough.
    fn fill(
        &mut self,
        statement: &mut StatementHandle,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<()> {
        let rows_max = self.plan.batch_rows(self.batches);
        let bytes_max = self.options.batch_bytes_max;
        // What the rows of the last call took: so many more are to fit.
        let mut step = 0;
        let mut before = self.bytes();
        while self.has_more()
            && self.built < rows_max
            && (self.built == 0 || before + step < bytes_max)
        {
            match self.plan.mode {
                Mode::Block(clipped) => {
                    if self.pending.is_empty() {
                        self.next_block(statement, clipped, context, warnings)?;
                    }
                    // Fetching may have found that single rows are the way.
                    if let Mode::Block(clipped) = self.plan.mode {
                        let limit = rows_max - self.built;
                        self.append_block(statement, clipped, limit, context, warnings)?;
                    }
                }
                Mode::SingleRow { first_unbound } => {
                    let limit = rows_max - self.built;
                    self.append_rows(statement, first_unbound, limit, context, warnings)?;
                }
            }
            let bytes = self.bytes();
            step = bytes.saturating_sub(before);
            before = bytes;
        }
        Ok(())
    }

    /// Fetches the next block, again with wider cells where its values ask for it.
    fn next_block(
        &mut self,
        statement: &mut StatementHandle,
        clipped: Clipped,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<()> {
        self.block_start += self.pending.end as u64;
        self.pending = 0..0;
        let mut step = Step::Next;
        loop {
            let rows = self.plan.block_rows(!self.full);
            if rows > self.block.rows() || step != Step::Next || std::mem::take(&mut self.rebind) {
                let bound = self.plan.columns.len();
                self.block.bind(statement, &self.plan.columns, rows, bound, 0, context)?;
            }
            let fetched = self.block.fetch(statement, step, context)?;
            let longest = self.longest_clipped(fetched.rows);
            if clipped == Clipped::Refetch && self.refits(fetched.rows, &longest) {
                step = Step::From(self.block_start);
                if let Mode::SingleRow { first_unbound } = self.plan.mode {
                    self.bind_row(statement, first_unbound, context)?;
                    return self.fetch_row(statement, step, context, warnings);
                }
                continue;
            }
            if clipped == Clipped::Reread {
                self.verify(statement, fetched.rows, context)?;
                self.widen_later(fetched.rows, &longest);
            }
            self.clipped = !longest.is_empty();
            self.full = fetched.rows == self.block.rows();
            Diagnostic::keep(warnings, fetched.warnings, WARNINGS_MAX);
            self.pending = 0..fetched.rows;
            self.done = fetched.rows == 0 || (!self.full && context.dbms.short_block_is_last);
            if let Some(error) = fetched.failure {
                self.failure = Some(error.in_row(self.block_start + fetched.rows as u64));
                self.done = true;
            }
            return Ok(());
        }
    }

    /// Verifies values of the block that the driver may have made up; blanks those that it did.
    fn verify(&mut self, statement: &StatementHandle, rows: usize, context: Context) -> Result<()> {
        for index in 0..self.plan.columns.len() {
            for row in self.plan.columns[index].suspects(&self.block.buffers[index].cells(0, rows))
            {
                position(statement, row, context)?;
                let (number, limit) = (index as u16 + 1, self.options.column_bytes_max);
                let text =
                    long::read(statement, number, Binding::any_text(), None, limit, context)?;
                if !self.plan.columns[index].verifies(&text.unwrap_or_default()) {
                    self.block.buffers[index].blank(row);
                }
            }
        }
        Ok(())
    }

    /// The columns with values longer than their cells, and the longest of each.
    fn longest_clipped(&self, rows: usize) -> Vec<(usize, isize)> {
        let buffers = self.block.buffers.iter().enumerate();
        buffers.filter_map(|(index, buffer)| Some((index, buffer.longest_clipped(rows)?))).collect()
    }

    /// Plans for what the block showed; false where it is good as it is.
    fn refits(&mut self, rows: usize, longest: &[(usize, isize)]) -> bool {
        let mut refit = false;
        for (column, buffer) in self.plan.columns.iter_mut().zip(&self.block.buffers) {
            if column.doubts_nulls() && buffer.has_null(rows) {
                column.read_exactly();
                refit = true;
            }
        }
        for (index, length) in longest {
            refit = true;
            if !self.plan.widen(*index, *length) {
                self.plan.read_single_rows();
                break;
            }
        }
        refit
    }

    /// Plans wider cells for the blocks to come, where reading many values again one by one would
    /// take longer.
    fn widen_later(&mut self, rows: usize, longest: &[(usize, isize)]) {
        /// One value of so many is cheaper to be read again.
        const SELDOM: usize = 8;
        for (index, length) in longest {
            let buffer = &self.block.buffers[*index];
            let count = (0..rows).filter(|row| buffer.clipped(*row).is_some()).count();
            self.rebind |= count * SELDOM > rows && self.plan.widen(*index, *length);
        }
    }

    /// Appends rows of the block, `limit` at most.
    fn append_block(
        &mut self,
        statement: &StatementHandle,
        clipped: Clipped,
        limit: usize,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<()> {
        let start = self.pending.start;
        let mut end = self.pending.end.min(start + limit);
        let mut reread = Ok(());
        if self.clipped {
            (end, reread) = self.reread(statement, start..end, clipped, context);
        }
        self.append(start..end, context, warnings)?;
        self.pending.start = end;
        reread
    }

    /// Reads the clipped values of these rows; returns where it stopped, since they are long
    /// enough for one batch or one cannot be read.
    fn reread(
        &mut self,
        statement: &StatementHandle,
        rows: Range<usize>,
        clipped: Clipped,
        context: Context,
    ) -> (usize, Result<()>) {
        let room = self.options.batch_bytes_max.saturating_sub(self.bytes());
        let mut bytes = 0;
        for row in rows.clone() {
            if row > rows.start && bytes > room {
                return (row, Ok(()));
            }
            match self.reread_row(statement, row, clipped, context) {
                Ok(read) => bytes += read,
                Err(error) => return (row, Err(error)),
            }
        }
        (rows.end, Ok(()))
    }

    fn reread_row(
        &mut self,
        statement: &StatementHandle,
        row: usize,
        clipped: Clipped,
        context: Context,
    ) -> Result<usize> {
        let mut bytes = 0;
        let mut positioned = false;
        for index in 0..self.block.buffers.len() {
            let Some(length) = self.block.buffers[index].clipped(row) else { continue };
            let result_row = self.block_start + row as u64;
            let at = |error| self.locate(error, index, result_row);
            if clipped == Clipped::Lost {
                let message = "the value is longer than its column's description says, and the \
                               driver cannot read it again";
                return Err(at(Error::new(ErrorKind::Truncated, context.operation, message)));
            }
            if !positioned {
                position(statement, row, context).map_err(at)?;
                positioned = true;
            }
            let value = self.read_long(statement, index, known_length(length), context);
            let value = value.map_err(at)?.unwrap_or_default();
            bytes += value.len();
            self.block.buffers[index].set_long(row, value);
        }
        Ok(bytes)
    }

    fn read_long(
        &self,
        statement: &StatementHandle,
        index: usize,
        length: Option<usize>,
        context: Context,
    ) -> Result<Option<Vec<u8>>> {
        let number = index as u16 + 1;
        let limit = self.options.column_bytes_max;
        let binding = self.plan.columns[index].binding();
        long::read(statement, number, binding, length, limit, context)
    }

    /// Appends these rows of the block to the batch, up to the first that does not convert.
    fn append(
        &mut self,
        rows: Range<usize>,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<()> {
        let mut length = rows.len();
        let mut failed: Option<(usize, Error)> = None;
        for index in 0..self.plan.columns.len() {
            let buffer = &self.block.buffers[index];
            if let Some(row) = self.plan.first_too_long(index, &buffer.cells(rows.start, length)) {
                length = row;
                failed = Some((index, long::too_long(self.options.column_bytes_max, context)));
            }
            let cells = buffer.cells(rows.start, length);
            if let Err(CellError { row, message }) = self.plan.columns[index].append(&cells) {
                length = row;
                failed = Some((index, Error::new(ErrorKind::Data, context.operation, message)));
            }
        }
        self.warn_of_ambiguous(rows.start, length, warnings);
        let first = self.delivered + self.built as u64;
        self.built += length;
        let Some((index, error)) = failed else { return Ok(()) };
        self.plan.columns.iter_mut().for_each(|column| column.truncate(self.built));
        Err(self.locate(error, index, first + length as u64))
    }

    /// The batch that was built.
    fn finish(&mut self, context: Context) -> Result<RecordBatch> {
        let rows = std::mem::take(&mut self.built);
        self.delivered += rows as u64;
        self.batches += 1;
        let bytes = self.plan.columns.iter().map(|column| column.slab_bytes()).sum();
        let mut slab = self.slabs.slab(bytes);
        let finish = |column: &mut Box<dyn Column>| column.finish(&mut slab);
        let arrays: Vec<ArrayRef> = self.plan.columns.iter_mut().map(finish).collect();
        let mut columns = self.plan.schema.fields().iter().zip(&arrays);
        // Drivers promise NOT NULL for columns that then hold one.
        if let Some((field, _)) =
            columns.find(|(field, array)| !field.is_nullable() && array.null_count() > 0)
        {
            let message =
                format!("column {:?} has a NULL, but is described as NOT NULL", field.name());
            return Err(Error::new(ErrorKind::Data, context.operation, message));
        }
        debug_assert!(self.plan.schema.fields().iter().zip(&arrays).all(|(field, array)| {
            array.data_type() == field.data_type() && array.len() == rows
        }));
        // SAFETY: Each array is of its field's type, has the rows that were built, and no NULL that
        // the field forbids.
        Ok(unsafe { RecordBatch::new_unchecked(self.schema(), arrays, rows) })
    }

    /// The bytes of the batch in the making.
    fn bytes(&self) -> usize {
        self.plan.columns.iter().map(|column| column.bytes()).sum()
    }

    /// Names the column and the row of the result at which an error came up.
    fn locate(&self, error: Error, index: usize, row: u64) -> Error {
        error.in_column(self.plan.schema.field(index).name()).in_row(row)
    }

    /// Warns, once a column, of text that stands for more than one value.
    fn warn_of_ambiguous(&mut self, start: usize, rows: usize, warnings: &mut Vec<Diagnostic>) {
        let (buffers, schema) = (&self.block.buffers, &self.plan.schema);
        for (index, entry, warned) in &mut self.plan.ambiguous {
            let cells = buffers[*index].cells(start, rows);
            let found = |row| cells.bytes(row).is_some_and(entry.matches);
            if !*warned && (0..rows).any(found) {
                let message =
                    format!("column {:?}: {}", schema.field(*index).name(), entry.meaning);
                warnings.push(Diagnostic { sqlstate: "01000".to_owned(), native_code: 0, message });
                *warned = true;
            }
        }
    }
}

/// Makes a row of the block the one that SQLGetData reads.
fn position(statement: &StatementHandle, row: usize, context: Context) -> Result<()> {
    let number = row as sys::SetPosIRow + 1;
    // SAFETY: The handle is valid, and the row is one of its current block.
    let returned =
        unsafe { SQLSetPos(statement.as_sys(), number, Operation::POSITION, Lock::NO_CHANGE) };
    statement.check(returned, context).map(drop)
}

fn known_length(indicator: isize) -> Option<usize> {
    if indicator == NO_TOTAL { None } else { usize::try_from(indicator).ok() }
}
