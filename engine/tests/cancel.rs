//! Stopping what runs, on real databases.

mod support;

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    },
    thread,
    time::{Duration, Instant},
};

use odbc_engine::{Cancel, Connection, ConnectionOptions, ConnectionString, ErrorKind, Parameters};
use support::{SQLITE, batches, connect, driver, query, run, server};

/// What is stopped in milliseconds must not be mistaken for what ends by itself.
const STOPPED: Duration = Duration::from_secs(5);

/// A database to stop things on.
struct Database {
    name: &'static str,
    connection_string: String,
    /// Runs for about half a minute, unless it is stopped: waiting, and computing.
    long: &'static [&'static str],
    sqlstate: &'static str,
}

fn databases() -> Vec<Database> {
    let mut all = vec![Database {
        name: "sqlite",
        connection_string: SQLITE.to_owned(),
        long: &[
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 300000000) \
                 SELECT count(*) FROM s",
        ],
        sqlstate: "HY000",
    }];
    all.extend(server("ODBC_ENGINE_POSTGRESQL").map(|connection_string| Database {
        name: "postgresql",
        connection_string,
        long: &[
            "SELECT pg_sleep(30)",
            "SELECT count(*) FROM generate_series(1, 500000000) AS g(n)",
        ],
        sqlstate: "57014",
    }));
    all.extend(server("ODBC_ENGINE_MARIADB").map(|connection_string| Database {
        name: "mariadb",
        connection_string,
        long: &[
            "SELECT SLEEP(30)",
            "SELECT SUM(a.seq * b.seq % 7) FROM seq_1_to_100000 a, seq_1_to_100000 b",
        ],
        sqlstate: "HY018",
    }));
    all
}

/// Stops `work` after a while; it must fail for that, and soon.
fn stopped<T>(
    connection: &Connection,
    name: &str,
    stop: impl FnOnce() + Send,
    work: impl FnOnce() -> odbc_engine::Result<T>,
) -> odbc_engine::Error {
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            stop();
        });
        let begin = Instant::now();
        let worked = work();
        assert!(begin.elapsed() < STOPPED, "{name}: {:?}", begin.elapsed());
        match worked {
            Ok(_) => panic!("{name}: was not stopped"),
            Err(error) => error,
        }
    });
    assert_eq!(error.kind, ErrorKind::Cancelled, "{name}: {error}");
    let rows = batches(&query(connection, "SELECT 1 AS one"));
    assert_eq!(rows[0].num_rows(), 1, "{name}");
    error
}

#[test]
fn a_running_query_is_stopped() {
    for database in databases() {
        let connection = connect(&database.connection_string);
        for sql in database.long {
            let handle = connection.cancel_handle();
            let error = stopped(
                &connection,
                database.name,
                || handle.cancel().unwrap(),
                || connection.execute(sql, &Parameters::none()),
            );
            assert_eq!(error.sqlstate.as_deref(), Some(database.sqlstate), "{error}");
            let statement = connection.statement(sql).unwrap();
            let handle = statement.cancel_handle();
            for _ in 0..2 {
                stopped(
                    &connection,
                    database.name,
                    || handle.cancel().unwrap(),
                    || statement.execute(&Parameters::none()),
                );
            }
            statement.close().unwrap();
            handle.cancel().unwrap();
        }
        connection.close().unwrap();
        connection.cancel().unwrap();
        run(&connect(&database.connection_string), "SELECT 1");
    }
}

/// How many sessions other than the asking one run something that has this in its text.
fn running(connection: &Connection, name: &str, text: &str) -> usize {
    let sql = match name {
        "postgresql" => format!(
            "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%{text}%' \
             AND pid <> pg_backend_pid()"
        ),
        _ => format!(
            "SELECT id FROM information_schema.processlist WHERE info LIKE '%{text}%' \
             AND id <> connection_id()"
        ),
    };
    batches(&query(connection, &sql)).iter().map(|batch| batch.num_rows()).sum()
}

#[test]
fn the_server_shows_that_it_is_gone() {
    for database in databases().into_iter().filter(|database| database.name != "sqlite") {
        let (connection, other) =
            (connect(&database.connection_string), connect(&database.connection_string));
        for sql in database.long {
            let marked = format!("{sql} /* gone_when_stopped */");
            thread::scope(|scope| {
                let executing = scope.spawn(|| connection.execute(&marked, &Parameters::none()));
                while running(&other, database.name, "gone_when_stopped") == 0 {
                    assert!(!executing.is_finished(), "{}: ended by itself", database.name);
                }
                let begin = Instant::now();
                connection.cancel().unwrap();
                assert!(begin.elapsed() < Duration::from_millis(500), "the canceller waited");
                while running(&other, database.name, "gone_when_stopped") > 0 {
                    assert!(begin.elapsed() < STOPPED, "{}: still runs", database.name);
                }
                let error = executing.join().unwrap().unwrap_err();
                assert_eq!(error.kind, ErrorKind::Cancelled, "{error}");
            });
        }
    }
}

