//! SQL text, as far as it must be understood to find its named parameters.

use std::ops::Range;

/// How a database writes strings, names and comments, beyond the standard's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// A backslash escapes the next character of any string, not only of an `E'…'` one.
    pub backslash_escapes: bool,
    /// `E'…'` strings with backslashes, and `$tag$…$tag$` strings.
    pub dollar_quotes: bool,
    pub nested_comments: bool,
    /// `# …` comments, and `--` only where a space follows.
    pub hash_comments: bool,
    pub backticks: bool,
    pub brackets: bool,
}

impl Syntax {
    pub const STANDARD: Self = Self {
        backslash_escapes: false,
        dollar_quotes: false,
        nested_comments: false,
        hash_comments: false,
        backticks: false,
        brackets: false,
    };
}

/// A statement whose named parameters were replaced by `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub text: String,
    /// The name of each marker, in order; a name that stands twice is here twice.
    pub names: Vec<String>,
    /// Whether `?` stood in the text as well.
    pub has_positions: bool,
}

/// Replaces every `:name` and `@name` by `?`, and nothing else.
pub(crate) fn name_markers(sql: &str, syntax: Syntax) -> Named {
    let mut named =
        Named { text: String::with_capacity(sql.len()), names: vec![], has_positions: false };
    let mut scanner = Scanner { sql, at: 0, syntax };
    let mut copied = 0;
    while let Some(token) = scanner.next() {
        match token {
            Token::Name(range) => {
                named.text.push_str(&sql[copied..range.start]);
                named.text.push('?');
                named.names.push(sql[range.start + 1..range.end].to_owned());
                copied = range.end;
            }
            Token::Position => named.has_positions = true,
        }
    }
    named.text.push_str(&sql[copied..]);
    named
}

enum Token {
    /// A named marker, its sigil included.
    Name(Range<usize>),
    /// A `?`.
    Position,
}

