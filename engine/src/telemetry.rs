//! Spans and metrics of what the engine does, by the API of OpenTelemetry and its conventions for
//! databases.
//!
//! The engine exports nothing itself: it uses the global providers of the [`opentelemetry`] crate,
//! once [`start`] is called.

mod describe;
mod instruments;
mod operation;
mod parent;
mod place;
mod pools;
mod reading;
mod sanitise;
mod subject;

pub use instruments::{Admits, QueryText, is_on, start, start_admitting, stop};
pub(crate) use operation::{Begun, Operation};
pub use parent::enter;
pub(crate) use parent::{Caller, is_traceparent};
pub(crate) use place::Place;
pub(crate) use pools::{Counted, PoolCounts, PoolPlace};
pub(crate) use reading::Reading;
pub(crate) use subject::Subject;

pub use opentelemetry;
