"""What PEP 249 promises."""

from __future__ import annotations

import datetime

import pytest
from conftest import IN_MEMORY

import odbc_engine
from odbc_engine import Connection, Cursor


@pytest.fixture
def pets(connection: Connection) -> Cursor:
    """A cursor that reads the numbers 1 to 600 and their names."""
    cursor = connection.cursor()
    cursor.execute("create table pet (id integer, name varchar(40), price decimal(10, 2))")
    cursor.executemany("insert into pet (id, name) values (?, ?)", zip(NUMBERS, NAMES, strict=True))
    return cursor.execute("select id, name from pet order by id")


NUMBERS = list(range(1, 601))
NAMES = [f"pet {number}" for number in NUMBERS]
ROWS = list(zip(NUMBERS, NAMES, strict=True))


def test_the_module_says_what_it_is() -> None:
    assert odbc_engine.apilevel == "2.0"
    assert odbc_engine.threadsafety == 2
    assert odbc_engine.paramstyle == "qmark"
    assert odbc_engine.__version__ == "0.1.0"


def test_type_constructors() -> None:
    assert odbc_engine.Date(2024, 2, 29) == datetime.date(2024, 2, 29)
    assert odbc_engine.Time(1, 2, 3) == datetime.time(1, 2, 3)
    assert odbc_engine.Timestamp(2024, 2, 29, 1) == datetime.datetime(2024, 2, 29, 1)
    assert odbc_engine.Binary(b"\0") == b"\0"
    moment = datetime.datetime(2024, 2, 29, 1, 2, 3)
    ticks = moment.timestamp()
    assert odbc_engine.DateFromTicks(ticks) == moment.date()
    assert odbc_engine.TimeFromTicks(ticks) == moment.time()
    assert odbc_engine.TimestampFromTicks(ticks) == moment


def test_description_has_seven_items_of_each_column(pets: Cursor) -> None:
    pets.execute("select id, name, price, 1.5 as x, x'00' as z from pet")
    assert pets.description is not None
    assert [column[0] for column in pets.description] == ["id", "name", "price", "x", "z"]
    assert [column[1] for column in pets.description] == [
        odbc_engine.NUMBER,
        odbc_engine.STRING,
        odbc_engine.NUMBER,
        odbc_engine.NUMBER,
        odbc_engine.BINARY,
    ]
    assert pets.description[1] == ("name", odbc_engine.STRING, None, 40, None, None, True)
    assert pets.columns[0].format == "l"
    assert pets.column_count == 5


def test_a_statement_without_result_has_no_description(cursor: Cursor) -> None:
    assert cursor.description is None
    cursor.execute("create table t (id integer)")
    assert cursor.description is None
    with pytest.raises(odbc_engine.ProgrammingError, match="no result"):
        cursor.fetchone()


def test_fetching_before_executing_is_refused(cursor: Cursor) -> None:
    for fetch in (cursor.fetchone, cursor.fetchall, cursor.fetch_arrow, cursor.stream):
        with pytest.raises(odbc_engine.ProgrammingError, match="execute a query first"):
            fetch()


def test_rowcount_is_known_for_changes_and_unknown_for_queries(cursor: Cursor) -> None:
    assert cursor.rowcount == -1
    cursor.execute("create table t (id integer)")
    cursor.execute("insert into t values (1), (2), (3)")
    assert cursor.rowcount == 3
    cursor.execute("update t set id = 9 where id > 1")
    assert cursor.rowcount == 2
    cursor.execute("delete from t where id = 77")
    assert cursor.rowcount == 0
    cursor.execute("select id from t")
    assert cursor.rowcount == -1


def test_fetchone_gives_each_row_and_then_none(pets: Cursor) -> None:
    assert [pets.fetchone() for _ in ROWS] == ROWS
    assert pets.fetchone() is None
    assert pets.fetchone() is None


def test_fetchmany_gives_what_is_left_and_then_nothing(pets: Cursor) -> None:
    assert pets.fetchmany() == ROWS[:1]
    pets.arraysize = 2
    assert pets.fetchmany() == ROWS[1:3]
    assert pets.fetchmany(0) == []
    assert pets.fetchmany(500) == ROWS[3:503]
    assert pets.fetchmany(500) == ROWS[503:]
    assert pets.fetchmany(500) == []
    with pytest.raises(odbc_engine.ProgrammingError, match="size must be at least 0, not -1"):
        pets.fetchmany(-1)


