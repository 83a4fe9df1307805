//! Connection strings, by the grammar of SQLDriverConnect: `Key=value;Key={value};…`.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};

/// A connection string, taken apart: its keys and values in order.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionString(Vec<(String, String)>);

/// What the keys hold, in lower case, whose values must reach no message, no log and no span.
const SECRET_WORDS: [&str; 4] = ["pwd", "password", "secret", "token"];

const EMPTY: &str = "the connection string is empty; give at least Driver=… or DSN=…";

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|secret| key.contains(secret))
}

/// The secrets in a value that holds keys and values itself, as psqlodbc's PqOpt does: blanks may
/// stand around the '=', and a value in quotes holds any character.
fn secrets_within(value: &str) -> impl Iterator<Item = &str> {
    value.match_indices('=').filter_map(|(at, _)| {
        let key = value[..at].trim_end().rsplit(|c: char| !c.is_alphanumeric() && c != '_').next();
        if !key.is_some_and(is_secret) {
            return None;
        }
        let after = value[at + 1..].trim_start();
        let secret = match after.chars().next()? {
            quote @ ('\'' | '"') => quoted(&after[1..], quote),
            _ => after.split([' ', '\t', '&', ';', ',']).next()?,
        };
        (!secret.is_empty()).then_some(secret)
    })
}

/// What stands before the closing quote, behind which a backslash is not looked for.
fn quoted(text: &str, quote: char) -> &str {
    let mut escaped = false;
    let end = text.find(|c| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    end.map_or(text, |end| &text[..end])
}

/// Hides secrets in a text, the longest first, since one may be a part of another.
fn hide<'a>(text: &str, secrets: impl Iterator<Item = Cow<'a, str>>) -> String {
    let mut secrets: Vec<_> = secrets.filter(|secret| !secret.is_empty()).collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(&**secret, "***"))
}

/// A value in braces where it would be read as something else without them.
///
/// ODBC wants braces for more, but sqliteodbc 0.9998, and psqlodbc 13.02 for all but passwords, take
/// them for a part of the value; a password without them is decoded by psqlodbc as in an URL.
fn escape(key: &str, value: &str) -> String {
    let special = |c: char| "{};".contains(c) || (is_secret(key) && "[](),?*=!@%+".contains(c));
    if value.contains(special) || value.trim() != value {
        format!("{{{}}}", value.replace('}', "}}"))
    } else {
        value.to_owned()
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, "connect", message)
}

impl ConnectionString {
    /// Puts a connection string together from keys and values.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self> {
        let pairs: Vec<(String, String)> =
            pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        for (index, (key, value)) in pairs.iter().enumerate() {
            let forbidden = |c: char| "[]{}(),;?*=!@\\".contains(c) || c.is_control();
            if key.trim().is_empty() || key.trim() != key || key.contains(forbidden) {
                let message =
                    format!("key {} of the connection string, {key:?}, is none", index + 1);
                return Err(invalid(message));
            }
            if value.contains('\0') {
                return Err(invalid(format!("the value of {key:?} holds a NUL character")));
            }
        }
        if pairs.is_empty() {
            return Err(invalid(EMPTY));
        }
        Ok(Self(pairs))
    }

    /// The keys and values, in order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// The text that connects, secrets included.
    pub fn to_text(&self) -> String {
        self.join(escape)
    }

    /// The text for people: as [`ConnectionString::to_text`], with `***` for each secret.
    pub fn redacted(&self) -> String {
        self.join(|key, value| {
            if is_secret(key) {
                return "***".to_owned();
            }
            escape(key, &hide(value, secrets_within(value).map(Cow::Borrowed)))
        })
    }

    fn join(&self, value: impl Fn(&str, &str) -> String) -> String {
        let parts: Vec<_> = self.0.iter().map(|(k, v)| format!("{k}={}", value(k, v))).collect();
        parts.join(";")
    }

    /// Takes a text apart. Errors name a part by its position or key, never by its value.
    pub fn parse(text: &str) -> Result<Self> {
        if text.contains('\0') {
            return Err(invalid("the connection string holds a NUL character"));
        }
        let mut pairs = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches([';', ' ', '\t', '\r', '\n']);
            if rest.is_empty() {
                break;
            }
            let Some((key, after)) = rest.split_once('=') else {
                return Err(invalid(format!(
                    "part {} of the connection string has no '='",
                    pairs.len() + 1
                )));
            };
            let key = key.trim();
            if key.is_empty() || key.contains([';', '{', '}']) {
                return Err(invalid(format!(
                    "part {} of the connection string has no key before its '='",
                    pairs.len() + 1
                )));
            }
            let (value, after) = parse_value(key, after.trim_start())?;
            pairs.push((key.to_owned(), value));
            rest = after;
        }
        if pairs.is_empty() {
            return Err(invalid(EMPTY));
        }
        Ok(Self(pairs))
    }

    /// The first value of a key, as ODBC takes it; keys are the same in either case.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value.as_str())
    }

    /// Hides every secret of this connection string in a text.
    pub(crate) fn redact(&self, text: &str) -> String {
        let secrets = self.0.iter().filter(|(key, value)| !value.is_empty() && is_secret(key));
        let whole = secrets.flat_map(|(_, secret)| {
            let in_braces = format!("{{{}}}", secret.replace('}', "}}"));
            [Cow::Owned(in_braces), Cow::Borrowed(secret.as_str())]
        });
        let within = self.0.iter().flat_map(|(_, value)| secrets_within(value).map(Cow::Borrowed));
        hide(text, whole.chain(within))
    }
}

