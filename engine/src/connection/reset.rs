//! Setting a session back for its next borrower.

use super::{Session, transaction::Level};
use crate::{dbms::SessionReset, error::Result, statement::without_leading_comments};

const OPERATION: &str = "reset";

/// What a borrower did that may outlast its transactions.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    /// Whether anything was executed.
    executed: bool,
    /// Whether something was executed that may have changed the session.
    changed: bool,
    /// The statements that bring the session back to how it was connected.
    restore: String,
}

impl Session {
    /// Notices from here on what may have to be undone.
    pub fn begin_traces(&mut self) -> Result<()> {
        let restore = match self.dbms.session_reset {
            SessionReset::Statements { undo, own_settings } => {
                format!("{undo}; {}", self.ask(OPERATION, own_settings)?)
            }
            SessionReset::Replace { .. } => String::new(),
        };
        self.traces = Some(Traces { restore, ..Traces::default() });
        self.end_own_work()
    }

    /// Notices a statement of the borrower.
    pub fn trace(&mut self, sql: &str) {
        if let Some(traces) = &mut self.traces {
            traces.executed = true;
            traces.changed |= match self.dbms.session_reset {
                SessionReset::Statements { .. } => false,
                SessionReset::Replace { changing } => may_change_session(sql, changing),
            };
        }
    }

    /// Undoes what a borrower left; tells whether the session is as it was connected.
    pub fn reset(&mut self, autocommit: bool) -> Result<bool> {
        self.inserting = None;
        for key in self.statements.keys().collect::<Vec<_>>() {
            self.close_statement(key);
        }
        let traces = self.traces.as_mut();
        let executed = traces.is_some_and(|traces| std::mem::take(&mut traces.executed));
        if executed || !self.autocommit {
            self.end_transaction(false)?;
        }
        let begun = std::mem::take(&mut self.levels).into_iter().next();
        if self.autocommit != autocommit {
            self.set_autocommit(autocommit)?;
        }
        if let Some(Level::Transaction { restore: Some(modes), .. }) = begun {
            self.run(OPERATION, &modes)?;
        }
        let Some(traces) = &mut self.traces else { return Ok(true) };
        let clean = !std::mem::take(&mut traces.changed);
        if executed && !traces.restore.is_empty() {
            let restore = traces.restore.clone();
            self.run(OPERATION, &restore)?;
        }
        // A rollback of the next borrower would undo all that.
        self.end_own_work()?;
        Ok(clean)
    }
}

/// Whether a statement may leave something in its session that outlasts a transaction. `changing`
/// are texts, in lower case, that do so within other statements.
fn may_change_session(sql: &str, changing: &[&str]) -> bool {
    const LEAVES: [&str; 21] = [
        "analyze", "commit", "delete", "desc", "describe", "drop", "explain", "grant", "insert",
        "merge", "release", "rename", "replace", "revoke", "rollback", "select", "show",
        "truncate", "update", "values", "with",
    ];
    let sql = without_leading_comments(sql).trim_end().trim_end_matches(';').to_ascii_lowercase();
    let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut words = sql.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let makes = |word: &&str| !["table", "view", "index", "trigger", "sequence"].contains(word);
    let changes = match first {
        "create" => words.take_while(makes).any(|word| word.starts_with("temp")),
        // Oracle's.
        "alter" => words.next() == Some("session"),
        first => !LEAVES.contains(&first),
    };
    // Several statements in one text are as good as any.
    changes || sql.contains(';') || changing.iter().any(|text| sql.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_may_change_a_session_are_told() {
        let changing = [":=", "get_lock", "into @", "/*!"];
        let changes = |sql| may_change_session(sql, &changing);
        for sql in [
            "SET a = 1",
            " -- why\n use other",
            "PRAGMA foreign_keys = 1",
            "create temporary table t (a int)",
            "CREATE OR REPLACE TEMPORARY TABLE t (a int)",
            "CREATE\n    TEMPORARY TABLE t (a int)",
            "create /* for this one only */ temp view v as select 1",
            "alter session set nls_date_format = 'YYYY'",
            "SAVEPOINT a",
            "select 1 INTO\n  @a",
            "begin",
            "CALL p()",
            "SELECT @a := 1",
            "select 1 INTO @a",
            "SELECT GET_LOCK('a', 1)",
            "/*!40101 SET NAMES utf8 */",
            "SELECT 1; SET a = 1",
            "",
        ] {
            assert!(changes(sql), "{sql}");
        }
        for sql in [
            "SELECT 1 ;",
            "/* x */ insert into t values ('a@b.c')",
            "CREATE TABLE temp (a int)",
            "with a as (select 1) select * from a",
        ] {
            assert!(!changes(sql), "{sql}");
        }
    }
}
