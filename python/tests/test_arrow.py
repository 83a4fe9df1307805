"""Results as Arrow: capsules, batches, and the libraries that read them."""

from __future__ import annotations

import datetime
import gc
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest

import odbc_engine
from odbc_engine import Connection, Cursor, tables

ROWS: list[tuple[Any, ...]] = [
    (1, "Zoë", 1.5, b"\0", True, datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1)),
    (None,) * 7,
    (3, "", -0.25, b"", False, datetime.date(1, 1, 1), datetime.datetime(9999, 12, 31)),
]


@pytest.fixture
def rows(cursor: Cursor) -> Cursor:
    cursor.execute(
        "create table t (i bigint, s varchar(9), f double, z blob, b boolean, d date, t timestamp)"
    )
    cursor.executemany("insert into t values (?, ?, ?, ?, ?, ?, ?)", ROWS)
    return cursor.execute("select * from t order by rowid")


@pytest.fixture
def numbers(cursor: Cursor) -> Cursor:
    """A cursor that reads the numbers 1 to 1,000."""
    return cursor.execute(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) "
        "select i from n"
    )


def test_pyarrow_reads_a_cursor(rows: Cursor) -> None:
    table = pyarrow.table(rows)
    assert table.schema.types == [
        pyarrow.int64(),
        pyarrow.string(),
        pyarrow.float64(),
        pyarrow.binary(),
        pyarrow.bool_(),
        pyarrow.date32(),
        pyarrow.timestamp("us"),
    ]
    assert [tuple(row.values()) for row in table.to_pylist()] == ROWS
    assert table.schema.field("s").metadata[b"odbc.type_name"] == b"varchar"


def test_a_batch_is_read_without_a_copy(numbers: Cursor) -> None:
    batch = next(numbers.stream())
    column = pyarrow.record_batch(batch).column(0)
    address = column.buffers()[1].address
    assert pyarrow.record_batch(batch).column(0).buffers()[1].address == address
    assert column.to_numpy(zero_copy_only=True).ctypes.data == address
    assert polars.DataFrame(batch)["i"].to_numpy(allow_copy=False).ctypes.data == address


def test_pyarrow_reads_a_cursor_batch_by_batch(numbers: Cursor) -> None:
    reader = pyarrow.RecordBatchReader.from_stream(numbers.stream(batch_rows_max=300))
    sizes = [batch.num_rows for batch in reader]
    assert sum(sizes) == 1000
    assert max(sizes) == 300


def test_polars_reads_a_cursor(rows: Cursor) -> None:
    frame = polars.DataFrame(rows)
    assert frame.rows() == ROWS
    assert frame.schema["t"] == polars.Datetime("us")


def test_each_library_by_its_name(rows: Cursor) -> None:
    sql = "select * from t order by rowid"
    assert rows.execute(sql).fetch_pyarrow().num_rows == 3
    assert rows.execute(sql).fetch_polars().rows() == ROWS
    frame = rows.execute(sql).fetch_pandas()
    assert list(frame["s"])[:1] == ["Zoë"]
    assert frame.shape == (3, 7)


INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]


@pytest.mark.parametrize("name", INTEGERS)
def test_pandas_has_integers_with_null_as_they_are(name: str) -> None:
    integer = pyarrow.type_for_alias(name)
    limits = numpy.iinfo(name)
    whole, holed = [int(limits.min), int(limits.max)], [None, int(limits.max)]
    # Two columns of one name, of which one has NULL.
    table = pyarrow.table([pyarrow.array(values, integer) for values in (whole, holed)], ["v", "v"])
    frame = tables.pandas_frame(table)
    assert list(frame.columns) == ["v", "v"]
    assert frame.iloc[:, 0].dtype == numpy.dtype(name)
    assert frame.iloc[:, 0].tolist() == whole
    assert str(frame.iloc[:, 1].dtype) == name.replace("int", "Int").replace("u", "U")
    assert frame.iloc[0, 1] is pandas.NA
    assert int(frame.iloc[1, 1]) == limits.max
    assert tables.pandas_frame(table.slice(0, 0)).shape == (0, 2)


