//! Handles: numbers that stand for the engine's objects, and are never mistaken for another's.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use engine::{Connection, Error, ErrorKind, Pool, Result, Statement, Stream};

/// A connection, a statement, a stream or a pool. 0 is none. A closed, foreign or made-up handle is an
/// error of kind InvalidState, never undefined behaviour; a handle may be used from any thread.
pub type OdbcHandle = u64;

/// The highest four bits of a handle name its kind. The others count up and are never used again,
/// so that a stale handle cannot come to mean another object.
const KIND_SHIFT: u32 = 60;

/// The objects of one kind that C has handles of.
pub(crate) struct Registry<T> {
    kind: u64,
    name: &'static str,
    next: AtomicU64,
    objects: LazyLock<RwLock<HashMap<OdbcHandle, Arc<T>>>>,
}

pub(crate) static CONNECTIONS: Registry<Connection> = Registry::new(1, "connection");
pub(crate) static STATEMENTS: Registry<Statement> = Registry::new(2, "statement");
pub(crate) static STREAMS: Registry<Stream> = Registry::new(3, "stream");
pub(crate) static POOLS: Registry<Pool> = Registry::new(5, "pool");

/// Drops something on a thread of its own, since that may wait for the network, and neither a
/// finalizer nor what others have dropped must.
pub(crate) fn drop_apart(object: impl Send + 'static) {
    let dropping = thread::Builder::new().name("odbc_finalizer".to_owned());
    // Without a thread it is dropped here.
    let _ = dropping.spawn(move || drop(object));
}

impl<T> Registry<T> {
    const fn new(kind: u64, name: &'static str) -> Self {
        Self {
            kind: kind << KIND_SHIFT,
            name,
            next: AtomicU64::new(1),
            objects: LazyLock::new(RwLock::default),
        }
    }

    /// Makes a handle for an object.
    pub fn insert(&self, object: T) -> OdbcHandle {
        let handle = self.kind | self.next.fetch_add(1, Ordering::Relaxed);
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        objects.insert(handle, Arc::new(object));
        handle
    }

    /// The object of a handle, for an operation. The lock is held only while it is looked up.
    pub fn get(&self, handle: OdbcHandle, operation: &'static str) -> Result<Arc<T>> {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        objects.get(&handle).cloned().ok_or_else(|| {
            let message = if self.was_given_out(handle) {
                format!("the {} is closed", self.name)
            } else {
                format!("{handle:#x} is not the handle of a {}", self.name)
            };
            Error::new(ErrorKind::InvalidState, operation, message)
        })
    }

    /// The object of a handle, or None where that is closed, since asking it to stop is then done.
    pub fn find(&self, handle: OdbcHandle, operation: &'static str) -> Result<Option<Arc<T>>> {
        match self.get(handle, operation) {
            Err(_) if self.was_given_out(handle) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Closes an object and forgets its handle, which stays until then, so that what it waits for
    /// can be stopped; does nothing where that was done before.
    pub fn close(&self, handle: OdbcHandle, close: impl FnOnce(&T) -> Result<()>) -> Result<()> {
        let Some(object) = self.find(handle, "close")? else { return Ok(()) };
        let closed = close(&object);
        self.remove(handle)?;
        closed
    }

    /// Forgets the objects that nothing can be done with any more; their handles stay closed ones.
    pub fn forget(&self, is_over: impl Fn(&T) -> bool) {
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<_> = objects.extract_if(|_, object| is_over(object)).collect();
        drop(objects);
        // Not behind the lock, since that frees what they hold.
        drop(over);
    }

    /// Forgets a handle and gives its object; None where that was done before.
    pub fn remove(&self, handle: OdbcHandle) -> Result<Option<Arc<T>>> {
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        match objects.remove(&handle) {
            Some(object) => Ok(Some(object)),
            None if self.was_given_out(handle) => Ok(None),
            None => Err(Error::new(
                ErrorKind::InvalidState,
                "close",
                format!("{handle:#x} was never the handle of a {}", self.name),
            )),
        }
    }

    fn was_given_out(&self, handle: OdbcHandle) -> bool {
        let next = self.kind | self.next.load(Ordering::Relaxed);
        (self.kind + 1..next).contains(&handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_is_closed() {
        static NUMBERS: Registry<u32> = Registry::new(9, "number");
        let (first, second) = (NUMBERS.insert(1), NUMBERS.insert(2));
        NUMBERS.forget(|number| *number == 1);
        let error = NUMBERS.get(first, "test").unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::InvalidState, "the number is closed")
        );
        assert_eq!(*NUMBERS.get(second, "test").unwrap(), 2);
        // What stays until it is closed is there for those that stop it.
        let closed = NUMBERS.close(second, |_| NUMBERS.get(second, "test").map(drop));
        closed.unwrap();
        NUMBERS.get(second, "test").unwrap_err();
        NUMBERS.close(second, |_| unreachable!("it is closed")).unwrap();
    }
}
