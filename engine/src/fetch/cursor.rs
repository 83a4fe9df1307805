//! A bound cursor: from the driver's rows to record batches.

use std::ops::Range;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use odbc_api::sys::{
    self, Lock, NO_TOTAL, Operation, SQLBindCol, SQLFetch, SQLSetPos, StatementAttribute,
};

use super::{
    long,
    plan::{Mode, Plan},
};
use crate::{
    dbms::Dbms,
    error::{Diagnostic, Error, ErrorKind, Result},
    handle::{Context, Outcome, StatementHandle},
    metrics::{Gauge, Open},
    options::StreamOptions,
    types::{ColumnBuffer, ColumnInfo},
};

/// SQL_ROW_ERROR of the row status array.
const ROW_ERROR: u16 = 5;
/// More warnings than this are not kept.
const WARNINGS_MAX: usize = 1000;

/// Reads a result. Its buffers are bound to the statement's handle, which must be reset or freed
/// before this is dropped.
pub(crate) struct Cursor {
    plan: Plan,
    options: StreamOptions,
    /// What is converted: filled by the driver in blocks, or row by row from `row`.
    buffers: Vec<ColumnBuffer>,
    /// The one row that the driver fills, where it is asked for one row at a time.
    row: Vec<ColumnBuffer>,
    capacity: usize,
    /// Rows of the last fetch, written by the driver; boxed, since its address is bound.
    fetched: Box<usize>,
    statuses: Box<[u16]>,
    /// The rows of the current block that were not delivered yet.
    pending: Range<usize>,
    /// The row of the buffers that the batch in the making begins with.
    first: usize,
    batches: u64,
    rows: u64,
    done: bool,
    _gauge: Gauge,
}

