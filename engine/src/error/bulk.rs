//! What became of the rows of a bulk insert that failed.

use serde::Serialize;

use super::ErrorDetails;

/// What became of the rows of a bulk insert that failed: what is in the table, what is not, why.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BulkPartialFailure {
    /// The rows that are committed, or, within a transaction of the caller's, none.
    pub committed: u64,
    /// The rows that were read and are not committed.
    pub not_committed: u64,
    /// Whether all rows were read; otherwise none behind `committed` + `not_committed` is in the
    /// table.
    pub all_read: bool,
    /// The rows that were read and are not committed, as ranges: the first row of each, counted
    /// from 0, and the one behind its last. The first thousand ranges.
    pub ranges_not_committed: Vec<(u64, u64)>,
    /// What each worker did, where there were several.
    pub workers: Vec<BulkWorker>,
}

/// What one of the workers of a bulk insert did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BulkWorker {
    /// The rows that it committed.
    pub committed: u64,
    /// The rows that it was given and did not commit.
    pub not_committed: u64,
    /// What it met, in its order: the first hundred.
    pub errors: Vec<ErrorDetails>,
}

impl BulkPartialFailure {
    const RANGES_MAX: usize = 1000;

    /// The report of rows of which those in these ranges are committed.
    pub(crate) fn new(read: u64, all_read: bool, mut committed: Vec<(u64, u64)>) -> Self {
        committed.sort_unstable();
        let mut ranges_not_committed = Vec::new();
        let mut next = 0;
        for (begin, end) in committed.iter().copied().chain([(read, read)]) {
            if next < begin && ranges_not_committed.len() < Self::RANGES_MAX {
                ranges_not_committed.push((next, begin));
            }
            next = next.max(end);
        }
        let committed = committed.iter().map(|(begin, end)| end - begin).sum();
        let workers = Vec::new();
        Self { committed, not_committed: read - committed, all_read, ranges_not_committed, workers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_committed_is_what_lies_between() {
        let report = BulkPartialFailure::new(100, true, vec![(40, 60), (0, 20), (20, 30)]);
        assert_eq!((report.committed, report.not_committed), (50, 50));
        assert_eq!(report.ranges_not_committed, [(30, 40), (60, 100)]);
        let report = BulkPartialFailure::new(5, true, vec![(0, 5)]);
        assert_eq!((report.committed, report.ranges_not_committed.len()), (5, 0));
        let report = BulkPartialFailure::new(0, false, vec![]);
        assert_eq!((report.not_committed, report.ranges_not_committed.len()), (0, 0));
    }
}
