//! The Arrow PyCapsule interface: results leave without a copy, and nothing of it needs pyarrow.

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::{
    Array, RecordBatch, RecordBatchReader, StructArray, ffi::FFI_ArrowArray,
    ffi_stream::FFI_ArrowArrayStream,
};
use arrow_schema::{ArrowError, Schema, SchemaRef, ffi::FFI_ArrowSchema};
use pyo3::{prelude::*, types::PyCapsule};

use crate::{
    enter::guard,
    exceptions, interrupt,
    stream::{Claim, Failure, Reader},
};

/// Name, Arrow format string, nullability and metadata.
pub(crate) type Column = (String, String, bool, BTreeMap<String, String>);

pub(crate) fn columns(py: Python<'_>, schema: &Schema) -> PyResult<Vec<Column>> {
    schema
        .fields()
        .iter()
        .map(|field| {
            let format = foreign_schema(py, FFI_ArrowSchema::try_from(field.as_ref()))?;
            let metadata =
                field.metadata().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            Ok((field.name().clone(), format.format().to_owned(), field.is_nullable(), metadata))
        })
        .collect()
}

pub(crate) fn schema_capsule<'py>(
    py: Python<'py>,
    schema: &Schema,
) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = foreign_schema(py, FFI_ArrowSchema::try_from(schema))?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}

pub(crate) fn batch_capsules<'py>(
    py: Python<'py>,
    batch: &RecordBatch,
) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
    let schema = schema_capsule(py, &batch.schema())?;
    let array = FFI_ArrowArray::new(&StructArray::from(batch.clone()).into_data());
    Ok((schema, PyCapsule::new_with_value(py, array, c"arrow_array")?))
}

pub(crate) fn stream_capsule(
    py: Python<'_>,
    reader: Arc<Reader>,
) -> PyResult<Bound<'_, PyCapsule>> {
    let batches = Batches { schema: reader.schema(), reader };
    let stream = FFI_ArrowArrayStream::new(Box::new(batches));
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}

fn foreign_schema(
    py: Python<'_>,
    schema: Result<FFI_ArrowSchema, ArrowError>,
) -> PyResult<FFI_ArrowSchema> {
    schema.map_err(|error| {
        let error = odbc_engine::Error::new(
            odbc_engine::ErrorKind::Internal,
            "stream",
            format!("the schema cannot leave as Arrow: {error}"),
        );
        exceptions::from_engine(py, &error)
    })
}

/// What a consumer of the stream pulls from, on any thread, with or without the GIL.
struct Batches {
    reader: Arc<Reader>,
    schema: SchemaRef,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = match interrupt::begin_if_main(&self.reader.stop) {
            Ok(_call) => {
                // The consumer takes what comes: no call of Python fails behind it.
                let read = || self.reader.read(usize::MAX, &mut Claim::default());
                guard(read).map_err(Failure::Engine)
            }
            Err(raised) => Err(Failure::Raised(raised)),
        };
        match read {
            Ok(window) => window.map(|window| Ok(window.into_batch())),
            Err(failure) => {
                let message = failure.to_string();
                self.reader.remember(failure);
                Some(Err(ArrowError::ExternalError(message.into())))
            }
        }
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
