//! One allocation for the buffers of a batch.

use std::{
    alloc::{Layout, handle_alloc_error},
    ptr::NonNull,
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
};

use arrow_buffer::{ArrowNativeType, Buffer};

/// What Arrow recommends for buffers.
const ALIGNMENT: usize = 64;
/// What the largest values need. A short batch takes less of the processor's cache like this, and
/// is allocated in less time.
const ALIGNMENT_SHORT: usize = 16;
/// A batch of up to so many bytes is short.
const SHORT: usize = 1 << 12;
/// From this size on, memory comes fresh from the system. Touching it for the first time takes
/// longer than copying values into it, so that is done by another thread, for the next batch.
const LARGE: usize = 1 << 20;
/// The allocations that a stream keeps an eye on, to use them again once a consumer lets go.
const KEPT: usize = 4;

/// The bytes that a buffer of these values takes in a slab.
pub(super) fn slab_bytes<T>(values: &[T]) -> usize {
    size_of_val(values).next_multiple_of(ALIGNMENT)
}

/// The allocations of one stream's batches.
#[derive(Default)]
pub(crate) struct Slabs {
    kept: Vec<Arc<Memory>>,
    /// Memory for the next batch, once it is ready.
    ahead: Option<Receiver<Memory>>,
}

impl Slabs {
    /// Room for buffers of so many bytes.
    pub fn slab(&mut self, bytes: usize) -> Slab {
        if bytes < LARGE {
            let alignment = if bytes <= SHORT { ALIGNMENT_SHORT } else { ALIGNMENT };
            return Slab::new(Arc::new(Memory::new(bytes, alignment)));
        }
        let is_free = |memory: &mut Arc<Memory>| {
            Arc::get_mut(memory).is_some_and(|memory| memory.layout.size() >= bytes)
        };
        let memory = match self.kept.iter_mut().position(is_free) {
            Some(free) => Arc::clone(&self.kept[free]),
            None => self.fresh(bytes),
        };
        Slab::new(memory)
    }

    fn fresh(&mut self, bytes: usize) -> Arc<Memory> {
        // What is free is too small, and would only take room.
        self.kept.retain(|memory| Arc::strong_count(memory) > 1);
        // A pool that is busy with other work is not waited for.
        let ready = self.ahead.take().and_then(|ahead| ahead.try_recv().ok());
        let memory = ready.filter(|memory| memory.layout.size() >= bytes);
        let memory = Arc::new(memory.unwrap_or_else(|| Memory::large(bytes)));
        if self.kept.len() == KEPT {
            // The consumer keeps its batches, so the next one wants fresh memory as well.
            self.kept.remove(0);
            self.ahead = Some(Memory::ahead(bytes));
        }
        self.kept.push(Arc::clone(&memory));
        memory
    }
}

/// Memory that the buffers of one batch share, and fill one after the other.
pub(crate) struct Slab {
    /// All of it, of which each buffer is a slice; nobody reads it but by those.
    whole: Buffer,
    alignment: usize,
    used: usize,
}

impl Slab {
    fn new(memory: Arc<Memory>) -> Self {
        let Memory { start, layout } = *memory;
        // SAFETY: The buffer keeps the memory, and with it the range that is all of it.
        let whole = unsafe { Buffer::from_custom_allocation(start, layout.size(), memory) };
        Self { whole, alignment: layout.align(), used: 0 }
    }

