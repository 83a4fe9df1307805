//! Executing a query again without preparing it, where the driver keeps the types of its first
//! result.

use super::{Execution, Statement, Writes};
use crate::{
    connection::{SchemaMark, Session},
    error::{Error, ErrorKind, Result},
    handle::Context,
    parameters::BoundParameters,
};

/// Whether a prepared query may be executed as it is.
#[derive(Default)]
pub(crate) enum Steadiness {
    #[default]
    Unknown,
    /// The type of a column depends on its values.
    Never,
    /// As long as the tables are in this state.
    Marked(SchemaMark),
}

impl Steadiness {
    /// The state of the tables in which it may be.
    pub fn mark(&self) -> Option<SchemaMark> {
        match self {
            Self::Marked(mark) => Some(mark.clone()),
            _ => None,
        }
    }

    pub fn is_marked(&self) -> bool {
        matches!(self, Self::Marked(_))
    }

    pub fn is_never(&self) -> bool {
        matches!(self, Self::Never)
    }
}

/// How often a query is prepared while other processes change tables.
const ATTEMPTS: u32 = 10;

impl Statement {
    /// Executes the statement so that its result's columns are named and typed as they are. Where
    /// the driver takes that from what it prepared, a query is prepared again, and executed again,
    /// until its tables are sure to be what they were when it was prepared.
    pub(super) fn execute_steadily(
        &self,
        session: &mut Session,
        sql: &str,
        parameters: BoundParameters,
        context: Context,
    ) -> Result<Execution> {
        if context.dbms.sticking_types.is_none() || self.writes != Writes::Never {
            if self.writes == Writes::Perhaps {
                // It is executed once only, so all that can be done is done before.
                session.load_schema()?;
            }
            return self.state(session, context.operation)?.execute(sql, parameters, context);
        }
        let state = self.state(session, context.operation)?;
        let repeats = state.repeats_query(sql, context.dbms);
        let may_be_kept = repeats && !state.steadiness().is_never();
        let mark = state.steadiness().mark().filter(|mark| repeats && mark.is_recent(session));
        let Some(mark) = mark else {
            return self.execute_anew(session, sql, Some(parameters), may_be_kept, context);
        };
        let executed = self.state(session, context.operation)?.execute(sql, parameters, context);
        let fits = match session.schema_mark() {
            Some(now) => now == mark,
            None => executed.is_err(),
        };
        if fits {
            self.await_rows(session, Some(mark), context)?;
            return executed;
        }
        self.execute_anew(session, sql, None, may_be_kept, context)
    }

    /// Prepares and executes a query until the tables that it was prepared for are those that it
    /// was executed on; without parameters, with those of the execution before.
    fn execute_anew(
        &self,
        session: &mut Session,
        sql: &str,
        mut parameters: Option<BoundParameters>,
        may_be_kept: bool,
        context: Context,
    ) -> Result<Execution> {
        for _ in 0..ATTEMPTS {
            let prepared_for = session.loaded_mark()?;
            let state = self.state(session, context.operation)?;
            if state.steadiness().is_marked() {
                *state.steadiness() = Steadiness::Unknown;
            }
            let execution = match parameters.take() {
                Some(parameters) => state.execute(sql, parameters, context),
                None => state.execute_again(sql, context),
            }?;
            match (prepared_for, session.schema_mark()) {
                (Some(before), now) if now.as_ref() != Some(&before) => session.forget_schema(),
                (_, mark) => {
                    if may_be_kept {
                        self.find_steadiness(session, mark.clone(), context)?;
                    }
                    self.await_rows(session, mark, context)?;
                    return Ok(execution);
                }
            }
        }
        Err(Error::new(
            ErrorKind::Transaction,
            context.operation,
            format!("tables changed while the query was prepared, {ATTEMPTS} times: try again"),
        ))
    }

    /// Notes for which tables the result is described, where the driver begins to read them with the
    /// first rows.
    fn await_rows(
        &self,
        session: &mut Session,
        mark: Option<SchemaMark>,
        context: Context,
    ) -> Result<()> {
        if session.streams {
            self.state(session, context.operation)?.await_rows(mark);
        }
        Ok(())
    }

    /// Finds out whether what was prepared and executed in this state of the tables may be executed
    /// as it is.
    fn find_steadiness(
        &self,
        session: &mut Session,
        mark: Option<SchemaMark>,
        context: Context,
    ) -> Result<()> {
        let tables = self.state(session, context.operation)?.base_tables();
        let steadiness = match tables {
            Some(tables) if tables.iter().all(|table| session.is_typed(table)) => {
                match (mark, session.schema_mark()) {
                    (Some(mark), Some(now)) if mark == now => Steadiness::Marked(mark),
                    _ => Steadiness::Unknown,
                }
            }
            _ => Steadiness::Never,
        };
        let state = self.state(session, context.operation)?;
        if steadiness.is_marked() {
            // The columns may have been described before the tables were in this state.
            state.unbind();
        }
        *state.steadiness() = steadiness;
        Ok(())
    }
}
