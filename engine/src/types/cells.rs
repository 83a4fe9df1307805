//! The buffer that the driver fills for one column, and a view of some of its rows.

use std::{char::DecodeUtf16Error, collections::BTreeMap};

use arrow_buffer::{BooleanBuffer, MutableBuffer, NullBuffer, NullBufferBuilder};
use odbc_api::sys::{CDataType, NULL_DATA};

use super::Binding;

/// A cell that its column's type cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CellError {
    /// The row within the cells that were converted.
    pub row: usize,
    pub message: String,
}

/// Room for the cells of one column. Its addresses stay while it lives, whoever moves it.
pub(crate) struct ColumnBuffer {
    binding: Binding,
    data: MutableBuffer,
    indicators: Vec<isize>,
    /// Values that were longer than their cell, read again, by row.
    long: BTreeMap<usize, Vec<u8>>,
}

impl ColumnBuffer {
    pub fn new(binding: Binding, rows: usize) -> Self {
        Self {
            binding,
            data: MutableBuffer::from_len_zeroed(binding.cell_bytes * rows),
            indicators: vec![NULL_DATA; rows],
            long: BTreeMap::new(),
        }
    }

    /// The addresses to bind: of the cells and of their indicators.
    pub fn addresses(&mut self) -> (*mut u8, *mut isize) {
        (self.data.as_mut_ptr(), self.indicators.as_mut_ptr())
    }

    /// The indicator of a row whose value did not fit its cell.
    pub fn clipped(&self, row: usize) -> Option<isize> {
        let indicator = self.indicators[row];
        let room = self.binding.cell_bytes - self.binding.terminator_bytes;
        let clipped = self.binding.variable
            && indicator != NULL_DATA
            && usize::try_from(indicator).is_ok_and(|length| length <= room).eq(&false);
        clipped.then_some(indicator)
    }

    /// Keeps a whole value for a row whose cell could not hold it.
    pub fn set_long(&mut self, row: usize, value: Vec<u8>) {
        self.long.insert(row, value);
    }

    /// Sets the value of the first row, however long it is.
    pub fn set_first(&mut self, value: Option<Vec<u8>>) {
        match value {
            Some(value) => {
                self.indicators[0] = value.len() as isize;
                if self.binding.variable {
                    self.long.insert(0, value);
                } else {
                    self.data[..value.len()].copy_from_slice(&value);
                }
            }
            None => self.indicators[0] = NULL_DATA,
        }
    }

    /// Copies the first row, whose value fits its cell, to another.
    pub fn keep_first(&mut self, row: usize) {
        let Binding { cell_bytes, variable, .. } = self.binding;
        let indicator = self.indicators[0];
        let length = if variable { indicator.max(0) as usize } else { cell_bytes };
        self.data.as_slice_mut().copy_within(..length, row * cell_bytes);
        self.indicators[row] = indicator;
    }

    /// Empties the cell of a row, so that it holds no value of a struct.
    pub fn blank(&mut self, row: usize) {
        let size = self.binding.cell_bytes;
        self.data[row * size..(row + 1) * size].fill(0);
    }

    pub fn clear_long(&mut self) {
        if !self.long.is_empty() {
            self.long.clear();
        }
    }

    /// The length of the longest value that did not fit its cell among the first `rows`; negative
    /// where the driver leaves one open.
    pub fn longest_clipped(&self, rows: usize) -> Option<isize> {
        let room = (self.binding.cell_bytes - self.binding.terminator_bytes) as isize;
        let indicators = &self.indicators[..rows];
        if !self.binding.variable || (0..=room).contains(&union(indicators)) {
            return None;
        }
        let open = indicators.iter().find(|indicator| **indicator < NULL_DATA);
        let longest = indicators.iter().max().filter(|longest| **longest > room);
        open.or(longest).copied()
    }

    /// Whether one of the first `rows` is NULL.
    pub fn has_null(&self, rows: usize) -> bool {
        union(&self.indicators[..rows]) < 0
    }

    pub fn cells(&self, start: usize, rows: usize) -> Cells<'_> {
        Cells { buffer: self, start, rows }
    }
}

/// The bits of all indicators: negative if one of them is, and otherwise no less than any. Unlike
/// looking for the greatest, it takes many at once.
fn union(indicators: &[isize]) -> isize {
    indicators.iter().fold(0, |bits, indicator| bits | indicator)
}

