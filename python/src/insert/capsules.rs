//! Rows from the Arrow PyCapsule interface.

use std::{ffi::CStr, iter, sync::Arc};

use arrow_array::{
    Array, ArrayReader, RecordBatch, RecordBatchIterator, RecordBatchOptions, RecordBatchReader,
    StructArray,
    cast::AsArray,
    ffi::{FFI_ArrowArray, from_ffi},
    ffi_stream::{ArrayStreamReader, FFI_ArrowArrayStream},
    make_array,
};
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef, ffi::FFI_ArrowSchema};
use pyo3::{prelude::*, types::PyCapsule};

use super::{Raised, invalid, keep};

type Rows = Box<dyn RecordBatchReader + Send>;

/// The rows of an object that offers them as Arrow columns; None where it does not.
pub(super) fn rows(data: &Bound<'_, PyAny>, raised: &Raised) -> PyResult<Option<Rows>> {
    if let Some(export) = data.getattr_opt("__arrow_c_stream__")? {
        return stream(&export.call0()?, raised).map(Some);
    }
    if let Some(export) = data.getattr_opt("__arrow_c_array__")? {
        return array(&export.call0()?).map(Some);
    }
    Ok(None)
}

/// What a capsule of this name points to.
fn pointer<T>(capsule: &Bound<'_, PyAny>, name: &'static CStr) -> PyResult<*mut T> {
    Ok(capsule.cast::<PyCapsule>()?.pointer_checked(Some(name))?.cast::<T>().as_ptr())
}

fn stream(capsule: &Bound<'_, PyAny>, raised: &Raised) -> PyResult<Rows> {
    let py = capsule.py();
    let stream = pointer::<FFI_ArrowArrayStream>(capsule, c"arrow_array_stream")?;
    // SAFETY: The capsule's name tells what it holds, and the stream is moved out of it.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream) };
    let reader = py.detach(|| ArrayStreamReader::try_new(stream));
    let reader = reader.map_err(|error| not_read(py, &error))?;
    let schema = schema_of(reader.field().data_type()).map_err(|error| not_read(py, &error))?;
    Ok(Box::new(Batches { reader, schema, raised: Arc::clone(raised) }))
}

fn array(capsules: &Bound<'_, PyAny>) -> PyResult<Rows> {
    let py = capsules.py();
    let (schema, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) = capsules.extract()?;
    let array = pointer::<FFI_ArrowArray>(&array, c"arrow_array")?;
    // SAFETY: The capsule's name tells what it holds, and the array is moved out of it.
    let array = unsafe { FFI_ArrowArray::from_raw(array) };
    // SAFETY: The capsule's name tells what it holds, and the capsule outlives the borrow.
    let schema = unsafe { &*pointer::<FFI_ArrowSchema>(&schema, c"arrow_schema")? };
    // SAFETY: Array and schema came together, from one export.
    let read = unsafe { from_ffi(array, schema) }.and_then(|data| {
        let schema = schema_of(data.data_type())?;
        Ok((batch(make_array(data).as_ref(), &schema)?, schema))
    });
    let (batch, schema) = read.map_err(|error| not_read(py, &error))?;
    Ok(Box::new(RecordBatchIterator::new(iter::once(Ok(batch)), schema)))
}

fn not_read(py: Python<'_>, error: &ArrowError) -> PyErr {
    invalid(py, format!("the rows could not be read: {error}"))
}

fn schema_of(data_type: &DataType) -> Result<SchemaRef, ArrowError> {
    match data_type {
        DataType::Struct(fields) => Ok(Arc::new(Schema::new(fields.clone()))),
        other => {
            let message = format!("rows are a struct with a child for each column, not {other}");
            Err(ArrowError::CDataInterface(message))
        }
    }
}

fn batch(array: &dyn Array, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if array.null_count() > 0 {
        return Err(ArrowError::CDataInterface("a whole row is NULL".to_owned()));
    }
    let rows: &StructArray = array.as_struct();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(Arc::clone(schema), rows.columns().to_vec(), &options)
}

/// The batches of a stream.
struct Batches {
    reader: ArrayStreamReader,
    schema: SchemaRef,
    raised: Raised,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = Python::attach(|py| py.check_signals()) {
            return Some(Err(keep(&self.raised, error)));
        }
        let next = self.reader.next()?;
        Some(next.and_then(|array| batch(array.as_ref(), &self.schema)))
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
