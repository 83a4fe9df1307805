//! Rows in the memory of a language whose functions must not be called back, for example because
//! the thread that would run them may be ended at any time.

use std::{collections::VecDeque, slice, sync::Arc};

use arrow_array::{
    RecordBatch, RecordBatchReader,
    ffi::{FFI_ArrowArray, FFI_ArrowSchema},
    ffi_stream::FFI_ArrowArrayStream,
};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use engine::{Error, ErrorKind, Result};

use crate::{
    arguments::output,
    arrow,
    error::OdbcError,
    guard::{guard, infallible},
};

/// A release callback for schemas whose memory stays with their maker: marks the schema released,
/// and frees nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_schema_forget(schema: *mut FFI_ArrowSchema) {
    infallible((), || {
        if !schema.is_null() {
            // SAFETY: It is called with the struct that is to be released; what stands there is
            // overwritten without being dropped.
            unsafe { schema.write(FFI_ArrowSchema::empty()) };
        }
    });
}

/// A release callback for arrays whose memory stays with their maker: marks the array released,
/// and frees nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_array_forget(array: *mut FFI_ArrowArray) {
    infallible((), || {
        if !array.is_null() {
            // SAFETY: As above.
            unsafe { array.write(FFI_ArrowArray::empty()) };
        }
    });
}

/// Makes an Arrow C stream of `batch_count` struct arrays that stand one behind the other at
/// `batches`. The call takes the schema and the arrays over, also when it fails; the caller
/// releases the stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_rows_lend(
    schema: *mut FFI_ArrowSchema,
    batches: *mut FFI_ArrowArray,
    batch_count: u64,
    rows: *mut FFI_ArrowArrayStream,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for structs of the Arrow C Data Interface.
        let taken = unsafe { Lent::take(schema, batches, batch_count) };
        // SAFETY: The header asks for a valid place for an ArrowArrayStream.
        let place = unsafe { output("rows", rows) }?;
        place.write(FFI_ArrowArrayStream::new(Box::new(taken?)));
        Ok(())
    })
}

struct Lent {
    exported: FFI_ArrowSchema,
    schema: SchemaRef,
    batches: VecDeque<FFI_ArrowArray>,
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, "rows", message)
}

impl Lent {
    /// # Safety
    ///
    /// The pointers are NULL, or point to a schema and to so many arrays.
    unsafe fn take(
        schema: *mut FFI_ArrowSchema,
        batches: *mut FFI_ArrowArray,
        count: u64,
    ) -> Result<Self> {
        // What is taken over is released when dropped, also where the rest of it is missing.
        // SAFETY: As the caller promises.
        let exported = (!schema.is_null()).then(|| unsafe { FFI_ArrowSchema::from_raw(schema) });
        let mut taken = VecDeque::new();
        if count > 0 && !batches.is_null() {
            let count = usize::try_from(count).map_err(|error| invalid(error.to_string()))?;
            // SAFETY: As above.
            for batch in unsafe { slice::from_raw_parts_mut(batches, count) } {
                // SAFETY: As above.
                taken.push_back(unsafe { FFI_ArrowArray::from_raw(batch) });
            }
        }
        let Some(exported) = exported.filter(|_| count == 0 || !batches.is_null()) else {
            return Err(invalid("the schema or the batches are NULL".to_owned()));
        };
        if taken.iter().any(FFI_ArrowArray::is_released) {
            return Err(invalid("a batch was released before".to_owned()));
        }
        let schema = Schema::try_from(&exported)
            .map_err(|error| invalid(format!("the schema of the rows is not one: {error}")))?;
        Ok(Self { exported, schema: Arc::new(schema), batches: taken })
    }
}

impl Iterator for Lent {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.pop_front()?;
        // SAFETY: The caller has promised arrays of the schema.
        let rows = unsafe { arrow::rows(batch, &self.exported) };
        let failed = |error: Error| ArrowError::CDataInterface(error.message.clone());
        Some(rows.and_then(arrow::batch).map_err(failed))
    }
}

impl RecordBatchReader for Lent {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
