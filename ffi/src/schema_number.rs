//! Numbers that tell whether two results have the same columns, without reading them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use arrow_schema::{Schema, SchemaRef};

use crate::{
    arguments::output,
    error::OdbcError,
    guard::guard,
    handle::{OdbcHandle, STREAMS},
};

/// So many schemas are remembered, those asked for last; another one gets a new number.
const REMEMBERED: usize = 64;

/// The schemas that have numbers. Being weak, they keep no schema alive, but no other schema can
/// come to its place in memory.
static KNOWN: Mutex<Known> = Mutex::new(Known { last: 0, schemas: VecDeque::new() });

struct Known {
    last: u64,
    schemas: VecDeque<(Weak<Schema>, u64)>,
}

impl Known {
    fn number(&mut self, schema: &SchemaRef) -> u64 {
        let same = |(known, _): &(Weak<Schema>, u64)| known.as_ptr() == Arc::as_ptr(schema);
        if let Some(place) = self.schemas.iter().position(same) {
            // What is asked for again and again is found first.
            self.schemas.swap(0, place);
            return self.schemas[0].1;
        }
        self.last += 1;
        self.schemas.push_front((Arc::downgrade(schema), self.last));
        self.schemas.truncate(REMEMBERED);
        self.last
    }
}

/// Writes a number of the stream's schema: of two streams with the same number, the columns are the
/// same. A number is never used for another schema; the same columns may have several.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_stream_schema_number(
    stream: OdbcHandle,
    number: *mut u64,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for a valid place for a number.
        let place = unsafe { output("number", number) }?;
        let schema = STREAMS.get(stream, "stream")?.schema();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        place.write(known.number(&schema));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_of_one_schema() {
        let mut known = Known { last: 0, schemas: VecDeque::new() };
        let first: SchemaRef = Arc::new(Schema::empty());
        let number = known.number(&first);
        let others: Vec<SchemaRef> = (0..10).map(|_| Arc::new(Schema::empty())).collect();
        for other in &others {
            assert_ne!(known.number(other), number);
        }
        assert_eq!(known.number(&first), number);
        for _ in 0..2 * REMEMBERED {
            // Dropped at once; the memory may be that of the one before, the number is not.
            let gone: SchemaRef = Arc::new(Schema::empty());
            assert!(known.number(&gone) > number);
        }
        assert_ne!(known.number(&first), number);
    }
}