impl std::fmt::Debug for ConnectionString {
    /// Shows no secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ConnectionString").field(&self.redacted()).finish()
    }
}

/// Reads a value, in braces or up to the next semicolon; returns it and what follows.
fn parse_value<'a>(key: &str, text: &'a str) -> Result<(String, &'a str)> {
    let Some(mut rest) = text.strip_prefix('{') else {
        let (value, after) = text.split_once(';').unwrap_or((text, ""));
        return Ok((value.trim_end().to_owned(), after));
    };
    let mut value = String::new();
    loop {
        let Some(end) = rest.find('}') else {
            return Err(invalid(format!("the value of {key:?} has no closing brace")));
        };
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        // Two closing braces stand for one.
        match rest.strip_prefix('}') {
            Some(after) => {
                value.push('}');
                rest = after;
            }
            None => break,
        }
    }
    let rest = rest.trim_start();
    if rest.is_empty() {
        return Ok((value, rest));
    }
    match rest.strip_prefix(';') {
        Some(after) => Ok((value, after)),
        None => Err(invalid(format!("the value of {key:?} goes on after its closing brace"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_braces_keep_every_character() {
        let text = "Driver={PostgreSQL Unicode};PWD={a;b=c}}d} ; Server = host ;";
        let parsed = ConnectionString::parse(text).unwrap();
        assert_eq!(parsed.get("driver"), Some("PostgreSQL Unicode"));
        assert_eq!(parsed.get("pwd"), Some("a;b=c}d"));
        assert_eq!(parsed.get("Server"), Some("host"));
        assert_eq!(parsed.get("UID"), None);
    }

    #[test]
    fn texts_and_pairs_are_the_same() {
        let pairs = [("Driver", "PostgreSQL Unicode"), ("PWD", "a;b}c "), ("UID", "me"), ("X", "")];
        let built = ConnectionString::from_pairs(pairs).unwrap();
        assert_eq!(built.to_text(), "Driver=PostgreSQL Unicode;PWD={a;b}}c };UID=me;X=");
        let files = ConnectionString::from_pairs([("Database", "a(1)@b=%.db"), ("PWD", "a%41")]);
        assert_eq!(files.unwrap().to_text(), "Database=a(1)@b=%.db;PWD={a%41}");
        assert_eq!(ConnectionString::parse(&built.to_text()).unwrap(), built);
        assert_eq!(built.redacted(), "Driver=PostgreSQL Unicode;PWD=***;UID=me;X=");
        assert!(!format!("{built:?}").contains("a;b"));
        for key in ["", " ", "a=b", "a;", "{a}", " a"] {
            assert!(ConnectionString::from_pairs([(key, "v")]).is_err(), "{key:?}");
        }
        assert!(ConnectionString::from_pairs([("PWD", "a\0b")]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_value_survives(value in "[^\\x00]{0,20}") {
            let built = ConnectionString::from_pairs([("PWD", value.as_str()), ("Z", "z")]).unwrap();
            proptest::prop_assert_eq!(ConnectionString::parse(&built.to_text()).unwrap(), built);
        }
    }

    #[test]
    fn errors_never_show_a_value() {
        for text in [
            "",
            " ; ;",
            "hunter2",
            "UID=me;hunter2",
            "=hunter2",
            "PWD={hunter2",
            "PWD={hunter2}x",
            "a\0b",
        ] {
            let error = ConnectionString::parse(text).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{text}");
            assert!(!error.message.contains("hunter2"), "{}", error.message);
        }
    }

    #[test]
    fn secrets_within_a_value_are_hidden() {
        let text = "PqOpt={password=hunter2 sslpassword='s3' application_name=me};PWD1=h3";
        let parsed = ConnectionString::parse(text).unwrap();
        assert_eq!(
            parsed.redacted(),
            "PqOpt=password=*** sslpassword='***' application_name=me;PWD1=***"
        );
        assert_eq!(parsed.redact("hunter2, s3 and h3"), "***, *** and ***");
        for text in [
            "PqOpt={password = hunter2}",
            r"PqOpt={user=me sslpassword='hunter2, a \'b'}",
            "PASSWORD1=hunter2",
            "KeyStoreSecret=hunter2",
        ] {
            let redacted = ConnectionString::parse(text).unwrap().redacted();
            assert!(!redacted.contains("hunter2") && !redacted.contains('b'), "{redacted}");
        }
    }

    #[test]
    fn a_secret_that_is_a_part_of_another_leaves_nothing_of_it() {
        let parsed = ConnectionString::parse("PWD=secret;SSLPassword=secret2").unwrap();
        assert_eq!(parsed.redact("secret2 and secret"), "*** and ***");
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let parsed = ConnectionString::parse("UID=me;PWD={s}}cret};Token=t0k").unwrap();
        assert_eq!(parsed.redact("me: s}cret, {s}}cret} or t0k"), "me: ***, *** or ***");
    }
}
