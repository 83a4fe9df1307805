//! Streams.

use std::ffi::{c_char, c_void};

use arrow_array::{
    ffi::{FFI_ArrowArray, FFI_ArrowSchema},
    ffi_stream::FFI_ArrowArrayStream,
};
use engine::{Progress, StreamOptions};

use crate::{
    arguments::{output, text},
    arrow,
    error::OdbcError,
    export,
    guard::{guard, infallible},
    handle::{OdbcHandle, STATEMENTS, STREAMS, drop_apart},
    text::OdbcText,
};

/// Streams the result set of a statement's last execution.
///
/// `options` is a JSON object, empty for the defaults: `batch_rows_max` (1 to 1,048,576, default
/// 131,072), `batch_bytes_max` (4,096 to 1,073,741,824, default 4,194,304), `column_bytes_max` (1
/// to 2,147,483,647, default 1,073,741,824), `prefetch` (whether a thread fetches one batch ahead
/// once a result has shown to be long, default where the consumer takes its time).
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
        place.write(fetched.map_or_else(FFI_ArrowArray::empty, export::batch));
        Ok(())
    })
}

/// Hands the stream over as an Arrow C stream, whose batches are those that odbc_stream_fetch would
/// give; the caller releases it. Each batch goes to the one who asks first. Closing the stream's
/// handle ends the Arrow stream with an error, whose text has the kind and the message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_stream_export(
    stream: OdbcHandle,
    arrow_stream: *mut FFI_ArrowArrayStream,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an ArrowArrayStream.
        let place = unsafe { output("arrow_stream", arrow_stream) }?;
        place.write(arrow::stream(STREAMS.get(stream, "stream")?));
        Ok(())
    })
}

/// How far a stream has come.
#[repr(C)]
pub struct OdbcProgress {
    /// Rows that were delivered.
    pub rows: u64,
    /// The bytes of their Arrow buffers.
    pub bytes: u64,
    /// Microseconds since the stream began.
    pub elapsed_us: u64,
}

/// Tells how far a stream has come, without waiting for a fetch that runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_stream_progress(
    stream: OdbcHandle,
    progress: *mut OdbcProgress,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for an odbc_progress.
        let place = unsafe { output("progress", progress) }?;
        let Progress { rows, bytes, elapsed, .. } = STREAMS.get(stream, "progress")?.progress();
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        place.write(OdbcProgress { rows, bytes, elapsed_us });
        Ok(())
    })
}

/// Asks a stream to stop, from any thread and without waiting: the fetch that runs or comes next
/// fails with an error of kind Cancelled, at once where the database can stop what runs, else once
/// the driver has given its batch, and the stream is closed. On a closed stream this does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_stream_cancel(stream: OdbcHandle, error: *mut OdbcError) -> i32 {
    guard(error, || {
        if let Some(open) = STREAMS.find(stream, "cancel")? {
            open.cancel();
        }
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
    guard(error, || STREAMS.close(stream, engine::Stream::close))
}

/// For finalizers: forgets the stream whose handle is this pointer's value, without waiting.
#[unsafe(no_mangle)]
pub extern "C" fn odbc_stream_finalize(stream: *mut c_void) {
    infallible((), || drop_apart(STREAMS.remove(stream as OdbcHandle)));
}
