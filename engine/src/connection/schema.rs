//! Whether tables have changed, for queries that a driver prepared before.

use super::Session;
use crate::{fetch, handle::StatementHandle};

const OPERATION: &str = "execute";

/// What a session knows of changes of tables.
#[derive(Default)]
pub(crate) struct Schema {
    /// How often the session itself may have changed some.
    changes: u64,
    /// Asks the database for its version of them.
    version: Option<StatementHandle>,
}

/// The tables' state: where it is the same again, no table has changed in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchemaMark {
    changes: u64,
    version: String,
}

impl SchemaMark {
    /// Whether the session itself has left the tables as they were.
    pub fn is_recent(&self, session: &Session) -> bool {
        self.changes == session.schema.changes
    }
}

impl Session {
    /// Notes that a statement may have changed tables, so that what is prepared may not fit them.
    pub fn note_schema_change(&mut self) {
        self.schema.changes += 1;
        self.cache.clear();
    }

    /// The tables' present state; None where the database does not tell, or not now.
    pub fn schema_mark(&mut self) -> Option<SchemaMark> {
        let query = self.dbms.sticking_types.as_ref()?.schema_version;
        let context = self.context(OPERATION);
        let mut statement = match self.schema.version.take() {
            Some(statement) => statement,
            None => {
                let mut statement = self.allocate(OPERATION).ok()?;
                statement.prepare(query, context).ok()?;
                statement
            }
        };
        // SAFETY: Nothing is bound to a statement that the engine runs for itself.
        let executed = unsafe { statement.execute(context) };
        let version = executed.and_then(|_| fetch::single_text(&mut statement, context)).ok()?;
        // With StepAPI, sqliteodbc 0.9998 leaves it running unless it is read to its end; one that
        // is left running, or was stopped, makes an interrupt of SQLite last.
        fetch::single_text(&mut statement, context).ok()?;
        statement.close();
        self.schema.version = Some(statement);
        Some(SchemaMark { changes: self.schema.changes, version })
    }

    /// Whether the types of a table's columns are what they were declared, whatever they hold.
    pub fn is_typed(&mut self, table: &str) -> bool {
        let Some(types) = &self.dbms.sticking_types else { return false };
        let query = types.is_typed.replace("{}", &table.replace('\'', "''"));
        self.ask(OPERATION, &query).is_ok_and(|answer| answer == "1")
    }
}
