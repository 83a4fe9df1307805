//! Reading a query page by page, by a key that orders its rows.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};

use super::{PageOptions, column, data_error, fitting, nested, rows, start};
use crate::{
    connection::Shared,
    error::{Diagnostic, Error, ErrorKind, Result},
    options::{StreamOptions, invalid},
    parameters::Parameters,
    stream::{Batches, Fetched, Stream},
};

const OPERATION: &str = "page";

/// Streams a query of which the driver never holds more than a page.
///
/// Each page begins with the last row of the page before, which tells whether the key is unique
/// where it must be.
pub(crate) fn read(
    shared: &Arc<Shared>,
    sql: &str,
    parameters: &Parameters,
    page: &PageOptions,
    options: &StreamOptions,
) -> Result<Stream> {
    page.check()?;
    let _job = shared.job(OPERATION)?;
    // A bulk insert may take the rows, but not run already.
    drop(shared.session(OPERATION)?);
    let (key, result_key) = column(&page.key, shared.dbms, OPERATION)?;
    let parameters = &parameters.copied();
    let query = nested(sql, parameters, OPERATION)?;
    let ordered = |condition: &str, count: usize, order: &str| {
        let (before, behind) = shared.dbms.limit.around(count);
        format!("SELECT {before}* FROM {query} {condition} ORDER BY {key}{order} {behind}")
    };
    let limited = |condition: &str, count: usize| ordered(condition, count, "");
    let without_key = limited(&format!("WHERE {key} IS NULL"), 1);
    if rows(shared, &without_key, parameters)?.iter().any(|batch| batch.num_rows() > 0) {
        return Err(data_error(OPERATION, format!("a row has no value in its key {key}")));
    }
    let options = StreamOptions { prefetch: Some(false), ..options.clone() };
    let stream = start(shared, &limited("", page.rows), parameters, &options)?.feeding_another();
    let schema = stream.schema();
    let named =
        |is_it: &dyn Fn(&str) -> bool| schema.fields().iter().position(|field| is_it(field.name()));
    let index = named(&|name| name == result_key)
        .or_else(|| named(&|name| name.eq_ignore_ascii_case(&result_key)));
    let index = index.ok_or_else(|| {
        invalid(OPERATION, format!("the key {key} is not among the columns of the query"))
    })?;
    let pages = Pages {
        next_page: limited(&format!("WHERE {key} >= ?"), page.rows + 1),
        same_key: limited(&format!("WHERE {key} = ?"), 2),
        key_below: ordered(&format!("WHERE {key} < ?"), 1, " DESC"),
        shared: Arc::clone(shared),
        parameters: parameters.clone(),
        options,
        index,
        left: page.rows,
        rows: page.rows,
        schema: Arc::clone(&schema),
        last: None,
        overlaps: false,
        stream: Some(stream),
        warnings: Vec::new(),
    };
    Ok(Stream::made(shared, schema, Box::new(pages)))
}

struct Pages {
    shared: Arc<Shared>,
    next_page: String,
    /// The query for rows whose key the database finds equal to one, two of them at most.
    same_key: String,
    /// The query for the row before the one that has a key.
    key_below: String,
    parameters: Parameters,
    options: StreamOptions,
    schema: SchemaRef,
    /// The key's place among the columns.
    index: usize,
    /// Rows of a page.
    rows: usize,
    /// Rows that this page may still have.
    left: usize,
    /// The key of the last row, as a row of its own.
    last: Option<RecordBatch>,
    /// Whether the page's first row is still to come, which is the last row of the page before.
    overlaps: bool,
    stream: Option<Stream>,
    /// What the queries had to say, for the next batch.
    warnings: Vec<Diagnostic>,
}

impl Batches for Pages {
    fn next(&mut self) -> Fetched {
        let batch = self.batch();
        Fetched { warnings: std::mem::take(&mut self.warnings), ..Fetched::plain(batch) }
    }
}

impl Pages {
    fn batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let Some(stream) = &self.stream else { return Ok(None) };
            let batch = stream.fetch()?;
            self.warnings.append(&mut stream.take_warnings());
            let Some(batch) = batch else {
                self.turn()?;
                continue;
            };
            let batch = fitting(batch, &self.schema, OPERATION)?;
            self.left = self.left.saturating_sub(batch.num_rows());
            let batch = self.without_overlap(batch)?;
            if batch.num_rows() > 0 {
                self.last = Some(self.key(&batch, batch.num_rows() - 1)?);
                return Ok(Some(batch));
            }
        }
    }

    /// Goes on to the next page, unless this one was short.
    fn turn(&mut self) -> Result<()> {
        self.stream = None;
        if self.overlaps {
            return Err(gone());
        }
        let (0, Some(last)) = (self.left, &self.last) else { return Ok(()) };
        let last = Parameters::from_batch(last)?.without_names();
        let parameters = self.parameters.clone().followed_by(last);
        // Texts may be equal by their collation, and decimals without bounds by their value.
        if self.schema.field(self.index).data_type() == &DataType::Utf8 {
            let equal = rows(&self.shared, &self.same_key, &parameters)?;
            match equal.iter().map(RecordBatch::num_rows).sum() {
                // It was not read with all its digits.
                0 => return Err(gone()),
                1 => {}
                _ => return Err(same_key()),
            }
        }
        if self.schema.field(self.index).data_type() == &DataType::Float64 {
            self.check_digits(&parameters)?;
        }
        let stream = start(&self.shared, &self.next_page, &parameters, &self.options)?;
        let stream = stream.feeding_another();
        (self.stream, self.left, self.overlaps) = (Some(stream), self.rows + 1, true);
        Ok(())
    }

    /// Makes sure that the last key was read with all its digits, which sqliteodbc 0.9998 gives 15
    /// of: one that is a bit less would pass for the next one.
    fn check_digits(&self, parameters: &Parameters) -> Result<()> {
        let below = rows(&self.shared, &self.key_below, parameters)?;
        let Some(below) = below.iter().find(|batch| batch.num_rows() > 0) else { return Ok(()) };
        let below = fitting(below.clone(), &self.schema, OPERATION)?;
        match &self.last {
            Some(last) if self.key(&below, 0)? == *last => Err(same_key()),
            _ => Ok(()),
        }
    }

    /// Takes off the row that the page before ended with; the next row must have another key.
    fn without_overlap(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let Some(last) = self.last.clone().filter(|_| batch.num_rows() > 0) else {
            return Ok(batch);
        };
        let first_new = usize::from(std::mem::take(&mut self.overlaps));
        if first_new == 1 && self.key(&batch, 0)? != last {
            return Err(gone());
        }
        if first_new < batch.num_rows() && self.key(&batch, first_new)? == last {
            return Err(same_key());
        }
        Ok(batch.slice(first_new, batch.num_rows() - first_new))
    }

    /// A row's key.
    fn key(&self, batch: &RecordBatch, row: usize) -> Result<RecordBatch> {
        let key = batch.slice(row, 1).project(&[self.index]);
        key.map_err(|error| Error::new(ErrorKind::Internal, OPERATION, error.to_string()))
    }
}

fn same_key() -> Error {
    data_error(OPERATION, "two rows have the same key")
}

fn gone() -> Error {
    data_error(
        OPERATION,
        "the row that a page ended with is not there any more; read in a transaction that sees no \
         changes, by a key that the database compares exactly",
    )
}
