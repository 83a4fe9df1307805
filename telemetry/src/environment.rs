//! The environment variables of OpenTelemetry.

use std::{env, time::Duration};

use odbc_engine::{Error, ErrorKind, Result};
use percent_encoding::percent_decode_str;

/// The value of a variable; an empty one is none, as OpenTelemetry wants it.
pub(crate) fn get(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The value of the first variable that has one, with its name.
pub(crate) fn first(names: &[&str]) -> Option<(String, String)> {
    names.iter().find_map(|name| get(name).map(|value| ((*name).to_owned(), value)))
}

pub(crate) fn invalid(name: &str, what: &str) -> Error {
    let message = format!("environment variable {name}: {what}");
    Error::new(ErrorKind::InvalidArgument, "otel_init", message)
}

pub(crate) fn unsupported(name: &str, what: &str) -> Error {
    let message = format!("environment variable {name}: {what}");
    Error::new(ErrorKind::Unsupported, "otel_init", message)
}

pub(crate) fn number(name: &str) -> Result<Option<u64>> {
    let Some(value) = get(name) else { return Ok(None) };
    value.parse().map(Some).map_err(|_| invalid(name, "it is not a whole number"))
}

pub(crate) fn milliseconds(names: &[&str]) -> Result<Option<Duration>> {
    for name in names {
        if let Some(value) = number(name)? {
            return Ok(Some(Duration::from_millis(value)));
        }
    }
    Ok(None)
}

pub(crate) fn is_true(name: &str) -> bool {
    get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// `key=value,key=value`, with the values percent-encoded.
pub(crate) fn pairs(name: &str, text: &str) -> Result<Vec<(String, String)>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            // The value is a secret more often than not.
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| invalid(name, "give key=value pairs, divided by commas"))?;
            let value = percent_decode_str(value.trim()).decode_utf8();
            let value = value.map_err(|_| invalid(name, "a value is not percent-encoded UTF-8"))?;
            Ok((key.trim().to_owned(), value.into_owned()))
        })
        .collect()
}

/// Refuses what would otherwise be ignored silently.
pub(crate) fn refuse_unsupported(signal: &str) -> Result<()> {
    for (what, allowed) in [
        ("COMPRESSION", "none"),
        ("CERTIFICATE", ""),
        ("CLIENT_KEY", ""),
        ("CLIENT_CERTIFICATE", ""),
    ] {
        for name in
            [format!("OTEL_EXPORTER_OTLP_{signal}_{what}"), format!("OTEL_EXPORTER_OTLP_{what}")]
        {
            if get(&name).is_some_and(|value| !value.eq_ignore_ascii_case(allowed)) {
                return Err(unsupported(&name, "it is not supported; unset it"));
            }
        }
    }
    Ok(())
}
