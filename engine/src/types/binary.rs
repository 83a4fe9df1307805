//! Bytes and UUIDs.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, builder::FixedSizeBinaryBuilder};
use arrow_schema::Field;
use odbc_api::sys::CDataType;

use super::{Binding, CellError, Cells, Column, text::gather};

struct Binary {
    field: Field,
    binding: Binding,
}

pub(super) fn column(field: Field, binding: Binding) -> Box<dyn Column> {
    Box::new(Binary { field, binding })
}

impl Column for Binary {
    fn field(&self) -> Field {
        self.field.clone()
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn convert(&self, cells: &Cells<'_>) -> Result<ArrayRef, CellError> {
        let (offsets, values) = gather(cells)?;
        Ok(Arc::new(BinaryArray::new(offsets, values, cells.nulls())))
    }
}

struct Uuid {
    field: Field,
    binding: Binding,
    bytes: fn(&[u8]) -> Option<[u8; 16]>,
}

pub(super) fn uuid(field: Field) -> Box<dyn Column> {
    let binding = Binding::fixed(CDataType::Guid, 16);
    Box::new(Uuid { field, binding, bytes: |guid| guid.try_into().ok().map(guid_to_uuid) })
}

pub(super) fn uuid_text(field: Field, binding: Binding) -> Box<dyn Column> {
    Box::new(Uuid { field, binding, bytes: parse_uuid })
}

impl Column for Uuid {
    fn field(&self) -> Field {
        self.field.clone()
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn convert(&self, cells: &Cells<'_>) -> Result<ArrayRef, CellError> {
        let mut uuids = FixedSizeBinaryBuilder::with_capacity(cells.len(), 16);
        for row in 0..cells.len() {
            let Some(cell) = cells.bytes(row) else {
                uuids.append_null();
                continue;
            };
            let uuid = (self.bytes)(cell).ok_or_else(|| CellError {
                row,
                message: format!("{:?} is not a UUID", String::from_utf8_lossy(cell)),
            })?;
            uuids.append_value(uuid).expect("a UUID has the 16 bytes that its column is made for");
        }
        Ok(Arc::new(uuids.finish()))
    }
}

/// SQLGUID holds its first three fields as native integers; a UUID is big-endian (RFC 9562).
pub(crate) fn guid_to_uuid(mut guid: [u8; 16]) -> [u8; 16] {
    if cfg!(target_endian = "little") {
        guid[0..4].reverse();
        guid[4..6].reverse();
        guid[6..8].reverse();
    }
    guid
}

/// Reads the text form of RFC 9562, in either case, with or without hyphens.
fn parse_uuid(text: &[u8]) -> Option<[u8; 16]> {
    let mut uuid = [0; 16];
    let mut digits = text.iter().filter(|byte| **byte != b'-');
    for byte in &mut uuid {
        let high = char::from(*digits.next()?).to_digit(16)?;
        let low = char::from(*digits.next()?).to_digit(16)?;
        *byte = (high << 4 | low) as u8;
    }
    digits.next().is_none().then_some(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_read_in_either_case() {
        let expected: [u8; 16] = std::array::from_fn(|i| i as u8 * 0x11);
        assert_eq!(parse_uuid(b"00112233-4455-6677-8899-AABBCCDDEEFF"), Some(expected));
        assert_eq!(parse_uuid(b"00112233445566778899aabbccddeeff"), Some(expected));
        assert_eq!(parse_uuid(b"00112233-4455-6677-8899-aabbccddeef"), None);
        assert_eq!(parse_uuid(b"00112233-4455-6677-8899-aabbccddeeff0"), None);
        assert_eq!(parse_uuid(b"g0112233-4455-6677-8899-aabbccddeeff"), None);
    }
}