def test_pandas_rounds_no_integer(cursor: Cursor) -> None:
    cursor.execute("create table t (a bigint, b bigint, f double, s varchar(9))")
    values = [(1, 9007199254740993, 0.5, "x"), (2, None, None, None)]
    cursor.executemany("insert into t values (?, ?, ?, ?)", values)
    frame = cursor.execute("select a, b, f, s, b as a from t order by rowid").fetch_pandas()
    assert list(frame.columns) == ["a", "b", "f", "s", "a"]
    assert [str(of) for of in frame.dtypes[:3]] == ["int64", "Int64", "float64"]
    assert frame.iloc[0].tolist() == [1, 9007199254740993, 0.5, "x", 9007199254740993]
    assert frame["b"].isna().tolist() == [False, True]
    frame.iloc[0, 0] = 7
    assert frame.iloc[:, 0].tolist() == [7, 2]
    empty = cursor.execute("select a, b from t where 1 = 0").fetch_pandas()
    assert empty.shape == (0, 2)
    assert [str(of) for of in empty.dtypes] == ["int64", "int64"]


def test_a_schema_is_known_without_reading_a_row(rows: Cursor) -> None:
    assert pyarrow.schema(rows).names == list("isfzbdt")
    assert pyarrow.schema(rows.fetch_arrow()).names == list("isfzbdt")
    assert rows.fetchall() == ROWS


def test_a_result_without_rows_has_its_schema(rows: Cursor) -> None:
    table = pyarrow.table(rows.execute("select i, s from t where 1 = 0"))
    assert table.num_rows == 0
    assert table.schema.types == [pyarrow.int64(), pyarrow.string()]


def test_arrow_gets_what_was_not_fetched_as_rows(numbers: Cursor) -> None:
    assert numbers.fetchone() == (1,)
    assert numbers.fetchmany(2) == [(2,), (3,)]
    assert next(numbers) == (4,)
    assert pyarrow.table(numbers)["i"].to_pylist() == list(range(5, 1001))
    assert numbers.fetchone() is None
    assert pyarrow.table(numbers).num_rows == 0


def test_rows_go_on_where_a_batch_ended(numbers: Cursor) -> None:
    stream = numbers.stream(batch_rows_max=10)
    assert next(stream).rows() == [(number,) for number in range(1, 11)]
    assert numbers.fetchone() == (11,)
    assert numbers.fetch_arrow() is stream
    assert next(stream).rows() == [(number,) for number in range(12, 21)]
    assert numbers.fetchall() == [(number,) for number in range(21, 1001)]


def test_arrow_gets_the_rows_that_were_read_ahead(numbers: Cursor) -> None:
    stream = numbers.stream()
    assert numbers.fetchone() == (1,)
    assert pyarrow.table(stream)["i"].to_pylist() == list(range(2, 1001))
    assert numbers.fetchone() is None


def test_batches_and_rows_share_one_position(numbers: Cursor) -> None:
    stream = numbers.stream(batch_rows_max=10)
    assert next(stream).rows() == [(number,) for number in range(1, 11)]
    assert numbers.fetchone() == (11,)
    assert next(stream).rows() == [(number,) for number in range(12, 21)]
    assert numbers.fetchone() == (21,)
    assert next(numbers) == (22,)
    assert numbers.fetchmany(2) == [(23,), (24,)]
    assert numbers.fetchone() == (25,)
    assert next(stream).rows() == [(number,) for number in range(26, 31)]
    assert numbers.fetchall() == [(number,) for number in range(31, 1001)]


