//! Executing a query again without preparing it, where the driver keeps the types of its first
//! result.

use super::{Execution, Statement};
use crate::{
    connection::{SchemaMark, Session},
    error::Result,
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
    pub fn is_marked(&self) -> bool {
        matches!(self, Self::Marked(_))
    }
}

impl Statement {
    /// Executes the statement; a query that was prepared before is prepared anew, unless its
    /// columns are sure to be what they were then.
    pub(super) fn execute_steadily(
        &self,
        session: &mut Session,
        sql: &str,
        parameters: BoundParameters,
        context: Context,
    ) -> Result<Execution> {
        let state = self.state(session, context.operation)?;
        if !state.repeats_query(sql, context.dbms) {
            return state.execute(sql, parameters, context);
        }
        match std::mem::take(state.steadiness()) {
            Steadiness::Marked(mark) if mark.is_recent(session) => {
                self.execute_marked(session, mark, sql, parameters, context)
            }
            Steadiness::Never => {
                let state = self.state(session, context.operation)?;
                *state.steadiness() = Steadiness::Never;
                state.execute(sql, parameters, context)
            }
            _ => self.execute_unmarked(session, sql, parameters, context),
        }
    }

    /// Executes what is prepared, and then makes sure that it fitted the tables.
    fn execute_marked(
        &self,
        session: &mut Session,
        mark: SchemaMark,
        sql: &str,
        parameters: BoundParameters,
        context: Context,
    ) -> Result<Execution> {
        let state = self.state(session, context.operation)?;
        *state.steadiness() = Steadiness::Marked(mark.clone());
        let executed = state.execute(sql, parameters, context);
        let now = session.schema_mark();
        let fits = match now {
            Some(now) => now == mark,
            None => executed.is_err(),
        };
        if fits {
            return executed;
        }
        let state = self.state(session, context.operation)?;
        *state.steadiness() = Steadiness::Unknown;
        state.execute_again(sql, context)
    }

    /// Prepares and executes, and finds out whether the next execution needs to prepare.
    fn execute_unmarked(
        &self,
        session: &mut Session,
        sql: &str,
        parameters: BoundParameters,
        context: Context,
    ) -> Result<Execution> {
        let before = session.schema_mark();
        let state = self.state(session, context.operation)?;
        let execution = state.execute(sql, parameters, context)?;
        let tables = state.base_tables();
        let steadiness = match tables {
            Some(tables) if tables.iter().all(|table| session.is_typed(table)) => {
                match session.schema_mark() {
                    Some(now) if before.as_ref() == Some(&now) => Steadiness::Marked(now),
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
        Ok(execution)
    }
}
