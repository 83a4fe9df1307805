//! What a statement on a place is about, made once for as many executions as follow.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use opentelemetry::{
    KeyValue,
    metrics::{BoundCounter, BoundHistogram},
};

use super::{describe::Description, instruments::Instruments, place::Place};

/// The name of the attribute that tells the engine's operation.
pub(super) const OPERATION: &str = "odbc_engine.operation";
pub(super) const EXECUTE: &str = "execute";
pub(super) const FETCH: &str = "fetch";

/// A statement, with the attributes that its spans and metrics have.
pub(crate) struct Subject {
    pub(super) description: Description,
    pub(super) execute: Arc<[KeyValue]>,
    pub(super) fetch: Arc<[KeyValue]>,
    place: Arc<[KeyValue]>,
    /// Those of the instruments that were asked for last.
    recorders: Mutex<Option<(Arc<Instruments>, Arc<Recorders>)>>,
}

/// What records the numbers of a statement, with the attributes looked up already.
pub(super) struct Recorders {
    pub duration: BoundHistogram<f64>,
    pub returned_rows: BoundHistogram<u64>,
    pub fetched_rows: BoundCounter<u64>,
    pub fetched_bytes: BoundCounter<u64>,
}

impl Subject {
    /// The recorders of these instruments, where those can be bound.
    pub(super) fn recorders(&self, instruments: &Arc<Instruments>) -> Option<Arc<Recorders>> {
        if !instruments.can_be_bound {
            return None;
        }
        let mut recorders = self.recorders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, recorders)) = &*recorders
            && Arc::ptr_eq(of, instruments)
        {
            return Some(Arc::clone(recorders));
        }
        let made = Arc::new(Recorders {
            duration: instruments.operation_duration.bind(&self.execute),
            returned_rows: instruments.returned_rows.bind(&self.fetch),
            fetched_rows: instruments.fetched_rows.bind(&self.place),
            fetched_bytes: instruments.fetched_bytes.bind(&self.place),
        });
        *recorders = Some((Arc::clone(instruments), Arc::clone(&made)));
        Some(made)
    }

    pub(super) fn new(place: &Place, description: Description) -> Self {
        Self {
            execute: attributes(place, EXECUTE, Some(&description)),
            fetch: attributes(place, FETCH, Some(&description)),
            place: Arc::clone(&place.attributes),
            recorders: Mutex::default(),
            description,
        }
    }
}

/// The attributes that the span of an operation and its metrics have.
pub(super) fn attributes(
    place: &Place,
    operation: &'static str,
    description: Option<&Description>,
) -> Arc<[KeyValue]> {
    let mut attributes = place.attributes.to_vec();
    attributes.push(KeyValue::new(OPERATION, operation));
    if let Some(description) = description {
        let named = [
            ("db.operation.name", &description.operation),
            ("db.query.summary", &description.summary),
            ("db.collection.name", &description.collection),
            ("db.stored_procedure.name", &description.procedure),
        ];
        let known = named.into_iter().filter_map(|(key, value)| {
            value.as_ref().map(|value| KeyValue::new(key, Arc::clone(value)))
        });
        attributes.extend(known);
    }
    attributes.into()
}

/// The most texts that are kept, and the longest of them.
const TEXTS_MAX: NonZeroUsize = NonZeroUsize::new(64).unwrap();
const TEXT_BYTES_MAX: usize = 4096;

/// The subjects that a connection had last.
pub(super) struct Subjects(Mutex<LruCache<Box<str>, Arc<Subject>>>);

impl Default for Subjects {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(TEXTS_MAX)))
    }
}

impl Subjects {
    pub fn get(&self, sql: &str, make: impl FnOnce() -> Subject) -> Arc<Subject> {
        if sql.len() > TEXT_BYTES_MAX {
            return Arc::new(make());
        }
        let mut subjects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(subject) = subjects.get(sql) {
            return Arc::clone(subject);
        }
        let subject = Arc::new(make());
        subjects.put(sql.into(), Arc::clone(&subject));
        subject
    }
}
