"""Arrow values as Python objects: every type, and what Python's types cannot hold."""

from __future__ import annotations

import datetime
import math
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow
import pytest

import odbc_engine
from odbc_engine import Batch, Cursor, ErrorKind, _native

UTC = datetime.UTC
DATE = datetime.date(2024, 2, 29)
MOMENT = datetime.datetime(1969, 12, 31, 23, 59, 58)
SOME_UUID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")


def batch_of(array: pyarrow.Array, first_row: int = 0, **metadata: str) -> Batch:
    """A batch of one column ``v``, as if a database had given it."""
    field = pyarrow.field("v", array.type, metadata=metadata or None)
    batch = pyarrow.record_batch([array], schema=pyarrow.schema([field]))
    return _native.batch_of_capsules(*batch.__arrow_c_array__(), first_row)


VALUES: list[tuple[pyarrow.DataType, list[Any]]] = [
    (pyarrow.null(), [None]),
    (pyarrow.bool_(), [True, False]),
    (pyarrow.int8(), [-128, 127]),
    (pyarrow.int16(), [-(2**15), 2**15 - 1]),
    (pyarrow.int32(), [-(2**31), 2**31 - 1]),
    (pyarrow.int64(), [-(2**63), 2**63 - 1]),
    (pyarrow.uint8(), [0, 255]),
    (pyarrow.uint16(), [0, 2**16 - 1]),
    (pyarrow.uint32(), [0, 2**32 - 1]),
    (pyarrow.uint64(), [0, 2**64 - 1]),
    (pyarrow.float32(), [0.5, -math.inf]),
    (pyarrow.float64(), [0.1, -0.0, math.inf, 5e-324]),
    (pyarrow.decimal128(10, 4), [Decimal("12.5000"), Decimal("-0.0100"), Decimal("0.0000")]),
    (pyarrow.decimal128(38, 0), [Decimal(10**38 - 1), Decimal(-1)]),
    (pyarrow.decimal256(76, 38), [Decimal("9" * 38 + "." + "9" * 38)]),
    (pyarrow.string(), ["", "Zoë 😺"]),
    (pyarrow.large_string(), ["", "Zoë 😺"]),
    (pyarrow.binary(), [b"", b"\0\xff"]),
    (pyarrow.large_binary(), [b"", b"\0\xff"]),
    (pyarrow.binary(3), [b"\0\xffa"]),
    (pyarrow.date32(), [DATE, datetime.date.min, datetime.date.max]),
    (pyarrow.time32("s"), [datetime.time(23, 59, 59)]),
    (pyarrow.time32("ms"), [datetime.time(0, 0, 0, 1_000)]),
    (pyarrow.time64("us"), [datetime.time.min, datetime.time.max]),
    (pyarrow.time64("ns"), [datetime.time.min, datetime.time.max]),
    (pyarrow.timestamp("s"), [MOMENT, datetime.datetime(9999, 12, 31, 23, 59, 59)]),
    (pyarrow.timestamp("ms"), [MOMENT.replace(microsecond=999_000)]),
    (pyarrow.timestamp("us"), [datetime.datetime.min, datetime.datetime.max, MOMENT]),
    (pyarrow.timestamp("ns"), [MOMENT.replace(microsecond=1)]),
    (pyarrow.timestamp("us", "UTC"), [MOMENT.replace(tzinfo=UTC)]),
]


@pytest.mark.parametrize(("arrow_type", "values"), VALUES, ids=str)
def test_every_type_has_its_objects(arrow_type: pyarrow.DataType, values: list[Any]) -> None:
    expected = [*values, None]
    observed = [value for (value,) in batch_of(pyarrow.array(expected, arrow_type)).rows()]
    assert observed == expected
    assert list(map(repr, observed)) == list(map(repr, expected))


def test_slices_begin_where_they_should() -> None:
    array = pyarrow.array(range(100), pyarrow.timestamp("s"))[40:60]
    first, *_, last = batch_of(array).rows()
    assert first == (datetime.datetime(1970, 1, 1, 0, 0, 40),)
    assert last == (datetime.datetime(1970, 1, 1, 0, 0, 59),)


def test_nan_is_nan() -> None:
    assert math.isnan(batch_of(pyarrow.array([math.nan], pyarrow.float32())).rows()[0][0])


def test_a_uuid_is_told_by_its_extension() -> None:
    array = pyarrow.array([SOME_UUID.bytes, None], pyarrow.binary(16))
    assert batch_of(array).rows() == [(SOME_UUID.bytes,), (None,)]
    extension = pyarrow.ExtensionArray.from_storage(pyarrow.uuid(), array)
    assert batch_of(extension).rows() == [(SOME_UUID,), (None,)]


def test_a_decimal_without_bounds_is_told_by_its_metadata() -> None:
    array = pyarrow.array(["1" * 100 + ".50", "NaN", None])
    first, second, third = batch_of(array, **{"odbc.logical": "decimal"}).rows()
    assert first == (Decimal("1" * 100 + ".50"),)
    assert second[0].is_nan()
    assert third == (None,)


