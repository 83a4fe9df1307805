//! Whether tables have changed, for queries that a driver prepared before.

use super::{
    Session,
    database_file::{DatabaseFile, Stamp},
};
use crate::{
    dbms::{LocalFile, StickingTypes},
    error::{ErrorKind, Result},
    fetch,
    handle::StatementHandle,
};

const OPERATION: &str = "execute";

/// What a session knows of changes of tables.
#[derive(Default)]
pub(crate) struct Schema {
    /// How often the session itself may have changed some.
    changes: u64,
    /// Asks the database for its version of them.
    version: Option<StatementHandle>,
    /// Asks for the same, and makes the session look at the tables again where it has changed.
    loader: Option<StatementHandle>,
    /// The tables as the session has looked at them last: it prepares for these or later ones.
    loaded: Option<SchemaMark>,
    /// Where the database is; none where that does not tell when it is written.
    file: Option<Option<DatabaseFile>>,
    known: Option<Known>,
    /// The names, quoted, of the databases that the session has attached.
    attached: Vec<String>,
}

/// What holds as long as the database's file is stamped like this.
struct Known {
    stamp: Stamp,
    /// Their version; none where they may change without the file.
    version: Option<String>,
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

impl Schema {
    /// Lets go of its statements, and of what it need not know.
    pub fn clear(&mut self) {
        let attached = std::mem::take(&mut self.attached);
        *self = Self { changes: self.changes + 1, attached, ..Self::default() };
    }
}

impl Session {
    /// Notes that a statement may have changed tables, so that what is prepared may not fit them.
    pub fn note_schema_change(&mut self, sql: &str) {
        self.forget_schema();
        self.generation += 1;
        if let Some(types) = &self.dbms.sticking_types
            && sql.to_ascii_lowercase().contains(types.attaching)
        {
            let names = self.ask(OPERATION, types.attached).unwrap_or_default();
            self.schema.attached =
                names.split('\x1f').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        }
        self.cache.clear();
    }

    /// Notes that the tables may not be what they were: where the session has undone its own changes,
    /// another process may give their number to different ones.
    pub fn forget_schema(&mut self) {
        self.schema.changes += 1;
        self.schema.known = None;
        self.schema.loaded = None;
    }

    /// The tables for which a statement is prepared, or which were there before those; None where
    /// the database does not tell.
    pub fn loaded_mark(&mut self) -> Result<Option<SchemaMark>> {
        if self.schema.loaded.is_none() {
            self.load_schema()?;
        }
        Ok(self.schema.loaded.clone())
    }

    /// Makes the session look at the tables as they are: SQLite does when a query is executed, not
    /// when it is prepared. Where they are locked, the query need not wait for them once more.
    pub fn load_schema(&mut self) -> Result<()> {
        let Some(types) = &self.dbms.sticking_types else { return Ok(()) };
        let loader = self.schema.loader.take();
        let (version, loader) = match self.ask_version(types, loader, types.loading_version) {
            // SQLite before 3.16 has no such functions.
            Err(error) if error.kind == ErrorKind::Syntax => return Ok(()),
            asked => asked?,
        };
        self.schema.loader = Some(loader);
        for name in &self.schema.attached {
            self.ask(OPERATION, &types.loading_attached.replace("{}", name))?;
        }
        self.schema.loaded = Some(SchemaMark { changes: self.schema.changes, version });
        Ok(())
    }

    /// The tables' present state; None where the database does not tell, or not now.
    pub fn schema_mark(&mut self) -> Option<SchemaMark> {
        let types = self.dbms.sticking_types.as_ref()?;
        let changes = self.schema.changes;
        let stamp = self.stamp(types.file);
        let known = self.schema.known.as_ref().filter(|known| Some(known.stamp) == stamp);
        if let Some(Known { version: Some(version), .. }) = known {
            return Some(SchemaMark { changes, version: version.clone() });
        }
        let is_news = known.is_none();
        let asking = self.schema.version.take();
        let (version, asking) = self.ask_version(types, asking, types.schema_version).ok()?;
        self.schema.version = Some(asking);
        if let Some(stamp) = stamp.filter(|stamp| is_news && stamp.is_settled()) {
            let is_whole = self.ask(OPERATION, types.file.is_whole).is_ok_and(|whole| whole == "1");
            self.schema.known = Some(Known { stamp, version: is_whole.then(|| version.clone()) });
        }
        Some(SchemaMark { changes, version })
    }

    /// The present stamp of the database's file. A transaction of the session's own may have
    /// changed tables without it.
    fn stamp(&mut self, facts: LocalFile) -> Option<Stamp> {
        if !self.autocommit || !self.schema.attached.is_empty() {
            return None;
        }
        if self.schema.file.is_none() {
            let path = self.ask(OPERATION, facts.path).ok()?;
            self.schema.file = Some(DatabaseFile::at(&path));
        }
        self.schema.file.as_ref()?.as_ref()?.stamp()
    }

    fn ask_version(
        &self,
        types: &StickingTypes,
        prepared: Option<StatementHandle>,
        query: &str,
    ) -> Result<(String, StatementHandle)> {
        let context = self.context(OPERATION);
        let mut statement = match prepared {
            Some(statement) => statement,
            None => {
                let mut statement = self.allocate(OPERATION)?;
                statement.prepare(query, context)?;
                statement
            }
        };
        // SAFETY: Nothing is bound to a statement that the engine runs for itself.
        unsafe { statement.execute(context) }?;
        let mut version = fetch::single_text(&mut statement, context)?;
        // With StepAPI, sqliteodbc 0.9998 leaves it running unless it is read to its end; one that
        // is left running, or was stopped, makes an interrupt of SQLite last.
        fetch::single_text(&mut statement, context)?;
        statement.close();
        for name in &self.schema.attached {
            let number = self.ask(OPERATION, &types.attached_version.replace("{}", name))?;
            version = format!("{version} {number}");
        }
        Ok((version, statement))
    }

    /// Whether the types of a table's columns are what they were declared, whatever they hold.
    pub fn is_typed(&mut self, table: &str) -> bool {
        let Some(types) = &self.dbms.sticking_types else { return false };
        let query = types.is_typed.replace("{}", &table.replace('\'', "''"));
        self.ask(OPERATION, &query).is_ok_and(|answer| answer == "1")
    }
}
