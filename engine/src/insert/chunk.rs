//! Rows in the layout that drivers read.

use arrow_array::{Array, ArrowPrimitiveType, PrimitiveArray};
use odbc_api::sys::NULL_DATA;

use crate::parameters::{CellType, encode::Refusal};

/// A value that cannot be passed, by its place in its column.
pub(super) type RowResult<T> = Result<T, (usize, Refusal)>;

/// The values of one column, each `stride` bytes behind the one before.
#[derive(Debug)]
pub(super) struct Cells {
    pub cell_type: CellType,
    pub stride: usize,
    pub data: Vec<u8>,
    pub indicators: Vec<isize>,
}

impl Cells {
    /// Fixed-size cells, which `cell` makes of the array's values.
    pub fn fixed<T: ArrowPrimitiveType, const N: usize>(
        cell_type: CellType,
        array: &PrimitiveArray<T>,
        cell: impl Fn(T::Native) -> Result<[u8; N], Refusal>,
    ) -> RowResult<Self> {
        let mut data = Vec::with_capacity(array.len() * N);
        if array.null_count() == 0 {
            for (row, value) in array.values().iter().enumerate() {
                data.extend_from_slice(&cell(*value).map_err(|refusal| (row, refusal))?);
            }
            let indicators = vec![N as isize; array.len()];
            return Ok(Self { cell_type, stride: N, data, indicators });
        }
        let mut indicators = Vec::with_capacity(array.len());
        for (row, value) in array.iter().enumerate() {
            let bytes = match value {
                Some(value) => cell(value).map_err(|refusal| (row, refusal))?,
                None => [0; N],
            };
            data.extend_from_slice(&bytes);
            indicators.push(if value.is_some() { N as isize } else { NULL_DATA });
        }
        Ok(Self { cell_type, stride: N, data, indicators })
    }

    /// Cells of any length, from the values one behind the other and their lengths, which are
    /// those of ODBC's indicators.
    pub fn spread(cell_type: CellType, values: &[u8], lengths: Vec<isize>) -> Self {
        let longest = lengths.iter().copied().max().unwrap_or_default();
        let stride = usize::try_from(longest).unwrap_or_default().max(1);
        let mut data = vec![0; stride * lengths.len()];
        let mut at = 0;
        for (cell, length) in data.chunks_exact_mut(stride).zip(&lengths) {
            let length = usize::try_from(*length).unwrap_or_default();
            cell[..length].copy_from_slice(&values[at..at + length]);
            at += length;
        }
        Self { cell_type, stride, data, indicators: lengths }
    }

    /// One cell that holds all of a text.
    pub fn single(cell_type: CellType, data: Vec<u8>) -> Self {
        let length = data.len() as isize;
        Self { cell_type, stride: data.len(), data, indicators: vec![length] }
    }

    pub fn bytes(&self) -> usize {
        self.data.len() + size_of_val(self.indicators.as_slice())
    }
}

/// Some rows, encoded for one strategy. It holds nothing of the memory that the rows came in.
#[derive(Debug)]
pub(super) struct Chunk {
    /// The number of the first row, counted from 0.
    pub first_row: u64,
    pub rows: usize,
    pub columns: Vec<Cells>,
}

impl Chunk {
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(Cells::bytes).sum()
    }
}
