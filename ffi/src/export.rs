//! Batches as the structs of the Arrow C Data Interface.
//!
//! The Arrow library allocates some seventy times for a batch of eight columns, which a result of
//! one row feels; here a batch is one allocation that its structs share.

use std::{ffi::c_void, ptr, sync::Arc};

use arrow_array::{
    Array, RecordBatch, cast::AsArray, downcast_primitive_array, ffi::FFI_ArrowArray,
};
use arrow_schema::DataType;

/// `struct ArrowArray`, as <https://arrow.apache.org/docs/format/CDataInterface.html> has it.
#[repr(C)]
struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *const *const c_void,
    children: *const *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

const _: () = assert!(size_of::<ArrowArray>() == size_of::<FFI_ArrowArray>());

/// Validity, and up to two buffers of values.
const BUFFERS: usize = 3;

/// What the structs of a batch point to; a column that was moved out of its batch keeps it, too.
struct Exported {
    batch: RecordBatch,
    /// None for the batch itself, which has no null rows.
    no_buffers: [*const c_void; 1],
    buffers: Vec<[*const c_void; BUFFERS]>,
    columns: Vec<ArrowArray>,
    children: Vec<*mut ArrowArray>,
}

// SAFETY: The pointers are to what is immutable and lives as long as the batch, or to the fields
// themselves; who releases a struct is its only user.
unsafe impl Send for Exported {}
// SAFETY: As above.
unsafe impl Sync for Exported {}

/// The buffers of a column, where it begins at the beginning of each.
fn buffers(column: &dyn Array) -> Option<(i64, [*const c_void; BUFFERS])> {
    let validity = match column.nulls() {
        Some(nulls) if nulls.offset() != 0 => return None,
        Some(nulls) => nulls.validity().as_ptr().cast(),
        None => ptr::null(),
    };
    let one = |values: *const u8| (2, [validity, values.cast(), ptr::null()]);
    let two =
        |offsets: *const i32, values: *const u8| (3, [validity, offsets.cast(), values.cast()]);
    Some(downcast_primitive_array!(
        column => one(column.values().inner().as_ptr()),
        DataType::Utf8 => {
            let column = column.as_string::<i32>();
            two(column.value_offsets().as_ptr(), column.value_data().as_ptr())
        }
        DataType::Binary => {
            let column = column.as_binary::<i32>();
            two(column.value_offsets().as_ptr(), column.value_data().as_ptr())
        }
        DataType::Boolean if column.as_boolean().values().offset() == 0 => {
            one(column.as_boolean().values().values().as_ptr())
        }
        _ => return None,
    ))
}

/// Lets go of one struct, and of its children.
unsafe extern "C" fn release(array: *mut ArrowArray) {
    // SAFETY: The interface calls this once, with a struct that was made here, wherever it was
    // moved to; its children are there until it lets go of what they share.
    unsafe {
        let array = &mut *array;
        for index in 0..array.n_children as usize {
            let child = *array.children.add(index);
            if let Some(release) = (*child).release {
                release(child);
            }
        }
        array.release = None;
        drop(Arc::from_raw(array.private_data.cast::<Exported>().cast_const()));
    }
}

/// A batch as a struct array with a child for each column.
pub(crate) fn batch(batch: RecordBatch) -> FFI_ArrowArray {
    let found = batch.columns().iter().map(|column| buffers(column)).collect::<Option<Vec<_>>>();
    match found {
        Some(found) => shared(batch, &found),
        None => FFI_ArrowArray::new(&arrow_array::StructArray::from(batch).into_data()),
    }
}

