"""Python objects as parameters: what arrives, and what is refused."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import hypothesis
import numpy
import pandas
import pytest
from hypothesis import strategies

import odbc_engine
from odbc_engine import Connection, Cursor, ErrorKind

INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


class Colour(enum.IntEnum):
    RED = 3


# The declared type, what goes in and what comes out.
VALUES: list[tuple[str, Any, Any]] = [
    ("integer", None, None),
    ("boolean", True, True),
    ("boolean", False, False),
    ("bigint", 0, 0),
    ("bigint", 2**63 - 1, 2**63 - 1),
    ("bigint", -(2**63), -(2**63)),
    ("bigint", Colour.RED, 3),
    ("double", -1.5, -1.5),
    ("double", float("inf"), float("inf")),
    ("double", 1e-300, 1e-300),
    ("varchar(40)", "", ""),
    ("varchar(40)", "Zoë 😺 ' \" ? \n", "Zoë 😺 ' \" ? \n"),
    ("varchar(4)", "x" * 100_000, "x" * 100_000),
    ("blob", b"", b""),
    ("blob", b"\0\xff'", b"\0\xff'"),
    ("blob", bytearray(b"\1\2"), b"\1\2"),
    ("blob", memoryview(b"abcdef")[::2], b"ace"),
    ("decimal(10, 2)", Decimal("-12.25"), Decimal("-12.25")),
    ("decimal(10, 2)", Decimal("1E+3"), Decimal(1000)),
    ("varchar(40)", Decimal("0.000"), "0.000"),
    ("varchar(90)", Decimal("9" * 74 + ".99"), "9" * 74 + ".99"),
    ("varchar(90)", 10**75, str(10**75)),
    ("date", datetime.date(2024, 2, 29), datetime.date(2024, 2, 29)),
    ("date", datetime.date.min, datetime.date.min),
    ("date", datetime.date.max, datetime.date.max),
    ("time", datetime.time(23, 59, 59, 999_999), datetime.time(23, 59, 59, 999_999)),
    ("timestamp", datetime.datetime(1969, 12, 31, 23, 59, 59, 1), None),
    ("timestamp", datetime.datetime.min, datetime.datetime.min),
    ("timestamp", datetime.datetime.max, datetime.datetime.max),
    (
        "timestamp",
        datetime.datetime(2024, 3, 1, 1, tzinfo=INDIA),
        datetime.datetime(2024, 2, 29, 19, 30),
    ),
    ("varchar(40)", uuid.UUID(int=0xABC), str(uuid.UUID(int=0xABC))),
    ("bigint", numpy.int8(-3), -3),
    ("bigint", numpy.uint64(7), 7),
    ("double", numpy.float32(0.5), 0.5),
    ("double", numpy.float64(0.25), 0.25),
    ("boolean", numpy.bool_(True), True),
    ("varchar(40)", numpy.str_("text"), "text"),
    ("varchar(40)", pandas.Timestamp("2024-02-29 01:02:03.000000007"), None),
]


@pytest.mark.parametrize(("declared", "given", "expected"), VALUES)
def test_values_arrive_unchanged(cursor: Cursor, declared: str, given: Any, expected: Any) -> None:
    cursor.execute(f"create table t (v {declared})")
    cursor.execute("insert into t values (?)", (given,))
    assert cursor.rowcount == 1
    cursor.execute("select v from t")
    (value,) = cursor.fetchone() or ()
    match given:
        case pandas.Timestamp():
            assert value == "2024-02-29 01:02:03.000000007"
        case _ if expected is None and given is not None:
            assert value == given
        case _:
            assert value == expected
            assert type(value) is type(expected)


REFUSED: list[Any] = [
    (object(), "type object is not supported"),
    (1j, "type complex"),
    ([1], "type list"),
    (datetime.timedelta(1), "type datetime.timedelta"),
    (datetime.time(1, tzinfo=INDIA), "time zone"),
    (datetime.datetime.min.replace(tzinfo=INDIA), "outside Python's years"),
    (pandas.NaT, "NaT"),
    (pandas.NA, "NAType"),
    (numpy.array([1, 2]), "numpy.ndarray"),
    (numpy.datetime64("2024-02-29"), "numpy.datetime64"),
    (numpy.timedelta64(1, "s"), "numpy.timedelta64"),
    (numpy.longdouble(1), "numpy.longdouble"),
    (numpy.complex64(1), "numpy.complex64"),
    ("\ud800", "lone surrogate"),
    (10**76, "76 digits"),
    pytest.param(10**5000, "76 digits", id="int of 5001 digits"),
]


@pytest.mark.parametrize(("value", "named"), REFUSED)
def test_what_no_database_takes_is_refused_by_number_and_type(
    cursor: Cursor, value: Any, named: str
) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match="parameter 2: ") as caught:
        cursor.execute("select ?, ?", (1, value))
    assert named in str(caught.value)
    assert caught.value.kind is ErrorKind.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "text", ["NaN", "-Infinity", "1E+999999", "1E-999999", "1." + "0" * 76, "9" * 77]
)
def test_a_decimal_that_no_arrow_decimal_holds_goes_as_its_text(cursor: Cursor, text: str) -> None:
    assert cursor.execute("select ?", [Decimal(text)]).fetchone() == (text,)
    assert cursor.execute("select :a", {"a": Decimal(text)}).fetchone() == (text,)


def test_a_decimal_that_was_read_is_written_back(postgresql: odbc_engine.Connection) -> None:
    cursor = postgresql.cursor()
    cursor.execute("create temporary table written (n numeric)")
    cursor.execute("insert into written values ('NaN'), (1e100 + 0.5), (-1e-90)")
    before = cursor.execute("select n from written").fetchall()
    cursor.executemany("insert into written values (?)", before)
    after = cursor.execute("select n, count(*) from written group by n").fetchall()
    assert sorted(str(number) for number, _ in after) == sorted(str(n) for (n,) in before)
    assert {count for _, count in after} == {2}


@pytest.mark.parametrize("value", [2**63, float("nan"), "a\0b"])
def test_what_this_database_does_not_take_is_a_data_error(cursor: Cursor, value: Any) -> None:
    with pytest.raises(odbc_engine.DataError, match="parameter 1: "):
        cursor.execute("select ?", [value])


@pytest.mark.parametrize(
    "parameters", [{1}, frozenset([1]), "a", b"a", bytearray(b"a"), memoryview(b"a"), 1]
)
def test_parameters_that_are_no_sequence_are_refused(cursor: Cursor, parameters: Any) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match=r"parameters (must|are)") as caught:
        cursor.execute("select ?", parameters)
    assert type(parameters).__name__ in str(caught.value)


@pytest.mark.parametrize("parameters", [(1,), [1], iter([1]), numpy.array([1])])
def test_parameters_may_be_any_other_iterable(cursor: Cursor, parameters: Iterable[Any]) -> None:
    assert cursor.execute("select ?", parameters).fetchall() == [(1,)]


@pytest.mark.parametrize("parameters", [None, (), (1,), (1, 2, 3)])
def test_a_wrong_number_of_parameters_is_refused(cursor: Cursor, parameters: Any) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match="2 parameter markers"):
        cursor.execute("select ?, ?", parameters)


def test_an_iterable_that_fails_says_so_itself(cursor: Cursor) -> None:
    with pytest.raises(ZeroDivisionError):
        cursor.execute("select ?", (1 // zero for zero in [0]))


ROWS = strategies.tuples(
    strategies.none() | strategies.integers(-(2**63), 2**63 - 1),
    strategies.none() | strategies.text(strategies.characters(codec="utf-8", min_codepoint=1)),
    strategies.none() | strategies.binary(),
    strategies.none() | strategies.booleans(),
    strategies.none() | strategies.dates(),
    strategies.none() | strategies.times(),
    strategies.none() | strategies.datetimes(),
    # SQLite's driver keeps 15 digits.
    strategies.none() | strategies.integers(-(2**40), 2**40).map(lambda number: number / 4),
)


@hypothesis.settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(rows=strategies.lists(ROWS, max_size=20))
def test_any_row_comes_back(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    cursor = connection.cursor()
    cursor.execute("drop table if exists t")
    cursor.execute(
        "create table t (i bigint, s varchar(9), z blob, b boolean, d date, h time, t timestamp, "
        "f double)"
    )
    cursor.executemany("insert into t values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    assert cursor.execute("select * from t order by rowid").fetchall() == rows
