"""Cancelling a task stops its call on the server, and leaves the connection usable."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from test_interrupt import (
    BURN,
    DATABASES,
    MANY,
    RUNNING,
    SECONDS_MAX,
    SERVERS,
    SLEEP,
    Child,
    connection_string,
)

import odbc_engine
from odbc_engine import ErrorKind, aio

Main = Callable[[aio.Connection, aio.Connection], Coroutine[Any, Any, None]]


@pytest.fixture
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Main], None]:
    """Runs a function with two connections to the database of the test."""
    database = request.getfixturevalue("database")
    target = connection_string(database, tmp_path)
    # Only there is a result that is read fetched bit by bit; MariaDB's driver holds it in memory.
    streaming = "reading" in request.node.name and database != "mariadb"

    async def connected(main: Main) -> None:
        async with (
            aio.connect(target, autocommit=True, streaming=streaming) as connection,
            aio.connect(target, autocommit=True) as other,
        ):
            await main(connection, other)

    return lambda main: asyncio.run(connected(main))


async def usable(connection: aio.Connection) -> None:
    cursor = await connection.execute("select 41 + 1")
    # sqliteodbc 0.9998 with StepAPI makes text of expressions, unless another statement is open.
    assert [str(value) for (value,) in await cursor.fetchall()] == ["42"]


async def is_running(other: aio.Connection, database: str, marker: str) -> bool:
    row = await (await other.execute(RUNNING[database], [f"%{marker}%"])).fetchone()
    return row is not None and row[0] > 0


@pytest.mark.parametrize("database", SERVERS)
@pytest.mark.parametrize("work", [SLEEP, BURN], ids=["sleep", "burn"])
def test_cancelling_a_task_stops_its_query(
    run: Callable[[Main], None], database: str, work: dict[str, str]
) -> None:
    async def main(connection: aio.Connection, other: aio.Connection) -> None:
        task = asyncio.create_task(connection.execute(f"{work[database]} /* stopped by aio */"))
        while not await is_running(other, database, "stopped by aio"):
            await asyncio.sleep(0.01)
        began = asyncio.get_running_loop().time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await usable(connection)
        assert asyncio.get_running_loop().time() - began < SECONDS_MAX
        assert not await is_running(other, database, "stopped by aio")

    run(main)


@pytest.mark.parametrize("database", DATABASES)
def test_a_timeout_stops_a_query(run: Callable[[Main], None], database: str) -> None:
    async def main(connection: aio.Connection, other: aio.Connection) -> None:
        began = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await connection.execute(BURN[database])
        await usable(connection)
        assert asyncio.get_running_loop().time() - began < SECONDS_MAX

    run(main)


@pytest.mark.parametrize("database", DATABASES)
def test_a_timeout_stops_reading(run: Callable[[Main], None], database: str) -> None:
    async def main(connection: aio.Connection, other: aio.Connection) -> None:
        cursor = await connection.execute(MANY[database])
        rows = 0

        async def read() -> None:
            nonlocal rows
            async for batch in cursor.stream(batch_rows_max=100):
                rows += len(batch)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await read()
        assert rows < 2_000_000
        await usable(connection)

    run(main)


@pytest.mark.parametrize("database", DATABASES)
def test_a_timeout_stops_a_bulk_insert(run: Callable[[Main], None], database: str) -> None:
    async def main(connection: aio.Connection, other: aio.Connection) -> None:
        await other.execute("drop table if exists stopped")
        await other.execute("create table stopped (i bigint)")
        rows = ((number,) for number in itertools.count())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await connection.bulk_insert("stopped", rows, columns=["i"], types=["l"])
        await usable(connection)
        counted = await (await other.execute("select count(*) from stopped")).fetchone()
        assert counted == (0,)
        await other.execute("drop table stopped")

    run(main)


@pytest.mark.parametrize("database", DATABASES)
def test_a_timeout_stops_an_insert_over_several_connections(database: str, tmp_path: Path) -> None:
    async def main() -> None:
        target = connection_string(database, tmp_path)
        async with aio.Pool(target, autocommit=True, size_max=2) as pool:
            async with pool.acquire() as connection:
                await connection.execute("drop table if exists stopped")
                await connection.execute("create table stopped (i bigint)")
            rows = ((number,) for number in itertools.count())
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await pool.bulk_insert_parallel("stopped", rows, columns=["i"], types=["l"])
            async with pool.acquire() as connection:
                counted = await (
                    await connection.execute("select count(*) from stopped")
                ).fetchone()
                assert counted == (0,)
                await connection.execute("drop table stopped")

    asyncio.run(main())


@pytest.mark.parametrize("database", DATABASES)
def test_cancel_does_not_wait(run: Callable[[Main], None], database: str) -> None:
    async def main(connection: aio.Connection, other: aio.Connection) -> None:
        cursor = connection.cursor()
        task = asyncio.create_task(cursor.execute(BURN[database]))
        # A request that comes before the call has begun stops nothing.
        while not task.done():
            await asyncio.sleep(0.05)
            cursor.cancel()
        with pytest.raises(odbc_engine.OperationalError) as caught:
            await task
        assert caught.value.kind is ErrorKind.CANCELLED
        await usable(connection)

    run(main)


@pytest.mark.parametrize("database", DATABASES)
def test_ctrl_c_stops_the_query(database: str, tmp_path: Path) -> None:
    action = f"""
import asyncio
from odbc_engine import aio
async def main():
    async with aio.connect(os.environ["TEST_CONNECTION"]) as other:
        say("running")
        await other.execute("{BURN[database]}")
asyncio.run(main())
"""
    child = Child(connection_string(database, tmp_path), action)
    child.expect("running")
    # It cannot be told on every database whether it runs.
    time.sleep(0.3)
    child.interrupt("interrupted", "42")
