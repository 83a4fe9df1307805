"""Closing: twice, in any order, and what closed objects answer."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from itertools import permutations

import pytest
from conftest import IN_MEMORY

import odbc_engine
from odbc_engine import Connection, Cursor, Stream

NUMBERS = """
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000)
    select i from n
"""


def opened() -> tuple[Connection, Cursor, Stream]:
    connection = odbc_engine.connect(IN_MEMORY)
    cursor = connection.execute(NUMBERS)
    return connection, cursor, cursor.stream(batch_rows_max=10)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_every_order_of_closing_works_and_twice(order: tuple[int, ...]) -> None:
    objects = opened()
    next(objects[2])
    for index in order * 2:
        objects[index].close()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_every_order_of_forgetting_works(order: tuple[int, ...]) -> None:
    objects: list[object] = list(opened())
    for index in order:
        objects[index] = None
        gc.collect()


def uses_of_a_cursor(cursor: Cursor) -> Iterator[Callable[[], object]]:
    yield lambda: cursor.execute(NUMBERS)
    yield lambda: cursor.execute("select 2")
    yield lambda: cursor.executemany("select ?", [[1]])
    yield lambda: cursor.prepare(NUMBERS)
    yield cursor.fetchone
    yield lambda: cursor.fetchmany(5)
    yield cursor.fetchall
    yield lambda: next(cursor)
    yield cursor.fetch_arrow
    yield cursor.stream


def refuses(use: Callable[[], object]) -> bool:
    with pytest.raises(odbc_engine.ProgrammingError) as caught:
        use()
    return caught.value.kind is odbc_engine.ErrorKind.INVALID_STATE


def test_a_closed_cursor_refuses_everything() -> None:
    connection, cursor, stream = opened()
    cursor.close()
    assert all(refuses(use) for use in uses_of_a_cursor(cursor))
    assert refuses(lambda: next(stream))
    assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("fetched_before", [False, True])
def test_a_closed_connection_closes_its_cursors(fetched_before: bool) -> None:
    connection = odbc_engine.connect(IN_MEMORY)
    cursor = connection.execute(NUMBERS)
    stream = cursor.fetch_arrow()
    if fetched_before:
        # Rows that have already left the driver are as closed as the others.
        assert cursor.fetchone() == (1,)
    connection.close()
    for use in (cursor.fetchone, cursor.fetchall, lambda: next(stream), lambda: list(cursor)):
        assert refuses(use)
    assert refuses(lambda: cursor.execute(NUMBERS))
    assert refuses(connection.cursor)
    assert refuses(lambda: connection.execute("select 1"))
    assert refuses(connection.commit)
    assert refuses(connection.rollback)
    assert refuses(lambda: connection.autocommit)
    cursor.close()
    stream.close()


def test_executing_again_ends_the_stream_of_before() -> None:
    connection, cursor, stream = opened()
    assert next(stream).rows() == [(number,) for number in range(1, 11)]
    cursor.execute(NUMBERS)
    assert refuses(lambda: next(stream))
    assert cursor.fetchone() == (1,)
    connection.close()


def test_a_closed_stream_refuses_its_rows() -> None:
    connection, cursor, stream = opened()
    with stream:
        next(stream)
    assert refuses(lambda: next(stream))
    assert refuses(cursor.fetchone)
    connection.close()


def test_batches_outlive_everything() -> None:
    connection, _, stream = opened()
    batch = next(stream)
    connection.close()
    assert batch.rows()[0] == (1,)
    assert len(batch) == batch.num_rows == 10


def test_a_forgotten_cursor_lets_go_of_its_locks(database_file: str) -> None:
    with odbc_engine.connect(database_file, autocommit=True) as one:
        one.execute("create table t (id integer)")
        one.execute("insert into t values (1), (2)")
        one.execute("select id from t").fetchone()
        with odbc_engine.connect(database_file + ";Timeout=100", autocommit=True) as other:
            other.execute("drop table t")
