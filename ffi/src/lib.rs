//! The C ABI of odbc_engine.
//!
//! Every export is named `odbc_<noun>_<verb>` or `otel_<verb>`, its body is one call of [`guard::guard`], and what
//! it takes and gives is described in `include/odbc_engine.h`, which is generated from here.

// Every export documents in its prose what its pointers must be.
#![allow(clippy::missing_safety_doc)]

mod arguments;
mod arrow;
mod catalog;
mod connection;
mod connection_string;
mod error;
mod export;
mod guard;
mod handle;
mod insert;
mod lent;
mod metrics;
mod otel;
mod pool;
mod procedure;
mod rows;
mod schema_number;
mod several;
mod statement;
mod stream;
mod text;
mod version;
