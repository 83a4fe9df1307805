//! Dates, times and timestamps.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Date32Array, Time64MicrosecondArray, Time64NanosecondArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
    TimestampSecondArray,
};
use arrow_schema::{DataType, Field, TimeUnit};
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use odbc_api::sys::CDataType;

use super::{Binding, CellError, Cells, Column};

/// Days from 0001-01-01, which chrono counts from 1, to 1970-01-01.
const DAYS_TO_EPOCH: i32 = 719_163;

/// How the cells of a column are read.
enum Source {
    Text,
    /// ODBC's structs.
    Struct,
}

struct Temporal {
    field: Field,
    binding: Binding,
    source: Source,
}

fn temporal(field: Field, binding: Binding, source: Source) -> Box<dyn Column> {
    Box::new(Temporal { field, binding, source })
}

pub(super) fn date(field: Field) -> Box<dyn Column> {
    temporal(field, Binding::fixed(CDataType::TypeDate, 6), Source::Struct)
}

pub(super) fn date_text(field: Field, binding: Binding) -> Box<dyn Column> {
    temporal(field, binding, Source::Text)
}

/// SQL_C_TYPE_TIME has no fraction, so a time is always read as text.
pub(super) fn time_text(field: Field, binding: Binding) -> Box<dyn Column> {
    temporal(field, binding, Source::Text)
}

pub(super) fn timestamp(field: Field) -> Box<dyn Column> {
    let binding = Binding::fixed(CDataType::TypeTimestamp, 16);
    temporal(field, binding, Source::Struct)
}

pub(super) fn timestamp_text(field: Field, binding: Binding) -> Box<dyn Column> {
    temporal(field, binding, Source::Text)
}

impl Column for Temporal {
    fn field(&self) -> Field {
        self.field.clone()
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn convert(&self, cells: &Cells<'_>) -> Result<ArrayRef, CellError> {
        match self.field.data_type() {
            DataType::Date32 => {
                let days = self.values(cells, parse_date, struct_date, |date| {
                    Some(date.num_days_from_ce() - DAYS_TO_EPOCH)
                })?;
                Ok(Arc::new(Date32Array::from(days)))
            }
            DataType::Time64(unit) => {
                let unit = *unit;
                let times = cells.parse("time", |text| time_units(parse_time(text)?, unit))?;
                Ok(match unit {
                    TimeUnit::Nanosecond => Arc::new(Time64NanosecondArray::from(times)),
                    _ => Arc::new(Time64MicrosecondArray::from(times)),
                })
            }
            DataType::Timestamp(unit, zone) => {
                let unit = *unit;
                let values = self.values(cells, parse_timestamp, struct_timestamp, |value| {
                    timestamp_units(value, unit)
                })?;
                let zone = zone.clone();
                Ok(match unit {
                    TimeUnit::Second => {
                        Arc::new(TimestampSecondArray::from(values).with_timezone_opt(zone))
                    }
                    TimeUnit::Millisecond => {
                        Arc::new(TimestampMillisecondArray::from(values).with_timezone_opt(zone))
                    }
                    TimeUnit::Microsecond => {
                        Arc::new(TimestampMicrosecondArray::from(values).with_timezone_opt(zone))
                    }
                    TimeUnit::Nanosecond => {
                        Arc::new(TimestampNanosecondArray::from(values).with_timezone_opt(zone))
                    }
                })
            }
            other => unreachable!("{other} is not a temporal type"),
        }
    }
}

impl Temporal {
    /// Reads every cell as a `T`, by text or by struct, and counts it in the column's unit.
    fn values<T, N>(
        &self,
        cells: &Cells<'_>,
        parse: impl Fn(&str) -> Option<T>,
        read: impl Fn(&[u8]) -> Option<T>,
        count: impl Fn(T) -> Option<N>,
    ) -> Result<Vec<Option<N>>, CellError> {
        if let Source::Text = self.source {
            let name = self.field.data_type().to_string();
            return cells.parse(&name, |text| count(parse(text)?));
        }
        (0..cells.len())
            .map(|row| {
                let Some(cell) = cells.bytes(row) else { return Ok(None) };
                read(cell).and_then(&count).map(Some).ok_or_else(|| CellError {
                    row,
                    message: format!(
                        "the value does not fit a column of type {}",
                        self.field.data_type()
                    ),
                })
            })
            .collect()
    }
}

/// Reads SQL_DATE_STRUCT.
fn struct_date(cell: &[u8]) -> Option<NaiveDate> {
    let pair = |at: usize| [cell[at], cell[at + 1]];
    let year = i32::from(i16::from_ne_bytes(pair(0)));
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

/// Reads a date, then "T" or a space and a time, then perhaps an offset from UTC.
fn parse_timestamp(text: &str) -> Option<NaiveDateTime> {
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

fn time_units(time: NaiveTime, unit: TimeUnit) -> Option<i64> {
    let seconds = i64::from(time.num_seconds_from_midnight());
    units(seconds, time.nanosecond(), unit)
}

fn timestamp_units(value: NaiveDateTime, unit: TimeUnit) -> Option<i64> {
    let utc = value.and_utc();
    units(utc.timestamp(), utc.timestamp_subsec_nanos(), unit)
}

/// Counts in a unit; None where that would lose a digit or overflow.
fn units(seconds: i64, nanoseconds: u32, unit: TimeUnit) -> Option<i64> {
    let per_second: i64 = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    let nanoseconds_per_unit = 1_000_000_000 / per_second;
    let nanoseconds = i64::from(nanoseconds);
    if nanoseconds % nanoseconds_per_unit != 0 {
        return None;
    }
    // In 128 bits, so that the first representable nanoseconds do not overflow on the way.
    let total = i128::from(seconds) * i128::from(per_second)
        + i128::from(nanoseconds / nanoseconds_per_unit);
    i64::try_from(total).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<i64> {
        timestamp_units(parse_timestamp(text)?, TimeUnit::Microsecond)
    }

    #[test]
    fn timestamps_keep_their_fraction_and_offset() {
        assert_eq!(micros("1970-01-01 00:00:00.000001"), Some(1));
        assert_eq!(micros("1970-01-01T00:00:01"), Some(1_000_000));
        assert_eq!(micros("1970-01-01"), Some(0));
        assert_eq!(micros("1969-12-31 23:59:59.999999"), Some(-1));
        assert_eq!(micros("1970-01-01 02:00:00 +02:00"), Some(0));
        assert_eq!(micros("1970-01-01 00:00:00.1234567"), None);
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
        assert_eq!(micros("0044-03-15 01:02:03 BC"), None);
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
