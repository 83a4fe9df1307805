//! Dates, times and timestamps.

use std::cell::LazyCell;

use arrow_array::{
    ArrowPrimitiveType,
    types::{
        Date32Type, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    },
};
use arrow_schema::{DataType, Field, TimeUnit};
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use odbc_api::sys::CDataType;

use super::{
    Binding, Cells, Column,
    cells::{not_a, trimmed},
    primitive::{Primitive, Verification},
};

/// Days from 0001-01-01, which chrono counts from 1, to 1970-01-01.
const DAYS_TO_EPOCH: i32 = 719_163;

/// How the cells of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Text,
    /// ODBC's structs.
    Struct,
    /// ODBC's structs, but text once there is a NULL, which may stand for a value that they cannot
    /// hold.
    StructOrText,
    /// ODBC's structs, of which today's date at midnight is verified.
    StructVerified,
}

pub(super) fn date(field: Field, source: Source, text: Binding) -> Box<dyn Column> {
    let of_text = |field| {
        primitive::<Date32Type>(field, text, |text| {
            Some(days(parse_date(std::str::from_utf8(trimmed(text)).ok()?)?))
        })
    };
    let of_struct = |field| {
        let binding = Binding::fixed(CDataType::TypeDate, 6);
        primitive::<Date32Type>(field, binding, |cell| Some(days(struct_date(cell)?)))
    };
    from_source(field, source, of_text, of_struct)
}

/// SQL_C_TYPE_TIME has no fraction, so a time is always read as text.
pub(super) fn time(field: Field, binding: Binding) -> Box<dyn Column> {
    let read = |text: &[u8]| parse_time(std::str::from_utf8(trimmed(text)).ok()?);
    match field.data_type() {
        DataType::Time64(TimeUnit::Nanosecond) => {
            Box::new(primitive::<Time64NanosecondType>(field, binding, move |text| {
                time_units::<1_000_000_000>(read(text)?)
            }))
        }
        _ => Box::new(primitive::<Time64MicrosecondType>(field, binding, move |text| {
            time_units::<1_000_000>(read(text)?)
        })),
    }
}

pub(super) fn timestamp(field: Field, source: Source, text: Binding) -> Box<dyn Column> {
    match field.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            timestamp_of::<TimestampSecondType, 1>(field, source, text)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            timestamp_of::<TimestampMillisecondType, 1_000>(field, source, text)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            timestamp_of::<TimestampNanosecondType, 1_000_000_000>(field, source, text)
        }
        _ => timestamp_of::<TimestampMicrosecondType, 1_000_000>(field, source, text),
    }
}

fn timestamp_of<T: ArrowPrimitiveType<Native = i64>, const PER_SECOND: i64>(
    field: Field,
    source: Source,
    text: Binding,
) -> Box<dyn Column> {
    let of_text = |field| {
        primitive::<T>(field, text, |text| timestamp_units::<PER_SECOND>(text_timestamp(text)?))
    };
    let of_struct = |field| {
        let binding = Binding::fixed(CDataType::TypeTimestamp, 16);
        primitive::<T>(field, binding, |cell| {
            timestamp_units::<PER_SECOND>(struct_timestamp(cell)?)
        })
    };
    from_source(field, source, of_text, of_struct)
}

fn from_source<T: ArrowPrimitiveType>(
    field: Field,
    source: Source,
    of_text: impl Fn(Field) -> Primitive<T>,
    of_struct: impl Fn(Field) -> Primitive<T>,
) -> Box<dyn Column> {
    Box::new(match source {
        Source::Text => of_text(field),
        Source::Struct => of_struct(field),
        Source::StructOrText => of_struct(field.clone()).or_exact(of_text(field)),
        Source::StructVerified => of_struct(field)
            .verified(Verification { suspects: doubtful_midnights, verifies: is_timestamp }),
    })
}

fn primitive<T: ArrowPrimitiveType>(
    field: Field,
    binding: Binding,
    read: impl Fn(&[u8]) -> Option<T::Native> + Send + 'static,
) -> Primitive<T> {
    let name = field.data_type().to_string();
    let is_text = binding.variable;
    Primitive::new(field, binding, move |cells, values| {
        values.append_read(cells, &read, |cell| match is_text {
            true => not_a(&name, cell),
            false => format!("the value does not fit a column of type {name}"),
        })
    })
}

fn text_timestamp(text: &[u8]) -> Option<NaiveDateTime> {
    let text = trimmed(text);
    parse_plain_timestamp(text).or_else(|| parse_timestamp(std::str::from_utf8(text).ok()?))
}

fn is_timestamp(text: &[u8]) -> bool {
    text_timestamp(text).is_some()
}

