//! What telemetry costs: queries with it off, and with it on before a collector that is down, slow,
//! or answers 500, on one connection, before and after each other. `make bench` runs it.

use std::{
    env,
    io::{Read, Write},
    net::TcpListener,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use odbc_engine::{Connection, ConnectionOptions, Parameters, Result, StreamOptions};
use odbc_engine_telemetry as telemetry;

/// The most that a query may take longer while nobody takes what is told.
const RATIO_MAX: f64 = 1.05;
/// Queries of each mode in a round, timed in turns of these many.
const QUERIES: usize = 10_000;
const TURN: usize = 100;
const ROUNDS: usize = 3;

/// A collector on a port of its own that answers after `delay`, or not at all.
fn collector(delay: Option<Duration>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
    let Some(delay) = delay else { return endpoint };
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 20];
                // One read is enough to know that something was sent.
                let _ = stream.read(&mut buffer);
                thread::sleep(delay);
                let _ = stream.write_all(
                    b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\
                      connection: close\r\n\r\n",
                );
            });
        }
    });
    endpoint
}

fn queries(connection: &Connection) -> Result<Duration> {
    let begin = Instant::now();
    for _ in 0..TURN {
        let sql = "SELECT id, name FROM overhead WHERE id = 7";
        let stream = connection.query(sql, &Parameters::none(), &StreamOptions::default())?;
        while stream.fetch()?.is_some() {}
    }
    Ok(begin.elapsed())
}

fn turns(connection: &Connection, count: usize, times: &mut Vec<Duration>) -> Result<()> {
    for _ in 0..count / TURN {
        times.push(queries(connection)?);
    }
    Ok(())
}

/// The time of one query in microseconds, in the turns that nothing else on the machine disturbed.
fn typical(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 4].as_secs_f64() / TURN as f64 * 1e6
}

fn measure(name: &str, connection: &Connection) -> Result<bool> {
    let modes = [
        ("down", collector(None)),
        ("slow (10 s)", collector(Some(Duration::from_secs(10)))),
        ("answers 500", collector(Some(Duration::ZERO))),
    ];
    let mut within = true;
    for (mode, endpoint) in modes {
        let config = format!(r#"{{"endpoint": "{endpoint}", "shutdown_timeout_ms": 1000}}"#);
        let (mut off, mut on) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            turns(connection, QUERIES / 2, &mut off)?;
            telemetry::init(&config)?;
            turns(connection, QUERIES, &mut on)?;
            // That nobody took it is what this measures.
            let _ = telemetry::shutdown();
            turns(connection, QUERIES / 2, &mut off)?;
        }
        let (off, on) = (typical(off), typical(on));
        let ratio = on / off;
        within &= ratio <= RATIO_MAX;
        println!("{name:<12} {mode:<12} off {off:7.1} us, on {on:7.1} us: {ratio:.3}");
    }
    Ok(within)
}

fn main() -> ExitCode {
    let mut within = true;
    for variable in ["ODBC_ENGINE_POSTGRESQL", "ODBC_ENGINE_MARIADB", "ODBC_ENGINE_SQLITE"] {
        let Ok(connection_string) = env::var(variable) else {
            println!("not measured: {variable} is not set");
            continue;
        };
        let name = variable.trim_start_matches("ODBC_ENGINE_").to_lowercase();
        let measured = Connection::open(&connection_string, &ConnectionOptions::default())
            .and_then(|connection| {
                let run = |sql| connection.execute(sql, &Parameters::none());
                run("DROP TABLE IF EXISTS overhead")?;
                run("CREATE TABLE overhead (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20))")?;
                run("INSERT INTO overhead VALUES (7, 'seven')")?;
                let measured = measure(&name, &connection);
                run("DROP TABLE overhead")?;
                measured
            });
        within &= measured.unwrap_or_else(|error| {
            println!("{name}: {error}");
            false
        });
    }
    if within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
