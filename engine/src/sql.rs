//! SQL text, as far as it must be understood to find its named parameters, its literals and words.

mod scanner;

pub(crate) use scanner::{Lexeme, Scanner};

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
    /// Whether what stands in double quotes may be a string instead of a name.
    pub double_quoted_strings: bool,
    /// `q'[…]'` strings.
    pub q_quotes: bool,
}

impl Syntax {
    pub const STANDARD: Self = Self {
        backslash_escapes: false,
        dollar_quotes: false,
        nested_comments: false,
        hash_comments: false,
        backticks: false,
        brackets: false,
        double_quoted_strings: false,
        q_quotes: false,
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
    for (lexeme, text) in Scanner::new(sql, syntax) {
        match lexeme {
            Lexeme::Name => {
                named.text.push('?');
                named.names.push(text[1..].to_owned());
                continue;
            }
            Lexeme::Position => named.has_positions = true,
            _ => {}
        }
        named.text.push_str(text);
    }
    named
}

pub(crate) fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a word of a text is one that writes; locking for an update is not.
pub(crate) fn may_write(sql: &str, syntax: Syntax) -> bool {
    const WRITING: [&str; 10] = [
        "INTO", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "ALTER", "DROP", "TRUNCATE",
        "CALL",
    ];
    let mut before = "";
    let mut words = Scanner::new(sql, syntax).filter(|(lexeme, _)| *lexeme == Lexeme::Word);
    words.any(|(_, word)| {
        let locks = is_one_of(before, &["FOR"]);
        before = word;
        !locks && is_one_of(word, &WRITING)
    })
}

/// Whether a query may have NULLs that the columns of its tables do not: by an outer join, by
/// groups of groups, or because its text does not say what is read.
pub(crate) fn may_add_nulls(sql: &str, syntax: Syntax) -> bool {
    const ADDING: [&str; 4] = ["JOIN", "ROLLUP", "CUBE", "GROUPING"];
    const READING: [&str; 4] = ["SELECT", "WITH", "VALUES", "TABLE"];
    let mut words = Scanner::new(sql, syntax)
        .filter_map(|(lexeme, word)| (lexeme == Lexeme::Word).then_some(word))
        .peekable();
    !words.peek().is_some_and(|first| is_one_of(first, &READING))
        || words.any(|word| is_one_of(word, &ADDING))
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
        assert_eq!(names(r"SELECT E'a''b\' :a', 'it''s', :b", POSTGRESQL), ["b"]);
        assert_eq!(names("SELECT $1, $2::text, :a", POSTGRESQL), ["a"]);
        assert_eq!(names("SELECT a <@ARRAY['b'], a<@b FROM c WHERE d =@e", POSTGRESQL), ["e"]);
        assert_eq!(names("SELECT a <@b", SQLITE), ["b"]);
        assert_eq!(names(r"SELECT 'it\'s :a', `:b`, x := :c # :d", MARIADB), ["c"]);
        assert_eq!(names("SELECT 1--:a", MARIADB), ["a"]);
        assert_eq!(names("SELECT [:a], `:b`, :c", SQLITE), ["c"]);
    }

    #[test]
    fn words_that_write_are_found_outside_of_texts() {
        for sql in ["SELECT a, 'insert', \"into\" FROM b -- drop\n", "select 1 for update of a"] {
            assert!(!may_write(sql, POSTGRESQL), "{sql}");
        }
        for sql in ["SELECT 1 into a", "WITH a AS (Delete FROM b) SELECT 1", "VALUES (1); CALL a()"]
        {
            assert!(may_write(sql, POSTGRESQL), "{sql}");
        }
    }

    #[test]
    fn queries_that_may_add_nulls_are_told() {
        for sql in
            ["SELECT \"join\" FROM a -- cube\n", "(select 'rollup')", "WITH a AS (TABLE b) TABLE a"]
        {
            assert!(!may_add_nulls(sql, POSTGRESQL), "{sql}");
        }
        for sql in ["select a from b left join(select 1) c on true", "FETCH ALL FROM c", ""] {
            assert!(may_add_nulls(sql, POSTGRESQL), "{sql}");
        }
        assert!(may_add_nulls("SELECT a FROM b GROUP BY Rollup(a)", POSTGRESQL));
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
