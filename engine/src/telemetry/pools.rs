//! Pools, as the conventions count their connections.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use opentelemetry::{
    KeyValue,
    metrics::{Histogram, Meter},
};

use super::{
    instruments::{self, seconds},
    place::Place,
};

/// How a pool is doing, where that is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolCounts {
    pub size_min: usize,
    pub size_max: usize,
    pub idle: usize,
    pub in_use: usize,
    pub waiting: usize,
    pub timed_out: u64,
}

impl PoolCounts {
    fn and(self, other: Self) -> Self {
        Self {
            size_min: self.size_min + other.size_min,
            size_max: self.size_max + other.size_max,
            idle: self.idle + other.idle,
            in_use: self.in_use + other.in_use,
            waiting: self.waiting + other.waiting,
            timed_out: self.timed_out + other.timed_out,
        }
    }
}

/// A pool that is asked now and then how it is doing.
pub(crate) trait Counted: Send + Sync {
    fn counts(&self) -> PoolCounts;
}

/// Every pool, with its name.
static POOLS: Mutex<Vec<(Weak<dyn Counted>, KeyValue)>> = Mutex::new(Vec::new());

fn pools() -> MutexGuard<'static, Vec<(Weak<dyn Counted>, KeyValue)>> {
    POOLS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a pool's connections come from, and what it is called.
pub(crate) struct PoolPlace {
    pub place: Arc<Place>,
    name: KeyValue,
}

impl PoolPlace {
    pub fn new(connection_string: &str) -> Self {
        let place = Arc::new(Place::new(connection_string, None));
        let name = KeyValue::new("db.client.connection.pool.name", place.pool_name());
        Self { place, name }
    }

    /// Asks this pool how it is doing, as long as it lives.
    pub fn register(&self, pool: Weak<dyn Counted>) {
        let mut pools = pools();
        pools.retain(|(pool, _)| pool.strong_count() > 0);
        pools.push((pool, self.name.clone()));
    }

    fn record(&self, took: Duration, by: fn(&Durations) -> &Histogram<f64>) {
        if let Some(instruments) = instruments::current() {
            let attributes = std::slice::from_ref(&self.name);
            by(&instruments.pools).record(took.as_secs_f64(), attributes);
        }
    }

    /// A connection was opened.
    pub fn created(&self, took: Duration) {
        self.record(took, |durations| &durations.create);
    }

    /// A caller got a connection.
    pub fn waited(&self, took: Duration) {
        self.record(took, |durations| &durations.wait);
    }

    /// A connection came back.
    pub fn used(&self, took: Duration) {
        self.record(took, |durations| &durations.used);
    }
}

/// How long what pools do takes.
pub(super) struct Durations {
    create: Histogram<f64>,
    wait: Histogram<f64>,
    used: Histogram<f64>,
}

impl Durations {
    pub fn new(meter: &Meter) -> Self {
        let prefixed = |name, what| seconds(meter, name, what);
        Self {
            create: prefixed(
                "db.client.connection.create_time",
                "The time it took to create a new connection.",
            ),
            wait: prefixed(
                "db.client.connection.wait_time",
                "The time it took to obtain an open connection from the pool.",
            ),
            used: prefixed(
                "db.client.connection.use_time",
                "The time between borrowing a connection and returning it to the pool.",
            ),
        }
    }
}

/// Asks every pool how it is doing, and tells that with the pool's name. Pools of one name are one,
/// since the last of several numbers would be taken for all.
fn each(tell: impl Fn(PoolCounts, &KeyValue)) {
    // A pool that is dropped here must not find the list locked.
    let alive: Vec<(Arc<dyn Counted>, KeyValue)> =
        pools().iter().filter_map(|(pool, name)| Some((pool.upgrade()?, name.clone()))).collect();
    let mut told: Vec<(&KeyValue, PoolCounts)> = Vec::new();
    for (pool, name) in &alive {
        let counts = pool.counts();
        match told.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum = sum.and(counts),
            None => told.push((name, counts)),
        }
    }
    for (name, counts) in told {
        tell(counts, name);
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Makes the instruments that are asked now and then.
pub(super) fn observe(meter: &Meter) {
    meter
        .i64_observable_up_down_counter("db.client.connection.count")
        .with_description("The number of connections that are in the state described.")
        .with_unit("{connection}")
        .with_callback(|observer| {
            each(|counts, name| {
                for (state, count) in [("idle", counts.idle), ("used", counts.in_use)] {
                    let state = KeyValue::new("db.client.connection.state", state);
                    observer.observe(number(count), &[name.clone(), state]);
                }
            });
        })
        .build();
    let single = |name, unit, what, get: fn(PoolCounts) -> usize| {
        meter
            .i64_observable_up_down_counter(name)
            .with_description(what)
            .with_unit(unit)
            .with_callback(move |observer| {
                each(|counts, name| {
                    observer.observe(number(get(counts)), std::slice::from_ref(name));
                });
            })
            .build();
    };
    single(
        "db.client.connection.max",
        "{connection}",
        "The maximum number of open connections allowed.",
        |counts| counts.size_max,
    );
    single(
        "db.client.connection.idle.min",
        "{connection}",
        "The minimum number of idle open connections allowed.",
        |counts| counts.size_min,
    );
    single(
        "db.client.connection.idle.max",
        "{connection}",
        "The maximum number of idle open connections allowed.",
        |counts| counts.size_max,
    );
    single(
        "db.client.connection.pending_requests",
        "{request}",
        "The number of current pending requests for an open connection.",
        |counts| counts.waiting,
    );
    meter
        .u64_observable_counter("db.client.connection.timeouts")
        .with_description("The number of connection timeouts that have occurred.")
        .with_unit("{timeout}")
        .with_callback(|observer| {
            each(|counts, name| observer.observe(counts.timed_out, std::slice::from_ref(name)));
        })
        .build();
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Busy(usize);

    impl Counted for Busy {
        fn counts(&self) -> PoolCounts {
            let Self(in_use) = *self;
            PoolCounts { size_min: 0, size_max: 8, idle: 1, in_use, waiting: 2, timed_out: 3 }
        }
    }

    #[test]
    fn pools_of_one_name_are_counted_together() {
        let place = PoolPlace::new("Driver=SQLite3;Database=pools_of_one_name.db");
        let pools: [Arc<dyn Counted>; 2] = [Arc::new(Busy(3)), Arc::new(Busy(4))];
        pools.iter().for_each(|pool| place.register(Arc::downgrade(pool)));
        let told = Mutex::new(Vec::new());
        each(|counts, name| {
            if *name == place.name {
                let PoolCounts { size_max, idle, in_use, waiting, timed_out, .. } = counts;
                told.lock().unwrap().push((size_max, idle, in_use, waiting, timed_out));
            }
        });
        assert_eq!(*told.lock().unwrap(), [(16, 2, 7, 4, 6)]);
    }
}
