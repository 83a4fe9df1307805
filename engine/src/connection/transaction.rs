//! Transactions of a session: their isolation, and the savepoints that nest them.

use std::{thread, time::Duration};

use serde_json::Value;

use super::{Connection, Session};
use crate::{
    dbms::TransactionModes,
    error::{Error, ErrorKind, Result},
    options::{boolean, invalid, object, unknown},
};

/// What a transaction may see of others that run at the same time (ISO/IEC 9075-2, 4.36).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Even what was not committed.
    ReadUncommitted,
    /// What was committed before each statement.
    ReadCommitted,
    /// What was committed before the transaction read first.
    RepeatableRead,
    /// As if transactions ran one after another.
    Serializable,
}

impl Isolation {
    fn sql(self) -> &'static str {
        match self {
            Self::ReadUncommitted => "READ UNCOMMITTED",
            Self::ReadCommitted => "READ COMMITTED",
            Self::RepeatableRead => "REPEATABLE READ",
            Self::Serializable => "SERIALIZABLE",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let levels =
            [Self::ReadUncommitted, Self::ReadCommitted, Self::RepeatableRead, Self::Serializable];
        levels.into_iter().find(|level| level.sql().eq_ignore_ascii_case(&name.replace('_', " ")))
    }
}

/// How a transaction runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransactionOptions {
    /// The database's default unless set.
    pub isolation: Option<Isolation>,
    /// Whether the server refuses writes in it.
    pub read_only: bool,
}

impl TransactionOptions {
    /// Reads the options from a JSON object: `isolation` ("read_uncommitted", "read_committed",
    /// "repeatable_read" or "serializable") and `read_only`; empty text means the defaults.
    pub fn from_json(json: &str) -> Result<Self> {
        const OPERATION: &str = "begin";
        let mut options = Self::default();
        for (key, value) in &object(json, OPERATION)? {
            match key.as_str() {
                "isolation" => {
                    let level = value.as_str().and_then(Isolation::named);
                    if level.is_none() && *value != Value::Null {
                        let message = format!(
                            "option \"isolation\" must be read_uncommitted, read_committed, \
                             repeatable_read or serializable, not {value}"
                        );
                        return Err(invalid(OPERATION, message));
                    }
                    options.isolation = level;
                }
                "read_only" => options.read_only = boolean(OPERATION, key, value)?,
                _ => return Err(unknown(OPERATION, key, &["isolation", "read_only"])),
            }
        }
        Ok(options)
    }
}

/// A transaction that [`Session::begin`] began.
pub(super) enum Level {
    /// The real one; what sets the session back when it ends, where anything must, and whether
    /// autocommit was on.
    Transaction { restore: Option<String>, autocommit: bool },
    /// One within another.
    Savepoint(String),
}

impl Session {
    /// Begins a transaction, or, where one is open, a savepoint that acts as one.
    pub fn begin(&mut self, options: &TransactionOptions) -> Result<()> {
        const OPERATION: &str = "begin";
        if !self.autocommit {
            if *options != TransactionOptions::default() {
                return Err(Error::new(
                    ErrorKind::InvalidState,
                    OPERATION,
                    "a transaction is open: one within it cannot have its own isolation or access",
                ));
            }
            let name = format!("odbc_engine_{}", self.levels.len());
            self.savepoint(&name)?;
            self.levels.push(Level::Savepoint(name));
            return Ok(());
        }
        let restore = self.set_modes(options)?;
        if let Err(error) = self.set_autocommit(false) {
            self.restore_modes(restore);
            return Err(error);
        }
        self.levels.push(Level::Transaction { restore, autocommit: true });
        Ok(())
    }

    /// The same where somebody asks for it: what autocommit left open, and nothing was done in, is
    /// the transaction that they begin.
    fn begin_asked(&mut self, options: &TransactionOptions) -> Result<()> {
        if self.autocommit || self.is_in_use() {
            return self.begin(options);
        }
        let restore = self.set_modes(options).inspect_err(|_| self.drop_own_work())?;
        if restore.is_some() {
            self.end_transaction(true)?;
        }
        self.levels.push(Level::Transaction { restore, autocommit: false });
        Ok(())
    }

    /// Ends a transaction in which there is nothing but statements of the engine's own.
    fn drop_own_work(&mut self) {
        // It fails only on a connection that is lost.
        let _ = self.end_transaction(false);
    }

