//! The buffer that the driver fills for one column, and a view of some of its rows.

use std::collections::BTreeMap;

use arrow_buffer::{MutableBuffer, NullBuffer};
use odbc_api::sys::NULL_DATA;

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

    pub fn binding(&self) -> Binding {
        self.binding
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

    pub fn clear_long(&mut self) {
        self.long.clear();
    }

    /// Copies the first cell of `from`, with its long value, into `row`.
    pub fn take_first(&mut self, row: usize, from: &mut Self) {
        let indicator = from.indicators[0];
        self.indicators[row] = indicator;
        if let Some(value) = from.long.remove(&0) {
            self.long.insert(row, value);
        } else if indicator != NULL_DATA {
            let size = self.binding.cell_bytes;
            let used = if self.binding.variable { indicator.max(0) as usize } else { size };
            let start = row * size;
            self.data[start..start + used].copy_from_slice(&from.data[..used]);
        }
    }

    pub fn cells(&self, start: usize, rows: usize) -> Cells<'_> {
        Cells { buffer: self, start, rows }
    }
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

    /// Which rows hold a value.
    pub fn nulls(&self) -> Option<NullBuffer> {
        let nulls: NullBuffer = self.indicators().iter().map(|i| *i != NULL_DATA).collect();
        (nulls.null_count() > 0).then_some(nulls)
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

    /// The value of a row as text, which every driver writes as ASCII or UTF-8.
    pub fn text(&self, row: usize) -> Result<Option<&'a str>, CellError> {
        self.bytes(row)
            .map(|bytes| {
                std::str::from_utf8(bytes).map_err(|_| CellError {
                    row,
                    message: "the text is not valid UTF-8".to_owned(),
                })
            })
            .transpose()
    }

    /// Parses every value's text; what `parse` refuses is not a `type_name`.
    pub fn parse<T>(
        &self,
        type_name: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<Option<T>>, CellError> {
        (0..self.rows)
            .map(|row| {
                let Some(text) = self.text(row)? else { return Ok(None) };
                parse(text.trim_matches(' ')).map(Some).ok_or_else(|| CellError {
                    row,
                    message: format!("{:?} is not a value of type {type_name}", shortened(text)),
                })
            })
            .collect()
    }
}

/// The beginning of a text, enough to recognise it in a message.
pub(crate) fn shortened(text: &str) -> String {
    const CHARACTERS: usize = 60;
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
