//! Doors for the package's tests, in debug builds only.

use arrow_array::{
    RecordBatch, StructArray,
    ffi::{FFI_ArrowArray, from_ffi},
};
use arrow_schema::ffi::FFI_ArrowSchema;
use pyo3::{exceptions::PyValueError, prelude::*, types::PyCapsule};

use crate::{batch::Batch, enter::enter};

/// Shows what becomes of a panic.
#[pyfunction]
pub(crate) fn panic_in_engine(py: Python<'_>, message: String) -> PyResult<()> {
    enter(py, || panic!("{message}"))
}

/// A batch of any Arrow values: not every type has a database here that gives it.
#[pyfunction]
pub(crate) fn batch_of_capsules(
    schema: &Bound<'_, PyCapsule>,
    array: &Bound<'_, PyCapsule>,
    first_row: u64,
) -> PyResult<Batch> {
    let schema = schema.pointer_checked(Some(c"arrow_schema"))?.cast::<FFI_ArrowSchema>();
    let array = array.pointer_checked(Some(c"arrow_array"))?.cast::<FFI_ArrowArray>();
    // SAFETY: The capsules' names tell what they hold, and the array is moved out of its capsule.
    let data = unsafe { from_ffi(FFI_ArrowArray::from_raw(array.as_ptr()), schema.as_ref()) };
    let data = data.map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(Batch::new(RecordBatch::from(StructArray::from(data)), first_row))
}
