"""Dates and times as text and as counts, for any year: the proleptic Gregorian calendar."""

from __future__ import annotations

import re

UNITS = {"s": 0, "m": 3, "u": 6, "n": 9}
_DATE = re.compile(r"(-?\d{4,})-(\d\d)-(\d\d)")
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?")


def scale(unit: str) -> int:
    """How many of a unit are a second."""
    return int(10 ** UNITS[unit])


def date_text(days: int) -> str:
    """The day that many days after 1970-01-01."""
    # Counted from 0000-03-01, so that a leap day ends its year; 146,097 days are 400 years.
    days += 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    year = year_of_era + era * 400 + (month <= 2)
    return f"{'-' if year < 0 else ''}{abs(year):04}-{month:02}-{day:02}"


def time_text(count: int, unit: str) -> str:
    """The time of day that many units after midnight."""
    digits = UNITS[unit]
    seconds, fraction = divmod(count, scale(unit))
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{fraction:0{digits}}" if digits else text


def timestamp_text(count: int, unit: str) -> str:
    """The moment that many units after 1970-01-01."""
    days, rest = divmod(count, 86_400 * scale(unit))
    return f"{date_text(days)}T{time_text(rest, unit)}"


def days_of(text: str) -> int:
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a date")
    year, month, day = (int(part) for part in match.groups())
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


def time_of(text: str, unit: str) -> int:
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time")
    digits = UNITS[unit]
    fraction = (match[4] or "").ljust(digits, "0")
    if len(fraction) != digits:
        raise ValueError(f"{text!r} has more than {digits} digits of fraction")
    seconds = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])
    return seconds * scale(unit) + int(fraction or "0")


def timestamp_of(text: str, unit: str) -> int:
    date, _, clock = text.removesuffix("Z").partition("T")
    return days_of(date) * 86_400 * scale(unit) + time_of(clock, unit)
