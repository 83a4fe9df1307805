//! Streams.

use std::ffi::{c_char, c_void};

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use engine::StreamOptions;

use crate::{
    arguments::{output, text},
    arrow,
    error::OdbcError,
    guard::{guard, infallible},
    handle::{OdbcHandle, STATEMENTS, STREAMS},
    text::OdbcText,
};

/// Streams the result set of a statement's last execution.
///
/// `options` is a JSON object, empty for the defaults: `batch_rows_max` (1 to 1,048,576, default
/// 65,536), `batch_bytes_max` (4,096 to 1,073,741,824, default 8,388,608), `column_bytes_max` (1
/// to 2,147,483,647, default 1,073,741,824).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_stream_start(
    statement: OdbcHandle,
    options: *const c_char,
    options_length: u64,
    stream: *mut OdbcHandle,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for a handle.
        let stream = unsafe { output("stream", stream) }?;
        // SAFETY: The header asks for a text of this length.
        let options = unsafe { text("options", options, options_length) }?;
        let options = StreamOptions::from_json(options)?;
        stream.write(STREAMS.insert(STATEMENTS.get(statement, "stream")?.stream(&options)?));
        Ok(())
    })
}

/// Exports the result's columns as a struct type. The caller releases the schema.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_stream_schema(
    stream: OdbcHandle,
    schema: *mut FFI_ArrowSchema,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an ArrowSchema.
        let schema = unsafe { output("schema", schema) }?;
        schema.write(arrow::schema(&STREAMS.get(stream, "stream")?.schema(), "stream")?);
        Ok(())
    })
}

/// Exports the next rows as a struct array. At the end the array's `release` is NULL, however
/// often it is asked. After an error the stream is closed. The caller releases the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_stream_fetch(
    stream: OdbcHandle,
    batch: *mut FFI_ArrowArray,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an ArrowArray.
        let place = unsafe { output("batch", batch) }?;
        let fetched = STREAMS.get(stream, "fetch")?.fetch()?;
        place.write(fetched.map_or_else(FFI_ArrowArray::empty, arrow::batch));
        Ok(())
    })
}

/// What the driver had to say while rows were fetched, so far: a JSON array of objects with
/// `sqlstate`, `native_code` and `message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_stream_warnings(
    stream: OdbcHandle,
    warnings: *mut OdbcText,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an odbc_text.
        let warnings = unsafe { output("warnings", warnings) }?;
        warnings.write(OdbcText::json(&STREAMS.get(stream, "warnings")?.warnings())?);
        Ok(())
    })
}

/// Closes a stream; its statement can be executed again. Closing again does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_stream_close(stream: OdbcHandle, error: *mut OdbcError) -> i32 {
    guard(error, || STREAMS.remove(stream)?.map_or(Ok(()), |open| open.close()))
}

/// For finalizers: forgets the stream whose handle is this pointer's value, without waiting.
#[unsafe(no_mangle)]
pub extern "C" fn odbc_stream_finalize(stream: *mut c_void) {
    infallible((), || drop(STREAMS.remove(stream as OdbcHandle)));
}
