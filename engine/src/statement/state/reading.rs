//! Reading the present result.

use std::sync::atomic::Ordering;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::{Loss, Reader, StatementState};
use crate::{
    dbms::Dbms,
    error::{Diagnostic, Error, ErrorKind, Result},
    fetch::Cursor,
    handle::Context,
    options::StreamOptions,
    types::ColumnInfo,
};

/// Whether the end that the driver tells of is the end.
fn check_loss(loss: Loss, fetched: u64, context: Context) -> Result<()> {
    let why = match loss {
        Loss::Cursor { rows } if fetched >= rows => {
            "when another statement of this connection failed, the driver ended the transaction of \
             its cursor"
        }
        Loss::Rest { fetched: before } if fetched == before => {
            "when a transaction began on this connection, as it does for a bulk insert, the driver \
             ended the result"
        }
        Loss::Cursor { .. } | Loss::Rest { .. } => return Ok(()),
    };
    let message = format!(
        "the rest of the result is lost: {why}; read on a connection of its own, or one that does \
         not stream"
    );
    Err(Error::new(ErrorKind::InvalidState, context.operation, message))
}

impl StatementState {
    /// Begins to read the present result from the driver; returns its columns, its number, and
    /// whether there are instants among them. `keeps_columns` tells that the database refuses to
    /// execute what was prepared where its columns have changed, and `not_null_holds` that the driver
    /// is right in calling columns NOT NULL.
    pub fn read(
        &mut self,
        options: &StreamOptions,
        keeps_columns: bool,
        not_null_holds: impl FnOnce() -> bool,
        context: Context,
    ) -> Result<(SchemaRef, u64, bool)> {
        let invalid =
            |message: &str| Error::new(ErrorKind::InvalidState, context.operation, message);
        if self.reader.is_some() {
            return Err(invalid("the result is already being read: execute the statement again"));
        }
        if let Some(cause) = self.stopped {
            return Err(cause.error(context.operation));
        }
        if self.column_count == 0 || self.handle.is_none() {
            return Err(invalid("there is no result to read: execute a query first"));
        }
        let (cursor, columns) = match self.unpark(options, keeps_columns, context) {
            Some(parked) => parked,
            None => {
                self.unbind();
                let mut columns = self.describe(context)?;
                if !not_null_holds() {
                    columns.iter_mut().for_each(|column| column.nullable = true);
                }
                let handle = self.handle.as_ref().expect("that was checked");
                (Box::new(Cursor::new(&columns, handle, options, context)), columns)
            }
        };
        let told = (cursor.schema(), self.result, cursor.reads_instants());
        self.reader = Some(Reader::Driver(cursor, columns));
        self.reading.store(self.result, Ordering::Release);
        Ok(told)
    }

    /// The cursor of the execution before, where the result has the same columns.
    fn unpark(
        &mut self,
        options: &StreamOptions,
        keeps_columns: bool,
        context: Context,
    ) -> Option<(Box<Cursor>, Vec<ColumnInfo>)> {
        let (cursor, columns) = self.parked.as_ref().filter(|_| !self.later)?;
        let handle = self.handle.as_mut()?;
        let is_steady = keeps_columns || self.steadiness.is_marked();
        let fits = cursor.options() == options
            && columns.len() == self.column_count
            && (is_steady || handle.are_described_by(columns, context));
        let (mut cursor, columns) = if fits { self.parked.take()? } else { return None };
        cursor.restart();
        Some((cursor, columns))
    }

    /// Describes the columns of the present result.
    fn describe(&mut self, context: Context) -> Result<Vec<ColumnInfo>> {
        if let Some(standard) = &self.standard {
            return Ok(standard.clone());
        }
        let Some(handle) = &mut self.handle else { return Ok(Vec::new()) };
        (1..=self.column_count)
            .map(|number| {
                let number = u16::try_from(number).map_err(|_| {
                    let message = "the result has too many columns";
                    Error::new(ErrorKind::Limit, context.operation, message)
                })?;
                handle.describe_column(number, context)
            })
            .collect()
    }

    /// The next rows of the result that is being read, and whether they are the last.
    pub fn fetch(
        &mut self,
        context: Context,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<(Option<RecordBatch>, bool)> {
        match (&mut self.handle, &mut self.reader) {
            (Some(handle), Some(Reader::Driver(cursor, _))) => {
                let batch = cursor.fetch(handle, context, warnings)?;
                let Some(loss) = self.loss else { return Ok((batch, cursor.is_at_end())) };
                let last = batch.is_none();
                if last {
                    check_loss(loss, cursor.fetched(), context)?;
                }
                Ok((batch, last))
            }
            (_, Some(Reader::Memory(batches))) => {
                let batch = batches.pop_front();
                Ok((batch, batches.is_empty()))
            }
            _ => Ok((None, true)),
        }
    }

    /// Stops reading the result numbered `result`, if that is the present one.
    pub fn close_reading(&mut self, result: u64) {
        if self.result == result {
            self.end_result();
        }
    }

    /// Gives the execution up after a failure, which some handles do not survive.
    pub fn fail_reading(&mut self, error: &Error, dbms: &Dbms) {
        self.failed = true;
        match error.kind {
            ErrorKind::Cancelled | ErrorKind::Timeout => self.stop(dbms),
            _ => self.end_execution(),
        }
    }
}
