//! Dates and times of a calendar, as drivers take them: in ODBC's structs, and as text.

use arrow_array::temporal_conversions::{
    time32ms_to_time, time32s_to_time, time64ns_to_time, time64us_to_time,
};
use arrow_schema::TimeUnit;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::encode::{Refusal, refuse};
use crate::{
    dbms::{Dbms, Exchange},
    error::ErrorKind,
};

/// ODBC's structs hold years in 16 bits, and databases few that are not of four digits.
fn check_year(year: i32) -> Result<(), Refusal> {
    if (1..=9999).contains(&year) {
        return Ok(());
    }
    refuse(ErrorKind::Data, format!("year {year} is not within 1 to 9999"))
}

/// The date that is this many days after 1970-01-01.
pub(crate) fn date_of(days: i32) -> Result<NaiveDate, Refusal> {
    let Some(date) = NaiveDate::from_epoch_days(days) else {
        return refuse(ErrorKind::Data, format!("day {days} is no date"));
    };
    check_year(date.year())?;
    Ok(date)
}

/// The time that is this much after midnight.
pub(crate) fn time_of(value: i64, unit: TimeUnit, dbms: &Dbms) -> Result<NaiveTime, Refusal> {
    // The conversions panic outside of a day.
    let per_second = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    let is_in_day = (0..86_400 * per_second).contains(&value);
    let time = is_in_day.then(|| match unit {
        TimeUnit::Second => time32s_to_time(value as i32),
        TimeUnit::Millisecond => time32ms_to_time(value as i32),
        TimeUnit::Microsecond => time64us_to_time(value),
        TimeUnit::Nanosecond => time64ns_to_time(value),
    });
    let Some(time) = time.flatten() else {
        return refuse(ErrorKind::Data, "the time is not within a day");
    };
    check_fraction(time.nanosecond(), dbms)?;
    Ok(time)
}

/// The timestamp that is this much after 1970-01-01 00:00:00.
pub(crate) fn timestamp_of(
    value: i64,
    unit: TimeUnit,
    dbms: &Dbms,
) -> Result<NaiveDateTime, Refusal> {
    let instant = match unit {
        TimeUnit::Second => DateTime::from_timestamp(value, 0),
        TimeUnit::Millisecond => DateTime::from_timestamp_millis(value),
        TimeUnit::Microsecond => DateTime::from_timestamp_micros(value),
        TimeUnit::Nanosecond => Some(DateTime::from_timestamp_nanos(value)),
    };
    let Some(instant) = instant.map(|instant| instant.naive_utc()) else {
        return refuse(ErrorKind::Data, "the timestamp is out of range");
    };
    check_fraction(instant.nanosecond(), dbms)?;
    check_year(instant.year())?;
    Ok(instant)
}

fn check_fraction(nanoseconds: u32, dbms: &Dbms) -> Result<(), Refusal> {
    let digits = dbms.parameter_fraction_digits;
    if !nanoseconds.is_multiple_of(10u32.pow(9 - u32::from(digits))) {
        return refuse(
            ErrorKind::Data,
            format!("{} keeps {digits} digits of a second's fraction, not 9", dbms.id),
        );
    }
    Ok(())
}

/// Refuses instants where the database would take them for others: without a session in UTC, and
/// without a type that holds the offset.
pub(crate) fn check_instants(dbms: &Dbms) -> Result<(), Refusal> {
    let in_utc = !dbms.session_setup.is_empty() || dbms.time_zone_query.is_some();
    let as_text = dbms.date_parameters == Exchange::Text;
    if in_utc || as_text || dbms.has_timestamp_with_time_zone() {
        return Ok(());
    }
    let message = format!("{} is not known to keep a timestamp's time zone", dbms.id);
    refuse(ErrorKind::Unsupported, message)
}

/// SQL_DATE_STRUCT.
pub(crate) fn date_cell(date: NaiveDate) -> [u8; 6] {
    let mut cell = [0; 6];
    let parts = [date.year() as u16, date.month() as u16, date.day() as u16];
    for (place, part) in cell.chunks_exact_mut(2).zip(parts) {
        place.copy_from_slice(&part.to_ne_bytes());
    }
    cell
}

/// SQL_TIMESTAMP_STRUCT.
pub(crate) fn timestamp_cell(value: NaiveDateTime) -> [u8; 16] {
    let mut cell = [0; 16];
    cell[..6].copy_from_slice(&date_cell(value.date()));
    let parts = [value.hour() as u16, value.minute() as u16, value.second() as u16];
    for (place, part) in cell[6..12].chunks_exact_mut(2).zip(parts) {
        place.copy_from_slice(&part.to_ne_bytes());
    }
    cell[12..].copy_from_slice(&value.nanosecond().to_ne_bytes());
    cell
}

fn write_digits<const N: usize>(out: &mut Vec<u8>, mut number: u32) {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits);
}

/// Writes a timestamp in UTC with its offset.
pub(crate) fn write_instant(out: &mut Vec<u8>, value: NaiveDateTime) {
    write_timestamp(out, value);
    out.extend_from_slice(b"+00");
}

/// Writes a date as `YYYY-MM-DD`.
pub(crate) fn write_date(out: &mut Vec<u8>, date: NaiveDate) {
    write_digits::<4>(out, date.year() as u32);
    out.push(b'-');
    write_digits::<2>(out, date.month());
    out.push(b'-');
    write_digits::<2>(out, date.day());
}

/// Writes a time as `HH:MM:SS`, with as many digits of its fraction as there are.
pub(crate) fn write_time(out: &mut Vec<u8>, time: NaiveTime) {
    write_digits::<2>(out, time.hour());
    out.push(b':');
    write_digits::<2>(out, time.minute());
    out.push(b':');
    write_digits::<2>(out, time.second());
    if time.nanosecond() > 0 {
        out.push(b'.');
        write_digits::<9>(out, time.nanosecond());
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

/// Writes a timestamp as its date and time, with a space between.
pub(crate) fn write_timestamp(out: &mut Vec<u8>, value: NaiveDateTime) {
    write_date(out, value.date());
    out.push(b' ');
    write_time(out, value.time());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_digits_that_there_are() {
        let text = |value: i64, unit| {
            let mut out = Vec::new();
            let dbms = Dbms::unknown();
            write_timestamp(&mut out, timestamp_of(value, unit, dbms).ok().unwrap());
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(0, TimeUnit::Second), "1970-01-01 00:00:00");
        assert_eq!(text(-1, TimeUnit::Millisecond), "1969-12-31 23:59:59.999");
        assert_eq!(text(10, TimeUnit::Nanosecond), "1970-01-01 00:00:00.00000001");
        assert_eq!(text(-62_135_596_800, TimeUnit::Second), "0001-01-01 00:00:00");
    }
}
