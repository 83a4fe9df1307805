"""Rows that are at hand already: cleared, cancelled or given back; and what else must not wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from conftest import IN_MEMORY

import odbc_engine
from odbc_engine import Connection, Cursor, ErrorKind, aio

MANY = (
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) select i from n"
)
FEW = MANY.format(600)
LONG = MANY.format(400_000)

Fetch = Callable[[Cursor], object]
FETCHES: list[Fetch] = [
    lambda cursor: cursor.fetchone(),
    lambda cursor: cursor.fetchmany(2),
    lambda cursor: next(cursor.stream()),
]


@pytest.mark.parametrize("sql", [FEW, LONG])
@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize("everywhere", [False, True])
def test_clearing_ends_rows_at_hand(
    connection: Connection, sql: str, fetch: Fetch, everywhere: bool
) -> None:
    cursor = connection.execute(sql)
    assert cursor.fetchone() == (1,)
    if everywhere:
        odbc_engine.clear_all_statements()
    else:
        connection.clear_statements()
    with pytest.raises(odbc_engine.ProgrammingError) as caught:
        fetch(cursor)
    assert caught.value.kind is ErrorKind.INVALID_STATE
    assert cursor.execute(sql).fetchone() == (1,)
    connection.clear_statements()
    cursor.executemany("select ?", [[1]])
    connection.clear_statements()
    cursor.executemany("select ?", [[1]])
    # What was prepared is a statement, and is closed as one.
    cursor.prepare(sql)
    connection.clear_statements()
    with pytest.raises(odbc_engine.ProgrammingError):
        cursor.execute(sql)
    assert cursor.prepare(sql).execute(sql).fetchone() == (1,)


@pytest.mark.parametrize("sql", [FEW, LONG])
@pytest.mark.parametrize("fetch", FETCHES)
def test_cancelling_a_stream_ends_rows_at_hand(
    connection: Connection, sql: str, fetch: Fetch
) -> None:
    cursor = connection.execute(sql)
    stream = cursor.stream()
    assert cursor.fetchone() == (1,)
    stream.cancel()
    with pytest.raises(odbc_engine.OperationalError) as caught:
        fetch(cursor)
    assert caught.value.kind is ErrorKind.CANCELLED
    with pytest.raises(odbc_engine.ProgrammingError):
        fetch(cursor)
    assert len(cursor.execute(sql).fetchmany(600)) == 600


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize("of", ["connection", "cursor"])
def test_cancelling_ends_rows_of_a_result_that_is_not_whole(
    connection: Connection, fetch: Fetch, of: str
) -> None:
    cursor = connection.execute(LONG)
    assert cursor.fetchone() == (1,)
    (connection if of == "connection" else cursor).cancel()
    with pytest.raises(odbc_engine.OperationalError) as caught:
        fetch(cursor)
    assert caught.value.kind is ErrorKind.CANCELLED


def test_cancelling_late_harms_nothing(connection: Connection) -> None:
    cursor = connection.execute(FEW)
    stream = cursor.stream()
    assert len(cursor.fetchall()) == 600
    for late in (stream, cursor, connection):
        late.cancel()
    assert cursor.fetchone() is None
    assert cursor.execute(FEW).fetchone() == (1,)


Read = Callable[[aio.Cursor], Awaitable[Any]]


@pytest.mark.parametrize(
    "fetch",
    [
        lambda cursor: cursor.fetchone(),
        lambda cursor: cursor.fetchmany(3),
        lambda cursor: cursor.fetchall(),
        lambda cursor: cursor.fetch_pyarrow(),
        lambda cursor: anext(cursor.stream()),
    ],
)
def test_rows_that_a_cancelled_task_does_not_get_are_given_back(fetch: Read) -> None:
    async def main() -> None:
        async with aio.connect(IN_MEMORY) as connection:
            cursor = await connection.execute(MANY.format(100))
            assert await cursor.fetchone() == (1,)

            async def fetching() -> None:
                await fetch(cursor)

            task = asyncio.create_task(fetching())
            await asyncio.sleep(0)
            time.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert [row async for row in cursor][:2] == [(2,), (3,)]

    asyncio.run(main())


def test_rows_that_cannot_be_given_back_are_missed_aloud() -> None:
    async def main() -> None:
        async with aio.connect(IN_MEMORY) as connection:
            cursor = await connection.execute(LONG)
            task = asyncio.create_task(cursor.fetchall())
            await asyncio.sleep(0)
            time.sleep(1.5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(odbc_engine.Error):
                await cursor.fetchone()

    asyncio.run(main())


def test_a_cursor_is_closed_though_its_task_is_cancelled() -> None:
    async def main() -> None:
        async with aio.connect(IN_MEMORY) as connection:
            cursor = await connection.execute(FEW)
            working = asyncio.create_task(connection.execute(LONG + " order by -i"))
            closing = asyncio.create_task(cursor.close())
            await asyncio.sleep(0)
            closing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await closing
            await working
            with pytest.raises(odbc_engine.ProgrammingError, match="closed"):
                await cursor.fetchone()

    asyncio.run(main())


def test_a_query_timeout_is_taken_back_and_checked(cursor: Cursor) -> None:
    for _ in range(2):
        cursor.query_timeout_ms = 1_000
        cursor.query_timeout_ms = None
        for wrong in (-1, 86_400_001):
            with pytest.raises(odbc_engine.ProgrammingError, match="query_timeout_ms") as caught:
                cursor.query_timeout_ms = wrong
            assert caught.value.kind is ErrorKind.INVALID_ARGUMENT
        assert cursor.query_timeout_ms is None
        assert cursor.execute("select 1").fetchone() == (1,)


def test_a_pool_whose_block_raises_waits_for_nothing(database_file: str) -> None:
    begin = time.monotonic()
    with pytest.raises(ValueError), odbc_engine.Pool(database_file) as pool:  # noqa: PT011, PT012
        connection = pool.acquire()
        raise ValueError
    assert connection.execute("select 1").fetchone() == (1,)
    connection.close()

    async def main() -> None:
        async with aio.Pool(database_file) as pool:
            connection = await pool.acquire()
            try:
                raise ValueError
            finally:
                assert not connection.closed

    with pytest.raises(ValueError):  # noqa: PT011
        asyncio.run(main())
    assert time.monotonic() - begin < 5
