//! The numbers by which a binding knows what it has loaded.

use std::ffi::c_char;

use crate::guard::infallible;

/// The number of this ABI: it grows with every change that an older binding cannot work with.
pub const ODBC_ENGINE_ABI_VERSION: u32 = 2;

/// The ABI number of the library; a binding compares it with the header's and refuses another.
#[unsafe(no_mangle)]
pub extern "C" fn odbc_abi_version() -> u32 {
    infallible(ODBC_ENGINE_ABI_VERSION, || ODBC_ENGINE_ABI_VERSION)
}

/// The version of the engine as NUL-terminated text that is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn odbc_engine_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    infallible(std::ptr::null(), || VERSION.as_ptr().cast())
}
