//! The rows to insert, cut into pieces of the size that is sent at once.

use std::collections::VecDeque;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchReader, cast::AsArray};
use arrow_schema::{ArrowError, DataType, FieldRef, Schema, SchemaRef};
use arrow_select::concat::concat_batches;

use super::OPERATION;
use crate::{
    error::{Error, ErrorKind, Result},
    parameters::{plain_array, plain_field},
};

/// What a piece may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct PieceLimits {
    pub rows: usize,
    /// About how many bytes; a piece holds one row at least.
    pub bytes: usize,
    /// Whether each value takes as much room as the longest of its column.
    pub by_longest: bool,
    /// No piece goes beyond a multiple of this many rows.
    pub boundary: Option<u64>,
}

/// Some rows, and the number of the first one, counted from 0.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub first_row: u64,
    pub batch: RecordBatch,
}

pub(super) struct Source {
    reader: Box<dyn RecordBatchReader + Send>,
    schema: SchemaRef,
    held: VecDeque<RecordBatch>,
    /// The number of the first row that is held.
    row: u64,
    ended: bool,
}

impl Source {
    pub fn new(reader: Box<dyn RecordBatchReader + Send>) -> Self {
        let fields =
            reader.schema().fields().iter().map(|field| plain_field(field)).collect::<Vec<_>>();
        let schema = SchemaRef::new(Schema::new(fields));
        Self { reader, schema, held: VecDeque::new(), row: 0, ended: false }
    }

    /// The columns of the rows, of the types that they are passed as.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many rows were given as pieces.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// Whether all rows were.
    pub fn has_ended(&self) -> bool {
        self.ended && self.held.is_empty()
    }

    /// The next rows; None at the end.
    pub fn next(&mut self, limits: PieceLimits) -> Result<Option<Piece>> {
        let to_boundary = limits.boundary.map(|every| every - self.row % every);
        let rows = to_boundary.map_or(limits.rows, |rows| {
            limits.rows.min(usize::try_from(rows).unwrap_or(usize::MAX))
        });
        self.hold(rows, limits.bytes)?;
        let Some(mut batch) = self.take(rows)? else { return Ok(None) };
        let kept = fitting_rows(&batch, limits);
        if kept < batch.num_rows() {
            self.held.push_front(batch.slice(kept, batch.num_rows() - kept));
            batch = batch.slice(0, kept);
        }
        let first_row = self.row;
        self.row += batch.num_rows() as u64;
        Ok(Some(Piece { first_row, batch }))
    }

    /// Reads on until this many rows are held, or this many bytes, or all.
    fn hold(&mut self, rows: usize, bytes: usize) -> Result<()> {
        let mut held_rows: usize = self.held.iter().map(RecordBatch::num_rows).sum();
        if held_rows >= rows {
            return Ok(());
        }
        let mut held_bytes: usize = self.held.iter().map(batch_bytes).sum();
        while held_rows < rows && held_bytes < bytes && !self.ended {
            let Some(batch) = self.reader.next() else {
                self.ended = true;
                break;
            };
            let first_row = self.row + held_rows as u64;
            let batch = plain_batch(&self.schema, batch.map_err(failed)?, first_row)?;
            held_rows += batch.num_rows();
            held_bytes += batch_bytes(&batch);
            if batch.num_rows() > 0 {
                self.held.push_back(batch);
            }
        }
        Ok(())
    }

    /// Up to this many rows of those that are held, in one batch.
    fn take(&mut self, rows: usize) -> Result<Option<RecordBatch>> {
        let mut parts = Vec::new();
        let mut wanted = rows;
        while wanted > 0 {
            let Some(batch) = self.held.pop_front() else { break };
            let taken = batch.num_rows().min(wanted);
            if taken < batch.num_rows() {
                self.held.push_front(batch.slice(taken, batch.num_rows() - taken));
            }
            parts.push(batch.slice(0, taken));
            wanted -= taken;
        }
        match parts.len() {
            0 => Ok(None),
            1 => Ok(parts.pop()),
            _ => concat_batches(&self.schema, &parts).map(Some).map_err(failed),
        }
    }
}

fn failed(error: ArrowError) -> Error {
    let message = format!("the rows could not be read: {error}");
    Error::new(ErrorKind::InvalidArgument, OPERATION, message)
}

fn plain_batch(schema: &SchemaRef, batch: RecordBatch, first_row: u64) -> Result<RecordBatch> {
    let plain = |(column, field): (&ArrayRef, &FieldRef)| {
        plain_array(column).map_err(|refusal| {
            let error =
                Error::new(refusal.kind, OPERATION, refusal.message).in_column(field.name());
            let is_refused = |row: &usize| plain_array(&column.slice(*row, 1)).is_err();
            match (0..column.len()).find(is_refused) {
                Some(row) => error.in_row(first_row + row as u64),
                None => error,
            }
        })
    };
    let columns = batch.columns().iter().zip(schema.fields()).map(plain).collect::<Result<_>>()?;
    RecordBatch::try_new(schema.clone(), columns).map_err(failed)
}

fn batch_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| column_bytes(column, column.len(), false)).sum()
}

/// How many of the first rows fit.
fn fitting_rows(batch: &RecordBatch, limits: PieceLimits) -> usize {
    let mut rows = batch.num_rows();
    while rows > 1 {
        let bytes = |column: &ArrayRef| column_bytes(column, rows, limits.by_longest);
        if batch.columns().iter().map(bytes).sum::<usize>() <= limits.bytes {
            break;
        }
        rows /= 2;
    }
    rows
}

/// About how many bytes the first rows of a column take.
fn column_bytes(column: &ArrayRef, rows: usize, by_longest: bool) -> usize {
    /// An indicator, a comma, quotes.
    const OVERHEAD: usize = 8;
    fn sum_up(lengths: impl Iterator<Item = usize>, rows: usize, by_longest: bool) -> usize {
        let lengths = lengths.take(rows);
        if by_longest { lengths.max().unwrap_or_default() * rows } else { lengths.sum() }
    }
    macro_rules! lengths {
        ($array:expr) => {
            sum_up($array.iter().map(|value| value.map_or(0, |v| v.len())), rows, by_longest)
        };
    }
    // Bytes become two digits each where they become text.
    let digits = if by_longest { 1 } else { 2 };
    let values = match column.data_type() {
        DataType::Utf8 => lengths!(column.as_string::<i32>()),
        DataType::LargeUtf8 => lengths!(column.as_string::<i64>()),
        DataType::Utf8View => lengths!(column.as_string_view()),
        DataType::Binary => digits * lengths!(column.as_binary::<i32>()),
        DataType::LargeBinary => digits * lengths!(column.as_binary::<i64>()),
        DataType::BinaryView => digits * lengths!(column.as_binary_view()),
        DataType::FixedSizeBinary(length) => {
            digits * usize::try_from(*length).unwrap_or_default() * rows
        }
        // As text a number may take more than its own size.
        other => rows * other.primitive_width().map_or(8, |width| width + 8),
    };
    values + rows * OVERHEAD
}