DAY = 86_400
UNREPRESENTABLE: list[tuple[pyarrow.DataType, int, str]] = [
    (pyarrow.date32(), -719_163, "years are 1 to 9999, and this is 0"),
    (pyarrow.date32(), 2_932_897, "this is 10000"),
    (pyarrow.date32(), 2**31 - 1, "this is day 2147483647"),
    (pyarrow.timestamp("us"), -(2**63), "this is day -106751992 from 1970"),
    (pyarrow.timestamp("s"), 253_402_300_800, "this is 10000"),
    (pyarrow.timestamp("s"), 2**63 - 1, "this is day"),
    (pyarrow.timestamp("ns"), 1, "end at microseconds, and this has .000000001 s"),
    (pyarrow.time64("ns"), 1_000_000_001, "end at microseconds"),
    (pyarrow.time64("us"), DAY * 1_000_000, "ends before 24:00:00"),
    (pyarrow.time32("s"), -1, "ends before 24:00:00"),
]


@pytest.mark.parametrize(("arrow_type", "count", "reason"), UNREPRESENTABLE, ids=str)
def test_what_python_cannot_hold_is_an_error_that_names_its_place(
    arrow_type: pyarrow.DataType, count: int, reason: str
) -> None:
    bits = 32 if arrow_type.bit_width == 32 else 64
    integers = pyarrow.array([0, None, count], getattr(pyarrow, f"int{bits}")())
    batch = batch_of(integers.view(arrow_type), first_row=1000)
    with pytest.raises(odbc_engine.DataError, match=reason) as caught:
        batch.rows()
    error = caught.value
    assert (error.kind, error.operation) == (ErrorKind.DATA, "fetch")
    assert (error.column, error.row) == ("v", 1002)
    assert 'column "v", row 1002' in str(error)
    assert pyarrow.record_batch(batch).num_rows == 3


def test_an_unknown_type_is_an_error() -> None:
    with pytest.raises(odbc_engine.DataError, match="List"):
        batch_of(pyarrow.array([[1]])).rows()


def test_rows_before_a_value_that_python_cannot_hold_are_given(cursor: Cursor) -> None:
    cursor.execute("create table t (id integer, v date)")
    cursor.executemany("insert into t values (?, ?)", [[number, DATE] for number in range(9)])
    cursor.execute("update t set v = '0000-12-31' where id = 5")
    cursor.execute("select v from t order by id")
    assert [cursor.fetchone() for _ in range(5)] == [(DATE,)] * 5
    for _ in range(2):
        with pytest.raises(odbc_engine.DataError, match="years are 1 to 9999") as caught:
            cursor.fetchone()
        assert caught.value.row == 5
    days = pyarrow.table(cursor)["v"].cast(pyarrow.int32()).to_pylist()
    assert days == [-719_163, 19_782, 19_782, 19_782]


@pytest.fixture
def year_zero(cursor: Cursor) -> Cursor:
    """A cursor whose sixth of nine rows Python cannot hold."""
    cursor.execute("create table t (id integer, v date)")
    cursor.executemany("insert into t values (?, ?)", [[number, DATE] for number in range(9)])
    cursor.execute("update t set v = '0000-12-31' where id = 5")
    return cursor.execute("select v from t order by id")


FETCHES: list[Callable[[Cursor], object]] = [
    Cursor.fetchall,
    lambda cursor: cursor.fetchmany(7),
]


@pytest.mark.parametrize("fetch", FETCHES, ids=["fetchall", "fetchmany"])
@pytest.mark.parametrize("rows_before", range(3))
def test_a_fetch_that_fails_gives_its_rows_back(
    year_zero: Cursor, fetch: Callable[[Cursor], object], rows_before: int
) -> None:
    assert [year_zero.fetchone() for _ in range(rows_before)] == [(DATE,)] * rows_before
    for _ in range(2):
        with pytest.raises(odbc_engine.DataError, match="years are 1 to 9999") as caught:
            fetch(year_zero)
        assert caught.value.row == 5
    days = pyarrow.table(year_zero)["v"].cast(pyarrow.int32()).to_pylist()
    assert days == [*[19_782] * (5 - rows_before), -719_163, 19_782, 19_782, 19_782]


def test_a_fetch_that_fails_within_a_batch_gives_the_batch_back(year_zero: Cursor) -> None:
    stream = year_zero.stream(batch_rows_max=4)
    assert len(next(stream)) == 4
    with pytest.raises(odbc_engine.DataError):
        year_zero.fetchall()
    assert year_zero.fetchone() == (DATE,)
    days = pyarrow.table(stream)["v"].cast(pyarrow.int32()).to_pylist()
    assert days == [-719_163, 19_782, 19_782, 19_782]


@pytest.mark.parametrize("fetch", FETCHES, ids=["fetchall", "fetchmany"])
def test_what_is_left_never_passes_for_the_whole(
    year_zero: Cursor, fetch: Callable[[Cursor], object]
) -> None:
    stream = year_zero.stream(batch_rows_max=2)
    with pytest.raises(odbc_engine.DataError):
        fetch(year_zero)
    readings: list[Callable[[], object]] = [
        year_zero.fetchone,
        year_zero.fetchall,
        lambda: year_zero.fetchmany(1),
        lambda: next(year_zero),
        lambda: next(stream),
        year_zero.fetch_pyarrow,
        year_zero.fetch_polars,
    ]
    for read in readings * 2:
        with pytest.raises(odbc_engine.ProgrammingError, match="execute it again") as caught:
            read()
        assert caught.value.kind is ErrorKind.INVALID_STATE
    with pytest.raises(pyarrow.ArrowInvalid, match="execute it again"):
        pyarrow.table(year_zero)
    year_zero.execute("select v from t where id < 5")
    assert year_zero.fetchall() == [(DATE,)] * 5
