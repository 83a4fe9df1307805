"""Threads: they share connections, and nobody waits with the GIL held."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import IN_MEMORY

import odbc_engine
from odbc_engine import Connection, Cursor

# Many steps inside the driver, and one row out.
SLOW = """
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 500000)
    select count(*) from n
"""


def test_threads_share_a_connection() -> None:
    connection = odbc_engine.connect(IN_MEMORY)
    connection.execute("create table t (worker integer, number integer)")

    def work(worker: int) -> list[Any]:
        cursor = connection.cursor()
        for number in range(50):
            cursor.execute("insert into t values (?, ?)", (worker, number))
        return cursor.execute("select number from t where worker = ?", [worker]).fetchall()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    assert all(sorted(rows) == [(number,) for number in range(50)] for rows in results)
    assert connection.execute("select count(*) from t").fetchone() == (400,)


def test_threads_have_connections_of_their_own() -> None:
    def work(number: int) -> list[Any]:
        with odbc_engine.connect(IN_MEMORY) as connection:
            return connection.execute("select ?", [number]).fetchall()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(200))) == [[(number,)] for number in range(200)]


@pytest.mark.parametrize("fetch", [Cursor.fetch_pyarrow, Cursor.fetch_polars])
@pytest.mark.parametrize("on_main_thread", [True, False])
def test_python_runs_while_a_library_reads(
    fetch: Callable[[Cursor], object], on_main_thread: bool
) -> None:
    """A thread stops what a library reads, which it can only amid the reading."""
    connection = odbc_engine.connect(IN_MEMORY, autocommit=True, streaming=True)
    cursor = connection.execute(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000) "
        "select i from n"
    )
    stream = cursor.stream(batch_rows_max=1_000)
    ended = threading.Event()

    def read() -> None:
        try:
            with pytest.raises(odbc_engine.OperationalError) as caught:
                fetch(cursor)
            assert caught.value.kind is odbc_engine.ErrorKind.CANCELLED
        finally:
            ended.set()

    def stop() -> None:
        while stream.progress.rows == 0 and not ended.is_set():
            time.sleep(0)
        stream.cancel()

    with ThreadPoolExecutor(1) as pool:
        here, there = (read, stop) if on_main_thread else (stop, read)
        elsewhere = pool.submit(there)
        here()
        elsewhere.result()
    assert stream.progress.rows < 2_000_000


def test_python_runs_while_the_driver_does() -> None:
    connection = odbc_engine.connect(IN_MEMORY)
    done = threading.Event()
    counted = 0

    def query() -> None:
        assert connection.execute(SLOW).fetchone() == (500_000,)
        done.set()

    thread = threading.Thread(target=query)
    thread.start()
    while not done.is_set():
        counted += 1
    thread.join()
    # Held all the time, the GIL would have let this thread count some dozens of times.
    assert counted > 1_000


@pytest.mark.parametrize("times", range(5))
def test_closing_while_others_work_is_safe(times: int) -> None:
    connection = odbc_engine.connect(IN_MEMORY)
    started = threading.Barrier(5)

    def work() -> odbc_engine.ErrorKind:
        started.wait()
        while True:
            try:
                connection.execute("select 1 union all select 2").fetchall()
            except odbc_engine.Error as error:
                return error.kind

    with ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(work) for _ in range(4)]
        started.wait()
        connection.close()
        kinds = {worker.result() for worker in workers}
    assert kinds == {odbc_engine.ErrorKind.INVALID_STATE}


def test_an_arrow_consumer_and_a_cursor_share_a_stream(connection: Connection) -> None:
    """Whatever two threads read of one stream, no row is lost or read twice."""
    cursor = connection.execute(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) "
        "select i from n"
    )
    stream = cursor.stream(batch_rows_max=16)
    seen: list[list[Any]] = [[], []]

    def by_batch() -> None:
        for batch in stream:
            seen[0] += batch.rows()

    def by_row() -> None:
        while row := cursor.fetchmany(3):
            seen[1] += row

    with ThreadPoolExecutor(2) as pool:
        for reading in [pool.submit(by_batch), pool.submit(by_row)]:
            reading.result()
    assert sorted(seen[0] + seen[1]) == [(number,) for number in range(1, 20_001)]
