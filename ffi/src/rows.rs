//! Rows that come by the Arrow C stream interface, checked before they are used.

use std::{ffi::CStr, sync::Arc};

use arrow_array::{
    RecordBatch, RecordBatchReader,
    ffi::{FFI_ArrowArray, FFI_ArrowSchema},
    ffi_stream::FFI_ArrowArrayStream,
};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use engine::{Error, ErrorKind, Result};

use crate::arrow;

/// A stream that was taken over; it is released when dropped.
pub(crate) struct Rows {
    stream: FFI_ArrowArrayStream,
    exported: FFI_ArrowSchema,
    schema: SchemaRef,
    ended: bool,
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, "bulk_insert", message)
}

impl Rows {
    /// Takes a stream over from C, and asks it for its schema.
    ///
    /// # Safety
    ///
    /// `stream` is NULL, or points to a struct of the Arrow C stream interface.
    pub unsafe fn take(stream: *mut FFI_ArrowArrayStream) -> Result<Self> {
        if stream.is_null() || !stream.is_aligned() {
            return Err(invalid("rows is NULL, or not aligned".to_owned()));
        }
        // SAFETY: As the caller promises; what is taken over is released when dropped.
        let mut stream = unsafe { FFI_ArrowArrayStream::from_raw(stream) };
        let (Some(_), Some(get_schema), Some(_)) =
            (stream.release(), stream.get_schema(), stream.get_next())
        else {
            return Err(invalid("the stream of rows was released before".to_owned()));
        };
        let mut exported = FFI_ArrowSchema::empty();
        // SAFETY: The stream is not released, and the schema is a place for one.
        let status = unsafe { get_schema(&mut stream, &mut exported) };
        if status != 0 {
            return Err(invalid(format!(
                "the stream of rows has no schema: {}",
                said(&mut stream)
            )));
        }
        let schema = Schema::try_from(&exported)
            .map_err(|error| invalid(format!("the schema of the rows is not one: {error}")))?;
        Ok(Self { stream, exported, schema: Arc::new(schema), ended: false })
    }

    fn read(&mut self) -> std::result::Result<Option<RecordBatch>, ArrowError> {
        let get_next = self.stream.get_next().expect("that was checked");
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: The stream is not released, and the array is a place for one.
        let status = unsafe { get_next(&mut self.stream, &mut array) };
        if status != 0 {
            return Err(ArrowError::CDataInterface(said(&mut self.stream)));
        }
        if array.is_released() {
            return Ok(None);
        }
        // SAFETY: The stream promises an array of its schema.
        let rows = unsafe { arrow::rows(array, &self.exported) };
        let batch = rows
            .and_then(arrow::batch)
            .map_err(|error| ArrowError::CDataInterface(error.message.clone()))?;
        batch.with_schema(Arc::clone(&self.schema)).map(Some)
    }
}

/// What a stream says of its last failure.
fn said(stream: &mut FFI_ArrowArrayStream) -> String {
    let none = || "the stream says no reason".to_owned();
    let Some(get_last_error) = stream.get_last_error() else { return none() };
    // SAFETY: The stream is not released, and its last call failed.
    let message = unsafe { get_last_error(stream) };
    if message.is_null() {
        return none();
    }
    // SAFETY: The interface promises a text with a terminator, until the stream's next call.
    unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned()
}

impl Iterator for Rows {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read().transpose();
        self.ended = !matches!(read, Some(Ok(_)));
        read
    }
}

impl RecordBatchReader for Rows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