#[test]
fn timeouts_fire_at_their_time() {
    for database in databases() {
        let connection = connect(&database.connection_string);
        for ms in [100, 1000, 2500] {
            let statement = connection.statement(database.long[0]).unwrap();
            statement.set_query_timeout(ms).unwrap();
            let begin = Instant::now();
            let error = statement.execute(&Parameters::none()).unwrap_err();
            let late = begin.elapsed().saturating_sub(Duration::from_millis(ms.into()));
            assert_eq!(error.kind, ErrorKind::Timeout, "{}: {error}", database.name);
            assert_eq!(error.sqlstate.as_deref(), Some(database.sqlstate), "{error}");
            assert!(begin.elapsed() >= Duration::from_millis(ms.into()));
            assert!(late < STOPPED, "{}: {late:?} late", database.name);
            println!("{}: {ms} ms, {late:?} late", database.name);
        }
        run(&connection, "SELECT 1");
    }
}

#[test]
fn a_call_that_waits_for_its_turn_is_stopped() {
    let connection = connect(SQLITE);
    let long = databases()[0].long[0];
    let (first, second) =
        (connection.statement(long).unwrap(), connection.statement("SELECT 1").unwrap());
    let (started, has_started) = channel();
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            started.send(()).unwrap();
            first.execute(&Parameters::none())
        });
        has_started.recv().unwrap();
        thread::sleep(Duration::from_millis(200));
        let waiting = scope.spawn(|| second.execute(&Parameters::none()));
        while !waiting.is_finished() {
            second.cancel().unwrap();
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(waiting.join().unwrap().unwrap_err().kind, ErrorKind::Cancelled);
        assert!(!running.is_finished(), "the call of the other statement was stopped");
        first.cancel().unwrap();
        assert_eq!(running.join().unwrap().unwrap_err().kind, ErrorKind::Cancelled);
    });
    second.execute(&Parameters::none()).unwrap();
}

/// A way to a server that falls silent when it is told to, and is cut when this is dropped.
struct Way {
    port: u16,
    silent: Arc<AtomicBool>,
    sockets: Arc<Mutex<Vec<TcpStream>>>,
}

impl Way {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = Arc::new(AtomicBool::new(false));
        let sockets: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let (is_silent, kept) = (Arc::clone(&silent), Arc::clone(&sockets));
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let pairs = [(&client, &server), (&server, &client)];
                for (from, to) in pairs.map(|(a, b)| (a.try_clone(), b.try_clone())) {
                    let (mut from, mut to) = (from.unwrap(), to.unwrap());
                    let is_silent = Arc::clone(&is_silent);
                    thread::spawn(move || {
                        let mut bytes = [0; 4096];
                        while let Ok(read @ 1..) = from.read(&mut bytes) {
                            if !is_silent.load(Ordering::Acquire)
                                && to.write_all(&bytes[..read]).is_err()
                            {
                                return;
                            }
                        }
                    });
                }
                kept.lock().unwrap().extend([client, server]);
            }
        });
        Self { port, silent, sockets }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        for socket in self.sockets.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

#[test]
fn a_silent_network_does_not_hold_up_who_cancels() {
    for database in databases().into_iter().filter(|database| database.name != "sqlite") {
        let parsed = ConnectionString::parse(&database.connection_string).unwrap();
        let Some(Ok(port)) = parsed.get("Port").map(str::parse) else {
            panic!("{}: the connection string names no port", database.name);
        };
        let way = Way::to(port);
        let through = way.port.to_string();
        let pairs = parsed.pairs().iter().filter_map(|(key, value)| {
            match key.to_ascii_lowercase().as_str() {
                "port" | "socket" => None,
                "server" | "servername" => Some((key.as_str(), "127.0.0.1")),
                _ => Some((key.as_str(), value.as_str())),
            }
        });
        let text = ConnectionString::from_pairs(pairs.chain([("Port", through.as_str())]));
        let connection = connect(&text.unwrap().to_text());
        let long = database.long[0];
        thread::scope(|scope| {
            let executing = scope.spawn(|| connection.execute(long, &Parameters::none()));
            thread::sleep(Duration::from_millis(300));
            way.silent.store(true, Ordering::Release);
            for _ in 0..3 {
                let begin = Instant::now();
                connection.cancel().unwrap();
                assert!(begin.elapsed() < Duration::from_secs(1), "{}", database.name);
                thread::sleep(Duration::from_millis(100));
            }
            drop(way);
            let begin = Instant::now();
            let error = executing.join().unwrap().unwrap_err();
            println!("{}: {:?}, {error}", database.name, begin.elapsed());
            assert!(begin.elapsed() < Duration::from_secs(20), "{}", database.name);
        });
        connection.close().unwrap();
    }
}

#[test]
fn what_nobody_knows_how_to_stop_is_unsupported() {
    let library = driver("libunknown.so", "stubborn_driver.c", &[]);
    let connection_string = format!("Driver={}", library.display());
    let connection = connect(&connection_string);
    let capabilities = connection.capabilities();
    assert_eq!(capabilities.cancel, Cancel::Unsupported);
    assert!(!capabilities.query_timeout);
    let statement = connection.statement("DO SOMETHING").unwrap();
    let options = ConnectionOptions { query_timeout_ms: 5, ..ConnectionOptions::default() };
    for error in [
        connection.cancel().unwrap_err(),
        statement.cancel().unwrap_err(),
        statement.set_query_timeout(5).unwrap_err(),
        Connection::open(&connection_string, &options).err().unwrap(),
    ] {
        assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
        assert_eq!(error.sqlstate.as_deref(), Some("HYC00"));
    }
    statement.set_query_timeout(0).unwrap();
    statement.execute(&Parameters::none()).unwrap();
}
