"""Exceptions: their classes, what they carry, and what no call may do."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
from conftest import IN_MEMORY

import odbc_engine
from odbc_engine import Connection, Cursor, Diagnostic, ErrorKind

CLASSES = [
    "DataError",
    "OperationalError",
    "IntegrityError",
    "InternalError",
    "ProgrammingError",
    "NotSupportedError",
]


def test_the_classes_are_those_of_pep_249() -> None:
    assert issubclass(odbc_engine.Warning, Exception)
    assert issubclass(odbc_engine.Error, Exception)
    assert issubclass(odbc_engine.InterfaceError, odbc_engine.Error)
    assert issubclass(odbc_engine.DatabaseError, odbc_engine.Error)
    for name in CLASSES:
        assert issubclass(getattr(odbc_engine, name), odbc_engine.DatabaseError)
        assert getattr(Connection, name) is getattr(odbc_engine, name)


def test_an_exception_carries_all_that_is_known(cursor: Cursor) -> None:
    cursor.execute("create table t (id integer primary key)")
    cursor.execute("insert into t values (1)")
    with pytest.raises(odbc_engine.IntegrityError) as caught:
        cursor.execute("insert into t values (?)", [1])
    error = caught.value
    assert error.kind is ErrorKind.CONSTRAINT
    assert error.kind == 7
    assert error.kind_name == "Constraint"
    assert error.operation == "execute"
    assert error.sqlstate == "HY000"
    assert error.native_code == 19
    assert "UNIQUE constraint failed" in error.message
    assert error.message in str(error)
    assert error.records == [Diagnostic("HY000", 19, error.message)]
    assert error.retryable is False
    assert error.column is None
    assert error.row is None


def test_an_exception_survives_pickling(cursor: Cursor) -> None:
    with pytest.raises(odbc_engine.ProgrammingError) as caught:
        cursor.execute("selec")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is odbc_engine.ProgrammingError
    assert str(copy) == str(caught.value)
    assert copy.kind is ErrorKind.SYNTAX
    assert copy.records == caught.value.records


def test_a_bad_value_names_its_column_and_row(cursor: Cursor) -> None:
    cursor.execute("create table t (v timestamp)")
    cursor.execute("insert into t values ('2024-02-29 01:02:03'), ('nonsense')")
    cursor.execute("select v from t")
    with pytest.raises(odbc_engine.DataError) as caught:
        cursor.fetchall()
    assert (caught.value.column, caught.value.row) == ("v", 1)
    assert caught.value.operation == "fetch"


def test_an_error_leaves_cursor_and_connection_usable(cursor: Cursor) -> None:
    cursor.execute("select 1")
    with pytest.raises(odbc_engine.ProgrammingError):
        cursor.execute("select * from missing")
    with pytest.raises(odbc_engine.ProgrammingError):
        cursor.fetchone()
    assert cursor.execute("select 2").fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("connection_string", "kind", "named"),
    [
        ("", ErrorKind.INVALID_ARGUMENT, "empty"),
        ("nonsense", ErrorKind.INVALID_ARGUMENT, "part 1"),
        ("Driver=SQLite3;Database=a\0b", ErrorKind.INVALID_ARGUMENT, "NUL"),
        ("Driver=\ud800", ErrorKind.INVALID_ARGUMENT, "connection string"),
        ("Driver=No Such Driver;Pwd=s3cret", ErrorKind.DRIVER, "No Such Driver"),
        ("Driver=SQLite3;Database=/no/such/folder/x.db", ErrorKind.CONNECTION, ""),
    ],
)
def test_bad_connection_strings_are_refused(
    connection_string: str, kind: ErrorKind, named: str
) -> None:
    with pytest.raises(odbc_engine.Error) as caught:
        odbc_engine.connect(connection_string)
    assert caught.value.kind is kind
    assert caught.value.operation == "connect"
    assert named.lower() in str(caught.value).lower()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"login_timeout": 5}, "login_timeout"),
        ({"login_timeout_ms": 0}, "login_timeout_ms"),
        ({"login_timeout_ms": 600_001}, "login_timeout_ms"),
        ({"login_timeout_ms": 1.5}, "login_timeout_ms"),
        ({"login_timeout_ms": float("nan")}, "login_timeout_ms"),
        ({"login_timeout_ms": object()}, "login_timeout_ms"),
        ({"read_only": "yes"}, "read_only"),
        ({"autocommit": b"1"}, "autocommit"),
    ],
)
def test_bad_connection_options_are_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match=named) as caught:
        odbc_engine.connect(IN_MEMORY, **options)
    assert caught.value.kind is ErrorKind.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "options",
    [
        {"batch_rows_max": 0},
        {"batch_rows_max": 1_048_577},
        {"batch_bytes_max": 4_095},
        {"column_bytes_max": -1},
        {"column_bytes_max": 2**31},
        {"batch_rows": 5},
    ],
)
def test_bad_stream_options_are_named(cursor: Cursor, options: dict[str, object]) -> None:
    cursor.execute("select 1")
    with pytest.raises(odbc_engine.ProgrammingError, match=next(iter(options))):
        cursor.stream(**options)
    assert cursor.fetchall() == [(1,)]


@pytest.mark.parametrize("sql", ["", " \n", "select 1\0", "select '\ud800'"])
def test_bad_sql_text_is_refused(cursor: Cursor, sql: str) -> None:
    with pytest.raises(odbc_engine.ProgrammingError) as caught:
        cursor.execute(sql)
    assert caught.value.kind is ErrorKind.INVALID_ARGUMENT


@pytest.mark.parametrize("sql", [None, 5, b"select 1"])
def test_sql_that_is_no_text_is_a_type_error(cursor: Cursor, sql: object) -> None:
    with pytest.raises(TypeError, match="the SQL text must be a str, not"):
        cursor.execute(sql)
    with pytest.raises(TypeError, match="the connection string must be a str, not"):
        odbc_engine.connect(sql)


def test_a_panic_is_an_exception_and_harms_nothing(run_python: Callable[[str], str]) -> None:
    printed = run_python(
        """
