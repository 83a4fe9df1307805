//! What a caller may set of a bulk insert.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::OPERATION;
use crate::{
    error::Result,
    options::{boolean, from_members, integer, invalid, object, range},
};

/// What becomes of the table, by ADBC's names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkMode {
    /// The table is there.
    #[default]
    Append,
    /// It is made of the rows' schema; one of its name is an error.
    Create,
    /// One of its name is dropped, and it is made anew.
    Replace,
    /// It is made where there is none of its name.
    CreateAppend,
}

/// How the rows are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkStrategy {
    /// What is fastest on the database for these columns.
    #[default]
    Auto,
    /// Arrays of parameters.
    Array,
    /// INSERT with many rows of VALUES.
    MultiRow,
    /// Arrays as text, which the server unnests; on PostgreSQL.
    Unnest,
    /// INSERT of each row.
    Row,
}

/// How to insert many rows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BulkOptions {
    /// What becomes of the table; it is appended to unless set.
    pub mode: BulkMode,
    /// How the rows are sent; the fastest way unless set.
    pub strategy: BulkStrategy,
    /// Commit whenever this many rows were written, at least 1; unless set, all rows are written
    /// or none.
    pub commit_every_rows: Option<u64>,
    /// The most rows that are sent at once, 1 to 1,000,000; by the database unless set.
    pub chunk_rows: Option<usize>,
    /// Whether to look for the row at fault after a failure, by sending parts of the failing rows
    /// again; on unless set.
    pub find_bad_row: bool,
    /// The columns of the table, one for each column of the rows, in their order; unless set, they
    /// have the same names.
    pub columns: Option<Vec<String>>,
    /// The table's schema, as an exact name; unless set, one may stand before the table's name.
    pub schema: Option<String>,
    /// The table's catalog, as an exact name.
    pub catalog: Option<String>,
}

impl Default for BulkOptions {
    fn default() -> Self {
        Self {
            mode: BulkMode::default(),
            strategy: BulkStrategy::default(),
            commit_every_rows: None,
            chunk_rows: None,
            find_bad_row: true,
            columns: None,
            schema: None,
            catalog: None,
        }
    }
}

impl BulkOptions {
    const CHUNK_ROWS_MAX: usize = 1_000_000;

    /// Reads the options from a JSON object; empty text means the defaults.
    pub fn from_json(json: &str) -> Result<Self> {
        Self::from_members(object(json, OPERATION)?)
    }

    fn from_members(members: Map<String, Value>) -> Result<Self> {
        let options: Self = from_members(members, OPERATION)?;
        options.check()?;
        Ok(options)
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.commit_every_rows == Some(0) {
            let message = "option \"commit_every_rows\" must be at least 1";
            return Err(invalid(OPERATION, message.to_owned()));
        }
        if self.chunk_rows.is_some_and(|rows| !(1..=Self::CHUNK_ROWS_MAX).contains(&rows)) {
            let message = format!("option \"chunk_rows\" must be 1 to {}", Self::CHUNK_ROWS_MAX);
            return Err(invalid(OPERATION, message));
        }
        Ok(())
    }
}

/// How to insert many rows over several connections of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkParallelOptions {
    /// How each worker inserts. `commit_every_rows` is counted by each.
    pub bulk: BulkOptions,
    /// How many connections insert at once, to 1,000: at most `size_max` of the pool. One, or 0, is
    /// an insert on a single connection. Unless set, 4, or as many as the pool may have.
    pub parallelism: Option<usize>,
    /// Whether the first failure stops all workers, and undoes what they have not committed; on
    /// unless set. Otherwise only the pieces of at most `chunk_rows` rows that fail are left out,
    /// and the error tells which.
    pub stop_on_error: bool,
}

impl Default for BulkParallelOptions {
    fn default() -> Self {
        Self { bulk: BulkOptions::default(), parallelism: None, stop_on_error: true }
    }
}

impl BulkParallelOptions {
    /// The workers unless they are asked for.
    pub(super) const UNASKED: usize = 4;

    /// Reads the options from a JSON object; empty text means the defaults.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut members = object(json, OPERATION)?;
        let mut options = Self::default();
        if let Some(value) = members.remove("parallelism").filter(|value| !value.is_null()) {
            options.parallelism = Some(integer(OPERATION, "parallelism", &value)?);
        }
        if let Some(value) = members.remove("stop_on_error") {
            options.stop_on_error = boolean(OPERATION, "stop_on_error", &value)?;
        }
        options.bulk = BulkOptions::from_members(members)?;
        options.check()?;
        Ok(options)
    }

    pub(super) fn check(&self) -> Result<()> {
        range(OPERATION, "parallelism", self.parallelism.unwrap_or(1), 0, 1000)?;
        self.bulk.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn options_are_read_by_their_names() {
        assert_eq!(BulkOptions::from_json("").unwrap(), BulkOptions::default());
        let json = r#"{"mode": "create_append", "strategy": "multi_row", "commit_every_rows": 10,
                       "chunk_rows": 1000000, "find_bad_row": false, "columns": ["a"]}"#;
        let options = BulkOptions::from_json(json).unwrap();
        assert_eq!(options.mode, BulkMode::CreateAppend);
        assert_eq!(options.strategy, BulkStrategy::MultiRow);
        assert_eq!((options.commit_every_rows, options.find_bad_row), (Some(10), false));
        assert_eq!(options.columns.unwrap(), ["a"]);
    }

    #[test]
    fn options_of_several_workers_are_read_beside_those_of_each() {
        let json = r#"{"parallelism": 3, "stop_on_error": false, "chunk_rows": 10}"#;
        let options = BulkParallelOptions::from_json(json).unwrap();
        assert_eq!((options.parallelism, options.stop_on_error), (Some(3), false));
        assert_eq!(options.bulk.chunk_rows, Some(10));
        assert!(BulkParallelOptions::from_json(r#"{"parallelism": 0}"#).is_ok());
        assert!(BulkParallelOptions::from_json(r#"{"parallelism": 1000}"#).is_ok());
        for (json, named) in [
            (r#"{"parallelism": 1001}"#, "parallelism"),
            (r#"{"parallelism": -1}"#, "parallelism"),
            (r#"{"stop_on_error": 1}"#, "stop_on_error"),
            (r#"{"workers": 1}"#, "workers"),
            (r#"{"chunk_rows": 0}"#, "chunk_rows"),
        ] {
            let error = BulkParallelOptions::from_json(json).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{json}");
            assert!(error.message.contains(named), "{json}: {}", error.message);
        }
    }

    #[test]
    fn bad_options_are_named() {
        for (json, named) in [
            (r#"{"modus": "append"}"#, "modus"),
            (r#"{"mode": "upsert"}"#, "\"mode\""),
            (r#"{"mode": null}"#, "\"mode\""),
            (r#"{"find_bad_row": 1}"#, "find_bad_row"),
            (r#"{"commit_every_rows": 0}"#, "commit_every_rows"),
            (r#"{"chunk_rows": 0}"#, "chunk_rows"),
            (r#"{"chunk_rows": 1000001}"#, "chunk_rows"),
            ("[]", "JSON object"),
        ] {
            let error = BulkOptions::from_json(json).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{json}");
            assert!(error.message.contains(named), "{json}: {}", error.message);
        }
    }
}
