//! What a SQL text is about: its operation and targets, and the text without its literals.

use std::sync::{Arc, OnceLock};

use super::sanitise::sanitised;
use crate::sql::{Lexeme, Scanner, Syntax, is_one_of};

/// The most of a summary, by the conventions.
const SUMMARY_CHARS_MAX: usize = 255;

/// What a SQL text is about. Nothing of it holds a value.
#[derive(Debug, Default)]
pub(crate) struct Description {
    /// The keyword of the statement, as it is written.
    pub operation: Option<Arc<str>>,
    /// Operations and their targets, in order.
    pub summary: Option<Arc<str>>,
    /// The one table that the statement names.
    pub collection: Option<Arc<str>>,
    /// The procedure that it calls.
    pub procedure: Option<Arc<str>>,
    text: OnceLock<Arc<str>>,
}

impl Description {
    pub fn of_sql(sql: &str, syntax: Syntax) -> Self {
        Reader::new(sql, syntax).read()
    }

    /// Of an operation that no text tells of, such as a bulk insert.
    pub fn of_operation(operation: &str, collection: &str) -> Self {
        Self {
            operation: Some(operation.into()),
            summary: Some(cut(&format!("{operation} {collection}"), SUMMARY_CHARS_MAX).into()),
            collection: Some(collection.into()),
            ..Self::default()
        }
    }

    /// The text with `?` for each literal, and without comments.
    pub fn text(&self, sql: &str, syntax: Syntax) -> Arc<str> {
        Arc::clone(self.text.get_or_init(|| sanitised(sql, syntax).into()))
    }
}

