//! SQL text without its literals.

use crate::sql::{Lexeme, Scanner, Syntax, is_one_of};

/// The most of a text, so that a long statement does not fill the exporter's queue.
const TEXT_BYTES_MAX: usize = 16 << 10;

/// A text with `?` for each literal. Comments go, since they may hold anything.
pub(super) fn sanitised(sql: &str, syntax: Syntax) -> String {
    let mut text = String::with_capacity(sql.len().min(TEXT_BYTES_MAX));
    // The words that came last, latest first.
    let mut before = ["", ""];
    let mut pieces = Scanner::new(sql.trim(), syntax).peekable();
    while let Some((lexeme, piece)) = pieces.next() {
        if text.len() >= TEXT_BYTES_MAX {
            text.push('…');
            break;
        }
        let is_secret = is_one_of(before[0], &["PASSWORD"])
            || (is_one_of(before[0], &["BY"]) && is_one_of(before[1], &["IDENTIFIED"]));
        match lexeme {
            Lexeme::Space => text.push_str(piece),
            Lexeme::Comment => {
                if !text.ends_with(char::is_whitespace) && !text.is_empty() {
                    text.push(' ');
                }
            }
            Lexeme::Text => push_string(&mut text),
            Lexeme::Number => text.push('?'),
            Lexeme::DoubleQuoted if is_secret => text.push('?'),
            Lexeme::DoubleQuoted if syntax.double_quoted_strings => {
                let qualifies = pieces.peek().is_some_and(|(_, next)| *next == ".");
                let names = ["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "AS"];
                // On MariaDB it is one in backticks alone.
                let may_be_name = !syntax.backslash_escapes;
                if may_be_name && (qualifies || text.ends_with('.') || is_one_of(before[0], &names))
                {
                    text.push_str(piece);
                } else {
                    push_string(&mut text);
                }
            }
            Lexeme::Word if is_secret && !is_one_of(piece, &["EXPIRE", "VALUES"]) => {
                text.push('?');
            }
            _ => text.push_str(piece),
        }
        if !matches!(lexeme, Lexeme::Space | Lexeme::Comment) && piece != "=" {
            before = [piece, before[0]];
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// A `?` for a string, which takes what is a part of its notation with it: `E`, `N`, `X`, `_utf8`.
/// Strings that follow each other are one.
fn push_string(text: &mut String) {
    let begin = text.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '&'));
    let word =
        &text[begin.map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8))..];
    let is_prefix =
        is_one_of(word, &["B", "E", "N", "NQ", "Q", "U&", "X"]) || word.starts_with('_');
    if is_prefix && !word.is_empty() {
        text.truncate(text.len() - word.len());
    }
    if !text.ends_with('?') {
        text.push('?');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POSTGRESQL: Syntax =
        Syntax { dollar_quotes: true, nested_comments: true, ..Syntax::STANDARD };
    const MARIADB: Syntax = Syntax {
        backslash_escapes: true,
        hash_comments: true,
        backticks: true,
        double_quoted_strings: true,
        ..Syntax::STANDARD
    };
    const SQLITE: Syntax =
        Syntax { backticks: true, brackets: true, double_quoted_strings: true, ..Syntax::STANDARD };
    const ORACLE: Syntax = Syntax { q_quotes: true, ..Syntax::STANDARD };

    #[test]
    fn literals_become_markers() {
        for (syntax, sql, expected) in [
            (
                POSTGRESQL,
                "select 1, -2.5e-3, .5, 0x1F, 't''s' from t1",
                "select ?, -?, ?, ?, ? from t1",
            ),
            (POSTGRESQL, r"select E'\'s', $$s$$, $t$ 's' $t$, $1, U&'s'", "select ?, ?, ?, $1, ?"),
            (
                POSTGRESQL,
                "select \"Col 1\", N's', date '2024-01-01', x'ff'",
                "select \"Col 1\", ?, date ?, ?",
            ),
            (POSTGRESQL, "select 1 -- s\n, 2 /* s /* s */ s */ from t  ", "select ? , ?  from t"),
            (
                POSTGRESQL,
                "select * from t where a = ? and b = :name",
                "select * from t where a = ? and b = :name",
            ),
            (POSTGRESQL, "select 's' 's', 'unterminated s", "select ? ?, ?"),
            (
                MARIADB,
                r#"select "s", _utf8'\'s', 's\\' from `t 1` # s"#,
                "select ?, ?, ? from `t 1`",
            ),
            (
                SQLITE,
                r#"select "s" from "t" where "t"."c" = "s" and [c 1] = 1"#,
                r#"select ? from "t" where "t"."c" = ? and [c 1] = ?"#,
            ),
            (ORACLE, "select q'[it's s]', nq'!s!', 'q' from dual", "select ?, ?, ? from dual"),
            (ORACLE, "create user u identified by s", "create user u identified by ?"),
            (MARIADB, "set password = 's'", "set password = ?"),
            (MARIADB, "PREPARE s FROM \"SELECT 's'\"", "PREPARE s FROM ?"),
            (POSTGRESQL, r"SELECT E'it''s \' s'", "SELECT ?"),
            (
                POSTGRESQL,
                "alter role r password 's' valid until 's'",
                "alter role r password ? valid until ?",
            ),
        ] {
            assert_eq!(sanitised(sql, syntax), expected, "{sql}");
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let sql = format!("select {}1", "größe, ".repeat(5000));
        let text = sanitised(&sql, POSTGRESQL);
        assert!(text.len() < TEXT_BYTES_MAX + 32 && text.ends_with('…'));
    }

    proptest! {
        #[test]
        fn no_literal_survives(
            parts in prop::collection::vec("(secret|'|''|\\\\|[a-z(),=.;$\\[\\]`\"-]| |\\n|/\\*|\\*/|#|[0-9])", 0..12),
        ) {
            let inner = parts.concat();
            for syntax in [POSTGRESQL, MARIADB, SQLITE, ORACLE] {
                let mut literal = inner.replace('\'', "''");
                if syntax.backslash_escapes {
                    literal = literal.replace('\\', "\\\\");
                }
                let sql = format!("select * from t where a = '{literal}' and b = ?");
                prop_assert_eq!(
                    sanitised(&sql, syntax), "select * from t where a = ? and b = ?"
                );
            }
        }
    }
}
