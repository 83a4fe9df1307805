//! The one ODBC environment of the process.

use std::sync::OnceLock;

use odbc_api::{
    handles::{Environment, SqlResult},
    sys::AttrOdbcVersion,
};

use crate::error::{Error, ErrorKind, Result};

struct Process(Environment);

// SAFETY: ODBC wants driver managers to be safe for use by several threads at once (section
// "Multithreading" of its reference), and the engine only allocates connections from it.
unsafe impl Sync for Process {}

// SAFETY: As above.
unsafe impl Send for Process {}

static ENVIRONMENT: OnceLock<std::result::Result<Process, String>> = OnceLock::new();

/// The environment, made on first use and kept until the process ends.
pub(crate) fn environment() -> Result<&'static Environment> {
    ENVIRONMENT
        .get_or_init(create)
        .as_ref()
        .map(|process| &process.0)
        .map_err(|message| Error::new(ErrorKind::Driver, "connect", message))
}

fn create() -> std::result::Result<Process, String> {
    let (SqlResult::Success(environment) | SqlResult::SuccessWithInfo(environment)) =
        Environment::new()
    else {
        return Err("the ODBC driver manager gives no environment".to_owned());
    };
    if environment.declare_version(AttrOdbcVersion::Odbc3).is_err() {
        return Err("the ODBC driver manager does not know ODBC 3".to_owned());
    }
    Ok(Process(environment))
}
