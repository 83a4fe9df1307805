//! Names of tables and procedures, as SQL text writes them.

use crate::{
    dbms::Folding,
    error::{Error, ErrorKind, Result},
    sql::Syntax,
};

/// One part of a name such as `shop."Order Items"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identifier {
    /// The name without its quotes.
    pub text: String,
    pub is_quoted: bool,
}

impl Identifier {
    /// The name as the database keeps it.
    pub fn folded(&self, folding: Folding) -> String {
        match folding {
            // PostgreSQL 15 folds no other letters in UTF-8.
            Folding::Lower if !self.is_quoted => self.text.to_ascii_lowercase(),
            Folding::Upper if !self.is_quoted => self.text.to_uppercase(),
            _ => self.text.clone(),
        }
    }

    /// The name as SQL text has it, quoted where it was.
    pub fn sql(&self, quotes: [char; 2]) -> String {
        // Double quotes are those of a string on MariaDB.
        let quoted = self.is_quoted.then(|| quote(&self.text, quotes)).flatten();
        quoted.unwrap_or_else(|| self.text.clone())
    }

    /// Whether the catalog's `name` is this one. Without quotes, letter case does not count.
    pub fn is_called(&self, name: &str) -> bool {
        if self.is_quoted { self.text == name } else { self.text.eq_ignore_ascii_case(name) }
    }
}

/// A name as SQL text writes it, whatever it holds; None where it is empty or holds a NUL.
pub(crate) fn quote(name: &str, quotes: [char; 2]) -> Option<String> {
    if name.is_empty() || name.contains('\0') {
        return None;
    }
    let [open, close] = quotes;
    let doubled = name.replace(close, &format!("{close}{close}"));
    Some(format!("{open}{doubled}{close}"))
}

/// Reads a name of one or more parts, divided by dots, each in the database's quotes or plain.
pub(crate) fn parse(
    name: &str,
    syntax: Syntax,
    operation: &'static str,
) -> Result<Vec<Identifier>> {
    let invalid = || {
        let message = format!(
            "{name:?} is not a name: give a plain or a quoted identifier, with its schema before \
             a dot if need be"
        );
        Error::new(ErrorKind::InvalidArgument, operation, message)
    };
    let mut parts = Vec::new();
    let mut rest = name;
    loop {
        let (part, after) = first_part(rest, syntax).ok_or_else(invalid)?;
        parts.push(part);
        rest = match after.strip_prefix('.') {
            Some(next) => next,
            None if after.is_empty() => return Ok(parts),
            None => return Err(invalid()),
        };
    }
}

fn first_part(name: &str, syntax: Syntax) -> Option<(Identifier, &str)> {
    let close = match name.chars().next()? {
        '"' => '"',
        '`' if syntax.backticks => '`',
        '[' if syntax.brackets => ']',
        _ => return plain_part(name),
    };
    let mut text = String::new();
    let mut rest = &name[1..];
    loop {
        let end = rest.find(close)?;
        text.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(close) {
            Some(next) => {
                text.push(close);
                rest = next;
            }
            None if text.is_empty() || text.contains('\0') => return None,
            None => return Some((Identifier { text, is_quoted: true }, rest)),
        }
    }
}

fn plain_part(name: &str) -> Option<(Identifier, &str)> {
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '#');
    let end = name.find(|c| !belongs(c)).unwrap_or(name.len());
    let begins_well = name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '#'));
    begins_well.then(|| {
        let text = name[..end].to_owned();
        (Identifier { text, is_quoted: false }, &name[end..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: &str, syntax: Syntax) -> Option<Vec<(String, bool)>> {
        let parsed = parse(name, syntax, "test").ok()?;
        Some(parsed.into_iter().map(|part| (part.text, part.is_quoted)).collect())
    }

    #[test]
    fn names_are_read_by_the_databases_quotes() {
        let mysql = Syntax { backticks: true, ..Syntax::STANDARD };
        let brackets = Syntax { brackets: true, ..Syntax::STANDARD };
        let one = |text: &str, quoted| Some(vec![(text.to_owned(), quoted)]);
        assert_eq!(parts("pay", Syntax::STANDARD), one("pay", false));
        assert_eq!(parts(r#""a""b.c""#, Syntax::STANDARD), one("a\"b.c", true));
        assert_eq!(parts("`a``b`", mysql), one("a`b", true));
        assert_eq!(parts("[a]]b]", brackets), one("a]b", true));
        let two = vec![("größe".to_owned(), false), ("Pay".to_owned(), true)];
        assert_eq!(parts(r#"größe."Pay""#, Syntax::STANDARD), Some(two));
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for name in ["", "a b", "1a", "a.", ".a", "a..b", "\"", "\"\"", "\"a", "a;b", "`a`", "a-b"]
        {
            assert_eq!(parts(name, Syntax::STANDARD), None, "{name}");
        }
    }

    #[test]
    fn quoted_names_are_read_back() {
        let brackets = Syntax { brackets: true, ..Syntax::STANDARD };
        for name in ["a", "a b", "a\"b", "a]b", "größe.x", "?"] {
            let quoted = quote(name, ['"', '"']).unwrap();
            assert_eq!(parts(&quoted, Syntax::STANDARD), Some(vec![(name.to_owned(), true)]));
            let quoted = quote(name, ['[', ']']).unwrap();
            assert_eq!(parts(&quoted, brackets), Some(vec![(name.to_owned(), true)]));
        }
        let found = parse(r#"a."b`c""#, Syntax::STANDARD, "test").unwrap();
        let written: Vec<_> = found.iter().map(|part| part.sql(['`', '`'])).collect();
        assert_eq!(written, ["a", "`b``c`"]);
        assert_eq!(quote("", ['"', '"']), None);
        assert_eq!(quote("a\0", ['"', '"']), None);
    }

    #[test]
    fn quotes_make_letter_case_count() {
        let find = |name| parse(name, Syntax::STANDARD, "test").unwrap().remove(0);
        assert!(find("Pay").is_called("pay"));
        assert!(!find("\"Pay\"").is_called("pay"));
    }
}