/// Some rows of a [`ColumnBuffer`].
#[derive(Clone, Copy)]
pub(crate) struct Cells<'a> {
    buffer: &'a ColumnBuffer,
    start: usize,
    rows: usize,
}

impl<'a> Cells<'a> {
    pub fn len(&self) -> usize {
        self.rows
    }

    fn indicators(&self) -> &'a [isize] {
        &self.buffer.indicators[self.start..self.start + self.rows]
    }

    /// Appends which rows hold a value.
    pub fn append_validity(&self, nulls: &mut NullBufferBuilder) {
        let indicators = self.indicators();
        if union(indicators) >= 0 {
            nulls.append_n_non_nulls(self.rows);
        } else {
            let is_valid = |row: usize| indicators[row] != NULL_DATA;
            nulls.append_buffer(&NullBuffer::new(BooleanBuffer::collect_bool(self.rows, is_valid)));
        }
    }

    /// Calls `take` with the value of each row, None where it is NULL, until it fails.
    pub fn each(
        &self,
        mut take: impl FnMut(usize, Option<&'a [u8]>) -> Result<(), CellError>,
    ) -> Result<(), CellError> {
        let Binding { cell_bytes, variable, .. } = self.buffer.binding;
        if !self.buffer.long.is_empty() {
            return (0..self.rows).try_for_each(|row| take(row, self.bytes(row)));
        }
        let data = &self.buffer.data[self.start * cell_bytes..];
        let cells = self.indicators().iter().zip(data.chunks_exact(cell_bytes));
        for (row, (indicator, cell)) in cells.enumerate() {
            let value = match *indicator {
                NULL_DATA => None,
                length if variable => Some(&cell[..length.max(0) as usize]),
                _ => Some(cell),
            };
            take(row, value)?;
        }
        Ok(())
    }

    /// All cells as numbers, what stands in a NULL's cell included.
    pub fn fixed<T: arrow_buffer::ArrowNativeType>(&self) -> &'a [T] {
        &self.buffer.data.typed_data::<T>()[self.start..self.start + self.rows]
    }

    /// The value of a row, or None where it is NULL.
    pub fn bytes(&self, row: usize) -> Option<&'a [u8]> {
        let indicator = self.indicators()[row];
        if indicator == NULL_DATA {
            return None;
        }
        let row = self.start + row;
        if let Some(value) = self.buffer.long.get(&row) {
            return Some(value);
        }
        let Binding { cell_bytes, variable, .. } = self.buffer.binding;
        let length = if variable { indicator.max(0) as usize } else { cell_bytes };
        let start = row * cell_bytes;
        Some(&self.buffer.data[start..start + length])
    }

    /// The first row whose text or bytes take more than this in a batch.
    pub fn longer_than(&self, bytes_max: usize) -> Option<usize> {
        let Binding { c_type, .. } = self.buffer.binding;
        let length = |value: &[u8]| match c_type {
            CDataType::WChar => {
                wide_characters(value).map(|character| character.map_or(3, char::len_utf8)).sum()
            }
            _ => value.len(),
        };
        (0..self.rows).find(|row| self.bytes(*row).is_some_and(|value| length(value) > bytes_max))
    }

    /// Whether a value was longer than its cell.
    pub fn has_long(&self) -> bool {
        !self.buffer.long.is_empty()
    }
}

/// The characters of UTF-16, in the machine's byte order.
pub(super) fn wide_characters(
    cell: &[u8],
) -> impl Iterator<Item = Result<char, DecodeUtf16Error>> + '_ {
    let units = cell.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]]));
    char::decode_utf16(units)
}

/// The beginning of a text, enough to recognise it in a message.
pub(crate) fn shortened(text: &str) -> String {
    const CHARACTERS: usize = 60;
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Says that a text is not a value of a type.
pub(crate) fn not_a(type_name: &str, text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) => format!("{:?} is not a value of type {type_name}", shortened(text)),
        Err(_) => "the text is not valid UTF-8".to_owned(),
    }
}

/// A value without the spaces around it, which fixed-width columns add.
pub(crate) fn trimmed(text: &[u8]) -> &[u8] {
    let begin = text.iter().take_while(|byte| **byte == b' ').count();
    let text = &text[begin..];
    let end = text.iter().rev().take_while(|byte| **byte == b' ').count();
    &text[..text.len() - end]
}
