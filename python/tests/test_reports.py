"""Bulk inserts: what is told where their rows fail, and what classes and frames stand for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pandas
import pytest
from conftest import IN_MEMORY

import odbc_engine
from odbc_engine import Connection

NUMBERS = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select i"


@pytest.fixture
def table(database_file: str) -> Iterator[Connection]:
    with odbc_engine.connect(database_file, autocommit=True) as connection:
        connection.execute("create table t (i integer)")
        yield connection


def failing(rows: int, error: BaseException) -> Iterator[tuple[int]]:
    for row in range(rows):
        yield (row,)
    raise error


def test_what_python_raises_has_the_report(table: Connection) -> None:
    with pytest.raises(ValueError, match="no more") as caught:
        table.bulk_insert(
            "t", failing(80_000, ValueError("no more")), columns=["i"], commit_every_rows=1_000
        )
    cause = caught.value.__cause__
    assert isinstance(cause, odbc_engine.Error)
    assert cause.bulk is not None
    committed = cause.bulk["committed"]
    assert table.execute("select count(*) from t").fetchone() == (committed,)
    assert committed > 0
    assert f"{committed} rows are committed" in caught.value.__notes__[0]


def test_a_cause_of_its_own_stays(table: Connection) -> None:
    error = ValueError("no more")
    error.__cause__ = KeyError()
    with pytest.raises(ValueError, match="no more") as caught:
        table.bulk_insert("t", failing(1, error), columns=["i"])
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_value_that_is_refused_has_the_report(table: Connection) -> None:
    rows = ((row if row < 80_000 else "x",) for row in range(90_000))
    with pytest.raises(odbc_engine.DataError, match=r"rows are committed") as caught:
        table.bulk_insert("t", rows, columns=["i"], commit_every_rows=1_000)
    report = caught.value.bulk
    assert report is not None
    assert table.execute("select count(*) from t").fetchone() == (report["committed"],)


def test_a_query_that_fails_has_the_report(table: Connection) -> None:
    with odbc_engine.connect(IN_MEMORY, streaming=True) as source:
        # A value that is too long fails when its row is fetched.
        sql = NUMBERS.replace("< 9", "< 500000") + (
            ", case when i = 400000 then 'too long for the limit' else 'x' end as x from n"
        )
        table.execute("create table u (i integer, x text)")
        with pytest.raises(odbc_engine.Error, match=r"rows are committed") as caught:
            table.bulk_insert(
                "u", source.execute(sql).stream(column_bytes_max=9), commit_every_rows=1_000
            )
    assert caught.value.operation == "fetch"
    report = caught.value.bulk
    assert report is not None
    assert table.execute("select count(*) from u").fetchone() == (report["committed"],)
    assert report["committed"] > 0


@pytest.mark.parametrize(
    ("given", "values", "message"),
    [
        (int, [1, 2.5], "a float is not of the type that types gives"),
        (int, [1, Decimal(2)], "a Decimal is not of the type that types gives"),
        (float, ["x"], "a str is not of the type that types gives"),
    ],
)
def test_a_class_that_is_given_stays(
    table: Connection, given: type, values: list[Any], message: str
) -> None:
    rows = [(value,) for value in values]
    with pytest.raises(odbc_engine.DataError, match=message):
        table.bulk_insert("made", rows, columns=["n"], types={"n": given}, mode="create")
    with contextlib.suppress(odbc_engine.Error):
        assert table.execute("select count(*) from made").fetchone() == (0,)


@pytest.mark.parametrize("given", [float, Decimal])
def test_a_class_takes_integers_where_it_did(table: Connection, given: type) -> None:
    rows = [(1,), (given("2.5"),)]
    table.bulk_insert("made", rows, columns=["n"], types={"n": given}, mode="create")
    assert [float(n) for (n,) in table.execute("select n from made").fetchall()] == [1.0, 2.5]


def test_an_index_is_a_column_where_it_has_a_name(table: Connection) -> None:
    frame = pandas.DataFrame({"i": [1, 2, 3]})
    assert table.bulk_insert("t", frame[frame["i"] > 1]).rows == 2
    assert table.execute("select i from t order by i").fetchall() == [(2,), (3,)]
    named = frame[["i"]].set_index(pandas.Index(["a", "b", "c"], name="k"))
    table.bulk_insert("named", named, mode="create")
    assert table.execute("select k, i from named order by i").fetchone() == ("a", 1)