impl Cursor {
    pub fn new(columns: &[ColumnInfo], dbms: &'static Dbms, options: &StreamOptions) -> Self {
        Self {
            plan: Plan::new(columns, dbms, options),
            options: options.clone(),
            buffers: Vec::new(),
            row: Vec::new(),
            capacity: 0,
            fetched: Box::new(0),
            statuses: Box::default(),
            pending: 0..0,
            first: 0,
            batches: 0,
            rows: 0,
            done: false,
            _gauge: Gauge::new(Open::Stream),
        }
    }

    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.plan.schema)
    }

    pub fn reads_instants(&self) -> bool {
        self.plan.reads_instants()
    }

    /// The next batch, or None at the end.
    pub fn fetch(
        &mut self,
        statement: &mut StatementHandle,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Option<RecordBatch>> {
        if self.done {
            return Ok(None);
        }
        let rows = match self.plan.mode {
            Mode::Block { reread } => self.fetch_block(statement, reread, context, warnings)?,
            Mode::SingleRow { first_unbound } => {
                self.fetch_rows(statement, first_unbound, context, warnings)?
            }
        };
        if rows.is_empty() {
            self.done = true;
            return Ok(None);
        }
        let batch = self.convert(rows.clone(), context)?;
        self.warn_of_ambiguous(&rows, warnings);
        self.batches += 1;
        self.rows += rows.len() as u64;
        Ok(Some(batch))
    }

    /// The rows of the block to convert next; empty at the end.
    fn fetch_block(
        &mut self,
        statement: &mut StatementHandle,
        reread: bool,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Range<usize>> {
        if self.pending.is_empty() {
            let capacity = self.plan.rows(self.batches);
            if capacity != self.capacity {
                self.buffers = self.new_buffers(capacity);
                self.capacity = capacity;
                let bound = self.buffers.len();
                self.bind(statement, bound, false, context)?;
            }
            self.buffers.iter_mut().for_each(ColumnBuffer::clear_long);
            self.pending = 0..self.fetch_from_driver(statement, context, warnings)?;
        }
        self.first = self.pending.start;
        let mut long_bytes = 0;
        while !self.pending.is_empty() && long_bytes <= self.options.batch_bytes_max {
            long_bytes += self.reread(statement, self.pending.start, reread, context)?;
            self.pending.start += 1;
        }
        Ok(self.first..self.pending.start)
    }

    /// Fills the buffers with one row after the other; returns the rows to convert.
    fn fetch_rows(
        &mut self,
        statement: &mut StatementHandle,
        first_unbound: usize,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Range<usize>> {
        if self.row.is_empty() {
            self.row = self.new_buffers(1);
            self.bind(statement, first_unbound, true, context)?;
        }
        let capacity = self.plan.rows(self.batches);
        if capacity != self.capacity {
            self.buffers = self.new_buffers(capacity);
            self.capacity = capacity;
        }
        self.buffers.iter_mut().for_each(ColumnBuffer::clear_long);
        let mut rows = 0;
        let mut long_bytes = 0;
        while rows < capacity && long_bytes <= self.options.batch_bytes_max {
            if self.fetch_from_driver(statement, context, warnings)? == 0 {
                self.done = true;
                break;
            }
            for index in 0..self.row.len() {
                let clipped = self.row[index].clipped(0);
                let unbound = index >= first_unbound;
                if unbound || clipped.is_some() {
                    let length = if unbound { None } else { clipped.and_then(known_length) };
                    let value = self.read_long(statement, index, length, context);
                    let value = value.map_err(|error| self.locate(error, index, rows))?;
                    long_bytes += value.as_ref().map_or(0, Vec::len);
                    self.row[index].set_first(value);
                }
                self.buffers[index].take_first(rows, &mut self.row[index]);
            }
            rows += 1;
        }
        Ok(0..rows)
    }

    /// One SQLFetch; returns how many rows came.
    fn fetch_from_driver(
        &mut self,
        statement: &StatementHandle,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<usize> {
        // MariaDB Connector/ODBC 3.1.15 leaves the count as it was when no rows are left.
        *self.fetched = 0;
        // SAFETY: What is bound to the handle lives in this cursor.
        let returned = unsafe { SQLFetch(statement.as_sys()) };
        match statement.check(returned, context)? {
            Outcome::NoData => Ok(0),
            Outcome::Success => Ok(*self.fetched),
            Outcome::Warnings(records) => {
                let fetched = (*self.fetched).min(self.statuses.len());
                let failed =
                    self.statuses[..fetched].iter().position(|status| *status == ROW_ERROR);
                if let Some(row) = failed {
                    let kind = context.dbms.kind(&records);
                    let error = Error::from_records(kind, context.operation, records);
                    return Err(error.in_row(self.rows + row as u64));
                }
                // A clipped value is expected, and read again.
                let worth_keeping = records.into_iter().filter(|record| record.sqlstate != "01004");
                let room = WARNINGS_MAX.saturating_sub(warnings.len());
                warnings.extend(worth_keeping.take(room));
                Ok(*self.fetched)
            }
        }
    }

    /// Reads again what was clipped in a row of the block; returns the bytes that took.
    fn reread(
        &mut self,
        statement: &StatementHandle,
        row: usize,
        can_reread: bool,
        context: Context,
    ) -> Result<usize> {
        let mut bytes = 0;
        let mut positioned = false;
        for index in 0..self.buffers.len() {
            let Some(length) = self.buffers[index].clipped(row) else { continue };
            let at = |error| self.locate(error, index, row);
            if !can_reread {
                let message = "the value is longer than its column's description says, and the \
                               driver cannot read it again";
                return Err(at(Error::new(ErrorKind::Truncated, context.operation, message)));
            }
            if !positioned {
                let number = row as sys::SetPosIRow + 1;
                // SAFETY: The handle is valid, and the row is one of its current block.
                let returned = unsafe {
                    SQLSetPos(statement.as_sys(), number, Operation::POSITION, Lock::NO_CHANGE)
                };
                statement.check(returned, context).map_err(at)?;
                positioned = true;
            }
            let value = self.read_long(statement, index, known_length(length), context);
            let value = value.map_err(at)?.unwrap_or_default();
            bytes += value.len();
            self.buffers[index].set_long(row, value);
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
        long::read(statement, number, self.plan.bindings[index], length, limit, context)
    }

    fn convert(&self, rows: Range<usize>, context: Context) -> Result<RecordBatch> {
        let columns = self.plan.columns.iter().zip(&self.buffers).enumerate();
        let arrays = columns.map(|(index, (column, buffer))| {
            column.convert(&buffer.cells(rows.start, rows.len())).map_err(|cell| {
                let error = Error::new(ErrorKind::Data, context.operation, cell.message);
                error
                    .in_column(self.plan.schema.field(index).name())
                    .in_row(self.rows + cell.row as u64)
            })
        });
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(self.schema(), arrays, &options).map_err(|error| {
            // Drivers promise NOT NULL for columns that then hold one.
            Error::new(ErrorKind::Data, context.operation, error.to_string())
        })
    }

    /// Names the column and the row of the buffers at which an error came up.
    fn locate(&self, error: Error, index: usize, row: usize) -> Error {
        let name = self.plan.schema.field(index).name();
        error.in_column(name).in_row(self.rows + (row - self.first) as u64)
    }

    /// Warns, once a column, of text that stands for more than one value.
    fn warn_of_ambiguous(&mut self, rows: &Range<usize>, warnings: &mut Vec<Diagnostic>) {
        let (buffers, schema) = (&self.buffers, &self.plan.schema);
        self.plan.ambiguous.retain(|(index, entry)| {
            let cells = buffers[*index].cells(rows.start, rows.len());
            let found = (0..cells.len()).any(|row| cells.bytes(row).is_some_and(entry.matches));
            if found {
                let message =
                    format!("column {:?}: {}", schema.field(*index).name(), entry.meaning);
                warnings.push(Diagnostic { sqlstate: "01000".to_owned(), native_code: 0, message });
            }
            !found
        });
    }

    fn new_buffers(&self, rows: usize) -> Vec<ColumnBuffer> {
        self.plan.bindings.iter().map(|binding| ColumnBuffer::new(*binding, rows)).collect()
    }

    /// Binds the first `count` buffers: of the block, or of the single row.
    fn bind(
        &mut self,
        statement: &StatementHandle,
        count: usize,
        single: bool,
        context: Context,
    ) -> Result<()> {
        let (buffers, rows) =
            if single { (&mut self.row, 1) } else { (&mut self.buffers, self.capacity) };
        self.statuses = vec![0; rows].into();
        let attributes: [(StatementAttribute, sys::Pointer); 3] = [
            (StatementAttribute::RowArraySize, rows as sys::Pointer),
            (StatementAttribute::RowStatusPtr, self.statuses.as_mut_ptr().cast()),
            (StatementAttribute::RowsFetchedPtr, (&raw mut *self.fetched).cast()),
        ];
        for (attribute, value) in attributes {
            // SAFETY: The addresses are of this cursor, which outlives their use by the handle.
            unsafe { statement.set_attribute(attribute, value, context)? };
        }
        for (index, buffer) in buffers.iter_mut().take(count).enumerate() {
            let binding = buffer.binding();
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
}

fn known_length(indicator: isize) -> Option<usize> {
    if indicator == NO_TOTAL { None } else { usize::try_from(indicator).ok() }
}
