//! Sending encoded rows over a session.

use std::time::Instant;

use odbc_api::sys::{CDataType, ParamType, SQLBindParameter, StatementAttribute};

use super::{
    OPERATION,
    chunk::{Cells, Chunk},
    plan::{Plan, PlanKind},
};
use crate::{
    connection::Session,
    error::{Diagnostic, Error, ErrorKind, Result},
    handle::{Context, Outcome, StatementHandle},
    metrics::{count_execution, count_prepare},
};

/// SQL_PARAM_ERROR.
const PARAM_ERROR: u16 = 5;

/// The statements of a bulk insert that runs. A session has one while it does.
#[derive(Default)]
pub(crate) struct Writer {
    statements: Vec<Prepared>,
}

/// What sending a chunk gave.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub executions: u64,
    pub warnings: Vec<Diagnostic>,
}

/// An INSERT of some rows. Field order is drop order: the handle lets go of what is bound.
struct Prepared {
    handle: StatementHandle,
    rows: usize,
    /// What is bound for an INSERT with a parameter for each value.
    area: Vec<Cells>,
    statuses: Vec<u16>,
}

impl Writer {
    /// More would only be there for pieces of ever other sizes.
    const STATEMENTS_MAX: usize = 4;

    /// Sends rows. Where that fails, some of them may have been written.
    pub(super) fn write(
        &mut self,
        session: &Session,
        plan: &Plan,
        chunk: &Chunk,
    ) -> Result<Written> {
        let mut written = Written::default();
        let sent = match &plan.kind {
            PlanKind::Array => self.write_array(session, plan, chunk, &mut written),
            PlanKind::Unnest { sql } => self.write_text(session, sql, chunk, &mut written),
            PlanKind::Values(rows) => self.write_values(session, plan, *rows, chunk, &mut written),
        };
        // Some handles do not survive errors.
        sent.inspect_err(|_| self.statements.clear()).map(|()| written)
    }

    fn write_array(
        &mut self,
        session: &Session,
        plan: &Plan,
        chunk: &Chunk,
        written: &mut Written,
    ) -> Result<()> {
        let context = session.context(OPERATION);
        let prepared = self.prepared(session, 1, || plan.target.values(1))?;
        if prepared.statuses.len() != chunk.rows {
            prepared.statuses.resize(chunk.rows, 0);
            prepared.set_array_size(chunk.rows, context)?;
        }
        prepared.statuses.fill(0);
        bind_columns(&prepared.handle, &chunk.columns, context)?;
        let outcome = execute(&mut prepared.handle, context)?;
        // Some drivers tell of rows that failed only beside success.
        if prepared.statuses.contains(&PARAM_ERROR) {
            let records = outcome.into_warnings();
            let kind = context.dbms.kind(&records);
            return Err(Error::from_records(kind, OPERATION, records));
        }
        written.add(outcome);
        let mut count = prepared.handle.row_count();
        if context.dbms.bulk.counts_each_row {
            while prepared.handle.more_results(context)? != Outcome::NoData {
                count = count.zip(prepared.handle.row_count()).map(|(sum, next)| sum + next);
            }
        }
        check_count(count, chunk.rows, chunk.rows)
    }

    fn write_text(
        &mut self,
        session: &Session,
        sql: &str,
        chunk: &Chunk,
        written: &mut Written,
    ) -> Result<()> {
        let context = session.context(OPERATION);
        let prepared = self.prepared(session, 1, || sql.to_owned())?;
        bind_columns(&prepared.handle, &chunk.columns, context)?;
        written.add(execute(&mut prepared.handle, context)?);
        check_count(prepared.handle.row_count(), chunk.rows, chunk.rows)
    }

    fn write_values(
        &mut self,
        session: &Session,
        plan: &Plan,
        rows_max: usize,
        chunk: &Chunk,
        written: &mut Written,
    ) -> Result<()> {
        let context = session.context(OPERATION);
        for begin in (0..chunk.rows).step_by(rows_max) {
            let rows = rows_max.min(chunk.rows - begin);
            let prepared = self.prepared(session, rows, || plan.target.values(rows))?;
            prepared.fill(&chunk.columns, begin, context)?;
            written.add(execute(&mut prepared.handle, context)?);
            check_count(prepared.handle.row_count(), rows, chunk.rows)?;
        }
        Ok(())
    }

    /// The statement for this many rows.
    fn prepared(
        &mut self,
        session: &Session,
        rows: usize,
        sql: impl FnOnce() -> String,
    ) -> Result<&mut Prepared> {
        let found = self.statements.iter().position(|statement| statement.rows == rows);
        let index = match found {
            Some(index) => index,
            None => {
                if self.statements.len() == Self::STATEMENTS_MAX {
                    // The first one is that of most rows.
                    self.statements.truncate(1);
                }
                let mut handle = session.allocate(OPERATION)?;
                count_prepare();
                handle.prepare(&sql(), session.context(OPERATION))?;
                let (area, statuses) = (Vec::new(), Vec::new());
                self.statements.push(Prepared { handle, rows, area, statuses });
                self.statements.len() - 1
            }
        };
        Ok(&mut self.statements[index])
    }
}

impl Written {
    /// More would only repeat themselves.
    pub const WARNINGS_MAX: usize = 100;

