//! The Arrow C Data Interface: parameters in, schemas and batches out.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use arrow_array::{
    Array, RecordBatch, RecordBatchReader, StructArray,
    ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi},
    ffi_stream::FFI_ArrowArrayStream,
};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use engine::{Error, ErrorKind, Parameters, Result, Stream};

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, "execute", message)
}

/// Takes the parameters over from C; both structs are released, whatever comes of them.
///
/// # Safety
///
/// Each pointer is NULL or points to a struct that was made by the Arrow C Data Interface, or
/// that was released.
pub(crate) unsafe fn parameters(
    schema: *mut FFI_ArrowSchema,
    array: *mut FFI_ArrowArray,
) -> Result<Parameters> {
    // SAFETY: As the caller promises; what is taken over is released when dropped.
    let schema = (!schema.is_null()).then(|| unsafe { FFI_ArrowSchema::from_raw(schema) });
    // SAFETY: As above.
    let array = (!array.is_null()).then(|| unsafe { FFI_ArrowArray::from_raw(array) });
    let (schema, array) = match (schema, array) {
        (None, None) => return Ok(Parameters::none()),
        (Some(schema), Some(array)) => (schema, array),
        _ => return Err(invalid("parameters need both a schema and an array".into())),
    };
    if array.is_released() {
        return Err(invalid("the parameters' array was released before".into()));
    }
    // SAFETY: Both structs are of the interface, as the caller promises.
    let values = unsafe { rows(array, &schema) }?;
    if values.num_columns() == 0 {
        return Ok(Parameters::none());
    }
    Parameters::from_batch(&batch(values)?)
}

/// The rows of a struct, none of which may be NULL as a whole.
pub(crate) fn batch(rows: StructArray) -> Result<RecordBatch> {
    if rows.null_count() > 0 {
        return Err(invalid("a whole row is NULL".into()));
    }
    Ok(RecordBatch::from(rows))
}

/// Takes rows over, a struct with one child for each column, once they are valid.
///
/// # Safety
///
/// Both were made by the Arrow C Data Interface.
pub(crate) unsafe fn rows(array: FFI_ArrowArray, schema: &FFI_ArrowSchema) -> Result<StructArray> {
    check_lengths(&array, 0)?;
    // The Arrow library asserts what the interface demands, so a struct that breaks its rules is a
    // panic there, and the caller's mistake.
    let data = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: As the caller promises.
        unsafe { from_ffi(array, schema) }
    }))
    .map_err(|_| invalid("the values break the rules of the Arrow C Data Interface".into()))?
    .map_err(|error| invalid(format!("the values are no Arrow data: {error}")))?;
    if !matches!(data.data_type(), arrow_schema::DataType::Struct(_)) {
        return Err(invalid(format!(
            "the values are a struct with one child for each column, not {}",
            data.data_type()
        )));
    }
    data.validate_full()
        .map_err(|error| invalid(format!("the values are no valid Arrow data: {error}")))?;
    Ok(StructArray::from(data))
}

/// Refuses negative lengths and offsets, which the Arrow library takes for large ones, and
/// children that are not there.
fn check_lengths(array: &FFI_ArrowArray, depth: usize) -> Result<()> {
    const DEPTH_MAX: usize = 64;
    let broken = || invalid("the values break the rules of the Arrow C Data Interface".into());
    let sizes = [array.len(), array.offset(), array.num_buffers(), array.num_children()];
    if depth > DEPTH_MAX || sizes.iter().any(|size| isize::try_from(*size).is_err()) {
        return Err(broken());
    }
    let children = catch_unwind(AssertUnwindSafe(|| {
        (0..array.num_children()).map(|index| array.child(index)).collect::<Vec<_>>()
    }));
    children
        .map_err(|_| broken())?
        .into_iter()
        .try_for_each(|child| check_lengths(child, depth + 1))
}

/// A schema as a struct type.
pub(crate) fn schema(schema: &Schema, operation: &'static str) -> Result<FFI_ArrowSchema> {
    FFI_ArrowSchema::try_from(schema)
        .map_err(|error| Error::new(ErrorKind::Internal, operation, error.to_string()))
}

/// A stream as an Arrow C stream.
pub(crate) fn stream(stream: Arc<Stream>) -> FFI_ArrowArrayStream {
    FFI_ArrowArrayStream::new(Box::new(Batches(stream)))
}

struct Batches(Arc<Stream>);

impl Iterator for Batches {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let fetched = catch_unwind(AssertUnwindSafe(|| self.0.fetch().transpose()));
        let panicked = || Some(Err(Error::new(ErrorKind::Internal, "fetch", "a panic")));
        let fetched = fetched.unwrap_or_else(|_| panicked());
        fetched.map(|batch| batch.map_err(|error| ArrowError::ExternalError(error.into())))
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }
}
