//! Connection strings, by the grammar of SQLDriverConnect: `Key=value;Key={value};…`.

use crate::error::{Error, ErrorKind, Result};

/// A parsed connection string: its keys and values in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConnectionString(Vec<(String, String)>);

/// Keys whose values must reach no message, no log and no span.
const SECRET_KEYS: &[&str] = &["pwd", "password", "accesstoken", "token", "sslkeypassword"];

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, "connect", message)
}

impl ConnectionString {
    /// Parses the text. Errors name a part by its position or key, never by its value.
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
            return Err(invalid("the connection string is empty; give at least Driver=… or DSN=…"));
        }
        Ok(Self(pairs))
    }

    /// The first value of a key, as ODBC takes it.
    #[cfg(test)]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value.as_str())
    }

    /// Hides every secret of this connection string in a text.
    pub fn redact(&self, text: &str) -> String {
        let secrets = self.0.iter().filter(|(key, value)| {
            let key = key.to_lowercase();
            !value.is_empty() && SECRET_KEYS.contains(&key.as_str())
        });
        secrets.fold(text.to_owned(), |text, (_, secret)| {
            text.replace(&format!("{{{}}}", secret.replace('}', "}}")), "***")
                .replace(secret, "***")
        })
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
    fn secrets_are_hidden_wherever_they_stand() {
        let parsed = ConnectionString::parse("UID=me;PWD={s}}cret};Token=t0k").unwrap();
        assert_eq!(parsed.redact("me: s}cret, {s}}cret} or t0k"), "me: ***, *** or ***");
    }
}
