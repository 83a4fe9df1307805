//! Python's `datetime` types and Arrow's counts since 1970, exact both ways.

use std::ops::Range;

use arrow_schema::TimeUnit;
use chrono::{Datelike, NaiveDate};
use pyo3::{
    PyTypeInfo, intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyBytes, PyDate, PyDateTime, PyTime, PyTzInfo},
};

use crate::rows::{Converted, Unconverted};

const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;
/// 1970-01-01 in the count of days that chrono uses.
const EPOCH_DAYS: i32 = 719_163;

/// How many of a unit make a second.
fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => MICROS_PER_SECOND,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// An object of the bytes that its pickle has, which takes a third of the time that it takes when
/// each of its parts is an argument.
fn unpickled<'py, T: PyTypeInfo>(py: Python<'py>, state: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    T::type_object(py).call1((PyBytes::new(py, state),))
}

/// A `datetime.date` from days since 1970.
pub(crate) fn date<'py>(py: Python<'py>, days: i32) -> Converted<'py> {
    Ok(unpickled::<PyDate>(py, &date_state(civil(days.into())?))?)
}

fn date_state(date: NaiveDate) -> [u8; 4] {
    let [high, low] = (date.year() as u16).to_be_bytes();
    [high, low, date.month() as u8, date.day() as u8]
}

fn time_state(seconds: i64, micros: u32) -> [u8; 6] {
    let (hour, minute, second) = clock(seconds);
    let [_, high, middle, low] = micros.to_be_bytes();
    [hour, minute, second, high, middle, low]
}

/// A `datetime.time` from a count since midnight.
pub(crate) fn time<'py>(py: Python<'py>, count: i64, unit: TimeUnit) -> Converted<'py> {
    let (seconds, micros) = split(count, unit)?;
    if !(0..SECONDS_PER_DAY).contains(&seconds) {
        let reason = format!("datetime.time ends before 24:00:00, and this is {seconds} s");
        return Err(Unconverted::Unrepresentable(reason));
    }
    Ok(unpickled::<PyTime>(py, &time_state(seconds, micros))?)
}

/// A `datetime.datetime` from a count since 1970: in UTC for an instant, else naive.
pub(crate) fn timestamp<'py>(
    py: Python<'py>,
    count: i64,
    unit: TimeUnit,
    instant: bool,
) -> Converted<'py> {
    let (seconds, micros) = split(count, unit)?;
    let date = civil(seconds.div_euclid(SECONDS_PER_DAY))?;
    let mut state = [0; 10];
    state[..4].copy_from_slice(&date_state(date));
    state[4..].copy_from_slice(&time_state(seconds.rem_euclid(SECONDS_PER_DAY), micros));
    if !instant {
        return Ok(unpickled::<PyDateTime>(py, &state)?);
    }
    let in_utc = (PyBytes::new(py, &state), PyTzInfo::utc(py)?);
    Ok(PyDateTime::type_object(py).call1(in_utc)?)
}

/// Whole seconds and the microseconds above them.
fn split(count: i64, unit: TimeUnit) -> Result<(i64, u32), Unconverted> {
    let per_second = per_second(unit);
    let rest = count.rem_euclid(per_second);
    let micros = match unit {
        TimeUnit::Nanosecond if rest % 1_000 != 0 => {
            let reason = format!("Python's times end at microseconds, and this has .{rest:09} s");
            return Err(Unconverted::Unrepresentable(reason));
        }
        TimeUnit::Nanosecond => rest / 1_000,
        _ => rest * (MICROS_PER_SECOND / per_second),
    };
    Ok((count.div_euclid(per_second), micros as u32))
}

fn clock(seconds: i64) -> (u8, u8, u8) {
    ((seconds / 3_600) as u8, (seconds / 60 % 60) as u8, (seconds % 60) as u8)
}

/// The day, if Python's calendar reaches it.
fn civil(days: i64) -> Result<NaiveDate, Unconverted> {
    let date = i32::try_from(days)
        .ok()
        .and_then(|days| days.checked_add(EPOCH_DAYS))
        .and_then(NaiveDate::from_num_days_from_ce_opt);
    match date {
        Some(date) if (1..=9_999).contains(&date.year()) => Ok(date),
        Some(date) => Err(Unconverted::Unrepresentable(format!(
            "Python's years are 1 to 9999, and this is {}",
            date.year()
        ))),
        None => Err(Unconverted::Unrepresentable(format!(
            "Python's years are 1 to 9999, and this is day {days} from 1970"
        ))),
    }
}

/// Days since 1970.
pub(crate) fn days(value: &Bound<'_, PyDate>) -> PyResult<i32> {
    let ordinal: i32 = value.call_method0(intern!(value.py(), "toordinal"))?.extract()?;
    Ok(ordinal - EPOCH_DAYS)
}

