//! Calls of procedures, with what they give back in their parameters.

mod signature;
mod text;

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use crate::{
    cancel::StreamFlag,
    connection::Shared,
    dbms::Procedures,
    error::{Error, ErrorKind, Result},
    identifier,
    parameters::Parameters,
    statement::{Execution, HeldResult, Statement},
};
use signature::Signature;

const OPERATION: &str = "call";

/// What a call of a procedure gave.
pub struct ProcedureCall {
    /// One row with the values of the output and in/out parameters, by their names and in their
    /// order; no columns where the procedure has none. A field's metadata has the parameter's
    /// place as `odbc.parameter`, counted from 1; 0 is what SQL Server's procedures return.
    pub outputs: RecordBatch,
    /// The results of the procedure: the first is the present one, the others come by
    /// [`Statement::next_result`].
    pub statement: Statement,
    /// What the first result is.
    pub execution: Execution,
}

/// How one procedure is called, made before it is, so that others can stop it.
#[derive(Debug, Default)]
pub struct CallOptions {
    /// How long it may take; 0 is no limit, None what the connection says.
    pub query_timeout_ms: Option<u32>,
    pub(crate) flag: StreamFlag,
}

impl CallOptions {
    /// Options of which only the time is set.
    pub fn with_timeout(query_timeout_ms: Option<u32>) -> Self {
        Self { query_timeout_ms, ..Self::default() }
    }
}

/// Calls a procedure or function with a value for each of its parameters, output parameters
/// included, whose values do not count.
pub(crate) fn call(
    shared: &Arc<Shared>,
    name: &str,
    parameters: &Parameters,
    options: &CallOptions,
) -> Result<ProcedureCall> {
    let procedures = shared.dbms.procedures;
    if procedures == Procedures::Unsupported {
        return Err(Error::new(
            ErrorKind::Unsupported,
            OPERATION,
            format!("calling procedures on {} is not supported", shared.dbms.id),
        ));
    }
    // A request that comes between the statements of a call is for all of them.
    let _job = shared.control.begin(OPERATION, None, Some(&options.flag))?;
    let signature = Signature::find(shared, name, parameters)?;
    let ordered = if parameters.is_named() {
        parameters.in_order_of(&signature.names())?
    } else {
        parameters.clone()
    };
    let quotes = shared.dbms.bulk.quotes;
    let name = identifier::parse(name, shared.dbms.syntax, OPERATION)?;
    let name = name.iter().map(|part| part.sql(quotes)).collect::<Vec<_>>().join(".");
    let statement = Statement::new(shared, &text::call(procedures, &name, &signature))?;
    if let Some(query_timeout_ms) = options.query_timeout_ms {
        statement.set_query_timeout(query_timeout_ms)?;
    }
    let passed = ordered.only(|place| signature.is_passed(place));
    let execution = statement.execute(&passed.without_names())?;
    if !signature.has_outputs(procedures) {
        let outputs = RecordBatch::new_empty(Arc::new(Schema::empty()));
        return Ok(ProcedureCall { outputs, statement, execution });
    }
    let mut results = read_all(&statement, execution)?;
    let outputs = take_outputs(&mut results, &signature)?;
    let execution = statement.hold(results)?;
    Ok(ProcedureCall { outputs, statement, execution })
}

/// Reads every result into memory, since the outputs come behind them.
fn read_all(statement: &Statement, first: Execution) -> Result<Vec<HeldResult>> {
    let mut results = Vec::new();
    let mut next = Some(first);
    while let Some(execution) = next {
        results.push(if execution.column_count == 0 {
            HeldResult { execution, schema: Arc::new(Schema::empty()), batches: Vec::new() }
        } else {
            HeldResult { execution, ..statement.read()? }
        });
        next = statement.next_result()?;
    }
    Ok(results)
}

/// The outputs are the last result that has columns; MariaDB's driver lets a bare status follow.
fn take_outputs(results: &mut Vec<HeldResult>, signature: &Signature) -> Result<RecordBatch> {
    let wrong =
        || Error::new(ErrorKind::Driver, OPERATION, "the driver gave no row with the outputs");
    let place = results.iter().rposition(|result| result.execution.column_count > 0);
    let taken = place.map(|place| results.remove(place)).ok_or_else(wrong)?;
    let [row] = taken.batches.as_slice() else { return Err(wrong()) };
    let outputs: Vec<(usize, &str)> = signature.outputs().collect();
    // Transact-SQL selects the return value before them.
    let returned = row.num_columns().checked_sub(outputs.len()).ok_or_else(wrong)?;
    if row.num_rows() != 1 || returned > 1 {
        return Err(wrong());
    }
    let named = std::iter::repeat_n((0, "return_value"), returned).chain(outputs);
    let schema = row.schema();
    let fields = named.zip(schema.fields()).map(|((position, name), field)| {
        let mut metadata = field.metadata().clone();
        metadata.insert("odbc.parameter".to_owned(), position.to_string());
        field.as_ref().clone().with_name(name).with_metadata(metadata)
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, row.columns().to_vec())
        .map_err(|error| Error::new(ErrorKind::Internal, OPERATION, error.to_string()))
}
