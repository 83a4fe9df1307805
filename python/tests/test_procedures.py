"""Calls of procedures by PEP 249's ``callproc``."""

from __future__ import annotations

from decimal import Decimal

import pytest

import odbc_engine
from odbc_engine import Connection, errors


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
