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

    pub fn is_never(&self) -> bool {
        matches!(self, Self::Never)
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
        if !state.repeats_query(sql, context.dbms) || state.steadiness().is_never() {
            return state.execute(sql, parameters, context);
        }
        match std::mem::take(state.steadiness()) {
            Steadiness::Marked(mark) if mark.is_recent(session) => {
                let state = self.state(session, context.operation)?;
                *state.steadiness() = Steadiness::Marked(mark.clone());
                let executed = state.execute(sql, parameters, context);
                let fits = match session.schema_mark() {
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
            _ => {
                let before = session.schema_mark();
                let state = self.state(session, context.operation)?;
                let execution = state.execute(sql, parameters, context)?;
                self.find_steadiness(session, before, context)?;
                Ok(execution)
            }
        }
    }

    /// Finds out whether what was prepared since `before` may be executed as it is.
    fn find_steadiness(
        &self,
        session: &mut Session,
        before: Option<SchemaMark>,
        context: Context,
    ) -> Result<()> {
        let tables = self.state(session, context.operation)?.base_tables();
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
        Ok(())
    }
}
