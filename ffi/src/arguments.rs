//! What C passes, checked before it is used.

use std::ffi::c_char;

use engine::{Error, ErrorKind, Result};

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, "call", message)
}

/// The text at a pointer and a length.
///
/// # Safety
///
/// `data` is NULL, or points to `length` bytes that live as long as the call.
pub(crate) unsafe fn text<'a>(name: &str, data: *const c_char, length: u64) -> Result<&'a str> {
    if length == 0 {
        return Ok("");
    }
    if data.is_null() {
        return Err(invalid(format!("{name} is NULL, but its length is {length}")));
    }
    let length = usize::try_from(length)
        .ok()
        .filter(|length| isize::try_from(*length).is_ok())
        .ok_or_else(|| invalid(format!("{name}: {length} bytes are more than memory holds")))?;
    // SAFETY: As the caller promises.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) };
    std::str::from_utf8(bytes)
        .map_err(|error| invalid(format!("{name} is not UTF-8: byte {}", error.valid_up_to())))
}

/// A place to write a result to.
///
/// # Safety
///
/// `place` is NULL, or valid for writing a `T`.
pub(crate) unsafe fn output<'a, T>(name: &str, place: *mut T) -> Result<Output<'a, T>> {
    if place.is_null() {
        return Err(invalid(format!("{name} is NULL")));
    }
    if !place.is_aligned() {
        return Err(invalid(format!("{name} is not aligned")));
    }
    Ok(Output { place, life: std::marker::PhantomData })
}

/// A checked place, written once and without reading what stood there.
pub(crate) struct Output<'a, T> {
    place: *mut T,
    life: std::marker::PhantomData<&'a mut T>,
}

impl<T> Output<'_, T> {
    pub fn write(self, value: T) {
        // SAFETY: `output` checked the place, and its caller promises that it can be written.
        unsafe { self.place.write(value) };
    }
}
