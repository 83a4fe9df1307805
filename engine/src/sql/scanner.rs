//! SQL text, taken apart.

use super::Syntax;

/// What a piece of SQL text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lexeme {
    Space,
    Comment,
    /// A string, whatever its quotes.
    Text,
    /// What stands in double quotes: a name, or a string where `double_quoted_strings`.
    DoubleQuoted,
    /// A name in backticks or brackets.
    QuotedName,
    /// A keyword or a plain name.
    Word,
    Number,
    /// A named marker, its sigil included.
    Name,
    /// A `?`.
    Position,
    Other,
}

/// Gives the pieces of a text in order; together they are the text.
pub(crate) struct Scanner<'a> {
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

impl<'a> Iterator for Scanner<'a> {
    type Item = (Lexeme, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let c = self.rest().chars().next()?;
        let begin = self.at;
        let lexeme = self.take(c);
        Some((lexeme, &self.sql[begin..self.at]))
    }
}

impl<'a> Scanner<'a> {
    pub fn new(sql: &'a str, syntax: Syntax) -> Self {
        Self { sql, at: 0, syntax }
    }

    fn rest(&self) -> &'a str {
        &self.sql[self.at..]
    }

    fn previous(&self) -> Option<char> {
        self.sql[..self.at].chars().next_back()
    }

    fn follows_name(&self) -> bool {
        self.previous().is_some_and(continues_name)
    }

    /// Goes on behind the next `end`, or to the end of the text.
    fn skip_past(&mut self, end: &str) {
        self.at = self.rest().find(end).map_or(self.sql.len(), |at| self.at + at + end.len());
    }

    fn skip_while(&mut self, belongs: impl Fn(char) -> bool) {
        self.at += self.rest().find(|c| !belongs(c)).unwrap_or(self.rest().len());
    }

    /// Goes on behind the piece that begins with `c`.
    fn take(&mut self, c: char) -> Lexeme {
        let Syntax { dollar_quotes, hash_comments, backticks, brackets, .. } = self.syntax;
        match c {
            '\'' => {
                self.skip_string();
                Lexeme::Text
            }
            '"' => {
                self.skip_quoted('"', self.syntax.backslash_escapes);
                Lexeme::DoubleQuoted
            }
            '`' if backticks => {
                self.skip_quoted('`', false);
                Lexeme::QuotedName
            }
            '[' if brackets => {
                self.skip_quoted(']', false);
                Lexeme::QuotedName
            }
            '$' if dollar_quotes && !self.follows_name() => self.skip_dollar_quoted(),
            '-' if self.begins_line_comment() => {
                self.skip_past("\n");
                Lexeme::Comment
            }
            '#' if hash_comments => {
                self.skip_past("\n");
                Lexeme::Comment
            }
            '/' if self.rest().starts_with("/*") => {
                self.skip_comment();
                Lexeme::Comment
            }
            '?' => {
                self.at += 1;
                Lexeme::Position
            }
            ':' | '@' => self.skip_marker(c),
            '.' if !self.follows_name() && self.rest()[1..].starts_with(is_digit) => {
                self.skip_number();
                Lexeme::Number
            }
            _ if is_digit(c) => {
                self.skip_number();
                Lexeme::Number
            }
            _ if begins_name(c) => {
                self.skip_while(continues_name);
                Lexeme::Word
            }
            _ if c.is_whitespace() => {
                self.skip_while(char::is_whitespace);
                Lexeme::Space
            }
            _ => {
                self.at += c.len_utf8();
                Lexeme::Other
            }
        }
    }

    /// A number in any notation, and what is stuck to it.
    fn skip_number(&mut self) {
        let begin = self.at;
        self.skip_while(|c| continues_name(c) || c == '.');
        let is_hex = self.sql[begin..].starts_with("0x") || self.sql[begin..].starts_with("0X");
        let signed = self.rest().strip_prefix(['+', '-']);
        if !is_hex
            && self.sql[begin..self.at].ends_with(['e', 'E'])
            && signed.is_some_and(|digits| digits.starts_with(is_digit))
        {
            self.at += 1;
            self.skip_while(continues_name);
        }
    }

    /// Skips a marker that begins here, or what only looks like one: `::type`, `@@variable`, `:=`,
    /// the colon of an array's slice.
    fn skip_marker(&mut self, sigil: char) -> Lexeme {
        let doubled = self.rest()[1..].starts_with(sigil);
        let follows_operand = self.previous().is_some_and(|c| continues_name(c) || c == ']');
        let skipped = if doubled { 2 } else { 1 };
        let name = &self.rest()[skipped..];
        let length = name.find(|c| !continues_name(c)).unwrap_or(name.len());
        if doubled {
            self.at += skipped + length;
            return Lexeme::Other;
        }
        // PostgreSQL's operators that end with the sign, as in `tags <@ARRAY[…]`.
        let ends_operator = sigil == '@'
            && self.syntax.dollar_quotes
            && self.previous().is_some_and(|c| "<>~|#&!?@".contains(c));
        if follows_operand || ends_operator || !name.starts_with(begins_name) {
            self.at += skipped;
            return Lexeme::Other;
        }
        self.at += skipped + length;
        Lexeme::Name
    }

    /// Skips a string, by what stands right before it.
    fn skip_string(&mut self) {
        let mut before = self.sql[..self.at].chars().rev();
        let prefix = before.next();
        let second = before.next();
        if self.syntax.q_quotes && matches!(prefix, Some('q' | 'Q')) {
            let is_prefix = match second {
                Some('n' | 'N') => !before.next().is_some_and(continues_name),
                other => !other.is_some_and(continues_name),
            };
            if is_prefix {
                return self.skip_q_quoted();
            }
        }
        // PostgreSQL's E'…'.
        let is_escape_string = self.syntax.dollar_quotes
            && matches!(prefix, Some('e' | 'E'))
            && !second.is_some_and(continues_name);
        self.skip_quoted('\'', self.syntax.backslash_escapes || is_escape_string);
    }

    fn skip_q_quoted(&mut self) {
        let Some(open) = self.rest().chars().nth(1) else {
            self.at = self.sql.len();
            return;
        };
        let close = match open {
            '[' => ']',
            '{' => '}',
            '(' => ')',
            '<' => '>',
            other => other,
        };
        self.at += 1 + open.len_utf8();
        self.skip_past(&format!("{close}'"));
    }

    /// Skips a string or a quoted name. Two quotes in it stand for one.
    fn skip_quoted(&mut self, end: char, escapes: bool) {
        let mut escaped = false;
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = characters.next() {
            if c == end && !escaped {
                if characters.next_if(|(_, next)| *next == end).is_none() {
                    self.at += at + end.len_utf8();
                    return;
                }
            } else {
                escaped = escapes && c == '\\' && !escaped;
            }
        }
        self.at = self.sql.len();
    }

    /// Skips a string between dollars, or a marker such as `$1`.
    fn skip_dollar_quoted(&mut self) -> Lexeme {
        let rest = &self.rest()[1..];
        let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
        let opens =
            rest[length..].starts_with('$') && !rest.starts_with(|c: char| c.is_ascii_digit());
        let tag = &self.sql[self.at..self.at + length + if opens { 2 } else { 1 }];
        self.at += tag.len();
        if !opens {
            return Lexeme::Other;
        }
        self.skip_past(tag);
        Lexeme::Text
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

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}
