"""The asyncio API: the same operations, and an event loop that never waits."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from conftest import IN_MEMORY

import odbc_engine
from odbc_engine import ErrorKind, aio

SLOW = """
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000)
    select count(*) from n
"""
NUMBERS = """
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
    select i from n
"""


def run(main: Callable[[aio.Connection], Coroutine[Any, Any, None]]) -> None:
    """Runs ``main`` with a connection to an embedded database of its own."""

    async def connected() -> None:
        async with aio.connect(IN_MEMORY) as connection:
            await main(connection)

    asyncio.run(connected())


@contextlib.asynccontextmanager
async def heartbeat() -> AsyncIterator[list[float]]:
    """The times at which the event loop was free."""
    beats: list[float] = []

    async def beat() -> None:
        while True:
            beats.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0.001)

    beating = asyncio.create_task(beat())
    try:
        yield beats
    finally:
        beating.cancel()


def test_operations_are_those_of_the_synchronous_api() -> None:
    async def main(connection: aio.Connection) -> None:
        await connection.execute("create table t (i integer, s varchar(9))")
        cursor = connection.cursor()
        assert (
            await cursor.executemany("insert into t values (?, ?)", [(1, "x"), (2, "y")]) is cursor
        )
        assert cursor.rowcount == 2
        assert await cursor.prepare("select i, s from t order by i") is cursor
        assert await cursor.execute("select i, s from t order by i") is cursor
        assert cursor.column_count == 2
        assert [column.name for column in await cursor.columns] == ["i", "s"]
        assert (await cursor.description or [])[1][0] == "s"
        assert [row async for row in cursor] == [(1, "x"), (2, "y")]
        assert await cursor.fetchone() is None
        async with await connection.execute("select i from t order by i") as rows:
            assert await rows.fetchmany(1) == [(1,)]
            assert await rows.fetchall() == [(2,)]
        table = await (await connection.execute("select * from t")).fetch_pyarrow()
        assert table.num_rows == 2
        result = await connection.bulk_insert("t", pyarrow.table({"i": [3], "s": ["z"]}))
        assert result.rows == 1
        names = await (await connection.catalog("tables", name="t")).fetchall()
        assert len(names) == 1
        assert connection.info["dbms_name"] == "SQLite"
        assert "cancel" in connection.capabilities()

    run(main)


def test_every_method_of_the_synchronous_api_is_there() -> None:
    for of in ("Connection", "Cursor", "Stream", "Pool"):
        sync, awaited = getattr(odbc_engine, of), getattr(aio, of)
        names = {name for name, _ in inspect.getmembers(sync) if not name.startswith("_")}
        # The exceptions of PEP 249, and what does nothing; Arrow's protocol cannot be awaited.
        ignored = {name for name in names if isinstance(getattr(sync, name), type)}
        missing = names - ignored - {"setinputsizes", "setoutputsize"} - set(dir(awaited))
        assert not missing, (of, missing)


def test_transactions_end_with_their_block() -> None:
    async def main(connection: aio.Connection) -> None:
        await connection.set_autocommit(True)
        assert await connection.autocommit is True
        await connection.execute("create table t (i integer)")
        async with connection.transaction():
            await connection.execute("insert into t values (1)")

        async def fail() -> None:
            async with connection.transaction():
                await connection.execute("insert into t values (2)")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()

        async def work(same: aio.Connection) -> int:
            return (await same.execute("insert into t values (3)")).rowcount

        assert await connection.run_in_transaction(work) == 1
        rows = await (await connection.execute("select i from t order by i")).fetchall()
        assert rows == [(1,), (3,)]

    run(main)


def test_errors_are_those_of_the_synchronous_api() -> None:
    async def main(connection: aio.Connection) -> None:
        with pytest.raises(odbc_engine.ProgrammingError) as caught:
            await connection.execute("select * from missing")
        assert caught.value.kind is ErrorKind.SYNTAX
        await connection.close()
        await connection.close()
        assert connection.closed
        with pytest.raises(odbc_engine.ProgrammingError):
            await connection.commit()

    run(main)
    with pytest.raises(odbc_engine.Error):
        asyncio.run(aio.connect("Driver=NoSuchDriver").__aenter__())


def test_the_event_loop_never_waits() -> None:
    async def main(connection: aio.Connection) -> None:
        async with heartbeat() as beats:
            cursor = await connection.execute(SLOW)
            assert await cursor.fetchall() == [(3_000_000,)]
        # Held up by the query, the loop would have been free a few times only.
        assert len(beats) > 50

    run(main)


def test_connections_work_at_once(database_file: str) -> None:
    async def main() -> None:
        async with aio.Pool(database_file, size_max=4) as pool:

            async def work(number: int) -> Any:
                async with pool.acquire() as connection:
                    return await (await connection.execute("select ?", [number])).fetchone()

            rows = await asyncio.gather(*(work(number) for number in range(50)))
            assert rows == [(number,) for number in range(50)]
            state = pool.state
            assert state["size"] <= 4
            assert state["in_use"] == state["waiting"] == 0
            await pool.resize(size_max=1)
            connection = await pool.acquire()
            waiting = asyncio.ensure_future(_one(pool))
            async with heartbeat() as beats:
                while len(beats) < 20:
                    await asyncio.sleep(0.001)
            assert not waiting.done()
            await connection.close()
            assert await waiting == (1,)

    asyncio.run(main())


async def _one(pool: aio.Pool) -> Any:
    async with pool.acquire() as connection:
        return await (await connection.execute("select 1")).fetchone()


def test_a_cancelled_borrower_leaves_its_connection_in_the_pool(database_file: str) -> None:
    async def main() -> None:
        async with aio.Pool(database_file, size_max=1) as pool:
            held = await pool.acquire()
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await pool.acquire()
            await held.close()
            assert await _one(pool) == (1,)
            assert pool.state["in_use"] == 0

    asyncio.run(main())


def test_streams_give_batches_when_they_are_asked_for() -> None:
    async def main(connection: aio.Connection) -> None:
        cursor = await connection.execute(NUMBERS)
        async with cursor.stream(batch_rows_max=100) as stream:
            assert [column.name for column in await stream.columns] == ["i"]
            rows = 0
            async for batch in stream:
                rows += len(batch)
                # One batch may be ahead of those that were taken.
                assert stream.progress.rows <= rows + 100
                if rows >= 1_000:
                    await asyncio.sleep(0.05)
                    assert stream.progress.rows <= rows + 100
                    break
        pages = connection.query_pages(NUMBERS, key="i", page_rows=7_000)
        assert [row async for batch in pages for row in batch.rows()][-1] == (20_000,)

    run(main)


def test_a_task_can_be_cancelled_before_its_call_begins(tmp_path: Path) -> None:
    async def main(connection: aio.Connection) -> None:
        await connection.execute("create table t (i integer)")
        slow = asyncio.create_task(connection.execute(SLOW))
        await asyncio.sleep(0)
        behind = asyncio.create_task(connection.execute("insert into t values (1)"))
        await asyncio.sleep(0)
        behind.cancel()
        with pytest.raises(asyncio.CancelledError):
            await behind
        await slow
        # It was never done.
        assert await (await connection.execute("select * from t")).fetchall() == []

    run(main)


def test_threads_end_with_their_connections() -> None:
    def workers() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "odbc_engine.aio"]

    async def main() -> None:
        for _ in range(20):
            async with aio.connect(IN_MEMORY) as connection:
                await connection.execute("select 1")
        forgotten = await aio.connect(IN_MEMORY)
        await forgotten.execute("select 1")

    before = workers()
    asyncio.run(main())
    for thread in set(workers()) - set(before):
        thread.join(10)
        assert not thread.is_alive()


class Blocked:
    """Holds up a connection's thread until it is told to go on."""

    def __init__(self, connection: aio.Connection) -> None:
        self._gate = threading.Event()
        self._held = asyncio.create_task(connection._worker.do(self._gate.wait))

    async def release(self) -> None:
        self._gate.set()
        await self._held


