//! The private native module of the Python package: it translates, the engine decides.

mod arrow;
mod batch;
mod connection;
mod decimal;
mod enter;
mod exceptions;
mod insert;
mod interrupt;
mod parameters;
mod pool;
mod process;
mod rows;
mod statement;
mod stream;
mod telemetry;
mod temporal;
#[cfg(debug_assertions)]
mod testing;
mod uuid;
mod value;

#[pyo3::pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::batch::Batch;
    #[pymodule_export]
    use crate::connection::{Calling, Connection};
    #[pymodule_export]
    use crate::exceptions::{invalid_argument, invalid_state, unsupported};
    #[pymodule_export]
    use crate::pool::Pool;
    #[pymodule_export]
    use crate::process::{
        clear_all_statements, connection_string_build, connection_string_parse,
        connection_string_redact, metrics, reset_metrics,
    };
    #[pymodule_export]
    use crate::statement::Statement;
    #[pymodule_export]
    use crate::stream::Stream;
    #[pymodule_export]
    use crate::telemetry::{
        otel_cleanup, otel_export_trace, otel_init, otel_is_on, otel_is_sampled, otel_last_error,
        otel_shutdown, otel_take_finished,
    };
    #[cfg(debug_assertions)]
    #[pymodule_export]
    use crate::testing::{batch_of_capsules, panic_in_engine};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::exceptions::register(module)?;
        module.add("__version__", odbc_engine::version())
    }
}
