"""Named parameters, transactions, several results, retrying, metrics and clearing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import odbc_engine
from odbc_engine import Connection

SQLITE = "Driver=SQLite3;Database=:memory:"


@pytest.fixture
def connection() -> Connection:
    connection = odbc_engine.connect(SQLITE, autocommit=True)
    connection.execute("CREATE TABLE t (i INTEGER)")
    return connection


def rows(connection: Connection) -> list[int]:
    return [i for (i,) in connection.execute("SELECT i FROM t ORDER BY i").fetchall()]


def test_names_find_their_values(connection: Connection) -> None:
    cursor = connection.execute("SELECT :a, @b, ':a', :a", {"b": "x", "a": 1})
    assert cursor.fetchone() == (1, "x", ":a", 1)
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO t VALUES (:i)", [{"i": 1}, {"i": 2}])
    assert (cursor.rowcount, rows(connection)) == (2, [1, 2])


@pytest.mark.parametrize(
    ("parameters", "named"),
    [({"a": 1}, '"b"'), ({"a": 1, "b": 2, "c": 3}, '"c"'), ({"": 1, "a": 1}, "empty")],
)
def test_names_that_do_not_fit_are_named(
    connection: Connection, parameters: dict[str, object], named: str
) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match=named):
        connection.execute("SELECT :a, :b", parameters)


def insert_and_fail(connection: Connection) -> None:
    connection.execute("INSERT INTO t VALUES (2)")
    raise ZeroDivisionError


def test_transactions_nest(connection: Connection) -> None:
    with connection.transaction(isolation="serializable"):
        connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(ZeroDivisionError):
            connection.run_in_transaction(insert_and_fail)
        connection.savepoint("here")
        connection.execute("INSERT INTO t VALUES (3)")
        connection.rollback_to_savepoint("here")
        connection.release_savepoint("here")
    assert rows(connection) == [1]
    assert connection.autocommit


def test_a_failed_transaction_leaves_nothing(connection: Connection) -> None:
    with pytest.raises(ZeroDivisionError):
        connection.run_in_transaction(insert_and_fail)
    assert rows(connection) == []


def test_options_of_transactions_are_checked(connection: Connection) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match="isolation"):
        connection.begin(isolation="strict")
    with pytest.raises(odbc_engine.NotSupportedError, match="READ COMMITTED"):
        connection.begin(isolation="read_committed")
    with connection.transaction(read_only=True), pytest.raises(odbc_engine.OperationalError):
        connection.execute("INSERT INTO t VALUES (1)")
    connection.execute("INSERT INTO t VALUES (1)")


def test_work_runs_in_a_transaction(connection: Connection) -> None:
    def work(inner: Connection) -> int:
        inner.execute("INSERT INTO t VALUES (7)")
        return 7

    assert connection.run_in_transaction(work) == 7
    assert rows(connection) == [7]


def lost() -> odbc_engine.Error:
    with pytest.raises(odbc_engine.OperationalError) as caught:
        odbc_engine.connect("Driver=SQLite3;Database=/no/such/folder/x.db")
    return caught.value


def failing(times: int, error: Exception) -> Callable[[], int]:
    calls = 0

    def work() -> int:
        nonlocal calls
        calls += 1
        if calls <= times:
            raise error
        return calls

    return work


def test_what_may_succeed_is_tried_again(connection: Connection) -> None:
    error = lost()
    assert error.retryable
    assert odbc_engine.retry(failing(2, error), attempts=3) == 3
    with pytest.raises(odbc_engine.OperationalError):
        odbc_engine.retry(failing(3, error), attempts=3)
    with pytest.raises(odbc_engine.ProgrammingError) as caught:
        connection.execute("SELEKT")
    with pytest.raises(odbc_engine.ProgrammingError):
        odbc_engine.retry(failing(1, caught.value))
    with pytest.raises(ValueError, match="attempts"):
        odbc_engine.retry(lambda: 1, attempts=0)


def test_a_statement_without_another_result_says_so(connection: Connection) -> None:
    cursor = connection.cursor()
    assert cursor.nextset() is None
    cursor.execute("SELECT 1")
    assert cursor.nextset() is None
    with pytest.raises(odbc_engine.ProgrammingError):
        cursor.fetchone()
    cursor.close()
    with pytest.raises(odbc_engine.ProgrammingError, match="closed"):
        cursor.nextset()


def test_clearing_closes_statements_and_shows_in_the_metrics(connection: Connection) -> None:
    odbc_engine.clear_all_statements()
    odbc_engine.reset_metrics()
    cursors = [connection.execute("SELECT ?", (i,)) for i in range(5)]
    metrics = odbc_engine.metrics()
    assert (metrics["executions"], metrics["open_statements"]) == (5, 5)
    assert connection.clear_statements() == 5
    assert odbc_engine.clear_all_statements() == 0
    assert odbc_engine.metrics()["open_statements"] == 0
    with pytest.raises(odbc_engine.ProgrammingError, match="closed"):
        cursors[0].fetchone()
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_connection_strings_are_built_and_taken_apart() -> None:
    pairs = [("Driver", "SQLite3"), ("PWD", "a;b}")]
    text = odbc_engine.build_connection_string(pairs)
    assert text == "Driver=SQLite3;PWD={a;b}}}"
    assert odbc_engine.parse_connection_string(text) == pairs
    assert odbc_engine.redact_connection_string(text) == "Driver=SQLite3;PWD=***"
    with pytest.raises(odbc_engine.ProgrammingError):
        odbc_engine.build_connection_string({"a=b": "c"})
    with pytest.raises(odbc_engine.ProgrammingError):
        odbc_engine.parse_connection_string("PWD={x")
