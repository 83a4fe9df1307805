//! How one learns whether what a driver keeps of a query still fits its tables.

/// How one learns whether the types that a driver keeps with a prepared query are right still.
#[derive(Debug)]
pub(crate) struct StickingTypes {
    /// A query whose answer changes whenever the tables do.
    pub schema_version: &'static str,
    /// One for the same that makes the session look at the tables where that has changed.
    pub loading_version: &'static str,
    /// What a text has, in lower case, that attaches another database or detaches it.
    pub attaching: &'static str,
    /// A query for the names, quoted and divided by U+001F, of those that are attached.
    pub attached: &'static str,
    /// What `schema_version` is for the one of the name `{}`.
    pub attached_version: &'static str,
    /// A query that makes the session look at its tables.
    pub loading_attached: &'static str,
    /// A query that gives 1 where no value decides the type of a column of the table `{}`.
    pub is_typed: &'static str,
    pub file: LocalFile,
}

/// The file that a local database is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalFile {
    /// A query for its path.
    pub path: &'static str,
    /// A query that gives 1 where the database is changed by writing this file and no other.
    pub is_whole: &'static str,
}