def numbers_of(other: odbc_engine.Connection) -> list[int]:
    return [number for (number,) in other.execute("select i from t order by i")]


@pytest.fixture
def other(database_file: str) -> Iterator[odbc_engine.Connection]:
    """Another connection, which sees what is committed to the table ``t``."""
    with odbc_engine.connect(database_file + ";Timeout=100", autocommit=True) as connection:
        connection.execute("create table t (i integer)")
        yield connection


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("fails", [False, True], ids=["commit", "rollback"])
def test_the_end_of_a_transaction_that_is_cancelled_is_done(
    database_file: str, other: odbc_engine.Connection, fails: bool
) -> None:
    async def main() -> None:
        async with aio.connect(database_file, autocommit=True) as connection:
            inserted, ending = asyncio.Event(), asyncio.Event()

            async def work() -> None:
                async with connection.transaction():
                    await connection.execute("insert into t values (1)")
                    inserted.set()
                    await ending.wait()
                    if fails:
                        raise ZeroDivisionError

            task = asyncio.create_task(work())
            await inserted.wait()
            blocked = Blocked(connection)
            await asyncio.sleep(0)
            ending.set()
            # The task runs on until it waits for its end, behind what holds up the thread.
            await asyncio.sleep(0)
            await cancelled(task)
            await blocked.release()
            await connection.execute("insert into t values (2)")
            assert numbers_of(other) == ([2] if fails else [1, 2])
            assert await connection.autocommit

    asyncio.run(main())


def test_a_transaction_whose_body_is_cancelled_is_rolled_back(
    database_file: str, other: odbc_engine.Connection
) -> None:
    async def main() -> None:
        async with aio.connect(database_file, autocommit=True) as connection:
            inserted = asyncio.Event()

            async def work(same: aio.Connection) -> None:
                await same.execute("insert into t values (1)")
                inserted.set()
                await asyncio.Event().wait()

            task = asyncio.create_task(connection.run_in_transaction(work))
            await inserted.wait()
            await cancelled(task)
            await connection.execute("insert into t values (2)")
            assert numbers_of(other) == [2]

    asyncio.run(main())


