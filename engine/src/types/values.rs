//! Arrow arrays in the making: values of one size, and values of any length.

use arrow_array::{ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::{
    ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer,
    ScalarBuffer,
};

use super::{CellError, Cells, Slab, slab::slab_bytes};

/// Values of one size.
pub(super) struct Values<T> {
    values: Vec<T>,
    nulls: NullBufferBuilder,
}

impl<T: ArrowNativeType> Values<T> {
    pub fn new() -> Self {
        Self { values: Vec::new(), nulls: NullBufferBuilder::new(0) }
    }

    pub fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice())
    }

    pub fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.nulls.truncate(rows);
    }

    /// Appends numbers as they stand in their cells.
    pub fn append_fixed(&mut self, cells: &Cells<'_>) {
        self.values.extend_from_slice(cells.fixed::<T>());
        cells.append_validity(&mut self.nulls);
    }

    /// Appends numbers that `convert` makes of those in the cells; None refuses one.
    pub fn append_converted<W: ArrowNativeType>(
        &mut self,
        cells: &Cells<'_>,
        convert: impl Fn(W) -> Option<T>,
        refusal: impl Fn(W) -> String,
    ) -> Result<(), CellError> {
        let begin = self.values.len();
        cells.append_validity(&mut self.nulls);
        for (row, wide) in cells.fixed::<W>().iter().enumerate() {
            let value = match convert(*wide) {
                Some(value) => value,
                // What stands in a NULL's cell is nothing.
                None if !self.nulls.is_valid(begin + row) => T::default(),
                None => return Err(CellError { row, message: refusal(*wide) }),
            };
            self.values.push(value);
        }
        Ok(())
    }

    /// Appends what `read` makes of each cell's bytes; None refuses one.
    pub fn append_read(
        &mut self,
        cells: &Cells<'_>,
        read: impl Fn(&[u8]) -> Option<T>,
        refusal: impl Fn(&[u8]) -> String,
    ) -> Result<(), CellError> {
        self.values.reserve(cells.len());
        cells.append_validity(&mut self.nulls);
        cells.each(|row, cell| {
            let value = match cell {
                None => T::default(),
                Some(bytes) => {
                    read(bytes).ok_or_else(|| CellError { row, message: refusal(bytes) })?
                }
            };
            self.values.push(value);
            Ok(())
        })
    }

    pub fn slab_bytes(&self) -> usize {
        slab_bytes(&self.values)
    }

    /// The values as an array in a slab. Copying them costs less than fresh memory for each batch.
    pub fn finish<A>(&mut self, slab: &mut Slab) -> PrimitiveArray<A>
    where
        A: ArrowPrimitiveType<Native = T>,
    {
        let values = ScalarBuffer::from(slab.buffer(&self.values));
        self.values.clear();
        PrimitiveArray::new(values, self.nulls.finish())
    }

    /// Gives the values that are not zero as bits, with those that are NULL.
    pub fn finish_bits(&mut self) -> (BooleanBuffer, Option<NullBuffer>) {
        let zero = T::default();
        let bits = BooleanBuffer::collect_bool(self.values.len(), |row| self.values[row] != zero);
        self.values.clear();
        (bits, self.nulls.finish())
    }
}

/// Values of any length, one after the other.
pub(super) struct Bytes {
    offsets: Vec<i32>,
    values: Vec<u8>,
    nulls: NullBufferBuilder,
}

impl Bytes {
    pub fn new() -> Self {
        Self { offsets: vec![0], values: Vec::new(), nulls: NullBufferBuilder::new(0) }
    }

    pub fn bytes(&self) -> usize {
        self.values.len() + size_of_val(self.offsets.as_slice())
    }

    /// Where the values of the rows that come next begin.
    pub fn end(&self) -> usize {
        self.values.len()
    }

    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// Where each value begins, and the last one ends.
    pub fn offsets(&self) -> &[i32] {
        &self.offsets
    }

    pub fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.values.truncate(self.offsets.last().map_or(0, |end| *end as usize));
        self.nulls.truncate(rows);
    }

    /// Appends what `write` makes of each cell.
    pub fn append(
        &mut self,
        cells: &Cells<'_>,
        write: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), String>,
    ) -> Result<(), CellError> {
        self.offsets.reserve(cells.len());
        cells.append_validity(&mut self.nulls);
        cells.each(|row, cell| {
            if let Some(bytes) = cell {
                write(bytes, &mut self.values).map_err(|message| CellError { row, message })?;
            }
            let end = i32::try_from(self.values.len()).map_err(|_| CellError {
                row,
                message: "the batch is longer than 2 GiB; set a smaller batch_bytes_max".to_owned(),
            })?;
            self.offsets.push(end);
            Ok(())
        })
    }

    pub fn slab_bytes(&self) -> usize {
        slab_bytes(&self.offsets) + slab_bytes(&self.values)
    }

    pub fn finish(&mut self, slab: &mut Slab) -> (OffsetBuffer<i32>, Buffer, Option<NullBuffer>) {
        let offsets = ScalarBuffer::from(slab.buffer(&self.offsets));
        let values = slab.buffer(&self.values);
        self.offsets.truncate(1);
        self.values.clear();
        // SAFETY: They begin with 0, and each is the length of the values when it was appended.
        let offsets = unsafe { OffsetBuffer::new_unchecked(offsets) };
        (offsets, values, self.nulls.finish())
    }
}
