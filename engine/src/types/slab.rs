//! One allocation for the buffers of a batch.

use std::{
    alloc::{Layout, handle_alloc_error},
    ptr::NonNull,
    sync::Arc,
};

use arrow_buffer::{ArrowNativeType, Buffer};

/// What Arrow recommends for buffers.
const ALIGNMENT: usize = 64;
/// Linux gives pages of this size to those who ask. Touching fresh memory page by page costs a
/// multiple of copying values into it, and a fifth of that in such pages.
const HUGE_PAGE: usize = 2 << 20;
/// The allocations that a stream keeps an eye on, to use them again once a consumer lets go.
const KEPT: usize = 4;

/// The bytes that a buffer of these values takes in a slab.
pub(super) fn slab_bytes<T>(values: &[T]) -> usize {
    size_of_val(values).next_multiple_of(ALIGNMENT)
}

/// The allocations of one stream's batches.
#[derive(Default)]
pub(crate) struct Slabs(Vec<Arc<Memory>>);

impl Slabs {
    /// Room for buffers of so many bytes.
    pub fn slab(&mut self, bytes: usize) -> Slab {
        if bytes < HUGE_PAGE {
            return Slab { memory: Arc::new(Memory::new(bytes)), used: 0 };
        }
        let is_free = |memory: &mut Arc<Memory>| {
            Arc::get_mut(memory).is_some_and(|memory| memory.layout.size() >= bytes)
        };
        let memory = match self.0.iter_mut().position(is_free) {
            Some(free) => Arc::clone(&self.0[free]),
            None => {
                let memory = Arc::new(Memory::new(bytes));
                if self.0.len() == KEPT {
                    self.0.remove(0);
                }
                self.0.push(Arc::clone(&memory));
                memory
            }
        };
        Slab { memory, used: 0 }
    }
}

/// Memory that the buffers of one batch share, and fill one after the other.
pub(crate) struct Slab {
    memory: Arc<Memory>,
    used: usize,
}

impl Slab {
    /// A buffer with a copy of these values.
    pub fn buffer<T: ArrowNativeType>(&mut self, values: &[T]) -> Buffer {
        let bytes = size_of_val(values);
        let end = self.used + slab_bytes(values);
        if end > self.memory.layout.size() || bytes == 0 {
            return Buffer::from_slice_ref(values);
        }
        // SAFETY: The range is within the memory, and no other buffer has a part of it. The buffer
        // keeps the memory.
        unsafe {
            let place = self.memory.start.add(self.used);
            place.copy_from_nonoverlapping(NonNull::from(values).cast(), bytes);
            self.used = end;
            Buffer::from_custom_allocation(place, bytes, Arc::clone(&self.memory) as _)
        }
    }
}

/// An allocation that is written once, before it is shared.
struct Memory {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: It is memory and nothing else; whoever writes it has it for himself.
unsafe impl Send for Memory {}
// SAFETY: As above.
unsafe impl Sync for Memory {}

impl Memory {
    fn new(bytes: usize) -> Self {
        // The last one may be filled to three quarters.
        let huge = (bytes + HUGE_PAGE / 4) / HUGE_PAGE * HUGE_PAGE;
        let alignment = if huge == 0 { ALIGNMENT } else { HUGE_PAGE };
        let layout = Layout::from_size_align(bytes.max(huge).max(1), alignment);
        let layout = layout.expect("a batch is shorter than half of all memory");
        // SAFETY: The layout is not empty.
        let start = unsafe { std::alloc::alloc(layout) };
        let Some(start) = NonNull::new(start) else { handle_alloc_error(layout) };
        advise(start, huge);
        Self { start, layout }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: It was allocated by this layout, and nobody has it any more.
        unsafe { std::alloc::dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// Asks for huge pages, which the system may not have.
#[cfg(target_os = "linux")]
fn advise(start: NonNull<u8>, bytes: usize) {
    if bytes > 0 {
        // SAFETY: The range is of one allocation, and the advice changes nothing of what it holds.
        let _ = unsafe { libc::madvise(start.as_ptr().cast(), bytes, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn advise(_start: NonNull<u8>, _bytes: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_of_one_slab_hold_what_was_copied() {
        for rows in [1usize, 1000, 3 * HUGE_PAGE / 8] {
            let (numbers, bytes) = ((0..rows as i64).collect::<Vec<_>>(), vec![7u8; rows]);
            let mut slab = Slabs::default().slab(slab_bytes(&numbers) + slab_bytes(&bytes));
            let (first, second) = (slab.buffer(&numbers), slab.buffer(&bytes));
            drop(slab);
            assert_eq!(first.typed_data::<i64>(), numbers);
            assert_eq!(second.as_slice(), bytes);
            assert_eq!(first.as_ptr() as usize % ALIGNMENT, 0);
            assert_eq!(second.as_ptr() as usize % ALIGNMENT, 0);
        }
    }

    #[test]
    fn memory_is_used_again_only_when_nobody_has_it() {
        let mut slabs = Slabs::default();
        let values = vec![1u8; HUGE_PAGE];
        let held = slabs.slab(values.len()).buffer(&values);
        let other = slabs.slab(values.len()).buffer(&vec![2u8; HUGE_PAGE]);
        assert_ne!(held.as_ptr(), other.as_ptr());
        let place = other.as_ptr();
        drop(other);
        assert_eq!(slabs.slab(values.len()).buffer(&values).as_ptr(), place);
        assert_eq!(held.as_slice(), values);
    }
}