struct Scanner<'a> {
    sql: &'a str,
    at: usize,
    syntax: Syntax,
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.sql[self.at..]
    }

    fn previous(&self) -> Option<char> {
        self.sql[..self.at].chars().next_back()
    }

    /// Goes on behind the next `end`, or to the end of the text.
    fn skip_past(&mut self, end: &str) {
        self.at = self.rest().find(end).map_or(self.sql.len(), |at| self.at + at + end.len());
    }

    fn next(&mut self) -> Option<Token> {
        while let Some(c) = self.rest().chars().next() {
            let Syntax { dollar_quotes, hash_comments, backticks, brackets, .. } = self.syntax;
            match c {
                '\'' => {
                    self.skip_quoted('\'', self.syntax.backslash_escapes || self.is_escape_string())
                }
                '"' => self.skip_quoted('"', self.syntax.backslash_escapes),
                '`' if backticks => self.skip_quoted('`', false),
                '[' if brackets => self.skip_quoted(']', false),
                '$' if dollar_quotes && !self.previous().is_some_and(continues_name) => {
                    self.skip_dollar_quoted();
                }
                '-' if self.begins_line_comment() => self.skip_past("\n"),
                '#' if hash_comments => self.skip_past("\n"),
                '/' if self.rest().starts_with("/*") => self.skip_comment(),
                '?' => {
                    self.at += 1;
                    return Some(Token::Position);
                }
                ':' | '@' => {
                    if let Some(range) = self.marker(c) {
                        self.at = range.end;
                        return Some(Token::Name(range));
                    }
                }
                _ => self.at += c.len_utf8(),
            }
        }
        None
    }

    /// A marker that begins here; otherwise goes on behind what only looks like one: `::type`,
    /// `@@variable`, `:=`, the colon of an array's slice.
    fn marker(&mut self, sigil: char) -> Option<Range<usize>> {
        let doubled = self.rest()[1..].starts_with(sigil);
        let follows_operand = self.previous().is_some_and(|c| continues_name(c) || c == ']');
        let skipped = if doubled { 2 } else { 1 };
        let name = &self.rest()[skipped..];
        let length = name.find(|c| !continues_name(c)).unwrap_or(name.len());
        if doubled {
            self.at += skipped + length;
            return None;
        }
        if follows_operand || !name.starts_with(begins_name) {
            self.at += skipped;
            return None;
        }
        Some(self.at..self.at + skipped + length)
    }

    /// Whether the string that begins here is PostgreSQL's `E'…'`.
    fn is_escape_string(&self) -> bool {
        let mut before = self.sql[..self.at].chars().rev();
        self.syntax.dollar_quotes
            && matches!(before.next(), Some('e' | 'E'))
            && !before.next().is_some_and(continues_name)
    }

    /// Skips a string or a quoted name. Two quotes in it stand for one, which is skipped as a
    /// second string that follows at once.
    fn skip_quoted(&mut self, end: char, escapes: bool) {
        let mut escaped = false;
        let mut characters = self.rest().char_indices().skip(1);
        let length = characters.find(|(_, c)| {
            let ends = *c == end && !escaped;
            escaped = escapes && *c == '\\' && !escaped;
            ends
        });
        self.at = length.map_or(self.sql.len(), |(at, _)| self.at + at + end.len_utf8());
    }

    fn skip_dollar_quoted(&mut self) {
        let rest = &self.rest()[1..];
        let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
        let opens =
            rest[length..].starts_with('$') && !rest.starts_with(|c: char| c.is_ascii_digit());
        let tag = &self.sql[self.at..self.at + length + if opens { 2 } else { 1 }];
        self.at += tag.len();
        if opens {
            self.skip_past(tag);
        }
    }

    fn begins_line_comment(&self) -> bool {
        let Some(after) = self.rest().strip_prefix("--") else { return false };
        !self.syntax.hash_comments || after.is_empty() || after.starts_with(char::is_whitespace)
    }

    fn skip_comment(&mut self) {
        self.at += 2;
        let mut depth = 1;
        while depth > 0 && !self.rest().is_empty() {
            if self.rest().starts_with("*/") {
                depth -= 1;
                self.at += 2;
            } else if self.syntax.nested_comments && self.rest().starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else {
                self.at += self.rest().chars().next().map_or(0, char::len_utf8);
            }
        }
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
        ..Syntax::STANDARD
    };
    const SQLITE: Syntax = Syntax { backticks: true, brackets: true, ..Syntax::STANDARD };

    fn names(sql: &str, syntax: Syntax) -> Vec<String> {
        name_markers(sql, syntax).names
    }

    #[test]
    fn markers_are_found_and_repeated() {
        let named = name_markers("SELECT :a, @b_1,:a+:größe", Syntax::STANDARD);
        assert_eq!(named.text, "SELECT ?, ?,?+?");
        assert_eq!(named.names, ["a", "b_1", "a", "größe"]);
        assert!(!named.has_positions);
        assert!(name_markers("SELECT ?", Syntax::STANDARD).has_positions);
    }

    #[test]
    fn what_only_looks_like_a_marker_stays() {
        for sql in [
            "SELECT ':a' || \"x:b\" -- :c\n /* :d */",
            "SELECT x::int, @@version, a[lo:hi], b[1:2], 'it''s :x'",
            "SELECT a@b, :1, : a, @ b, ::",
        ] {
            assert_eq!(name_markers(sql, POSTGRESQL).text, sql);
        }
        assert_eq!(names("SELECT $$ :a $$, $t$ :b $$ :c $t$, :d", POSTGRESQL), ["d"]);
        assert_eq!(names("SELECT /* /* :a */ :b */ :c", POSTGRESQL), ["c"]);
        assert_eq!(names(r"SELECT E'\':a', 'x\', :b", POSTGRESQL), ["b"]);
        assert_eq!(names("SELECT $1, $2::text, :a", POSTGRESQL), ["a"]);
        assert_eq!(names(r"SELECT 'it\'s :a', `:b`, x := :c # :d", MARIADB), ["c"]);
        assert_eq!(names("SELECT 1--:a", MARIADB), ["a"]);
        assert_eq!(names("SELECT [:a], `:b`, :c", SQLITE), ["c"]);
    }

    #[test]
    fn what_never_ends_is_skipped() {
        for sql in ["'", "\"", "'\\", "/*", "/* /* */", "--", "$a$", "$", ":", "@", "`", "["] {
            for syntax in [Syntax::STANDARD, POSTGRESQL, MARIADB, SQLITE] {
                assert_eq!(name_markers(sql, syntax).text, sql);
            }
        }
    }

    /// A piece of SQL, and the name that is to be found in it.
    fn piece() -> impl Strategy<Value = (String, Option<String>)> {
        prop_oneof![
            "[a-z_][a-z0-9_]{0,5}".prop_map(|name| (format!(":{name}"), Some(name))),
            "[a-z_][a-z0-9_]{0,5}".prop_map(|name| (format!("@{name}"), Some(name))),
            "[^'\\\\]{0,8}".prop_map(|text| (format!("'{text}'"), None)),
            "[^\"\\\\]{0,8}".prop_map(|text| (format!("\"{text}\""), None)),
            "[^\\n]{0,8}".prop_map(|text| (format!("-- {text}\n"), None)),
            "[^*/]{0,8}".prop_map(|text| (format!("/*{text}*/"), None)),
            "[a-z]{1,4}::[a-z]{1,4}".prop_map(|text| (text, None)),
            "@@[a-z]{1,4}".prop_map(|text| (text, None)),
            "[a-zäß0-9+*,()=<>; ]{0,8}".prop_map(|text| (text, None)),
        ]
    }

    proptest! {
        #[test]
        fn exactly_the_markers_are_replaced(pieces in prop::collection::vec(piece(), 0..12)) {
            let texts: Vec<_> = pieces.iter().map(|(text, _)| text.as_str()).collect();
            let sql = texts.join(" ");
            let expected: Vec<_> = pieces.iter().filter_map(|(_, name)| name.clone()).collect();
            for syntax in [Syntax::STANDARD, POSTGRESQL, MARIADB] {
                prop_assert_eq!(&names(&sql, syntax), &expected);
            }
        }

        #[test]
        fn text_outside_of_markers_is_unchanged(sql in "[ -~äß\\n:@'\"?]{0,60}") {
            for syntax in [Syntax::STANDARD, POSTGRESQL, MARIADB, SQLITE] {
                let named = name_markers(&sql, syntax);
                // Each `?` that replaced a marker, put back, gives the text again.
                let mut names = named.names.iter();
                let mut original = sql.as_str();
                for part in named.text.split_inclusive('?') {
                    let literal = part.strip_suffix('?').unwrap_or(part);
                    prop_assert!(original.starts_with(literal));
                    original = &original[literal.len()..];
                    if part.len() == literal.len() {
                        continue;
                    }
                    if let Some(rest) = original.strip_prefix('?') {
                        original = rest;
                    } else {
                        let name = names.next().unwrap();
                        prop_assert!(original[1..].starts_with(name.as_str()));
                        original = &original[1 + name.len()..];
                    }
                }
                prop_assert_eq!(original, "");
                prop_assert!(names.next().is_none());
            }
        }
    }
}