fn cut(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

/// Pieces that count, with what tells strings from names in double quotes.
struct Reader<'a> {
    pieces: Vec<(Lexeme, &'a str)>,
    at: usize,
    /// For each open parenthesis, and the text itself, whether a FROM there names tables.
    levels: Vec<bool>,
    operation: Option<&'a str>,
    /// Whether the statement begins by WITH, so that plain names come before its operation.
    begins_with_queries: bool,
    /// Words, with an empty one for each target.
    summary: Vec<&'a str>,
    targets: Vec<String>,
    procedure: Option<String>,
}

const CHANGES: [&str; 5] = ["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"];
const CALLS: [&str; 3] = ["CALL", "EXEC", "EXECUTE"];
const DEFINITIONS: [&str; 4] = ["CREATE", "ALTER", "DROP", "TRUNCATE"];
/// What may stand between a keyword and the name that it is about.
const FILLERS: [&str; 17] = [
    "LATERAL",
    "INTO",
    "ONLY",
    "IGNORE",
    "LOW_PRIORITY",
    "TEMPORARY",
    "TEMP",
    "UNIQUE",
    "OR",
    "REPLACE",
    "IF",
    "NOT",
    "EXISTS",
    "GLOBAL",
    "LOCAL",
    "EXTERNAL",
    "MATERIALIZED",
];

impl<'a> Reader<'a> {
    fn new(sql: &'a str, syntax: Syntax) -> Self {
        let counts =
            |(lexeme, _): &(Lexeme, &str)| !matches!(lexeme, Lexeme::Space | Lexeme::Comment);
        Self {
            pieces: Scanner::new(sql, syntax).filter(counts).collect(),
            at: 0,
            levels: vec![false],
            operation: None,
            begins_with_queries: false,
            summary: Vec::new(),
            targets: Vec::new(),
            procedure: None,
        }
    }

    fn read(mut self) -> Description {
        while let Some((lexeme, text)) = self.pieces.get(self.at).copied() {
            self.at += 1;
            match lexeme {
                Lexeme::Word => self.word(text),
                Lexeme::Other if text == "(" => self.levels.push(false),
                Lexeme::Other if text == ")" && self.levels.len() > 1 => drop(self.levels.pop()),
                _ => {}
            }
        }
        let single = self.targets.first().filter(|first| {
            let mut all = self.targets.iter();
            self.procedure.is_none() && all.all(|target| target == *first)
        });
        let collection = single.map(|name| name.as_str().into());
        let mut targets = self.targets.iter();
        let words = self.summary.iter().filter_map(|word| match *word {
            "" => targets.next().map(String::as_str),
            word => Some(word),
        });
        let summary = words.collect::<Vec<_>>().join(" ");
        let summary = cut(&summary, SUMMARY_CHARS_MAX);
        Description {
            operation: self.operation.map(Arc::from),
            summary: (!summary.is_empty()).then(|| summary.into()),
            collection,
            procedure: self.procedure.map(Arc::from),
            text: OnceLock::new(),
        }
    }

    fn word(&mut self, word: &'a str) {
        let depth = self.levels.len();
        let begins_statement = self.operation.is_none() && depth == 1;
        let is_call = is_one_of(word, &CALLS);
        // Unlike the other words, SELECT is never a clause of another statement.
        let is_operation = is_one_of(word, &["SELECT"])
            || is_one_of(word, &CHANGES) && self.begins_part() && !self.is_called();
        if is_operation {
            if begins_statement {
                self.operation = Some(word);
            }
            self.summary.push(word);
            *self.levels.last_mut().expect("the text is a level") = true;
            if !is_one_of(word, &["SELECT", "DELETE"]) {
                self.target();
            }
        } else if begins_statement && (is_call || is_one_of(word, &DEFINITIONS)) {
            self.operation = Some(word);
            self.summary.push(word);
            if is_call { self.called() } else { self.defined() }
        } else if is_one_of(word, &["FROM"]) {
            let names_tables = self.levels.last().copied().unwrap_or_default();
            if names_tables && !self.previous_is(&["DISTINCT"]) {
                *self.levels.last_mut().expect("the text is a level") = false;
                self.tables();
            }
        } else if is_one_of(word, &["JOIN"]) {
            self.target();
        } else if begins_statement && is_one_of(word, &["WITH"]) {
            self.begins_with_queries = true;
        } else if begins_statement && !self.begins_with_queries {
            self.operation = Some(word);
            self.summary.push(word);
        }
    }

    /// Whether the present word is a function's name.
    fn is_called(&self) -> bool {
        let next = self.pieces.get(self.at);
        next.is_some_and(|(_, text)| *text == "(")
    }

    /// Whether the present word is the first of a statement or of a parenthesis.
    fn begins_part(&self) -> bool {
        let before = self.at.checked_sub(2).and_then(|at| self.pieces.get(at));
        before.is_none_or(|(_, text)| matches!(*text, "(" | ")" | ";"))
    }

    fn previous_is(&self, words: &[&str]) -> bool {
        let before = self.at.checked_sub(2).and_then(|at| self.pieces.get(at));
        before.is_some_and(|(lexeme, text)| *lexeme == Lexeme::Word && is_one_of(text, words))
    }

    fn called(&mut self) {
        if let Some(name) = self.name() {
            self.add_target(name.clone());
            self.procedure = Some(name);
        }
    }

    /// `CREATE TABLE name`, and `TRUNCATE name`.
    fn defined(&mut self) {
        self.skip_fillers();
        let kind = self.pieces.get(self.at).copied();
        if let Some((Lexeme::Word, kind)) = kind
            && is_one_of(
                kind,
                &[
                    "TABLE",
                    "VIEW",
                    "INDEX",
                    "SCHEMA",
                    "DATABASE",
                    "SEQUENCE",
                    "PROCEDURE",
                    "FUNCTION",
                    "TRIGGER",
                    "TYPE",
                    "ROLE",
                    "USER",
                ],
            )
        {
            self.at += 1;
            self.summary.push(kind);
            if is_one_of(kind, &["ROLE", "USER"]) {
                return;
            }
            let is_table = is_one_of(kind, &["TABLE"]);
            self.skip_fillers();
            if is_table {
                self.target();
            }
        } else if self.operation.is_some_and(|word| is_one_of(word, &["TRUNCATE"])) {
            self.target();
        }
    }

    fn skip_fillers(&mut self) {
        while let Some((Lexeme::Word, word)) = self.pieces.get(self.at)
            && is_one_of(word, &FILLERS)
        {
            self.at += 1;
        }
    }

    /// The tables of a FROM, divided by commas.
    fn tables(&mut self) {
        loop {
            self.target();
            // Behind the name may stand its alias.
            let mut at = self.at;
            while let Some((Lexeme::Word | Lexeme::QuotedName | Lexeme::DoubleQuoted, word)) =
                self.pieces.get(at)
                && at - self.at < 2
                && !is_one_of(word, &["JOIN", "WHERE", "ON"])
            {
                at += 1;
            }
            if self.pieces.get(at).is_none_or(|(_, text)| *text != ",") {
                return;
            }
            self.at = at + 1;
        }
    }

    fn target(&mut self) {
        self.skip_fillers();
        if let Some(name) = self.name() {
            self.add_target(name);
        }
    }

    fn add_target(&mut self, name: String) {
        self.summary.push("");
        self.targets.push(name);
    }

    /// The name that stands here, with what qualifies it; a function's name is none.
    fn name(&mut self) -> Option<String> {
        let begin = self.at;
        let mut at = self.at;
        let is_name =
            |lexeme| matches!(lexeme, Lexeme::Word | Lexeme::QuotedName | Lexeme::DoubleQuoted);
        // What SQL Server and Oracle allow in plain names.
        let joins = |text: &str| matches!(text, "." | "#" | "$");
        while let Some((lexeme, text)) = self.pieces.get(at)
            && (is_name(*lexeme) || joins(text))
        {
            let was_name = at > begin && is_name(self.pieces[at - 1].0);
            if is_name(*lexeme) && was_name {
                break;
            }
            at += 1;
        }
        if !self.pieces[begin..at].iter().any(|(lexeme, _)| is_name(*lexeme)) {
            return None;
        }
        let in_from = self
            .pieces
            .get(begin.wrapping_sub(1))
            .is_some_and(|(_, text)| is_one_of(text, &["FROM", "JOIN"]) || *text == ",");
        let calls = self.pieces.get(at).is_some_and(|(_, text)| *text == "(");
        if in_from && calls {
            return None;
        }
        self.at = at;
        Some(self.pieces[begin..at].iter().map(|(_, text)| *text).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSTGRESQL: Syntax =
        Syntax { dollar_quotes: true, nested_comments: true, ..Syntax::STANDARD };

    #[test]
    fn summaries_name_operations_and_targets() {
        for (sql, operation, summary, collection) in [
            ("select * from orders where id = 1", "select", "select orders", Some("orders")),
            ("SELECT 1", "SELECT", "SELECT", None),
            (
                "  -- c\n SELECT a FROM s.t AS x JOIN \"U 1\" ON true",
                "SELECT",
                "SELECT s.t \"U 1\"",
                None,
            ),
            ("SELECT a FROM t x, u y, v WHERE a = 1", "SELECT", "SELECT t u v", None),
            ("SELECT extract(year FROM d) FROM t", "SELECT", "SELECT t", Some("t")),
            ("SELECT a IS DISTINCT FROM b FROM t", "SELECT", "SELECT t", Some("t")),
            ("SELECT * FROM (SELECT * FROM t) x", "SELECT", "SELECT SELECT t", Some("t")),
            ("SELECT * FROM generate_series(1, 5)", "SELECT", "SELECT", None),
            ("SELECT replace(a, 'x', 'y') FROM t FOR UPDATE", "SELECT", "SELECT t", Some("t")),
            ("INSERT INTO t (a) VALUES (1)", "INSERT", "INSERT t", Some("t")),
            ("insert into t select * from u", "insert", "insert t select u", None),
            (
                "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
                "INSERT",
                "INSERT t",
                Some("t"),
            ),
            ("UPDATE t SET a = 1 FROM u", "UPDATE", "UPDATE t u", None),
            (
                "DELETE FROM t WHERE a IN (SELECT b FROM t)",
                "DELETE",
                "DELETE t SELECT t",
                Some("t"),
            ),
            (
                "WITH x AS (SELECT 1 FROM t) INSERT INTO u SELECT 2",
                "INSERT",
                "SELECT t INSERT u SELECT",
                None,
            ),
            (
                "MERGE INTO t USING u ON true WHEN MATCHED THEN UPDATE SET a = 1",
                "MERGE",
                "MERGE t",
                Some("t"),
            ),
            ("CREATE TABLE IF NOT EXISTS t (a int)", "CREATE", "CREATE TABLE t", Some("t")),
            ("CREATE TEMPORARY TABLE #t (a int)", "CREATE", "CREATE TABLE #t", Some("#t")),
            (
                "CREATE OR REPLACE VIEW v AS SELECT * FROM t",
                "CREATE",
                "CREATE VIEW SELECT t",
                Some("t"),
            ),
            ("drop table t", "drop", "drop table t", Some("t")),
            ("TRUNCATE t", "TRUNCATE", "TRUNCATE t", Some("t")),
            ("BEGIN", "BEGIN", "BEGIN", None),
            ("EXPLAIN SELECT * FROM t", "EXPLAIN", "EXPLAIN SELECT t", Some("t")),
        ] {
            let description = Description::of_sql(sql, POSTGRESQL);
            assert_eq!(description.operation.as_deref(), Some(operation), "{sql}");
            assert_eq!(description.summary.as_deref(), Some(summary), "{sql}");
            assert_eq!(description.collection.as_deref(), collection, "{sql}");
            assert_eq!(description.procedure, None, "{sql}");
        }
        let call = Description::of_sql("{?=call s.pay(?, 'x')}", POSTGRESQL);
        assert_eq!(call.procedure.as_deref(), Some("s.pay"));
        assert_eq!(call.summary.as_deref(), Some("call s.pay"));
        assert_eq!(call.collection, None);
        assert!(Description::of_sql("", POSTGRESQL).summary.is_none());
        let many = (0..200).map(|i| format!("größe{i}")).collect::<Vec<_>>().join(", ");
        let many = Description::of_sql(&format!("SELECT * FROM {many}"), POSTGRESQL);
        assert_eq!(many.summary.unwrap().chars().count(), SUMMARY_CHARS_MAX);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_described(sql in "\\PC{0,60}") {
            Description::of_sql(&sql, POSTGRESQL);
        }
    }
}
