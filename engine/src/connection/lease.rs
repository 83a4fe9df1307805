//! Sessions that outlive their connection: a pool lends them, one borrower after another.

use std::{
    sync::{Arc, Mutex, OnceLock, atomic::AtomicBool},
    time::Duration,
};

use super::{Connection, ConnectionInfo, Session, Shared, capabilities::Told, clear, open};
use crate::{
    error::{Error, ErrorKind, Result},
    options::ConnectionOptions,
    telemetry::{Begun, Operation, Place},
};

/// Where a session goes when its connection is closed.
pub(crate) trait Home: Send + Sync {
    fn take_back(&self, parked: Parked);
}

/// How a session was connected, for others like it.
pub(crate) struct Origin {
    pub connection_string: String,
    pub options: ConnectionOptions,
}

/// A session that nobody uses.
pub(crate) struct Parked {
    shared: Arc<Shared>,
    /// Whether a call on it panicked.
    unknown: bool,
}

/// What is left of a borrower in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reset {
    /// Nothing.
    Clean,
    /// Settings that nothing undoes.
    Changed,
    /// It no longer answers.
    Broken,
}

impl Shared {
    /// Connects, by options that may differ in how long that takes.
    pub(super) fn open(origin: &Arc<Origin>, options: &ConnectionOptions) -> Result<Arc<Self>> {
        options.check()?;
        let begun = Begun::now();
        let opened = open::open(&origin.connection_string, options);
        let known = opened.as_ref().ok();
        let known = known.map(|opened| (opened.session.dbms, opened.info.dbms_name.as_str()));
        let place = Place::new(&origin.connection_string, known);
        place.set_parent(options.trace_context.as_deref().unwrap_or_default())?;
        Operation::since(begun, &place, "connect").end(&opened);
        let open::Opened { session, info, streams, told } = opened?;
        let shared = Self::new(session, Arc::new(info), streams, told, Arc::clone(origin), place);
        shared.check_query_timeout("connect", options.query_timeout_ms)?;
        Ok(shared)
    }

    /// Another connection, of a session that was this one's.
    fn next(&self, session: Session) -> Arc<Self> {
        let (info, origin) = (Arc::clone(&self.info), Arc::clone(&self.origin));
        let place = self.place.without_parent();
        Self::new(session, info, self.streams, self.told, origin, place)
    }

    fn new(
        session: Session,
        info: Arc<ConnectionInfo>,
        streams: bool,
        told: Told,
        origin: Arc<Origin>,
        place: Place,
    ) -> Arc<Self> {
        let dbms = session.dbms;
        let control = Arc::clone(session.control());
        let shared = Arc::new(Self {
            session: Mutex::new(Some(session)),
            closed: AtomicBool::new(false),
            orphans: Mutex::default(),
            clear_requested: AtomicBool::new(false),
            info,
            streams,
            told,
            lease: control.new_lease(),
            control,
            origin,
            helpers: Mutex::default(),
            home: OnceLock::new(),
            place: Arc::new(place),
            dbms,
        });
        clear::register(&shared);
        shared
    }
}

impl Parked {
    /// Connects within this time.
    pub fn open(origin: &Arc<Origin>, within: Duration) -> Result<Self> {
        let mut options = origin.options.clone();
        let within_ms = u32::try_from(within.as_millis()).unwrap_or(u32::MAX).max(1);
        options.login_timeout_ms = options.login_timeout_ms.min(within_ms);
        let shared = Shared::open(origin, &options)?;
        shared.session("connect")?.begin_traces()?;
        Ok(Self { shared, unknown: false })
    }

    /// What is left of a connection that is closed.
    pub(super) fn of(session: Session, connection: &Shared, unknown: bool) -> Self {
        Self { shared: connection.next(session), unknown }
    }

    /// Lends the session as a connection, which goes home when it is closed.
    pub fn lend(self, home: Box<dyn Home>) -> Connection {
        let is_first = self.shared.home.set(home).is_ok();
        debug_assert!(is_first, "a parked session has no home yet");
        Connection { shared: self.shared }
    }

    /// Undoes what its borrower left.
    pub fn reset(&self) -> Reset {
        if self.unknown {
            return Reset::Broken;
        }
        let reset = self.session("reset").and_then(|mut session| {
            let autocommit = self.shared.origin.options.autocommit;
            session.reset(autocommit)
        });
        match reset {
            Ok(true) => Reset::Clean,
            Ok(false) => Reset::Changed,
            Err(_) => Reset::Broken,
        }
    }

    /// Whether it still answers: fails where it does not.
    pub fn check(&self, query: Option<&str>) -> Result<()> {
        const OPERATION: &str = "acquire";
        let mut session = self.session(OPERATION)?;
        if session.is_dead() {
            let message = "the connection is lost";
            return Err(Error::new(ErrorKind::Connection, OPERATION, message));
        }
        if let Some(query) = query {
            let width = session.dbms.statement_bytes_min;
            session.run(OPERATION, &format!("{query:width$}"))?;
            session.end_own_work()?;
        }
        Ok(())
    }

    /// The query that tells whether it still answers, where asking the driver does not.
    pub fn default_query(&self) -> Option<&'static str> {
        self.shared.dbms.liveness_query
    }

    /// Ends it for good.
    pub fn disconnect(self) {
        // Nobody is left to hear of a failure.
        let _ = self.shared.close();
    }

    fn session(&self, operation: &'static str) -> Result<super::SessionGuard<'_>> {
        self.shared.session(operation)
    }
}