    fn add(&mut self, outcome: Outcome) {
        self.executions += 1;
        Diagnostic::keep(&mut self.warnings, outcome.into_warnings(), Self::WARNINGS_MAX);
    }
}

impl Prepared {
    fn set_array_size(&mut self, rows: usize, context: Context) -> Result<()> {
        // SAFETY: The size is a number. The statuses are as many, and live as long as the handle;
        // whenever they move, their address is told again.
        unsafe {
            let size = std::ptr::without_provenance_mut(rows);
            self.handle.set_attribute(StatementAttribute::ParamsetSize, size, context)?;
            let statuses = self.statuses.as_mut_ptr().cast();
            self.handle.set_attribute(StatementAttribute::ParamStatusPtr, statuses, context)
        }
    }

    /// Copies some rows to where the parameters are bound.
    fn fill(&mut self, columns: &[Cells], begin: usize, context: Context) -> Result<()> {
        let fits = |(area, cells): (&Cells, &Cells)| {
            area.stride >= cells.stride
                && (area.cell_type.c_type, area.cell_type.sql_type)
                    == (cells.cell_type.c_type, cells.cell_type.sql_type)
        };
        if self.area.len() != columns.len() || !self.area.iter().zip(columns).all(fits) {
            self.area = columns.iter().map(|cells| room_for(cells, self.rows)).collect();
            self.bind_area(context, |_| true)?;
        } else if !context.dbms.bulk.binary_arrays {
            // The length of the execution before would be taken for this one's.
            self.bind_area(context, |cells| cells.cell_type.c_type == CDataType::Binary)?;
        }
        for (area, cells) in self.area.iter_mut().zip(columns) {
            let indicators = &cells.indicators[begin..begin + self.rows];
            area.indicators.copy_from_slice(indicators);
            let stride = cells.stride;
            let data = &cells.data[begin * stride..(begin + self.rows) * stride];
            if area.stride == stride {
                area.data.copy_from_slice(data);
                continue;
            }
            for (place, cell) in area.data.chunks_exact_mut(area.stride).zip(data.chunks(stride)) {
                place[..stride].copy_from_slice(cell);
            }
        }
        Ok(())
    }

    fn bind_area(&self, context: Context, which: impl Fn(&Cells) -> bool) -> Result<()> {
        let mut number = 0;
        for row in 0..self.rows {
            for cells in &self.area {
                number += 1;
                if !which(cells) {
                    continue;
                }
                bind(&self.handle, number, cells, row, context)?;
            }
        }
        Ok(())
    }
}

/// Cells for this many rows, with room for values that are somewhat longer.
fn room_for(cells: &Cells, rows: usize) -> Cells {
    let is_fixed = cells
        .indicators
        .iter()
        .all(|length| usize::try_from(*length).map_or(true, |length| length == cells.stride));
    let stride = if is_fixed { cells.stride } else { cells.stride.next_power_of_two() };
    let mut cell_type = cells.cell_type;
    cell_type.column_size = cell_type.column_size.max(stride);
    if is_fixed {
        cell_type.column_size = cells.cell_type.column_size;
    }
    Cells { cell_type, stride, data: vec![0; stride * rows], indicators: vec![0; rows] }
}

fn bind_columns(handle: &StatementHandle, columns: &[Cells], context: Context) -> Result<()> {
    for (index, cells) in columns.iter().enumerate() {
        bind(handle, index + 1, cells, 0, context)?;
    }
    Ok(())
}

/// Binds the cell of a row, or the cells from there on, to a parameter counted from 1.
fn bind(
    handle: &StatementHandle,
    number: usize,
    cells: &Cells,
    row: usize,
    context: Context,
) -> Result<()> {
    // SAFETY: The cells are of this size and number. What is bound is executed only while it lives:
    // an area lives as long as its handle, and a chunk is bound anew by each execution. No driver
    // writes to an input parameter.
    let returned = unsafe {
        SQLBindParameter(
            handle.as_sys(),
            u16::try_from(number).expect("no database takes 65,536 parameters"),
            ParamType::Input,
            cells.cell_type.c_type,
            cells.cell_type.sql_type,
            cells.cell_type.column_size,
            cells.cell_type.decimal_digits,
            cells.data.as_ptr().add(row * cells.stride).cast_mut().cast(),
            cells.stride as isize,
            cells.indicators.as_ptr().add(row).cast_mut(),
        )
    };
    handle.check(returned, context).map(drop)
}

fn execute(handle: &mut StatementHandle, context: Context) -> Result<Outcome> {
    let begin = Instant::now();
    // SAFETY: Every parameter was bound to cells that are alive.
    let outcome = unsafe { handle.execute(context) };
    count_execution(begin.elapsed());
    outcome
}

/// A success that wrote fewer rows than it was given is none.
fn check_count(count: Option<u64>, rows: usize, of: usize) -> Result<()> {
    match count {
        Some(count) if count != rows as u64 => {
            let message = format!(
                "the database took {count} of {rows} rows (of {of} that were sent), as a trigger \
                 or a rule may do"
            );
            Err(Error::new(ErrorKind::Data, OPERATION, message))
        }
        _ => Ok(()),
    }
}
