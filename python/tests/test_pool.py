"""Pools: connections like any other, lent to one borrower after another."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

import odbc_engine
from odbc_engine import ErrorKind, Pool


def test_a_borrowed_connection_is_one_like_any_other(database_file: str) -> None:
    with Pool(database_file, size_max=2) as pool:
        with pool.acquire() as connection:
            connection.execute("create table t (i integer)")
            connection.bulk_insert("t", [(1,), (2,)], columns=["i"])
        with pool.acquire() as connection:
            assert connection.execute("select sum(i) from t").fetchone() == (3,)
            assert pool.state["in_use"] == 1
        with pytest.raises(odbc_engine.ProgrammingError) as caught:
            connection.execute("select 1")
        assert caught.value.kind is ErrorKind.INVALID_STATE
        assert connection.closed
        assert pool.state["in_use"] == 0
        assert pool.state["acquired"] == 2


def test_what_was_not_committed_is_rolled_back_and_settings_come_back(database_file: str) -> None:
    with Pool(database_file, size_max=1) as pool:
        with pool.acquire() as connection:
            connection.execute("create table t (i integer)")
        connection = pool.acquire()
        assert connection.autocommit is False
        connection.execute("insert into t values (1)")
        connection.close()
        with pool.acquire() as connection:
            assert connection.execute("select count(*) from t").fetchone() == (0,)
            connection.autocommit = True
        with pool.acquire() as connection:
            assert connection.autocommit is False
    with Pool(database_file, autocommit=True) as pool, pool.acquire() as connection:
        assert connection.autocommit is True


def test_waiting_in_vain_is_a_timeout(database_file: str) -> None:
    with Pool(database_file, size_max=1, acquire_timeout_ms=20) as pool:
        with pool.acquire(), pytest.raises(odbc_engine.OperationalError) as caught:
            pool.acquire()
        assert caught.value.kind is ErrorKind.TIMEOUT
        assert pool.state["timed_out"] == 1


def test_a_pool_grows_and_shrinks(database_file: str) -> None:
    with Pool(database_file, size_min=0, size_max=1) as pool:
        pool.resize(size_max=3)
        borrowed = [pool.acquire() for _ in range(3)]
        assert pool.state["size"] == 3
        pool.resize(size_max=1)
        for connection in borrowed:
            connection.close()
        assert pool.state["size"] == 1
        with pytest.raises(odbc_engine.ProgrammingError, match="size_max"):
            pool.resize(size_max=0)


def test_a_closed_pool_lends_nothing(database_file: str) -> None:
    pool = Pool(database_file, acquire_timeout_ms=20)
    connection = pool.acquire()
    with pytest.raises(odbc_engine.OperationalError) as caught:
        pool.close()
    assert caught.value.kind is ErrorKind.TIMEOUT
    connection.close()
    pool.close()
    for use in (pool.acquire, lambda: pool.state, pool.resize):
        with pytest.raises(odbc_engine.ProgrammingError) as refused:
            use()
        assert refused.value.kind is ErrorKind.INVALID_STATE


@pytest.mark.parametrize("options", [{"size_max": 0}, {"sizes": 2}, {"login_timeout_ms": 0}])
def test_options_that_make_no_sense_are_named(database_file: str, options: dict[str, int]) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match=next(iter(options))):
        Pool(database_file, **options)  # type: ignore[arg-type]


def test_threads_share_a_pool(database_file: str) -> None:
    with Pool(database_file, size_max=3, autocommit=True) as pool:
        with pool.acquire() as connection:
            connection.execute("create table t (i integer)")

        def work(number: int) -> object:
            with pool.acquire() as connection:
                return connection.execute("select ?", [number]).fetchone()

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(work, range(200))) == [(number,) for number in range(200)]
        state = pool.state
        assert state["size"] <= 3
        assert state["in_use"] == state["waiting"] == 0
        assert state["acquired"] == 201


def test_rows_are_inserted_over_several_connections(database_file: str) -> None:
    with Pool(database_file, size_max=2, autocommit=True) as pool:
        with pool.acquire() as connection:
            connection.execute("create table t (i bigint primary key)")
        rows = ({"i": number} for number in range(10_000))
        result = pool.bulk_insert_parallel("t", rows, parallelism=2)
        assert result.rows == 10_000
        # SQLite has one writer at a time.
        assert result.workers == 1
        assert [warning.sqlstate for warning in result.warnings] == ["01S02"]
        with pytest.raises(odbc_engine.IntegrityError) as caught:
            pool.bulk_insert_parallel("t", [(1,)], columns=["i"])
        assert caught.value.row == 0
        with pytest.raises(odbc_engine.ProgrammingError, match="parallelism"):
            pool.bulk_insert_parallel("t", [], columns=["i"], parallelism=2_000)


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_failure_over_several_connections_tells_what_is_committed(
    server: str, request: pytest.FixtureRequest
) -> None:
    connection: odbc_engine.Connection = request.getfixturevalue(server)
    connection.autocommit = True
    connection.execute("drop table if exists parallel")
    connection.execute("create table parallel (i bigint primary key)")
    connection.execute("insert into parallel values (7777)")
    connection_string = os.environ[f"ODBC_ENGINE_{server.upper()}"]
    with Pool(connection_string, size_max=2, autocommit=True) as pool:
        options = {"chunk_rows": 100, "parallelism": 2}
        rows = [(number,) for number in range(10_000)]
        with pytest.raises(odbc_engine.IntegrityError) as caught:
            pool.bulk_insert_parallel(
                "parallel", rows, columns=["i"], stop_on_error=False, **options
            )  # type: ignore[misc]
        assert caught.value.row == 7777
        report = caught.value.bulk
        assert report is not None
        assert report["committed"] == 9_900
        assert report["ranges_not_committed"] == [[7_700, 7_800]]
        assert len(report["workers"]) == 2
        counted = connection.execute("select count(*) from parallel").fetchone()
        assert counted == (9_901,)
    connection.execute("drop table parallel")
