"""Named parameters, transactions, several results, retrying, metrics and clearing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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


@pytest.fixture
def shared(database_file: str) -> Iterator[Connection]:
    """Another connection, which sees what is committed to the table ``t``."""
    with odbc_engine.connect(database_file + ";Timeout=100", autocommit=True) as connection:
        connection.execute("CREATE TABLE t (i INTEGER)")
        yield connection


def insert_seven(connection: Connection) -> int:
    return connection.execute("INSERT INTO t VALUES (7)").rowcount


def test_a_connection_commits_all_levels(shared: Connection, database_file: str) -> None:
    with odbc_engine.connect(database_file) as connection:
        connection.begin()
        insert_seven(connection)
    assert rows(shared) == [7]
    with odbc_engine.connect(database_file) as connection:
        insert_seven(connection)
        for _ in range(3):
            connection.begin()
            insert_seven(connection)
    assert rows(shared) == [7] * 5
    with odbc_engine.connect(database_file, autocommit=True) as connection:
        connection.begin()
        insert_seven(connection)
    assert rows(shared) == [7] * 6


def test_a_connection_whose_block_raises_commits_no_level(
    shared: Connection, database_file: str
) -> None:
    def work() -> None:
        with odbc_engine.connect(database_file) as connection:
            insert_seven(connection)
            connection.begin()
            insert_and_fail(connection)

    with pytest.raises(ZeroDivisionError):
        work()
    assert rows(shared) == []


def test_transactions_commit_by_themselves_without_autocommit(
    shared: Connection, database_file: str
) -> None:
    connection = odbc_engine.connect(database_file)
    with connection.transaction(isolation="serializable"):
        insert_seven(connection)
        assert rows(shared) == []
    assert rows(shared) == [7]
    assert not connection.autocommit
    assert connection.run_in_transaction(insert_seven, isolation="serializable") == 1
    assert connection.run_in_transaction(insert_seven) == 1
    assert rows(shared) == [7] * 3
    with pytest.raises(ZeroDivisionError):
        connection.run_in_transaction(insert_and_fail)
    # What follows is not a part of it, and waits for a commit of its own.
    insert_seven(connection)
    assert rows(shared) == [7] * 3
    connection.rollback()
    assert rows(connection) == [7] * 3
    connection.close()


def test_a_read_only_transaction_is_one_without_autocommit_too(database_file: str) -> None:
    with odbc_engine.connect(database_file) as connection:
        connection.execute("CREATE TABLE t (i INTEGER)")
        connection.commit()
        with connection.transaction(read_only=True), pytest.raises(odbc_engine.OperationalError):
            insert_seven(connection)
        insert_seven(connection)
        connection.commit()
        assert rows(connection) == [7]


def test_a_transaction_within_what_is_open_is_a_savepoint(
    shared: Connection, database_file: str
) -> None:
    connection = odbc_engine.connect(database_file)
    insert_seven(connection)
    for modes in ({"isolation": "serializable"}, {"read_only": True}):
        with pytest.raises(odbc_engine.ProgrammingError) as caught:
            connection.begin(**modes)
        assert caught.value.kind is odbc_engine.ErrorKind.INVALID_STATE
    with connection.transaction():
        insert_seven(connection)
    assert rows(shared) == []
    with pytest.raises(ZeroDivisionError):
        connection.run_in_transaction(insert_and_fail)
    connection.commit()
    assert rows(shared) == [7, 7]
    connection.close()


class Conflict(odbc_engine.OperationalError):
    kind = odbc_engine.ErrorKind.TRANSACTION
    retryable = True


def test_what_others_raise_may_be_tried_again(connection: Connection) -> None:
    calls = 0

    def work(inner: Connection) -> int:
        nonlocal calls
        calls += 1
        inner.execute("INSERT INTO t VALUES (?)", [calls])
        if calls < 3:
            raise Conflict("mine")
        return calls

    assert connection.run_in_transaction(work) == 3
    assert rows(connection) == [3]
    with pytest.raises(Conflict, match="mine"):
        odbc_engine.retry(failing(2, Conflict("mine")), attempts=2)


@pytest.mark.parametrize("error", [odbc_engine.DataError("mine"), odbc_engine.Error("mine")])
def test_what_others_raise_is_raised_as_it_is(
    connection: Connection, error: odbc_engine.Error
) -> None:
    def work(inner: Connection) -> None:
        inner.execute("INSERT INTO t VALUES (1)")
        raise error

    with pytest.raises(odbc_engine.Error) as caught:
        connection.run_in_transaction(work)
    assert caught.value is error
    assert rows(connection) == []
    with pytest.raises(odbc_engine.Error) as caught:
        odbc_engine.retry(failing(1, error))
    assert caught.value is error