fn shared(batch: RecordBatch, found: &[(i64, [*const c_void; BUFFERS])]) -> FFI_ArrowArray {
    let rows = batch.num_rows() as i64;
    let count = found.len();
    let mut exported = Arc::new(Exported {
        no_buffers: [ptr::null()],
        buffers: found.iter().map(|(_, buffers)| *buffers).collect(),
        columns: Vec::with_capacity(count),
        children: Vec::with_capacity(count),
        batch,
    });
    let address = Arc::as_ptr(&exported).cast_mut().cast::<c_void>();
    let content = Arc::get_mut(&mut exported).expect("nobody else has it yet");
    let array = |length, null_count, n_buffers, buffers, children, n_children| ArrowArray {
        length,
        null_count,
        offset: 0,
        n_buffers,
        n_children,
        buffers,
        children,
        dictionary: ptr::null_mut(),
        release: Some(release),
        private_data: address,
    };
    for (index, (n_buffers, _)) in found.iter().enumerate() {
        let null_count = content.batch.column(index).null_count() as i64;
        let buffers = content.buffers[index].as_ptr();
        content.columns.push(array(rows, null_count, *n_buffers, buffers, ptr::null(), 0));
    }
    let first = content.columns.as_mut_ptr();
    content.children.extend((0..count).map(|index| first.wrapping_add(index)));
    let (no_buffers, children) = (content.no_buffers.as_ptr(), content.children.as_ptr());
    let whole = array(rows, 0, 1, no_buffers, children, count as i64);
    for _ in 0..count {
        // Each column owns a share, and the batch the one that there is.
        std::mem::forget(Arc::clone(&exported));
    }
    std::mem::forget(exported);
    // SAFETY: Both are the struct of the interface.
    unsafe { std::mem::transmute::<ArrowArray, FFI_ArrowArray>(whole) }
}

#[cfg(test)]
mod tests {
    use arrow_array::{
        ArrayRef, BooleanArray, Decimal128Array, FixedSizeBinaryArray, Int64Array, StringArray,
        StructArray, TimestampMicrosecondArray,
        ffi::{FFI_ArrowSchema, from_ffi},
    };

    use super::*;

    fn rows() -> RecordBatch {
        let times = TimestampMicrosecondArray::from(vec![Some(1), None, Some(3)]);
        let decimals = Decimal128Array::from(vec![1, 2, 3]).with_precision_and_scale(9, 2).unwrap();
        RecordBatch::try_from_iter_with_nullable([
            ("id", Arc::new(Int64Array::from(vec![Some(1), None, Some(3)])) as ArrayRef, true),
            ("name", Arc::new(StringArray::from(vec![Some("a"), Some(""), None])) as _, true),
            ("flag", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])) as _, true),
            ("time", Arc::new(times.with_timezone("UTC")) as _, true),
            ("price", Arc::new(decimals) as _, true),
        ])
        .unwrap()
    }

    fn imported(batch: &RecordBatch) -> RecordBatch {
        let schema = FFI_ArrowSchema::try_from(batch.schema().as_ref()).unwrap();
        // SAFETY: Both were made for this batch.
        let data = unsafe { from_ffi(super::batch(batch.clone()), &schema) }.unwrap();
        data.validate_full().unwrap();
        StructArray::from(data).into()
    }

    #[test]
    fn batches_come_back_as_they_were() {
        let all = rows();
        let uuids = FixedSizeBinaryArray::try_from_iter([[1u8; 16], [2; 16]].iter()).unwrap();
        let others = RecordBatch::try_from_iter([("id", Arc::new(uuids) as ArrayRef)]).unwrap();
        for batch in [&all, &all.slice(0, 2), &all.slice(1, 2), &all.slice(0, 0), &others] {
            assert_eq!(imported(batch).columns(), batch.columns());
        }
        let buffers = |column: &ArrayRef| column.to_data().buffers()[0].as_ptr();
        assert_eq!(buffers(all.column(0)), buffers(imported(&all).column(0)), "it was copied");
    }

    #[test]
    fn a_column_outlives_the_batch_that_it_was_moved_out_of() {
        let batch = rows();
        // SAFETY: It is the same struct.
        let mut whole = unsafe {
            std::mem::transmute::<FFI_ArrowArray, ArrowArray>(super::batch(batch.clone()))
        };
        // SAFETY: The batch has five children; a struct is moved by clearing its `release`.
        let moved = unsafe {
            let child = &mut **whole.children.add(1);
            let moved = ptr::read(child);
            child.release = None;
            (whole.release.unwrap())(&mut whole);
            std::mem::transmute::<ArrowArray, FFI_ArrowArray>(moved)
        };
        assert!(whole.release.is_none());
        let expected = Arc::clone(batch.column(1));
        drop(batch);
        let schema = FFI_ArrowSchema::try_from(DataType::Utf8).unwrap();
        // SAFETY: Both are of a column of text.
        let data = unsafe { from_ffi(moved, &schema) }.unwrap();
        assert_eq!(StringArray::from(data), *expected.as_string::<i32>());
    }
}
