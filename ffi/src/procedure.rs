//! Calls of procedures.

use std::ffi::c_char;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};

use crate::{
    arguments::{output, text},
    arrow,
    error::OdbcError,
    export,
    guard::guard,
    handle::{CONNECTIONS, OdbcHandle, STATEMENTS},
    statement::OdbcExecution,
};

/// Calls a procedure or function by its name, which is an identifier as SQL writes it, with its
/// schema before a dot if need be.
///
/// Parameters are given as for odbc_statement_execute, one for each parameter of the procedure by
/// position or by name; an output parameter wants a value too, such as NULL. The call releases
/// both structs, also when it fails.
///
/// `outputs_schema` and `outputs` become a struct array, which the caller releases: one row with
/// a child for each output and in/out parameter, or no children where there is none. `statement`
/// has the results of the procedure, the first of which `execution` describes. Where there are
/// outputs, the results were read into memory. A function's value is its result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn odbc_procedure_call(
    connection: OdbcHandle,
    name: *const c_char,
    name_length: u64,
    parameters_schema: *mut FFI_ArrowSchema,
    parameters: *mut FFI_ArrowArray,
    outputs_schema: *mut FFI_ArrowSchema,
    outputs: *mut FFI_ArrowArray,
    statement: *mut OdbcHandle,
    execution: *mut OdbcExecution,
    error: *mut OdbcError,
) -> i32 {
    guard(error, || {
        // SAFETY: The header asks for structs of the Arrow C Data Interface.
        let parameters = unsafe { arrow::parameters(parameters_schema, parameters) };
        // SAFETY: The header asks for a text of this length.
        let name = unsafe { text("name", name, name_length) }?;
        // SAFETY: The header asks for valid places for the Arrow structs.
        let schema_place = unsafe { output("outputs_schema", outputs_schema) }?;
        // SAFETY: As above.
        let outputs_place = unsafe { output("outputs", outputs) }?;
        // SAFETY: The header asks for a valid place for a handle.
        let statement = unsafe { output("statement", statement) }?;
        // SAFETY: The header asks for a valid place for an odbc_execution.
        let execution = unsafe { output("execution", execution) }?;
        let call = CONNECTIONS.get(connection, "call")?.call(name, &parameters?)?;
        let schema = arrow::schema(&call.outputs.schema(), "call")?;
        schema_place.write(schema);
        outputs_place.write(export::batch(call.outputs));
        statement.write(STATEMENTS.insert(call.statement));
        execution.write(call.execution.into());
        Ok(())
    })
}