/// Microseconds since midnight, by the wall clock.
pub(crate) fn micros_of_day(value: &Bound<'_, PyTime>) -> PyResult<i64> {
    let py = value.py();
    let part = |name| value.getattr(name)?.extract::<i64>();
    let minutes = part(intern!(py, "hour"))? * 60 + part(intern!(py, "minute"))?;
    let seconds = minutes * 60 + part(intern!(py, "second"))?;
    Ok(seconds * MICROS_PER_SECOND + part(intern!(py, "microsecond"))?)
}

/// What a `datetime.datetime` says, for Arrow.
pub(crate) struct Moment {
    pub(crate) micros: i64,
    /// Those of a subclass that knows them, such as pandas' Timestamp.
    pub(crate) nanos: i64,
    /// Whether it had a time zone; the count is in UTC then.
    pub(crate) instant: bool,
}

impl Moment {
    /// The count of a unit since 1970, where that is exact.
    pub(crate) fn count(&self, unit: TimeUnit) -> Result<i64, String> {
        if unit == TimeUnit::Nanosecond {
            let nanos = self.micros.checked_mul(1_000).and_then(|n| n.checked_add(self.nanos));
            return nanos.ok_or_else(|| {
                "a timestamp with nanoseconds must be in the years 1678 to 2261".to_owned()
            });
        }
        if self.nanos != 0 {
            return Err(too_fine(unit));
        }
        of_micros(self.micros, unit)
    }
}

/// A count of microseconds in another unit, where that is exact.
pub(crate) fn of_micros(micros: i64, unit: TimeUnit) -> Result<i64, String> {
    let per_second = per_second(unit);
    if per_second > MICROS_PER_SECOND {
        let count = micros.checked_mul(per_second / MICROS_PER_SECOND);
        return count.ok_or_else(|| too_fine(unit));
    }
    let micros_per_unit = MICROS_PER_SECOND / per_second;
    if micros % micros_per_unit == 0 { Ok(micros / micros_per_unit) } else { Err(too_fine(unit)) }
}

fn too_fine(unit: TimeUnit) -> String {
    format!("the column counts in {unit:?}s, which does not hold it exactly").to_lowercase()
}

/// The beginning of 1970, without a time zone and in UTC.
struct Epochs {
    naive: Py<PyDateTime>,
    utc: Py<PyDateTime>,
}

impl Epochs {
    fn get(py: Python<'_>) -> PyResult<&Self> {
        static EPOCHS: PyOnceLock<Epochs> = PyOnceLock::new();
        EPOCHS.get_or_try_init(py, || {
            let utc = PyTzInfo::utc(py)?.to_owned();
            let epoch = |zone| PyDateTime::new(py, 1970, 1, 1, 0, 0, 0, 0, zone);
            Ok(Self { naive: epoch(None)?.unbind(), utc: epoch(Some(&utc))?.unbind() })
        })
    }
}

/// Reads a `datetime.datetime`; Err says why there is no such moment.
pub(crate) fn moment(value: &Bound<'_, PyDateTime>) -> PyResult<Result<Moment, String>> {
    /// Of the years 1 to 9999.
    const MICROS: Range<i64> = -719_162 * MICROS_PER_DAY..2_932_897 * MICROS_PER_DAY;
    let py = value.py();
    let mut nanos = 0;
    if !value.is_exact_instance_of::<PyDateTime>() {
        // pandas' NaT is a datetime that does not equal itself.
        if value.ne(value)? {
            return Ok(Err(format!("{} is no moment; NULL is None", value.str()?)));
        }
        if let Some(own) = value.getattr_opt(intern!(py, "nanosecond"))? {
            nanos = own.extract()?;
        }
    }
    let epochs = Epochs::get(py)?;
    let zone = value.getattr(intern!(py, "tzinfo"))?;
    let instant = !zone.is_none();
    if instant && value.call_method0(intern!(py, "utcoffset"))?.is_none() {
        return Ok(Err(format!("its time zone {zone} does not tell an offset")));
    }
    // Python knows best what lies between two moments.
    let since = value.sub(if instant { &epochs.utc } else { &epochs.naive })?;
    let part = |name| since.getattr(name)?.extract::<i64>();
    let micros = part(intern!(py, "days"))? * MICROS_PER_DAY
        + part(intern!(py, "seconds"))? * MICROS_PER_SECOND
        + part(intern!(py, "microseconds"))?;
    if !MICROS.contains(&micros) {
        return Ok(Err(format!("{} is outside Python's years in UTC", value.str()?)));
    }
    Ok(Ok(Moment { micros, nanos, instant }))
}
