"""Calls of procedures by PEP 249's ``callproc``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from conftest import SERVERS
from test_interrupt import is_running, until

import odbc_engine
from odbc_engine import Connection, ErrorKind, aio, errors


def test_outputs_come_in_a_copy_of_the_parameters(postgresql: Connection) -> None:
    cursor = postgresql.cursor()
    cursor.execute(
        "CREATE PROCEDURE pg_temp.pay(who text, INOUT sum numeric(10, 2), OUT note text)"
        " LANGUAGE plpgsql AS $$ BEGIN sum := sum * 2; note := 'paid ' || who; END $$"
    )
    schema = postgresql.execute("SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()")
    row = schema.fetchone()
    assert row is not None
    name = f"{row[0]}.pay"
    given = ["Zoë", Decimal("1.50"), None]
    assert cursor.callproc(name, given) == ["Zoë", Decimal("3.00"), "paid Zoë"]
    assert given == ["Zoë", Decimal("1.50"), None]
    assert cursor.outputs == {"sum": Decimal("3.00"), "note": "paid Zoë"}
    assert cursor.description is None
    by_name = {"note": None, "who": "Ann", "sum": Decimal("2.00")}
    assert cursor.callproc(name, by_name) == {
        "note": "paid Ann",
        "who": "Ann",
        "sum": Decimal("4.00"),
    }


def test_results_are_the_cursors(mariadb: Connection) -> None:
    cursor = mariadb.cursor()
    cursor.execute("DROP PROCEDURE IF EXISTS py_results")
    cursor.execute(
        "CREATE PROCEDURE py_results(a INT, INOUT b INT)"
        " BEGIN SELECT a AS x; SELECT seq FROM seq_1_to_3; SET b = a + b; END"
    )
    assert cursor.callproc("py_results", (4, 5)) == [4, 9]
    assert cursor.fetchall() == [(4,)]
    assert cursor.nextset()
    assert cursor.fetch_pyarrow().num_rows == 3
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]
    cursor.execute("DROP PROCEDURE py_results")


def test_sqlite_has_no_procedures() -> None:
    connection = odbc_engine.connect("Driver=SQLite3;Database=:memory:")
    with pytest.raises(errors.NotSupportedError) as caught:
        connection.cursor().callproc("anything")
    assert caught.value.sqlstate == "HYC00"


# Of a minute or more.
CREATE = {
    "postgresql": "CREATE OR REPLACE FUNCTION {name}() RETURNS integer LANGUAGE plpgsql"
    " AS $$ BEGIN PERFORM pg_sleep(60); RETURN 1; END $$",
    "mariadb": "CREATE OR REPLACE PROCEDURE {name}() BEGIN"
    " SELECT SUM(a.seq * b.seq) AS py_slow FROM seq_1_to_1000000 a, seq_1_to_1000000 b; END",
}
DROP = {"postgresql": "DROP FUNCTION {name}", "mariadb": "DROP PROCEDURE {name}"}
# MariaDB tells the statement within the procedure; a sleep there would end without an error.
MARKER = {"postgresql": "{name}", "mariadb": "AS py_slow"}


@pytest.fixture(params=SERVERS)
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def slow(database: str, other: Connection) -> Iterator[str]:
    """A procedure that nobody waits for."""
    name = f"py_slow_{database}"
    other.execute(CREATE[database].format(name=name))
    yield name
    other.execute(DROP[database].format(name=name))


def runs(other: Connection, database: str, slow: str) -> bool:
    return is_running(other, database, MARKER[database].format(name=slow))


def test_another_thread_stops_a_procedure(
    database: str, target: str, other: Connection, slow: str
) -> None:
    with odbc_engine.connect(target, autocommit=True) as connection:
        numbers = "SELECT 1 AS i UNION ALL SELECT 2 UNION ALL SELECT 3 ORDER BY i"
        stream = connection.execute(numbers).stream(batch_rows_max=1)
        assert next(stream).rows() == [(1,)]
        cursor = connection.cursor()
        with ThreadPoolExecutor(1) as pool:
            calling = pool.submit(cursor.callproc, slow)
            until(lambda: runs(other, database, slow) or calling.done())
            cursor.cancel()
            with pytest.raises(odbc_engine.OperationalError) as caught:
                calling.result()
        assert caught.value.kind is ErrorKind.CANCELLED
        assert [batch.rows() for batch in stream] == [[(2,)], [(3,)]]
        # A request that comes late stops nothing.
        cursor.cancel()
        assert cursor.execute("SELECT 41 + 1").fetchall() == [(42,)]
    until(lambda: not runs(other, database, slow))


def test_a_timeout_stops_a_procedure(
    database: str, target: str, other: Connection, slow: str
) -> None:
    with odbc_engine.connect(target, autocommit=True) as connection:
        stream = connection.execute("SELECT 1 UNION ALL SELECT 2").stream(batch_rows_max=1)
        next(stream)
        cursor = connection.cursor()
        cursor.query_timeout_ms = 300
        with pytest.raises(odbc_engine.OperationalError) as caught:
            cursor.callproc(slow)
        assert caught.value.kind is ErrorKind.TIMEOUT
        assert len(next(stream)) == 1
        assert cursor.execute("SELECT 41 + 1").fetchall() == [(42,)]
    until(lambda: not runs(other, database, slow))


def test_cancelling_a_task_stops_its_procedure(
    database: str, target: str, other: Connection, slow: str
) -> None:
    async def main() -> None:
        async with aio.connect(target, autocommit=True) as connection:
            stream = (await connection.execute("SELECT 1 UNION ALL SELECT 2")).stream(
                batch_rows_max=1
            )
            await anext(stream)
            cursor = connection.cursor()
            task = asyncio.create_task(cursor.callproc(slow))
            await asyncio.to_thread(until, lambda: runs(other, database, slow) or task.done())
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert len(await anext(stream)) == 1
            await cursor.execute("SELECT 41 + 1")
            assert await cursor.fetchall() == [(42,)]
        until(lambda: not runs(other, database, slow))

    asyncio.run(main())
