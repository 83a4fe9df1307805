//! Bytes and UUIDs.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, FixedSizeBinaryArray};
use arrow_schema::Field;
use odbc_api::sys::CDataType;

use super::{Binding, CellError, Cells, Column, Slab, values::Bytes};

struct Binary {
    field: Field,
    binding: Binding,
    values: Bytes,
}

pub(super) fn column(field: Field, binding: Binding) -> Box<dyn Column> {
    Box::new(Binary { field, binding, values: Bytes::new() })
}

impl Column for Binary {
    fn field(&self) -> &Field {
        &self.field
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn append(&mut self, cells: &Cells<'_>) -> Result<(), CellError> {
        self.values.append(cells, |bytes, values| {
            values.extend_from_slice(bytes);
            Ok(())
        })
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
        Arc::new(BinaryArray::new(offsets, values, nulls))
    }

    fn widen(&mut self, binding: Binding) {
        self.binding = binding;
    }
}

struct Uuid {
    field: Field,
    binding: Binding,
    read: fn(&[u8]) -> Option<[u8; 16]>,
    values: Bytes,
}

pub(super) fn uuid(field: Field) -> Box<dyn Column> {
    let binding = Binding::fixed(CDataType::Guid, 16);
    let read = |guid: &[u8]| guid.try_into().ok().map(guid_to_uuid);
    Box::new(Uuid { field, binding, read, values: Bytes::new() })
}

pub(super) fn uuid_text(field: Field, binding: Binding) -> Box<dyn Column> {
    Box::new(Uuid { field, binding, read: parse_uuid, values: Bytes::new() })
}

impl Column for Uuid {
    fn field(&self) -> &Field {
        &self.field
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn append(&mut self, cells: &Cells<'_>) -> Result<(), CellError> {
        self.values.append(cells, |cell, values| {
            let uuid = (self.read)(cell)
                .ok_or_else(|| format!("{:?} is not a UUID", String::from_utf8_lossy(cell)))?;
            values.extend_from_slice(&uuid);
            Ok(())
        })
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
        // A NULL takes its 16 bytes too in an array of values of one size.
        let values = offsets.windows(2).flat_map(|pair| match pair[1] - pair[0] {
            16 => values[pair[0] as usize..pair[1] as usize].try_into().unwrap_or_default(),
            _ => [0; 16],
        });
        let values = arrow_buffer::Buffer::from_vec(values.collect::<Vec<u8>>());
        Arc::new(FixedSizeBinaryArray::new(16, values, nulls))
    }

    fn widen(&mut self, binding: Binding) {
        self.binding = binding;
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
