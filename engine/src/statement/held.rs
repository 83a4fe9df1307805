//! Results that were read into memory before they were asked for.

use std::collections::VecDeque;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::Execution;

/// One result with its rows.
pub(crate) struct HeldResult {
    pub execution: Execution,
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

/// The results of an execution, the present one first.
pub(super) struct HeldResults(VecDeque<HeldResult>);

impl HeldResults {
    pub fn new(results: Vec<HeldResult>) -> Self {
        Self(results.into())
    }

    /// What the present result is, if there is one.
    pub fn execution(&self) -> Option<&Execution> {
        self.0.front().map(|result| &result.execution)
    }

    /// Forgets the present result.
    pub fn advance(&mut self) {
        self.0.pop_front();
    }

    /// The present result's columns and rows; the rows are given once.
    pub fn take_rows(&mut self) -> Option<(SchemaRef, VecDeque<RecordBatch>)> {
        let result = self.0.front_mut().filter(|result| result.execution.column_count > 0)?;
        Some((result.schema.clone(), std::mem::take(&mut result.batches).into()))
    }
}
