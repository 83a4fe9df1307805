//! Reading one value of any length by SQLGetData.

use odbc_api::sys::{NO_TOTAL, NULL_DATA, SQLGetData};

use crate::{
    error::{Error, ErrorKind, Result},
    handle::{Context, Outcome, StatementHandle},
    types::Binding,
};

pub(super) fn too_long(bytes_max: usize, context: Context) -> Error {
    let message = format!("the value is longer than column_bytes_max, which is {bytes_max}");
    Error::new(ErrorKind::Limit, context.operation, message)
}

/// Reads the value of a column (counted from 1) of the current row; None where it is NULL.
///
/// `length` is the value's length in bytes where that is known; `bytes_max` is the most that it may
/// take in the batch, which for UTF-16 shows only there. The read ends at the first call
/// that leaves nothing, since sqliteodbc 0.9998 would answer the same value again for ever.
pub(super) fn read(
    statement: &StatementHandle,
    number: u16,
    binding: Binding,
    length: Option<usize>,
    bytes_max: usize,
    context: Context,
) -> Result<Option<Vec<u8>>> {
    let too_long = || too_long(bytes_max, context);
    let bytes_max = binding.bytes_max(bytes_max);
    let terminator = binding.terminator_bytes;
    let mut value = Vec::new();
    let mut room = length.unwrap_or(binding.cell_bytes - terminator);
    loop {
        if length.is_some_and(|length| length > bytes_max) || value.len() > bytes_max {
            return Err(too_long());
        }
        let start = value.len();
        value.resize(start + room + terminator, 0);
        let mut indicator = NULL_DATA;
        // SAFETY: The buffer is `room` and a terminator long, and outlives the call.
        let returned = unsafe {
            SQLGetData(
                statement.as_sys(),
                number,
                binding.c_type,
                value[start..].as_mut_ptr().cast(),
                (room + terminator) as isize,
                &mut indicator,
            )
        };
        let outcome = statement.check(returned, context)?;
        if outcome == Outcome::NoData {
            value.truncate(start);
            break;
        }
        if indicator == NULL_DATA {
            return Ok(None);
        }
        match usize::try_from(indicator) {
            Ok(left) if left <= room => {
                value.truncate(start + left);
                break;
            }
            Ok(left) => {
                value.truncate(start + room);
                room = left - room;
                if value.len() + room > bytes_max {
                    return Err(too_long());
                }
            }
            Err(_) if indicator == NO_TOTAL => {
                value.truncate(start + room);
                room = value.len();
            }
            Err(_) => {
                let message = format!("the driver gives {indicator} for the length of a value");
                return Err(Error::new(ErrorKind::Driver, context.operation, message));
            }
        }
    }
    if value.len() > bytes_max { Err(too_long()) } else { Ok(Some(value)) }
}
