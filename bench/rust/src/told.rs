//! The same executions with telemetry off and on, while its collector is of no use.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use odbc_engine_telemetry as telemetry;

use crate::Failure;

/// Executions that are timed at once.
pub const TURN: i64 = 100;
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// What a shutdown may take beside its deadline, on a machine that is busy.
const GRACE: Duration = Duration::from_secs(1);

/// The collector's address: nobody listens there, or it answers with 500, at once or 10 s late.
fn collector(what: &str) -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let delay = match what {
        "down" => return Ok(endpoint),
        "slow" => Duration::from_secs(10),
        "refusing" => Duration::ZERO,
        _ => return Err(format!("no collector is {what}").into()),
    };
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                // One read is enough to know that something was sent.
                let _ = stream.read(&mut vec![0; 1 << 20]);
                thread::sleep(delay);
                let answer = "HTTP/1.1 500 Internal Server Error\r\n\
                              content-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    Ok(endpoint)
}

/// Executions per turn, timed turn by turn.
#[derive(Default)]
struct Turns(Vec<Duration>);

impl Turns {
    fn run(
        &mut self,
        turns: i64,
        execute: &mut impl FnMut() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for _ in 0..turns {
            let began = Instant::now();
            for _ in 0..TURN {
                execute()?;
            }
            self.0.push(began.elapsed());
        }
        Ok(())
    }

    /// The time of all, by the turns that nothing else on the machine disturbed.
    fn undisturbed(&mut self) -> Duration {
        self.0.sort();
        self.0[self.0.len() / 4] * self.0.len() as u32
    }
}

/// How long the executions take with telemetry on, and with it off before and after.
pub fn compare(
    what: &str,
    executions: i64,
    mut execute: impl FnMut() -> Result<(), Failure>,
) -> Result<(Duration, Duration), Failure> {
    let endpoint = collector(what)?;
    let timeout_ms = SHUTDOWN_TIMEOUT.as_millis();
    let config = format!(r#"{{"endpoint": "{endpoint}", "shutdown_timeout_ms": {timeout_ms}}}"#);
    let (mut on, mut off) = (Turns::default(), Turns::default());
    // Several times in turn, so that what else runs on the machine hits both alike.
    const PARTS: i64 = 4;
    let turns = (executions / TURN / PARTS).max(1);
    for _ in 0..PARTS {
        off.run(turns, &mut execute)?;
        telemetry::init(&config)?;
        on.run(turns, &mut execute)?;
        let began = Instant::now();
        if telemetry::shutdown().is_ok() {
            return Err("the collector took what it was told".into());
        }
        if began.elapsed() > SHUTDOWN_TIMEOUT + GRACE {
            return Err(format!("the shutdown took {:?}", began.elapsed()).into());
        }
    }
    Ok((on.undisturbed(), off.undisturbed()))
}
