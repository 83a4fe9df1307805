//! Finding the row that a database refuses, among those of a chunk.

use super::{plan::Plan, run::Inserter, source::Piece};
use crate::error::{Error, ErrorKind, Result};

/// The same failure, naming its row where that is found. The transaction is as it was before the
/// piece, or is to be rolled back.
pub(super) fn find_bad_row(
    inserter: &Inserter,
    plan: &Plan,
    piece: &Piece,
    failure: Error,
) -> Error {
    if !is_of_a_row(&failure) || failure.row.is_some() || !inserter.finds_bad_row() {
        return failure;
    }
    match inserter.undo().and_then(|()| search(inserter, plan, piece)) {
        Ok(Some(found)) => found,
        Ok(None) | Err(_) => failure,
    }
}

/// Whether a row may be at fault: other failures would meet any.
pub(super) fn is_of_a_row(failure: &Error) -> bool {
    match failure.kind {
        ErrorKind::Constraint | ErrorKind::Data | ErrorKind::Truncated | ErrorKind::Driver => true,
        // A value that is too long for an index, or a row for a packet.
        ErrorKind::Limit => failure.row.is_some() || failure.sqlstate.as_deref() == Some("54000"),
        _ => false,
    }
}

/// The same failure, naming its row where that is found, behind a savepoint: the transaction is as
/// it was before the piece, and is so again.
pub(super) fn name_bad_row(
    inserter: &Inserter,
    plan: &Plan,
    piece: &Piece,
    failure: Error,
) -> Result<Error> {
    const PIECE: &str = "odbc_engine_piece";
    inserter.session()?.savepoint(PIECE)?;
    let found = search(inserter, plan, piece);
    let mut session = inserter.session()?;
    session.rollback_to_savepoint(PIECE)?;
    session.release_savepoint(PIECE)?;
    Ok(found.ok().flatten().unwrap_or(failure))
}

/// Sends parts of the rows again, half of them each time: those before the first bad one stay.
fn search(inserter: &Inserter, plan: &Plan, piece: &Piece) -> Result<Option<Error>> {
    let part = |begin: usize, end: usize| Piece {
        first_row: piece.first_row + begin as u64,
        batch: piece.batch.slice(begin, end - begin),
    };
    let (mut begin, mut end) = (0, piece.batch.num_rows());
    while end - begin > 1 {
        let middle = begin + (end - begin) / 2;
        let chunk = plan.encode(&part(begin, middle))?;
        match inserter.write(plan, &chunk, true) {
            Ok(_) => begin = middle,
            Err(_) => {
                inserter.undo()?;
                end = middle;
            }
        }
    }
    let row = part(begin, end);
    let refused = inserter.write(plan, &plan.encode(&row)?, true).err();
    // A row that goes in alone was not what failed.
    Ok(refused.map(|error| error.in_row(row.first_row)))
}