    /// Sets how the next transaction runs; returns the statement that undoes it.
    fn set_modes(&mut self, options: &TransactionOptions) -> Result<Option<String>> {
        const OPERATION: &str = "begin";
        let unsupported = |what: &str| {
            let message = format!("{} cannot do a transaction {what}", self.dbms.id);
            Err(Error::new(ErrorKind::Unsupported, OPERATION, message))
        };
        let isolation = options.isolation.map(|level| format!("ISOLATION LEVEL {}", level.sql()));
        let access = options.read_only.then(|| "READ ONLY".to_owned());
        if isolation.is_none() && access.is_none() {
            return Ok(None);
        }
        let modes = isolation.into_iter().chain(access).collect::<Vec<_>>().join(", ");
        match self.dbms.transaction_modes {
            TransactionModes::NextTransaction => {
                self.run(OPERATION, &format!("SET TRANSACTION {modes}"))?;
                Ok(None)
            }
            TransactionModes::Session { query } => {
                const SET: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION";
                let before = self.ask(OPERATION, query)?;
                self.run(OPERATION, &format!("{SET} {modes}"))?;
                Ok(Some(format!("{SET} {before}")))
            }
            TransactionModes::AlwaysSerializable { read_only, read_write } => {
                match options.isolation {
                    None | Some(Isolation::Serializable) => {}
                    Some(level) => {
                        return unsupported(&format!(
                            "at {}: it is always serializable",
                            level.sql()
                        ));
                    }
                }
                if !options.read_only || self.read_only {
                    return Ok(None);
                }
                self.run(OPERATION, read_only)?;
                Ok(Some(read_write.to_owned()))
            }
            TransactionModes::Isolation { .. } if options.read_only => {
                unsupported("that is read-only")
            }
            TransactionModes::Isolation { restore } => {
                self.run(OPERATION, &format!("SET TRANSACTION {modes}"))?;
                Ok(Some(restore.to_owned()))
            }
            TransactionModes::Unsupported => unsupported("with modes of its own"),
        }
    }

    fn restore_modes(&mut self, restore: Option<String>) {
        if let Some(sql) = restore {
            // It fails only on a connection that is lost, and with it the modes.
            let _ = self.run("commit", &sql);
        }
    }

    pub fn commit(&mut self) -> Result<()> {
        match self.levels.pop() {
            Some(Level::Savepoint(name)) => {
                let released = self.release_savepoint(&name);
                if released.is_err() {
                    // It is still open, for a rollback to end it and not the one around it.
                    self.levels.push(Level::Savepoint(name));
                }
                released
            }
            Some(Level::Transaction { restore, autocommit }) => {
                let ended = self.end_transaction(true);
                self.leave(restore, autocommit, ended.is_err());
                ended
            }
            None => self.end_transaction(true),
        }
    }

    pub fn rollback(&mut self) -> Result<()> {
        self.control().let_finish();
        match self.levels.pop() {
            // There is nothing left of it to be undone.
            Some(Level::Savepoint(_)) if self.undone => Ok(()),
            Some(Level::Savepoint(name)) => {
                self.rollback_to_savepoint(&name)?;
                self.release_savepoint(&name)
            }
            Some(Level::Transaction { restore, autocommit }) => {
                let ended = self.end_transaction(false);
                self.leave(restore, autocommit, ended.is_err());
                ended
            }
            None => self.end_transaction(false),
        }
    }

    /// Back to autocommit, where it was on, and to the session's own modes.
    fn leave(&mut self, restore: Option<String>, autocommit: bool, has_failed: bool) {
        self.control().let_finish();
        // After a failed COMMIT nothing of it may be left to be committed by this. After one that
        // succeeded psqlodbc 13.02 would close the cursors of streams that are open.
        if has_failed {
            let _ = self.end_transaction(false);
        }
        if autocommit {
            let _ = self.set_autocommit(true);
        }
        let restores = restore.is_some();
        self.restore_modes(restore);
        if restores && !autocommit {
            // On PostgreSQL a rollback would undo it.
            let _ = self.end_transaction(true);
        }
    }

    pub fn savepoint(&mut self, name: &str) -> Result<()> {
        if let Some(sql) = self.dbms.before_savepoint
            && !self.autocommit
        {
            self.run("savepoint", sql).map_err(|error| self.failed(error))?;
        }
        self.run_savepoint("savepoint", self.dbms.savepoints.set, name)
    }

