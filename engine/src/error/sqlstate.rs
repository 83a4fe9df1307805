//! From SQLSTATE to kind, for what no database's own facts decide.

use super::ErrorKind;

/// Whole SQLSTATEs whose class alone would say something else.
const STATES: &[(&str, ErrorKind)] = &[
    ("01004", ErrorKind::Truncated),
    ("07002", ErrorKind::InvalidArgument),
    ("07009", ErrorKind::InvalidArgument),
    ("0A000", ErrorKind::Unsupported),
    ("24000", ErrorKind::InvalidState),
    ("40002", ErrorKind::Constraint),
    ("55P03", ErrorKind::Timeout),
    ("57014", ErrorKind::Cancelled),
    ("57P01", ErrorKind::Connection),
    ("57P02", ErrorKind::Connection),
    ("57P03", ErrorKind::Connection),
    ("HY001", ErrorKind::Limit),
    ("HY008", ErrorKind::Cancelled),
    ("HY010", ErrorKind::InvalidState),
    ("HYC00", ErrorKind::Unsupported),
    ("HYT00", ErrorKind::Timeout),
    ("HYT01", ErrorKind::Connection),
    ("IM001", ErrorKind::Unsupported),
];

/// SQLSTATE classes by ISO/IEC 9075-2, table 38, and PostgreSQL's own 53 to 58.
const CLASSES: &[(&str, ErrorKind)] = &[
    ("07", ErrorKind::InvalidArgument),
    ("08", ErrorKind::Connection),
    ("0A", ErrorKind::Unsupported),
    ("21", ErrorKind::Data),
    ("22", ErrorKind::Data),
    ("23", ErrorKind::Constraint),
    ("25", ErrorKind::Transaction),
    ("28", ErrorKind::Authentication),
    ("2D", ErrorKind::Transaction),
    ("3B", ErrorKind::Transaction),
    ("40", ErrorKind::Transaction),
    ("42", ErrorKind::Syntax),
    ("44", ErrorKind::Constraint),
    ("53", ErrorKind::Limit),
    ("54", ErrorKind::Limit),
];

/// The kind of a SQLSTATE; what nothing here names is the driver's.
pub(crate) fn kind_of(sqlstate: &str) -> ErrorKind {
    if let Some((_, kind)) = STATES.iter().find(|(state, _)| *state == sqlstate) {
        return *kind;
    }
    CLASSES
        .iter()
        .find(|(class, _)| sqlstate.starts_with(class))
        .map_or(ErrorKind::Driver, |(_, kind)| *kind)
}

/// Whether the same work may succeed when it is tried again on a working connection.
pub(crate) fn is_retryable(kind: ErrorKind, sqlstate: &str) -> bool {
    kind == ErrorKind::Connection || matches!(sqlstate, "40001" | "40P01")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_states_win_over_their_class() {
        assert_eq!(kind_of("40002"), ErrorKind::Constraint);
        assert_eq!(kind_of("40001"), ErrorKind::Transaction);
        assert_eq!(kind_of("42S02"), ErrorKind::Syntax);
        assert_eq!(kind_of("IM002"), ErrorKind::Driver);
        assert_eq!(kind_of("HY000"), ErrorKind::Driver);
        assert_eq!(kind_of(""), ErrorKind::Driver);
    }

    #[test]
    fn only_lost_connections_deadlocks_and_serialization_failures_retry() {
        assert!(is_retryable(ErrorKind::Connection, "08S01"));
        assert!(is_retryable(ErrorKind::Transaction, "40P01"));
        assert!(!is_retryable(ErrorKind::Transaction, "25006"));
        assert!(!is_retryable(ErrorKind::Syntax, "42601"));
    }
}
