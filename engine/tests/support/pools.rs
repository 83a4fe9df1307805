//! What the tests on pools share.

use odbc_engine::{Pool, PoolOptions, PoolState};

pub fn pool(connection_string: &str, options: &str) -> Pool {
    Pool::open(connection_string, &PoolOptions::from_json(options).unwrap()).unwrap()
}

/// Checks that the figures of a pool agree.
pub fn assert_adds_up(state: &PoolState) {
    let closed = state.closed;
    let all_closed =
        closed.broken + closed.changed + closed.idle + closed.lifetime + closed.surplus;
    assert_eq!(state.size, state.idle + state.in_use, "{state:?}");
    assert_eq!(state.size as u64, state.created - all_closed, "{state:?}");
    assert!(state.size + state.opening <= state.size_max, "{state:?}");
}
