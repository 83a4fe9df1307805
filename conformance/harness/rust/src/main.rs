//! The conformance harness of the Rust API: requests as JSON lines in, what was seen out.

mod calendar;
mod cells;
mod format;
mod harness;
mod parameters;
mod request;

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

use crate::{
    harness::Harness,
    request::{CancelRequest, Request},
};

fn answer(harness: &mut Harness, request: Request, cancel: &Value) -> Value {
    match serde_json::from_value::<Option<CancelRequest>>(cancel.clone()) {
        Ok(None) => harness.answer(request),
        Ok(Some(cancel)) => harness.answer_cancelled(request, &cancel),
        Err(error) => json!({ "fault": error.to_string() }),
    }
}

fn main() -> io::Result<()> {
    let mut harness = Harness::default();
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let message: Value = serde_json::from_str(&line)?;
        let stopping = message["op"] == "stop";
        let mut reply = match Request::known(&message) {
            _ if stopping => json!({ "ok": {} }),
            false => json!({ "unsupported": message["op"] }),
            true => match serde_json::from_value::<Request>(message.clone()) {
                Ok(request) => answer(&mut harness, request, &message["cancel"]),
                Err(error) => json!({ "fault": error.to_string() }),
            },
        };
        reply["id"] = message["id"].clone();
        writeln!(out, "{reply}")?;
        out.flush()?;
        if stopping {
            break;
        }
    }
    Ok(())
}
