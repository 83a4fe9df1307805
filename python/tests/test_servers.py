"""Every type on the servers: what goes in by parameters comes out, as objects and as Arrow."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Any, NamedTuple

import polars
import pyarrow
import pytest

import odbc_engine
from odbc_engine import Connection

UTC = datetime.UTC
INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
SOME_UUID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")


class Type(NamedTuple):
    sql: str
    arrow: pyarrow.DataType
    values: tuple[Any, Any]


TIMES = (datetime.time(0, 0, 0, 1), datetime.time(23, 59, 59, 999_999))
DATES = (datetime.date(1, 1, 1), datetime.date(9999, 12, 31))
MOMENTS = (datetime.datetime(1969, 12, 31, 23, 59, 59, 1), datetime.datetime(2024, 2, 29, 1, 2, 3))
INSTANTS = (
    datetime.datetime(1999, 12, 31, 23, 59, 59, 1, UTC),
    datetime.datetime(2024, 3, 1, 1, 2, 3, tzinfo=INDIA),
)
INTEGERS = ((2**15, pyarrow.int16()), (2**31, pyarrow.int32()), (2**63, pyarrow.int64()))
DECIMALS = (Decimal("1234567890123456789012345678.1234567890"), Decimal("-0.0000000001"))
TEXTS = ("", "Zoë 😺 ' ? \n")
LONG = ("x" * 1_000_000, "ł" * 70_000)
BYTES = (b"", b"\0\xff'" * 1000)

POSTGRESQL = [
    Type("boolean", pyarrow.bool_(), (True, False)),
    Type("smallint", pyarrow.int16(), (-(2**15), 2**15 - 1)),
    Type("integer", pyarrow.int32(), (-(2**31), 2**31 - 1)),
    Type("bigint", pyarrow.int64(), (-(2**63), 2**63 - 1)),
    Type("real", pyarrow.float32(), (0.5, float("inf"))),
    Type("double precision", pyarrow.float64(), (0.1 + 0.2, -5e-324)),
    Type("numeric(38, 10)", pyarrow.decimal128(38, 10), DECIMALS),
    Type("numeric(76, 3)", pyarrow.decimal256(76, 3), (Decimal(10**72), Decimal("-0.001"))),
    Type("numeric", pyarrow.string(), (Decimal("1." + "1" * 60), Decimal("-1.50"))),
    Type("varchar(40)", pyarrow.string(), TEXTS),
    Type("text", pyarrow.string(), LONG),
    Type("bytea", pyarrow.binary(), BYTES),
    Type("date", pyarrow.date32(), DATES),
    Type("time", pyarrow.time64("us"), TIMES),
    Type("timestamp", pyarrow.timestamp("us"), MOMENTS),
    Type("timestamptz", pyarrow.timestamp("us", "UTC"), INSTANTS),
    Type("uuid", pyarrow.uuid(), (SOME_UUID, uuid.UUID(int=0))),
    Type("json", pyarrow.string(), ('{"a": 1}', "[]")),
]

MARIADB = [
    Type("boolean", pyarrow.int8(), (1, 0)),
    Type("tinyint unsigned", pyarrow.uint8(), (0, 255)),
    Type("smallint", pyarrow.int16(), (-(2**15), 2**15 - 1)),
    Type("int", pyarrow.int32(), (-(2**31), 2**31 - 1)),
    Type("bigint", pyarrow.int64(), (-(2**63), 2**63 - 1)),
    Type("bigint unsigned", pyarrow.uint64(), (0, 2**64 - 1)),
    Type("float", pyarrow.float32(), (0.5, -0.25)),
    Type("double", pyarrow.float64(), (0.1 + 0.2, -1e-300)),
    Type("decimal(38, 10)", pyarrow.decimal128(38, 10), DECIMALS),
    Type("decimal(65, 3)", pyarrow.decimal256(65, 3), (Decimal(10**61), Decimal("-0.001"))),
    Type("varchar(40)", pyarrow.string(), TEXTS),
    Type("longtext", pyarrow.string(), LONG),
    Type("longblob", pyarrow.binary(), BYTES),
    Type("date", pyarrow.date32(), DATES),
    Type("time(6)", pyarrow.time64("us"), TIMES),
    Type("datetime(6)", pyarrow.timestamp("us"), MOMENTS),
]


def round_trip(connection: Connection, types: list[Type]) -> None:
    """Two rows of values and one of NULLs, in by parameters and out in every way."""
    columns = ", ".join(f"c{number} {of.sql}" for number, of in enumerate(types))
    markers = ", ".join("?" * len(types))
    rows: list[tuple[Any, ...]] = [*zip(*(of.values for of in types), strict=True)]
    rows.append((None,) * len(types))
    cursor = connection.cursor()
    cursor.execute("drop table if exists every_type")
    cursor.execute(f"create table every_type (id integer, {columns})")
    cursor.executemany(
        f"insert into every_type values (?, {markers})",
        [(number, *row) for number, row in enumerate(rows)],
    )
    assert cursor.rowcount == 3
    names = ", ".join(f"c{number}" for number in range(len(types)))
    sql = f"select {names} from every_type order by id"

    fetched = cursor.execute(sql).fetchall()
    for index, of in enumerate(types):
        observed = [row[index] for row in fetched]
        assert observed == [row[index] for row in rows], of.sql
        assert [type(value) for value in observed] == [type(row[index]) for row in rows], of.sql

    table = cursor.execute(sql).fetch_pyarrow()
    assert dict(zip(types, table.schema.types, strict=True)) == {of: of.arrow for of in types}
    assert table.num_rows == 3
    with pytest.raises(
        odbc_engine.NotSupportedError, match="polars has no decimal of more than 38"
    ):
        cursor.execute(sql).fetch_polars()
    cursor.execute("drop table every_type")
    connection.commit()


def test_postgresql_gives_back_every_type(postgresql: Connection) -> None:
    round_trip(postgresql, POSTGRESQL)


def test_mariadb_gives_back_every_type(mariadb: Connection) -> None:
    round_trip(mariadb, MARIADB)


def test_decimals_keep_their_scale(postgresql: Connection) -> None:
    cursor = postgresql.execute("select 1.5::numeric(10, 4), 0::numeric(10, 2), 1.50::numeric")
    assert list(map(str, cursor.fetchone() or ())) == ["1.5000", "0.00", "1.50"]
    assert cursor.description is not None
    assert [column[4:6] for column in cursor.description[:2]] == [(10, 4), (10, 2)]


def test_mariadb_takes_instants_in_utc(mariadb: Connection) -> None:
    cursor = mariadb.cursor()
    cursor.execute("drop table if exists instant")
    cursor.execute("create table instant (id integer, v timestamp(6) null)")
    cursor.executemany("insert into instant values (?, ?)", enumerate(INSTANTS))
    cursor.execute("select v from instant order by id")
    assert cursor.fetchall() == [(v.astimezone(UTC).replace(tzinfo=None),) for v in INSTANTS]
    cursor.execute("drop table instant")


def test_an_instant_is_the_same_moment_and_in_utc(postgresql: Connection) -> None:
    (value,) = postgresql.execute("select ?::timestamptz", [INSTANTS[1]]).fetchone() or (None,)
    assert value == INSTANTS[1]
    assert value.tzinfo is UTC


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_errors_keep_class_and_sqlstate(server: str, request: pytest.FixtureRequest) -> None:
    connection: Connection = request.getfixturevalue(server)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("drop table if exists keyed")
    cursor.execute("create table keyed (id integer primary key, v varchar(3))")
    cursor.execute("insert into keyed values (1, 'a')")
    states = {"postgresql": ("23505", "22001", "42P01"), "mariadb": ("23000", "22001", "42S02")}
    for (sql, kind), sqlstate in zip(
        {
            "insert into keyed values (1, 'b')": odbc_engine.IntegrityError,
            "insert into keyed values (2, 'four')": odbc_engine.DataError,
            "select * from missing_table": odbc_engine.ProgrammingError,
        }.items(),
        states[server],
        strict=True,
    ):
        with pytest.raises(kind) as caught:
            cursor.execute(sql)
        assert caught.value.sqlstate == sqlstate
        assert caught.value.records[0].sqlstate == sqlstate
    assert cursor.execute("select id, v from keyed").fetchall() == [(1, "a")]
    cursor.execute("drop table keyed")


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_many_rows_stream_through_arrow(server: str, request: pytest.FixtureRequest) -> None:
    connection: Connection = request.getfixturevalue(server)
    cursor = connection.execute(
        "with recursive n as (select 1 as i union all select i + 1 from n where i < 900) "
        "select a.i * 1000 + b.i as i, 'some text' as s from n a, n b where b.i <= 20"
    )
    frame = polars.from_arrow(pyarrow.RecordBatchReader.from_stream(cursor).read_all())
    assert isinstance(frame, polars.DataFrame)
    assert frame.height == 900 * 20
    assert frame["i"].n_unique() == 900 * 20
