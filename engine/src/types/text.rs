//! Text, from UTF-8 or UTF-16.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::Field;
use odbc_api::sys::CDataType;

use super::{Binding, CellError, Cells, Column};

struct Text {
    field: Field,
    binding: Binding,
}

pub(super) fn column(field: Field, binding: Binding) -> Box<dyn Column> {
    Box::new(Text { field, binding })
}

impl Column for Text {
    fn field(&self) -> Field {
        self.field.clone()
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn convert(&self, cells: &Cells<'_>) -> Result<ArrayRef, CellError> {
        if self.binding.c_type == CDataType::WChar { wide(cells) } else { narrow(cells) }
    }
}

fn narrow(cells: &Cells<'_>) -> Result<ArrayRef, CellError> {
    let (offsets, values) = gather(cells)?;
    match StringArray::try_new(offsets, values, cells.nulls()) {
        Ok(array) => Ok(Arc::new(array)),
        // The whole is checked at once; only a failure looks for the row.
        Err(error) => {
            for row in 0..cells.len() {
                cells.text(row)?;
            }
            Err(CellError { row: 0, message: error.to_string() })
        }
    }
}

fn wide(cells: &Cells<'_>) -> Result<ArrayRef, CellError> {
    let values = (0..cells.len()).map(|row| {
        cells
            .bytes(row)
            .map(|bytes| {
                let units =
                    bytes.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]]));
                char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| CellError {
                    row,
                    message: "the text is not valid UTF-16".to_owned(),
                })
            })
            .transpose()
    });
    Ok(Arc::new(values.collect::<Result<StringArray, _>>()?))
}

/// All values one after the other, and where each begins.
pub(super) fn gather(cells: &Cells<'_>) -> Result<(OffsetBuffer<i32>, Buffer), CellError> {
    let mut offsets = Vec::with_capacity(cells.len() + 1);
    let mut values = Vec::new();
    offsets.push(0);
    for row in 0..cells.len() {
        values.extend_from_slice(cells.bytes(row).unwrap_or_default());
        offsets.push(i32::try_from(values.len()).map_err(|_| CellError {
            row,
            message: "the batch is longer than 2 GiB; set a smaller batch_bytes_max".to_owned(),
        })?);
    }
    Ok((OffsetBuffer::new(ScalarBuffer::from(offsets)), Buffer::from_vec(values)))
}
