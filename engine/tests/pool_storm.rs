//! Pools that many threads use at once, while their sessions are killed.

mod support;

use std::{
    collections::HashSet,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use odbc_engine::{
    ErrorKind, Parameters, StreamOptions,
    arrow_array::{cast::AsArray, types::Int64Type},
};
use support::{
    SQLITE, batches, connect,
    pools::{assert_adds_up, pool},
    query, server,
};

/// How to tell one session of a server from another, and to end it.
struct Killing {
    id: &'static str,
    kill: fn(&str) -> String,
}

fn hammer(connection_string: &str, killing: &Killing, threads: usize, checkouts: u64) {
    let pool = Arc::new(pool(connection_string, r#"{"size_max": 8}"#));
    let ids: Arc<Mutex<HashSet<String>>> = Arc::default();
    let ended = Arc::new(AtomicBool::new(false));
    let (worked, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let killer = thread::spawn({
        let (ids, ended, pool) = (Arc::clone(&ids), Arc::clone(&ended), Arc::clone(&pool));
        let (connection, kill) = (connect(connection_string), killing.kill);
        move || {
            let mut killed = 0;
            while !ended.load(SeqCst) {
                // A hash set has no order of its own.
                let id = ids.lock().unwrap().iter().next().cloned();
                let Some(id) = id else { continue };
                ids.lock().unwrap().remove(&id);
                // It may be gone already.
                let _ = connection.execute(&kill(&id), &Parameters::none());
                killed += 1;
                let seen = pool.state().unwrap();
                assert_adds_up(&seen);
                let until = seen.acquired + 40;
                while !ended.load(SeqCst) && pool.state().unwrap().acquired < until {
                    thread::yield_now();
                }
            }
            killed
        }
    });
    let start = Arc::new(Barrier::new(threads));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (pool, ids, start) = (Arc::clone(&pool), Arc::clone(&ids), Arc::clone(&start));
            let (worked, failed, id) = (Arc::clone(&worked), Arc::clone(&failed), killing.id);
            thread::spawn(move || {
                start.wait();
                for _ in 0..checkouts {
                    let asked = pool.acquire().and_then(|connection| {
                        let none = Parameters::none();
                        let stream = connection.query(id, &none, &StreamOptions::default())?;
                        Ok(stream.fetch()?.map(|row| support::cell(row.column(0), 0)))
                    });
                    match asked {
                        Ok(Some(session)) => {
                            ids.lock().unwrap().insert(session.trim_matches('"').to_owned());
                            worked.fetch_add(1, SeqCst);
                        }
                        Ok(None) => panic!("a session has an id"),
                        Err(error) => {
                            let kinds = [ErrorKind::Connection, ErrorKind::Cancelled];
                            assert!(kinds.contains(&error.kind), "{error}");
                            failed.fetch_add(1, SeqCst);
                        }
                    }
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    ended.store(true, SeqCst);
    let killed: u64 = killer.join().unwrap();
    let state = pool.state().unwrap();
    assert_adds_up(&state);
    let (worked, failed) = (worked.load(SeqCst), failed.load(SeqCst));
    println!("{worked} worked, {failed} failed, {killed} were killed: {state:?}");
    assert_eq!(worked + failed, threads as u64 * checkouts);
    assert_eq!((state.in_use, state.opening, state.waiting, state.timed_out), (0, 0, 0, 0));
    assert_eq!(state.acquired + state.failed, threads as u64 * checkouts);
    assert!(failed <= killed, "only a session that was killed fails");
    assert!(state.closed.broken <= killed && killed > 0);
    // Whatever was killed, all that is lent works again, once the last kill has been carried out.
    for _ in 0..8 {
        let works = (0..10).any(|_| {
            let connection = pool.acquire().unwrap();
            connection.execute(killing.id, &Parameters::none()).is_ok()
        });
        assert!(works);
    }
    pool.close().unwrap();
}

const POSTGRESQL: Killing = Killing {
    id: "SELECT pg_backend_pid()",
    kill: |id| format!("SELECT pg_terminate_backend({id})"),
};
const MARIADB: Killing =
    Killing { id: "SELECT CONNECTION_ID()", kill: |id| format!("KILL CONNECTION {id}") };

/// The number of checkouts of each thread: few, but as many as it says where one wants them.
fn checkouts() -> u64 {
    std::env::var("ODBC_ENGINE_POOL_CHECKOUTS").map_or(40, |number| number.parse().unwrap())
}

#[test]
fn killed_sessions_are_replaced_on_postgresql() {
    let Some(connection_string) = server("ODBC_ENGINE_POSTGRESQL") else { return };
    hammer(&connection_string, &POSTGRESQL, 64, checkouts());
}

#[test]
fn killed_sessions_are_replaced_on_mariadb() {
    let Some(connection_string) = server("ODBC_ENGINE_MARIADB") else { return };
    hammer(&connection_string, &MARIADB, 64, checkouts());
}

#[test]
fn many_threads_share_few_connections() {
    let pool = Arc::new(pool(SQLITE, r#"{"size_max": 3}"#));
    let workers: Vec<_> = (0..16)
        .map(|_| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                for number in 0..50i64 {
                    let connection = pool.acquire().unwrap();
                    let rows = batches(&query(&connection, &format!("SELECT {number} AS n")));
                    let array = rows[0].column(0);
                    let seen = array.as_primitive_opt::<Int64Type>();
                    assert_eq!(seen.map(|n| n.value(0)), Some(number), "{array:?}");
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let state = pool.state().unwrap();
    assert_eq!((state.acquired, state.in_use), (800, 0));
    assert!(state.created <= 3);
    assert_adds_up(&state);
}