async def transact(connection: aio.Connection) -> None:
    async with connection.transaction():
        raise AssertionError("the task was cancelled before")


@pytest.mark.parametrize("ends", ["before", "after"])
def test_a_transaction_that_a_cancelled_task_begins_is_rolled_back(
    database_file: str,
    other: odbc_engine.Connection,
    monkeypatch: pytest.MonkeyPatch,
    ends: str,
) -> None:
    began, begins, begin = threading.Event(), threading.Event(), odbc_engine.Connection.begin

    def slow_begin(self: odbc_engine.Connection) -> None:
        if ends == "after":
            began.set()
            assert begins.wait(60)
        begin(self)
        if ends == "before":
            began.set()
            assert begins.wait(60)

    monkeypatch.setattr(odbc_engine.Connection, "begin", slow_begin)

    async def main() -> None:
        async with aio.connect(database_file, autocommit=True) as connection:
            task = asyncio.create_task(transact(connection))
            await asyncio.to_thread(began.wait)
            # It waits for the thread already, and is no part of what is rolled back.
            behind = asyncio.create_task(connection.execute("insert into t values (1)"))
            await asyncio.sleep(0)
            try:
                await cancelled(task)
            finally:
                begins.set()
            await behind
            assert numbers_of(other) == [1]
            assert await connection.autocommit

    asyncio.run(main())


def test_a_transaction_that_was_not_begun_yet_is_not(
    database_file: str, other: odbc_engine.Connection
) -> None:
    async def main() -> None:
        async with aio.connect(database_file, autocommit=True) as connection:
            blocked = Blocked(connection)
            await asyncio.sleep(0)
            task = asyncio.create_task(transact(connection))
            await asyncio.sleep(0)
            behind = asyncio.create_task(connection.execute("insert into t values (1)"))
            await asyncio.sleep(0)
            await cancelled(task)
            await blocked.release()
            await behind
            assert numbers_of(other) == [1]

    asyncio.run(main())


@pytest.mark.parametrize("how", ["close", "async with"])
def test_closing_that_is_cancelled_is_done(how: str) -> None:
    async def main() -> None:
        connection = await aio.connect(IN_MEMORY)
        leaving = asyncio.Event()

        async def leave() -> None:
            async with connection:
                await leaving.wait()

        if how == "async with":
            closing = asyncio.create_task(leave())
            await asyncio.sleep(0)
        blocked = Blocked(connection)
        await asyncio.sleep(0)
        thread = connection._worker._thread
        if how == "close":
            closing = asyncio.create_task(connection.close())
        leaving.set()
        await asyncio.sleep(0)
        await cancelled(closing)
        assert not connection.closed
        await blocked.release()
        assert thread is not None
        await asyncio.to_thread(thread.join)
        assert connection.closed

    asyncio.run(main())


def refused(error: pytest.ExceptionInfo[odbc_engine.ProgrammingError]) -> bool:
    return error.value.kind is ErrorKind.INVALID_STATE


def test_a_stream_is_that_of_its_result() -> None:
    async def main(connection: aio.Connection) -> None:
        cursor = await connection.execute("select 1 as a")
        stream, arrow = cursor.stream(batch_rows_max=1), cursor.fetch_arrow()
        await cursor.execute("select 2 as b")
        for late in (stream, arrow):
            with pytest.raises(odbc_engine.ProgrammingError) as caught:
                await anext(late)
            assert refused(caught)
            with pytest.raises(odbc_engine.ProgrammingError) as caught:
                await late.columns
            assert refused(caught)
            await late.close()
        assert await cursor.fetchall() == [(2,)]
        # The same text again is another result.
        stream = cursor.stream()
        await cursor.execute("select 2 as b")
        with pytest.raises(odbc_engine.ProgrammingError) as caught:
            await anext(stream)
        assert refused(caught)
        assert (await anext(cursor.stream())).rows() == [(2,)]

    run(main)


def test_closing_a_stream_that_nobody_read_executes_nothing() -> None:
    async def main(connection: aio.Connection) -> None:
        streams = [
            connection.query_parts("select * from missing", partition_on="i"),
            connection.query_pages("select * from missing", key="i"),
        ]
        odbc_engine.reset_metrics()
        for stream in streams:
            async with stream:
                pass
            await stream.close()
            with pytest.raises(odbc_engine.ProgrammingError) as caught:
                await anext(stream)
            assert refused(caught)
        assert odbc_engine.metrics()["executions"] == 0
        cursor = await connection.execute("select 1")
        unread, read = cursor.stream(), (await connection.execute(NUMBERS)).stream()
        await anext(read)
        await connection.close()
        for stream in (unread, read, connection.query_parts("select 1 as i", partition_on="i")):
            await stream.close()

    run(main)