/// The rows with midnight on this day of any year, wherever on earth, or before the common era,
/// which is how psqlodbc 13.02 gives -infinity.
fn doubtful_midnights(cells: &Cells<'_>) -> Vec<usize> {
    // SQL_TIMESTAMP_STRUCT has the time of the day behind six bytes of the date.
    let at_midnight = |cell: &i128| cell.to_ne_bytes()[6..] == [0; 10];
    let midnights = cells.fixed::<i128>().iter().enumerate().filter(|(_, cell)| at_midnight(cell));
    let now = LazyCell::new(|| chrono::Utc::now().date_naive());
    let is_doubtful = |(row, cell): (usize, &i128)| {
        let date = struct_date(&cell.to_ne_bytes())?;
        let same = |days| {
            let day = *now + TimeDelta::days(days);
            (day.month(), day.day()) == (date.month(), date.day())
        };
        let doubtful = date.year() < 1 || [-1, 0, 1].into_iter().any(same);
        (doubtful && cells.bytes(row).is_some()).then_some(row)
    };
    midnights.filter_map(is_doubtful).collect()
}

fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - DAYS_TO_EPOCH
}

/// Reads SQL_DATE_STRUCT.
fn struct_date(cell: &[u8]) -> Option<NaiveDate> {
    let pair = |at: usize| [cell[at], cell[at + 1]];
    // psqlodbc 13.02 counts the years before Christ from -1, as nobody else gives any; Arrow has a 0.
    let year = match i32::from(i16::from_ne_bytes(pair(0))) {
        year @ ..0 => year + 1,
        year => year,
    };
    let month = u16::from_ne_bytes(pair(2)).into();
    NaiveDate::from_ymd_opt(year, month, u16::from_ne_bytes(pair(4)).into())
}

/// Reads SQL_TIMESTAMP_STRUCT, whose fraction counts nanoseconds.
fn struct_timestamp(cell: &[u8]) -> Option<NaiveDateTime> {
    let field = |at: usize| u32::from(u16::from_ne_bytes([cell[at], cell[at + 1]]));
    let nanoseconds = u32::from_ne_bytes(cell[12..16].try_into().ok()?);
    let time = NaiveTime::from_hms_nano_opt(field(6), field(8), field(10), nanoseconds)?;
    Some(struct_date(cell)?.and_time(time))
}

/// Reads "[-]YYYY-MM-DD".
fn parse_date(text: &str) -> Option<NaiveDate> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parts = digits.splitn(3, '-');
    let year = number(parts.next()?, 4..=6)? as i32;
    let month = number(parts.next()?, 2..=2)?;
    let day = number(parts.next()?, 2..=2)?;
    NaiveDate::from_ymd_opt(if negative { -year } else { year }, month, day)
}

/// Reads "HH:MM[:SS[.fraction]]" with up to nine digits of fraction.
fn parse_time(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let hour = number(parts.next()?, 2..=2)?;
    let minute = number(parts.next()?, 2..=2)?;
    let second = parts.next().map_or(Some(0), |part| number(part, 2..=2))?;
    if parts.next().is_some() || (fraction.is_empty() && text.contains('.')) {
        return None;
    }
    let nanoseconds = if fraction.is_empty() {
        0
    } else {
        number(fraction, 1..=9)? * 10u32.pow(9 - fraction.len() as u32)
    };
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanoseconds)
}

/// Reads "YYYY-MM-DD HH:MM:SS[.fraction]", which nearly all timestamps look like.
fn parse_plain_timestamp(text: &[u8]) -> Option<NaiveDateTime> {
    let (moment, fraction) = text.split_at_checked(19)?;
    let signs = [moment[4], moment[7], moment[10], moment[13], moment[16]];
    if signs != *b"-- ::" {
        return None;
    }
    let two = |at: usize| digits(&moment[at..at + 2]);
    let date = NaiveDate::from_ymd_opt(digits(&moment[..4])? as i32, two(5)?, two(8)?)?;
    let nanoseconds = match fraction {
        [] => 0,
        [b'.', fraction @ ..] if (1..=9).contains(&fraction.len()) => {
            digits(fraction)? * 10u32.pow(9 - fraction.len() as u32)
        }
        _ => return None,
    };
    Some(date.and_time(NaiveTime::from_hms_nano_opt(two(11)?, two(14)?, two(17)?, nanoseconds)?))
}

/// Reads up to nine digits.
fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| sum * 10 + u32::from(digit))
    })
}

/// Reads a date, then "T" or a space and a time, then perhaps an offset from UTC.
fn parse_timestamp(text: &str) -> Option<NaiveDateTime> {
    if let Some(counted) = text.strip_suffix(" BC") {
        return parse_timestamp(&counted_from_zero(counted)?);
    }
    let Some(at) = text.find([' ', 'T']) else {
        return Some(parse_date(text)?.and_time(NaiveTime::MIN));
    };
    let date = parse_date(&text[..at])?;
    let rest = text[at + 1..].trim_start();
    let (clock, offset) = match rest.find(['+', '-', 'Z', ' ']) {
        Some(at) => (&rest[..at], rest[at..].trim_start()),
        None => (rest, ""),
    };
    let local = date.and_time(parse_time(clock)?);
    match offset {
        "" | "Z" => Some(local),
        _ => local.checked_sub_signed(parse_offset(offset)?),
    }
}

