//! The error struct that a caller owns and a failing export fills.

use std::{
    ffi::{CString, c_char, c_void},
    ptr::null,
};

use engine::Error;

/// One diagnostic record of the driver. It belongs to its `odbc_error`.
#[repr(C)]
pub struct OdbcDiagnostic {
    /// SQLSTATE, NUL-terminated.
    pub sqlstate: *const c_char,
    /// The database's own number.
    pub native_code: i32,
    /// The driver's text, NUL-terminated UTF-8.
    pub message: *const c_char,
}

/// An error, owned by the caller, who zero-initialises it before its first use.
///
/// A call that fails fills it; one that succeeds leaves it alone. What it held is released before
/// it is filled again. When done with it, call `release` unless that is NULL.
#[repr(C)]
pub struct OdbcError {
    /// The kind of the error, 1 to 15; the same number that the call returned.
    pub kind: i32,
    /// The database's own number of the first record, or 0.
    pub native_code: i32,
    /// SQLSTATE of the first record, NUL-terminated; empty if there is none.
    pub sqlstate: [c_char; 8],
    /// 1 if the same work may succeed when tried again on a working connection, else 0.
    pub retryable: i32,
    /// The row of the result at fault, counted from 0, or -1.
    pub row: i64,
    /// The operation that failed, NUL-terminated UTF-8.
    pub operation: *const c_char,
    /// For people, NUL-terminated UTF-8.
    pub message: *const c_char,
    /// The column at fault, NUL-terminated UTF-8, or NULL.
    pub column: *const c_char,
    /// Every record that the driver gave.
    pub records: *const OdbcDiagnostic,
    /// How many there are.
    pub record_count: u64,
    /// Frees what the error holds and sets this to NULL; NULL where it holds nothing.
    pub release: Option<unsafe extern "C" fn(error: *mut OdbcError)>,
    /// The library's own.
    pub private_data: *mut c_void,
    /// More about some errors, as a JSON object in NUL-terminated UTF-8, or NULL: `bulk`, where a
    /// bulk insert failed while rows were sent, tells what became of them; doc/bulk.md names its
    /// members.
    pub details: *const c_char,
}

/// What an error's pointers point into.
struct Owned {
    _texts: Vec<CString>,
    records: Vec<OdbcDiagnostic>,
}

fn terminated(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

impl OdbcError {
    /// # Safety
    ///
    /// `target` is NULL, or points to an `odbc_error` that its caller owns and has initialised.
    pub unsafe fn fill(target: *mut Self, error: &Error) {
        // SAFETY: As the caller promises.
        let Some(target) = (unsafe { target.as_mut() }) else { return };
        if let Some(release) = target.release {
            // SAFETY: The struct was filled before; its own callback releases it.
            unsafe { release(target) };
        }
        let mut texts = Vec::new();
        let mut keep = |text: &str| {
            let text = terminated(text);
            let address = text.as_ptr();
            texts.push(text);
            address
        };
        let records = error
            .records
            .iter()
            .map(|record| OdbcDiagnostic {
                sqlstate: keep(&record.sqlstate),
                native_code: record.native_code,
                message: keep(&record.message),
            })
            .collect();
        target.kind = error.kind as i32;
        target.native_code = error.native_code.unwrap_or(0);
        target.sqlstate = [0; 8];
        let sqlstate = error.sqlstate.as_deref().unwrap_or_default();
        for (to, from) in target.sqlstate.iter_mut().take(7).zip(sqlstate.bytes()) {
            *to = from as c_char;
        }
        target.retryable = error.retryable.into();
        target.row = error.row.and_then(|row| i64::try_from(row).ok()).unwrap_or(-1);
        target.operation = keep(error.operation);
        target.message = keep(&error.message);
        target.column = error.column.as_deref().map_or(null(), &mut keep);
        target.details = error.bulk.as_ref().map_or(null(), |report| {
            let details = serde_json::json!({ "bulk": report });
            keep(&details.to_string())
        });
        let owned = Box::new(Owned { _texts: texts, records });
        target.records = owned.records.as_ptr();
        target.record_count = owned.records.len() as u64;
        target.private_data = Box::into_raw(owned).cast();
        target.release = Some(release);
    }
}

unsafe extern "C" fn release(error: *mut OdbcError) {
    crate::guard::infallible((), || {
        // SAFETY: C calls this with the struct that it was put into.
        let Some(error) = (unsafe { error.as_mut() }) else { return };
        if error.release.take().is_some() {
            // SAFETY: The pointer was made by `fill`, and `release` is only set with it.
            drop(unsafe { Box::from_raw(error.private_data.cast::<Owned>()) });
            error.private_data = std::ptr::null_mut();
            error.operation = null();
            error.message = null();
            error.column = null();
            error.details = null();
            error.records = null();
            error.record_count = 0;
        }
    });
}
