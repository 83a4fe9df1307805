//! Dates and times as the protocol spells them, and back.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use odbc_engine::arrow_schema::TimeUnit;

const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();

/// The digits of a second's fraction in a unit.
pub fn digits(unit: TimeUnit) -> u32 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

pub fn date_text(days: i32) -> Option<String> {
    Some(spelled(EPOCH.checked_add_signed(TimeDelta::days(days.into()))?))
}

fn spelled(date: NaiveDate) -> String {
    let sign = if date.year() < 0 { "-" } else { "" };
    format!("{sign}{:04}-{:02}-{:02}", date.year().abs(), date.month(), date.day())
}

pub fn time_text(count: i64, unit: TimeUnit) -> String {
    let per_second = 10_i64.pow(digits(unit));
    let (seconds, fraction) = (count.div_euclid(per_second), count.rem_euclid(per_second));
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match digits(unit) {
        0 => clock,
        width => format!("{clock}.{fraction:0width$}", width = width as usize),
    }
}

pub fn timestamp_text(count: i64, unit: TimeUnit) -> Option<String> {
    let per_day = 86_400 * 10_i64.pow(digits(unit));
    let days = i32::try_from(count.div_euclid(per_day)).ok()?;
    Some(format!("{}T{}", date_text(days)?, time_text(count.rem_euclid(per_day), unit)))
}

pub fn days_of(text: &str) -> Option<i32> {
    let date: NaiveDate = text.parse().ok()?;
    i32::try_from(date.signed_duration_since(EPOCH).num_days()).ok()
}

pub fn time_of(text: &str, unit: TimeUnit) -> Option<i64> {
    let time: NaiveTime = text.parse().ok()?;
    counted(time.signed_duration_since(NaiveTime::MIN), unit)
}

pub fn timestamp_of(text: &str, unit: TimeUnit) -> Option<i64> {
    let moment: NaiveDateTime = text.trim_end_matches('Z').parse().ok()?;
    counted(moment.signed_duration_since(EPOCH.and_time(NaiveTime::MIN)), unit)
}

fn counted(since: TimeDelta, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Second => Some(since.num_seconds()),
        TimeUnit::Millisecond => Some(since.num_milliseconds()),
        TimeUnit::Microsecond => since.num_microseconds(),
        TimeUnit::Nanosecond => since.num_nanoseconds(),
    }
}