    pub fn rollback_to_savepoint(&mut self, name: &str) -> Result<()> {
        self.forget_schema();
        self.run_savepoint("rollback", self.dbms.savepoints.rollback, name)
    }

    pub fn release_savepoint(&mut self, name: &str) -> Result<()> {
        match self.dbms.savepoints.release {
            Some(sql) => self.run_savepoint("release", sql, name),
            // It goes with its transaction.
            None => check_name("release", name),
        }
    }

    fn run_savepoint(&mut self, operation: &'static str, sql: &str, name: &str) -> Result<()> {
        check_name(operation, name)?;
        self.check_undone(operation)?;
        if self.autocommit {
            return Err(Error::new(
                ErrorKind::InvalidState,
                operation,
                "a savepoint needs an open transaction: begin one, or turn autocommit off",
            ));
        }
        match self.run(operation, &format!("{sql} {name}")) {
            Ok(_) => self.succeeded(),
            Err(error) => return Err(self.failed(error)),
        }
        Ok(())
    }
}

/// Savepoint names are plain identifiers, which need no quotes on any database.
fn check_name(operation: &'static str, name: &str) -> Result<()> {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && name.len() <= 32 {
        return Ok(());
    }
    let message = format!("savepoint {name:?} must be 1 to 32 letters, digits and underscores");
    Err(invalid(operation, message))
}

impl Connection {
    /// Begins a transaction. Autocommit is off until it ends. Where one is open already, this
    /// begins one within it, by a savepoint; the next commit or rollback ends that one. Without
    /// autocommit one is open from the first statement on.
    pub fn begin(&self, options: &TransactionOptions) -> Result<()> {
        self.shared.session("begin")?.begin_asked(options)
    }

    /// How many transactions that were begun are open within each other.
    pub fn transaction_depth(&self) -> Result<usize> {
        Ok(self.shared.session("begin")?.depth())
    }

    /// Ends the transactions that are open beyond this many, by `end`. Where the innermost was ended
    /// before, there may be none.
    fn end_beyond(&self, depth: usize, end: impl Fn(&Self) -> Result<()>) -> Result<()> {
        while self.transaction_depth()? > depth {
            end(self)?;
        }
        Ok(())
    }

    /// Commits the open transaction with all that were begun within it.
    pub fn commit_all(&self) -> Result<()> {
        let job = self.shared.job("commit")?;
        let mut session = self.shared.session_of(&job)?;
        while session.has_begun() {
            session.commit()?;
        }
        if session.autocommit { Ok(()) } else { session.commit() }
    }

    /// Sets a savepoint in the open transaction.
    pub fn savepoint(&self, name: &str) -> Result<()> {
        self.shared.session("savepoint")?.savepoint(name)
    }

    /// Undoes what was done since a savepoint, which stays.
    pub fn rollback_to_savepoint(&self, name: &str) -> Result<()> {
        self.shared.session("rollback")?.rollback_to_savepoint(name)
    }

    /// Forgets a savepoint; what was done since stays in the transaction.
    pub fn release_savepoint(&self, name: &str) -> Result<()> {
        self.shared.session("release")?.release_savepoint(name)
    }

    /// Runs `work` in a transaction: commits where it succeeds and rolls back where it fails, with
    /// what `work` has begun within it and left open. A deadlock or a serialization failure is tried
    /// again, up to `attempts` times in all, unless this is within another transaction.
    pub fn run_in_transaction<T>(
        &self,
        options: &TransactionOptions,
        attempts: u32,
        mut work: impl FnMut(&Self) -> Result<T>,
    ) -> Result<T> {
        let mut pause = Duration::from_millis(10);
        let mut attempt = 1;
        loop {
            let around = self.transaction_depth()?;
            self.begin(options)?;
            let worked = work(self).and_then(|value| {
                self.end_beyond(around, Self::commit)?;
                Ok(value)
            });
            let error = match worked {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            // What went wrong first is what the caller must hear of.
            let _ = self.end_beyond(around, Self::rollback);
            // Within another transaction, all of that is to be tried again.
            let worth_it = error.retryable && error.kind == ErrorKind::Transaction && around == 0;
            if !worth_it || attempt >= attempts {
                return Err(error);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(1));
            attempt += 1;
        }
    }
}
