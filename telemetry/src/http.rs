//! Sending by HTTP, within a time that no collector can overrun.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::{
    Agent,
    http::{HeaderName, HeaderValue},
};

use crate::{config::Destination, lock};

/// The most of a collector's answer that is read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Posts the requests of the OTLP exporter on the thread that asks for it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: Agent,
    headers: Arc<Vec<(HeaderName, HeaderValue)>>,
    state: Arc<State>,
    /// How long to wait after a failure.
    pause: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// Set once nobody waits for anything to be sent any more.
    is_abandoned: AtomicBool,
    /// Why the last request failed, which the exporter does not pass on.
    failure: Mutex<Option<String>>,
    /// Whether nobody has the time to wait any more.
    hurries: Mutex<bool>,
    hurry: Condvar,
}

impl Client {
    pub fn new(destination: &Destination, pause: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(destination.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(format!("odbc_engine/{}", odbc_engine::version()))
            .build();
        let headers = destination.headers.iter().filter_map(|(name, value)| {
            let mut value = value.parse::<HeaderValue>().ok()?;
            value.set_sensitive(true);
            Some((name.parse().ok()?, value))
        });
        Self {
            agent: config.into(),
            headers: Arc::new(headers.collect()),
            pause,
            state: Arc::default(),
        }
    }

    /// Lets a collector that fails alone for a while, so that nothing is spent on it meanwhile.
    pub fn pause(&self) {
        let hurries = lock(&self.state.hurries);
        let hurries = self.state.hurry.wait_timeout_while(hurries, self.pause, |hurries| !*hurries);
        drop(hurries);
    }

    /// Ends the pause, and takes none any more.
    pub fn hurry(&self) {
        *lock(&self.state.hurries) = true;
        self.state.hurry.notify_all();
    }

    /// Sends nothing any more.
    pub fn abandon(&self) {
        self.state.is_abandoned.store(true, Ordering::Release);
    }

    pub fn is_abandoned(&self) -> bool {
        self.state.is_abandoned.load(Ordering::Acquire)
    }

    /// Why the last request failed, if it did without an answer.
    pub fn take_failure(&self) -> Option<String> {
        lock(&self.state.failure).take()
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        if self.is_abandoned() {
            return Err("telemetry was shut down".into());
        }
        let mut request = request.map(|body| body.to_vec());
        for (name, value) in &*self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        let answer = self.agent.run(request)?;
        let (parts, mut body) = answer.into_parts();
        let body = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Response::from_parts(parts, body.into()))
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        *lock(&self.state.failure) = sent.as_ref().err().map(ToString::to_string);
        sent
    }
}
