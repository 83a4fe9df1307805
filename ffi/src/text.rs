//! Text that the library gives and the caller releases.

use std::{
    ffi::{CString, c_char, c_void},
    ptr::null_mut,
};

use engine::{Error, ErrorKind, Result};

/// UTF-8 text that the library owns until `release` is called.
#[repr(C)]
pub struct OdbcText {
    /// The text, also NUL-terminated.
    pub data: *const c_char,
    /// Its length in bytes, without the terminator.
    pub length: u64,
    /// Frees the text and sets this to NULL; NULL where it holds nothing.
    pub release: Option<unsafe extern "C" fn(text: *mut OdbcText)>,
    /// The library's own.
    pub private_data: *mut c_void,
}

fn internal(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, "call", error.to_string())
}

impl OdbcText {
    /// Serialises a value as JSON.
    pub fn json(value: &impl serde::Serialize) -> Result<Self> {
        Self::plain(serde_json::to_string(value).map_err(|error| internal(&error))?)
    }

    /// Gives a text as it is.
    pub fn plain(text: String) -> Result<Self> {
        let text = CString::new(text).map_err(|error| internal(&error))?;
        let length = text.as_bytes().len() as u64;
        let data = text.into_raw();
        Ok(Self { data, length, release: Some(release), private_data: data.cast() })
    }
}

unsafe extern "C" fn release(text: *mut OdbcText) {
    crate::guard::infallible((), || {
        // SAFETY: C calls this with the struct that it was put into.
        let Some(text) = (unsafe { text.as_mut() }) else { return };
        if text.release.take().is_some() {
            // SAFETY: The pointer was made by `plain`, and `release` is only set with it.
            drop(unsafe { CString::from_raw(text.private_data.cast()) });
            text.data = null_mut();
            text.length = 0;
            text.private_data = null_mut();
        }
    });
}