def test_a_capsule_shares_the_position_of_its_cursor(numbers: Cursor) -> None:
    numbers.stream(batch_rows_max=100)
    reader = pyarrow.RecordBatchReader.from_stream(numbers)
    assert numbers.fetchone() == (1,)
    assert reader.read_next_batch()["i"].to_pylist() == list(range(2, 101))
    assert numbers.fetchone() == (101,)
    assert reader.read_all()["i"].to_pylist() == list(range(102, 1001))
    assert numbers.fetchall() == []


def test_a_batch_is_arrow_and_rows(numbers: Cursor) -> None:
    batch = next(numbers.stream(batch_rows_max=5))
    assert (batch.num_rows, batch.num_columns, batch.column_names) == (5, 1, ["i"])
    assert repr(batch) == "<Batch of 5 rows, 1 columns>"
    assert pyarrow.record_batch(batch).column(0).to_pylist() == [1, 2, 3, 4, 5]
    assert pyarrow.schema(batch).names == ["i"]
    assert batch.rows() == [(1,), (2,), (3,), (4,), (5,)]


def test_a_stream_keeps_its_forgotten_cursor(connection: Connection) -> None:
    sql = "select 1 as a union all select 2"
    stream = connection.execute(sql).stream(batch_rows_max=1)
    reader = pyarrow.RecordBatchReader.from_stream(connection.execute(sql))
    gc.collect()
    assert [batch.rows() for batch in stream] == [[(1,)], [(2,)]]
    assert reader.read_all()["a"].to_pylist() == [1, 2]


def test_stream_limits_come_before_reading(numbers: Cursor) -> None:
    numbers.fetchone()
    with pytest.raises(odbc_engine.ProgrammingError, match="already being read"):
        numbers.stream(batch_rows_max=5)
    assert numbers.fetchone() == (2,)


@pytest.mark.parametrize("fetch", [Cursor.fetch_pyarrow, Cursor.fetch_polars, Cursor.fetch_pandas])
def test_an_error_amid_a_table_keeps_its_class(
    rows: Cursor, fetch: Callable[[Cursor], object]
) -> None:
    rows.execute("insert into t (i) values ('nonsense')")
    rows.execute("select i from t")
    with pytest.raises(odbc_engine.DataError) as caught:
        fetch(rows)
    assert (caught.value.column, caught.value.row) == ("i", 3)
    assert caught.value.__cause__ is not None


def test_a_decimal_without_bounds_is_text_for_arrow_and_a_decimal_for_python(
    cursor: Cursor,
) -> None:
    cursor.execute("create table t (v decimal(10, 2))")
    cursor.execute("insert into t values (?), (null)", [Decimal("12.25")])
    table = cursor.execute("select v from t").fetch_pyarrow()
    assert table["v"].to_pylist() == ["12.25", None]
    assert cursor.execute("select v from t").fetchall() == [(Decimal("12.25"),), (None,)]


def test_nothing_of_it_needs_another_package(run_python: Callable[[str], str]) -> None:
    printed = run_python(
        """
import importlib.abc, os, sys

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"pyarrow", "polars", "pandas", "numpy"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
import odbc_engine
connection = odbc_engine.connect(os.environ["IN_MEMORY"])
cursor = connection.execute("select 1 as a, ? as b", ["x"])
print(type(cursor.__arrow_c_stream__()).__name__, type(cursor.__arrow_c_schema__()).__name__)
print(cursor.fetchall(), [batch.rows() for batch in connection.execute("select 2").stream()])
for fetch in (cursor.fetch_pyarrow, cursor.fetch_polars, cursor.fetch_pandas):
    try:
        fetch()
    except ModuleNotFoundError as error:
        print(error.name, error)
"""
    )
    assert printed.splitlines() == [
        "PyCapsule PyCapsule",
        "[(1, 'x')] [[(2,)]]",
        "pyarrow this result needs pyarrow, which is not installed: pip install pyarrow",
        "polars this result needs polars, which is not installed: pip install polars",
        "pandas this result needs pandas, which is not installed: pip install pandas",
    ]
