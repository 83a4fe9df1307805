//! Text, from UTF-8 or UTF-16.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use arrow_schema::Field;
use odbc_api::sys::CDataType;

use super::{Binding, CellError, Cells, Column, Slab, cells::wide_characters, values::Bytes};

struct Text {
    field: Field,
    binding: Binding,
    /// Valid UTF-8, value by value.
    values: Bytes,
}

pub(super) fn column(field: Field, binding: Binding) -> Box<dyn Column> {
    Box::new(Text { field, binding, values: Bytes::new() })
}

impl Column for Text {
    fn field(&self) -> &Field {
        &self.field
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn append(&mut self, cells: &Cells<'_>) -> Result<(), CellError> {
        if self.binding.c_type == CDataType::WChar {
            return self.values.append(cells, write_wide);
        }
        let begin = self.values.end();
        self.values.append(cells, |text, values| {
            values.extend_from_slice(text);
            Ok(())
        })?;
        let offsets = &self.values.offsets()[self.values.offsets().len() - cells.len() - 1..];
        check_utf8(self.values.values(), begin, offsets)
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
    }

    fn bytes(&self) -> usize {
        self.values.bytes()
    }

    fn slab_bytes(&self) -> usize {
        self.values.slab_bytes()
    }

    fn finish(&mut self, slab: &mut Slab) -> ArrayRef {
        let (offsets, values, nulls) = self.values.finish(slab);
        // SAFETY: Every value was checked or made as UTF-8 when it was appended.
        Arc::new(unsafe { StringArray::new_unchecked(offsets, values, nulls) })
    }

    fn widen(&mut self, binding: Binding) {
        self.binding = binding;
    }
}

/// Checks the values from `begin` on, all at once; only a failure looks for the row.
fn check_utf8(values: &[u8], begin: usize, offsets: &[i32]) -> Result<(), CellError> {
    let appended = &values[begin..];
    if appended.is_ascii() {
        return Ok(());
    }
    let whole = std::str::from_utf8(appended);
    let divided_well =
        |text: &str| offsets.iter().all(|offset| text.is_char_boundary(*offset as usize - begin));
    if whole.is_ok_and(divided_well) {
        return Ok(());
    }
    let valid =
        |pair: &[i32]| std::str::from_utf8(&values[pair[0] as usize..pair[1] as usize]).is_ok();
    let row = offsets.windows(2).position(|pair| !valid(pair)).unwrap_or_default();
    Err(CellError { row, message: "the text is not valid UTF-8".to_owned() })
}

fn write_wide(cell: &[u8], values: &mut Vec<u8>) -> Result<(), String> {
    for character in wide_characters(cell) {
        let character = character.map_err(|_| "the text is not valid UTF-16".to_owned())?;
        values.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_utf8;

    #[test]
    fn what_is_no_utf8_is_found_by_its_row() {
        let text = "aé€".as_bytes();
        assert_eq!(check_utf8(text, 0, &[0, 1, 3, 6]), Ok(()));
        // Valid as a whole, but divided within a character.
        assert_eq!(check_utf8(text, 0, &[0, 1, 2, 6]).unwrap_err().row, 1);
        assert_eq!(check_utf8(b"ab\xFFc", 1, &[1, 2, 3, 4]).unwrap_err().row, 1);
    }
}
