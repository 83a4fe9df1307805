//! Prepared statements that a connection keeps for later ones of the same text.

use std::num::NonZeroUsize;

use lru::LruCache;

use crate::{
    handle::StatementHandle,
    metrics::{Gauge, Open, count_cache},
};

/// A prepared statement that is not in use.
pub(crate) struct Prepared {
    pub handle: StatementHandle,
    pub sql: String,
    pub markers: usize,
}

/// The statements that were used last, up to a number.
pub(crate) struct StatementCache(Option<LruCache<String, (Prepared, Gauge)>>);

impl StatementCache {
    /// A cache of this many statements; 0 keeps none.
    pub fn new(size: usize) -> Self {
        Self(NonZeroUsize::new(size).map(LruCache::new))
    }

    /// Takes the statement of this text out, if it is kept.
    pub fn take(&mut self, sql: &str) -> Option<Prepared> {
        let cache = self.0.as_mut()?;
        let found = cache.pop(sql).map(|(prepared, _)| prepared);
        count_cache(found.is_some());
        found
    }

    /// Keeps a statement; the one that was used longest ago may have to go.
    pub fn put(&mut self, prepared: Prepared) {
        if let Some(cache) = &mut self.0 {
            cache.push(prepared.sql.clone(), (prepared, Gauge::new(Open::Cached)));
        }
    }

    pub fn clear(&mut self) {
        if let Some(cache) = &mut self.0 {
            cache.clear();
        }
    }
}