/// A timestamp of a year before Christ with the year as Arrow counts it; psqlodbc 13.02 gives
/// -infinity as one before PostgreSQL's first.
fn counted_from_zero(before_christ: &str) -> Option<String> {
    const FIRST_YEAR: u32 = 4713;
    let (year, rest) = before_christ.split_once('-')?;
    let year = number(year, 4..=4).filter(|year| (1..=FIRST_YEAR).contains(year))?;
    Some(format!("-{:04}-{rest}", year - 1))
}

/// Reads "+HH", "+HHMM" or "+HH:MM".
fn parse_offset(text: &str) -> Option<TimeDelta> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let digits = digits.replacen(':', "", 1);
    let minutes = match digits.len() {
        2 => number(&digits, 2..=2)? * 60,
        4 => number(&digits[..2], 2..=2)? * 60 + number(&digits[2..], 2..=2)?,
        _ => return None,
    };
    TimeDelta::try_minutes(sign * i64::from(minutes))
}

fn number(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let well_formed = lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if well_formed { text.parse().ok() } else { None }
}

fn time_units<const PER_SECOND: i64>(time: NaiveTime) -> Option<i64> {
    let seconds = i64::from(time.num_seconds_from_midnight());
    units::<PER_SECOND>(seconds, time.nanosecond())
}

fn timestamp_units<const PER_SECOND: i64>(value: NaiveDateTime) -> Option<i64> {
    let utc = value.and_utc();
    units::<PER_SECOND>(utc.timestamp(), utc.timestamp_subsec_nanos())
}

/// Counts in a unit; None where that would lose a digit or overflow. The unit is known when this is
/// compiled, since dividing by a number that is not takes longer than all the rest.
fn units<const PER_SECOND: i64>(seconds: i64, nanoseconds: u32) -> Option<i64> {
    let nanoseconds_per_unit = 1_000_000_000 / PER_SECOND;
    let nanoseconds = i64::from(nanoseconds);
    if nanoseconds % nanoseconds_per_unit != 0 {
        return None;
    }
    // In 128 bits, so that the first representable nanoseconds do not overflow on the way.
    let total = i128::from(seconds) * i128::from(PER_SECOND)
        + i128::from(nanoseconds / nanoseconds_per_unit);
    i64::try_from(total).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<i64> {
        let value = parse_timestamp(text)?;
        if let Some(plain) = parse_plain_timestamp(text.as_bytes()) {
            assert_eq!(plain, value, "{text}");
        }
        timestamp_units::<1_000_000>(value)
    }

    #[test]
    fn timestamps_keep_their_fraction_and_offset() {
        assert_eq!(micros("1970-01-01 00:00:00.000001"), Some(1));
        assert_eq!(micros("1970-01-01T00:00:01"), Some(1_000_000));
        assert_eq!(micros("1970-01-01"), Some(0));
        assert_eq!(micros("1969-12-31 23:59:59.999999"), Some(-1));
        assert_eq!(micros("1970-01-01 02:00:00 +02:00"), Some(0));
        assert_eq!(micros("1970-01-01 00:00:00.1234567"), None);
        assert_eq!(micros("0044-03-15 01:02:03 BC"), Some(-63_517_820_277_000_000));
        assert!(micros("0005-02-29 00:00:00.5 BC").is_some());
        assert_eq!(micros("1970-01-01 00:00:00.1230000"), Some(123_000));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "0000-00-00",
            "2023-02-29",
            "2023-2-1",
            "20230201",
            "now",
            "",
            "2023-01-01x",
            "1234-00-00",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        for text in ["24:00:00", "-01:00:00", "838:59:59", "12", "12:00:00.", "12:00:00.1234567890"]
        {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(micros("9999-01-01 00:00:00 BC"), None);
        assert_eq!(micros("2023-01-01 25:00:00"), None);
        assert_eq!(micros("2023-01-01 10:00:00+99:99x"), None);
    }

    #[test]
    fn structs_hold_what_text_holds() {
        let date = [2024i16.to_ne_bytes(), 2u16.to_ne_bytes(), 29u16.to_ne_bytes()].concat();
        assert_eq!(struct_date(&date), parse_date("2024-02-29"));
        let time = [23u16, 59, 58].map(u16::to_ne_bytes).concat();
        let cell = [date, time, 123_456_789u32.to_ne_bytes().to_vec()].concat();
        assert_eq!(struct_timestamp(&cell), parse_timestamp("2024-02-29 23:59:58.123456789"));
    }
}