def test_the_ways_of_fetching_share_one_position(pets: Cursor) -> None:
    assert pets.fetchone() == ROWS[0]
    assert pets.fetchmany(3) == ROWS[1:4]
    assert next(pets) == ROWS[4]
    for row in pets:
        assert row == ROWS[5]
        break
    assert pets.fetchall() == ROWS[6:]
    assert list(pets) == []


def test_executing_again_starts_over(pets: Cursor) -> None:
    pets.fetchone()
    pets.execute("select id, name from pet order by id")
    assert pets.fetchall() == ROWS


def test_a_cursor_keeps_the_statement_of_its_last_text(cursor: Cursor) -> None:
    sql = "select ? as v"
    cursor.execute(sql, [1])
    statement = cursor._statement
    assert cursor.execute(sql, [2]).fetchall() == [(2,)]
    assert cursor._statement is statement
    cursor.execute("select 1")
    assert cursor._statement is not statement


def test_executemany_adds_the_counts_up(cursor: Cursor) -> None:
    cursor.execute("create table t (id integer primary key)")
    cursor.executemany("insert into t values (?)", ([number] for number in range(5)))
    assert cursor.rowcount == 5
    cursor.executemany("insert into t values (?)", [])
    assert cursor.rowcount == 0
    assert cursor.execute("select count(*) from t").fetchall() == [(5,)]


def test_executemany_says_which_parameters_failed(cursor: Cursor) -> None:
    cursor.execute("create table t (id integer primary key)")
    with pytest.raises(odbc_engine.IntegrityError) as caught:
        cursor.executemany("insert into t values (?)", [[1], [2], [1]])
    assert caught.value.__notes__ == ["in the parameters number 2, counted from 0"]


def test_executemany_drops_results(cursor: Cursor) -> None:
    cursor.executemany("select ?", [[1], [2]])
    assert cursor.description is None
    assert cursor.rowcount == -1


def test_sizes_may_be_set_and_mean_nothing(cursor: Cursor) -> None:
    cursor.setinputsizes([None])
    cursor.setoutputsize(5)
    cursor.setoutputsize(5, 1)
    assert cursor.execute("select 'longer than five'").fetchone() == ("longer than five",)


def test_transactions_are_manual_unless_asked_otherwise(database_file: str) -> None:
    connection = odbc_engine.connect(database_file)
    assert connection.autocommit is False
    connection.execute("create table t (id integer)")
    connection.commit()
    connection.execute("insert into t values (1)")
    connection.rollback()
    connection.autocommit = True
    assert connection.autocommit is True
    connection.execute("insert into t values (2)")
    connection.rollback()
    assert connection.execute("select id from t").fetchall() == [(2,)]
    assert connection.warnings == []
    connection.close()


def test_a_with_commits_and_closes(database_file: str) -> None:
    with odbc_engine.connect(database_file) as connection:
        connection.execute("create table t (id integer)")
    assert connection.closed
    with odbc_engine.connect(database_file) as connection:
        assert connection.execute("select id from t").fetchall() == []


def test_a_with_that_raises_rolls_back_and_closes(database_file: str) -> None:
    with odbc_engine.connect(database_file, autocommit=True) as connection:
        connection.execute("create table t (id integer)")

    def fail() -> None:
        with odbc_engine.connect(database_file) as connection:
            seen.append(connection)
            connection.execute("insert into t values (1)")
            raise ZeroDivisionError

    seen: list[Connection] = []
    with pytest.raises(ZeroDivisionError):
        fail()
    assert seen[0].closed
    with odbc_engine.connect(database_file) as connection:
        assert connection.execute("select id from t").fetchall() == []


def test_a_connection_tells_what_it_is_and_can(connection: Connection) -> None:
    assert connection.info["dbms"] == "sqlite"
    assert connection.capabilities()["exact_float64"] is False
    assert repr(connection) == "<odbc_engine.Connection to SQLite, open>"
    connection.close()
    assert repr(connection) == "<odbc_engine.Connection to SQLite, closed>"


def test_cursors_know_their_connection(connection: Connection) -> None:
    cursor = connection.cursor()
    assert cursor.connection is connection
    assert cursor.execute("select 1") is cursor


def test_column_names_may_repeat_and_be_in_unicode(cursor: Cursor) -> None:
    cursor.execute("""select 1 as "größe 😺", 2 as a, 3 as a""")
    assert [column.name for column in cursor.columns] == ["größe 😺", "a", "a"]
    assert cursor.fetchall() == [(1, 2, 3)]


def test_connections_come_and_go() -> None:
    for _ in range(200):
        assert odbc_engine.connect(IN_MEMORY).execute("select 1").fetchone() == (1,)
