"""What a database holds, by the catalog functions."""

from __future__ import annotations

import pytest

import odbc_engine
from odbc_engine import Connection, errors


@pytest.fixture
def connection() -> Connection:
    connection = odbc_engine.connect("Driver=SQLite3;Database=:memory:", autocommit=True)
    connection.execute("CREATE TABLE t (i INTEGER NOT NULL PRIMARY KEY, s VARCHAR(20))")
    return connection


def test_an_answer_is_read_like_a_query(connection: Connection) -> None:
    with connection.catalog("columns", name="t") as cursor:
        assert cursor.column_count == 18
        assert cursor.description is not None
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
    assert [(row["COLUMN_NAME"], row["ORDINAL_POSITION"]) for row in rows] == [("i", 1), ("s", 2)]
    assert rows[1]["COLUMN_SIZE"] == 20
    assert connection.catalog("tables", name="t").fetch_pyarrow().num_rows == 1


def test_what_cannot_be_asked_is_refused(connection: Connection) -> None:
    with pytest.raises(errors.Error, match="views"):
        connection.catalog("views")
    with pytest.raises(errors.Error, match="name"):
        connection.catalog("primary_keys")
    connection.close()
    with pytest.raises(errors.Error, match="closed"):
        connection.catalog("tables")


def test_a_cursor_that_asked_executes_sql_next(connection: Connection) -> None:
    cursor = connection.catalog("tables", name="t")
    assert cursor.execute("SELECT 7").fetchone() == (7,)
    assert cursor.nextset() is None
