//! What a statement on a place is about, made once for as many executions as follow.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, OnceLock, PoisonError},
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
    /// Those of its place alone.
    pub(super) place: Arc<[KeyValue]>,
    /// Those of the instruments that were asked for last.
    recorders: Mutex<Option<Arc<Recorders>>>,
}

/// What records the numbers of a statement, with the attributes looked up once. Each is bound when
/// it is first used, since one that is bound is exported, if only as nothing.
struct Recorders {
    instruments: Arc<Instruments>,
    duration: OnceLock<BoundHistogram<f64>>,
    rows: OnceLock<RowRecorders>,
}

/// What records a result that was read.
struct RowRecorders {
    returned_rows: BoundHistogram<u64>,
    fetched_rows: BoundCounter<u64>,
    fetched_bytes: BoundCounter<u64>,
}

impl Subject {
    /// The recorders of these instruments, where those can be bound.
    fn recorders(&self, instruments: &Arc<Instruments>) -> Option<Arc<Recorders>> {
        if !instruments.can_be_bound() {
            return None;
        }
        let mut recorders = self.recorders.lock().unwrap_or_else(PoisonError::into_inner);
        let of_others = |known: &Arc<Recorders>| !Arc::ptr_eq(&known.instruments, instruments);
        if recorders.as_ref().is_none_or(of_others) {
            *recorders = Some(Arc::new(Recorders {
                instruments: Arc::clone(instruments),
                duration: OnceLock::new(),
                rows: OnceLock::new(),
            }));
        }
        recorders.clone()
    }

    /// Records how long an execution took; false where nothing can be bound.
    pub(super) fn record_duration(&self, instruments: &Arc<Instruments>, seconds: f64) -> bool {
        let Some(recorders) = self.recorders(instruments) else { return false };
        let bind = || instruments.operation_duration.bind(&self.execute);
        recorders.duration.get_or_init(bind).record(seconds);
        true
    }

    /// Records a result that was read; false where nothing can be bound.
    pub(super) fn record_rows(
        &self,
        instruments: &Arc<Instruments>,
        rows: u64,
        bytes: u64,
    ) -> bool {
        let Some(recorders) = self.recorders(instruments) else { return false };
        let recorders = recorders.rows.get_or_init(|| RowRecorders {
            returned_rows: instruments.returned_rows.bind(&self.fetch),
            fetched_rows: instruments.fetched_rows.bind(&self.place),
            fetched_bytes: instruments.fetched_bytes.bind(&self.place),
        });
        recorders.returned_rows.record(rows);
        recorders.fetched_rows.add(rows);
        recorders.fetched_bytes.add(bytes);
        true
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