    /// A buffer with a copy of these values.
    pub fn buffer<T: ArrowNativeType>(&mut self, values: &[T]) -> Buffer {
        let bytes = size_of_val(values);
        let begin = self.used;
        if begin + bytes > self.whole.len() {
            return Buffer::from_slice_ref(values);
        }
        // SAFETY: The range is within the memory, and no other buffer has a part of it.
        unsafe {
            let place = self.whole.as_ptr().cast_mut().add(begin);
            place.copy_from_nonoverlapping(values.as_ptr().cast(), bytes);
        }
        self.used = (begin + bytes).next_multiple_of(self.alignment);
        self.whole.slice_with_length(begin, bytes)
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
    fn new(bytes: usize, alignment: usize) -> Self {
        let layout = Layout::from_size_align(bytes.max(1), alignment);
        let layout = layout.expect("a batch is shorter than half of all memory");
        // SAFETY: The layout is not empty.
        let start = unsafe { std::alloc::alloc(layout) };
        let Some(start) = NonNull::new(start) else { handle_alloc_error(layout) };
        Self { start, layout }
    }

    /// Memory with room for a batch that is somewhat longer; what is not touched costs nothing.
    fn large(bytes: usize) -> Self {
        Self::new((bytes + bytes / 8).next_multiple_of(LARGE), ALIGNMENT)
    }

    /// Memory of which another thread touches so many bytes.
    fn ahead(bytes: usize) -> Receiver<Self> {
        let (sender, receiver) = sync_channel(1);
        rayon::spawn(move || {
            let memory = Self::large(bytes);
            memory.touch(bytes);
            // Where nobody wants it any more, it is freed.
            let _ = sender.send(memory);
        });
        receiver
    }

    /// Writes to each page of the first bytes, so that the system gives it.
    fn touch(&self, bytes: usize) {
        /// No system has smaller ones.
        const PAGE: usize = 4096;
        for place in (0..bytes).step_by(PAGE) {
            // SAFETY: The place is within the memory, which nobody else has yet.
            unsafe { self.start.add(place).write_volatile(0) };
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: It was allocated by this layout, and nobody has it any more.
        unsafe { std::alloc::dealloc(self.start.as_ptr(), self.layout) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_of_one_slab_hold_what_was_copied() {
        for rows in [1usize, 1000, 3 * LARGE / 8] {
            let (numbers, bytes) = ((0..rows as i64).collect::<Vec<_>>(), vec![7u8; rows]);
            let mut slab = Slabs::default().slab(slab_bytes(&numbers) + slab_bytes(&bytes));
            let (first, second) = (slab.buffer(&numbers), slab.buffer(&bytes));
            drop(slab);
            assert_eq!(first.typed_data::<i64>(), numbers);
            assert_eq!(second.as_slice(), bytes);
            let alignment = if rows == 1 { ALIGNMENT_SHORT } else { ALIGNMENT };
            assert_eq!(first.as_ptr() as usize % alignment, 0);
            assert_eq!(second.as_ptr() as usize % alignment, 0);
        }
    }

    #[test]
    fn memory_is_used_again_only_when_nobody_has_it() {
        let mut slabs = Slabs::default();
        let values = vec![1u8; LARGE];
        let held = slabs.slab(values.len()).buffer(&values);
        let other = slabs.slab(values.len()).buffer(&vec![2u8; LARGE]);
        assert_ne!(held.as_ptr(), other.as_ptr());
        let place = other.as_ptr();
        drop(other);
        assert_eq!(slabs.slab(values.len()).buffer(&values).as_ptr(), place);
        assert_eq!(slabs.slab(values.len() / 8 * 9).buffer(&values).as_ptr(), place);
        assert_eq!(held.as_slice(), values);
    }

    #[test]
    fn memory_that_is_free_and_too_small_is_let_go() {
        let mut slabs = Slabs::default();
        for length in 1..=2 * KEPT {
            drop(slabs.slab(length * 4 * LARGE));
            assert_eq!(slabs.kept.len(), 1);
        }
        assert!(slabs.ahead.is_none());
    }

    #[test]
    fn memory_is_ready_ahead_of_a_consumer_that_keeps_all() {
        let mut slabs = Slabs::default();
        let slabs_held: Vec<_> = (0..3 * KEPT).map(|_| slabs.slab(LARGE)).collect();
        assert_eq!(slabs.kept.len(), KEPT);
        let ahead = slabs.ahead.take().expect("memory is made ahead");
        assert!(ahead.recv().expect("it is made").layout.size() >= LARGE);
        drop(slabs_held);
    }
}