import os
import odbc_engine
from odbc_engine import _native
connection = odbc_engine.connect(os.environ["IN_MEMORY"])
assert hasattr(_native, "panic_in_engine"), "the tests need a debug build"
try:
    _native.panic_in_engine("out of cheese")
except odbc_engine.InternalError as error:
    print(error.kind_name, error.message)
print(connection.execute("select 1").fetchall())
"""
    )
    assert printed == "Internal the engine panicked: out of cheese\n[(1,)]\n"


def test_options_that_are_none_are_not_given(database_file: str) -> None:
    # Without autocommit, as if nothing had been said.
    with odbc_engine.connect(database_file, autocommit=None, login_timeout_ms=None) as connection:
        assert not connection.autocommit
        connection.execute("create table t (i integer)")
        connection.commit()
        names = [row[2] for row in connection.catalog("tables", name=None, types=None)]
        assert names == ["t"]
        stream = connection.execute("select 1").stream(batch_rows_max=None)
        assert next(stream).rows() == [(1,)]
        pages = connection.query_pages("select 1 as i", key="i", page_rows=None, prefetch=None)
        assert next(pages).rows() == [(1,)]
        parts = connection.query_parts(
            "select i from t", partition_on="i", connections=None, predicates=None
        )
        assert list(parts) == []
        assert connection.bulk_insert("t", [{"i": 1}], mode=None, schema=None).rows == 1
        connection.commit()
        with connection.transaction(isolation=None, read_only=None):
            connection.execute("insert into t values (2)")
        assert connection.execute("select count(*) from t").fetchone() == (2,)
    pools: list[dict[str, object]] = [
        {"autocommit": None, "size_max": None},
        {"connection": None},
        {"connection": {"autocommit": None}},
    ]
    for options in pools:
        with odbc_engine.Pool(database_file, **options) as pool, pool.acquire() as connection:
            assert not connection.autocommit
    with odbc_engine.Pool(database_file, autocommit=True, connection={"read_only": None}) as pool:
        assert pool.acquire().autocommit


REFUSED: list[tuple[str, Callable[[Connection], object]]] = [
    ("name", lambda connection: connection.catalog("tables", name=b"t")),
    ("types", lambda connection: connection.catalog("tables", types=["TABLE"])),
    ("function", lambda connection: connection.catalog(b"tables")),
    ("isolation", lambda connection: connection.begin(isolation=b"serializable")),
    ("read_only", lambda connection: connection.begin(read_only=1.5)),
    ("batch_rows_max", lambda connection: connection.execute("select 1").stream(batch_rows_max="")),
    ("prefetch", lambda connection: connection.execute("select 1").stream(prefetch=b"1")),
    ("mode", lambda connection: connection.bulk_insert("t", [{"i": 1}], mode=b"create")),
    ("schema", lambda connection: connection.bulk_insert("t", [{"i": 1}], schema=object())),
    ("key", lambda connection: connection.query_pages("select 1 as i", key=b"i")),
    ("page_rows", lambda connection: connection.query_pages("select 1", key="i", page_rows=1.5)),
    ("partition_on", lambda connection: connection.query_parts("select 1", partition_on=b"i")),
    ("connections", lambda connection: connection.query_parts("select 1", connections=b"1")),
    ("predicates", lambda connection: connection.query_parts("select 1", predicates=[b"1 = 1"])),
    ("predicates", lambda connection: connection.query_parts("select 1", predicates="1 = 1")),
    ("size_max", lambda connection: odbc_engine.Pool(IN_MEMORY, size_max=b"1")),
    ("streaming", lambda connection: odbc_engine.Pool(IN_MEMORY, streaming=b"1")),
    ("connection", lambda connection: odbc_engine.Pool(IN_MEMORY, connection=b"1")),
    ("streaming", lambda connection: odbc_engine.Pool(IN_MEMORY, connection={"streaming": b"1"})),
]


@pytest.mark.parametrize(("named", "use"), REFUSED, ids=[named for named, _ in REFUSED])
def test_what_is_no_option_is_refused_and_named(
    connection: Connection, named: str, use: Callable[[Connection], object]
) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match=named) as caught:
        use(connection)
    assert caught.value.kind is ErrorKind.INVALID_ARGUMENT
    assert caught.value.operation != "python"


@pytest.mark.parametrize("name", [*CLASSES, "Error", "DatabaseError", "InterfaceError"])
def test_what_others_raise_has_the_attributes(name: str) -> None:
    error: odbc_engine.Error = getattr(odbc_engine, name)("mine")
    assert str(error) == "mine"
    assert (error.kind, error.kind_name, error.operation, error.bulk) == (None,) * 4
    assert (error.sqlstate, error.native_code, error.column, error.row) == (None,) * 4
    assert error.retryable is False
    assert tuple(error.records) == ()
    assert error.message == ""
    assert pickle.loads(pickle.dumps(error)).kind is None


def test_attributes_of_one_exception_are_its_own(cursor: Cursor) -> None:
    with pytest.raises(odbc_engine.ProgrammingError) as caught:
        cursor.execute("selec")
    assert caught.value.kind is ErrorKind.SYNTAX
    assert odbc_engine.ProgrammingError("mine").kind is None
