//! Typed, exact and stoppable access to databases over ODBC, with Arrow in and out.
//!
//! ```no_run
//! use odbc_engine::{Connection, ConnectionOptions, Parameters, StreamOptions};
//!
//! # fn main() -> odbc_engine::Result<()> {
//! let connection =
//!     Connection::open("Driver=SQLite3;Database=:memory:", &ConnectionOptions::default())?;
//! let stream =
//!     connection.query("SELECT 1 AS one", &Parameters::none(), &StreamOptions::default())?;
//! while let Some(batch) = stream.fetch()? {
//!     println!("{} rows", batch.num_rows());
//! }
//! # Ok(())
//! # }
//! ```

mod cancel;
mod catalog;
mod connection;
mod dbms;
mod environment;
mod error;
mod fetch;
mod handle;
mod identifier;
mod insert;
mod metrics;
mod options;
mod parameters;
mod pool;
mod procedure;
mod several;
mod sql;
mod statement;
mod stream;
pub mod telemetry;
mod types;

pub use arrow_array;
pub use arrow_schema;

pub use cancel::CancelHandle;
pub use catalog::{CatalogFunction, CatalogQuery};
pub use connection::{
    Cancel, Capabilities, Connection, ConnectionInfo, ConnectionString, Isolation, Streaming,
    TransactionOptions, clear_all_statements,
};
pub use error::{
    BulkPartialFailure, BulkWorker, Diagnostic, Error, ErrorDetails, ErrorKind, Result,
};
pub use insert::{BulkMode, BulkOptions, BulkParallelOptions, BulkResult, BulkStrategy};
pub use metrics::{Latency, Metrics, metrics, reset_metrics};
pub use options::{ConnectionOptions, StreamOptions};
pub use parameters::Parameters;
pub use pool::{Pool, PoolClosed, PoolOptions, PoolState};
pub use procedure::{CallOptions, ProcedureCall};
pub use several::{PageOptions, PartitionOptions};
pub use statement::{Execution, Statement};
pub use stream::{Progress, Stream};

/// The README's example, compiled and run by `cargo test --doc`.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The version of this engine.
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
