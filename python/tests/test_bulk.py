"""Bulk inserts: what rows may be, what arrives, and what is refused."""

from __future__ import annotations

import collections
import datetime
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pytest

import odbc_engine
from odbc_engine import Connection, ErrorKind

UTC = datetime.UTC
SOME_UUID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")


class Pet(NamedTuple):
    id: int
    name: str | None


PETS = [Pet(1, "Zoë 😺"), Pet(2, None), Pet(3, "")]
TABLE = pyarrow.table({"id": [1, 2, 3], "name": ["Zoë 😺", None, ""]})

ROWS: dict[str, Callable[[], Any]] = {
    "named tuples": lambda: PETS,
    "dicts": lambda: [pet._asdict() for pet in PETS],
    "mappings": lambda: (MappingProxyType(pet._asdict()) for pet in PETS),
    "pyarrow": lambda: TABLE,
    "a batch": lambda: TABLE.to_batches()[0],
    "a reader": lambda: TABLE.to_reader(max_chunksize=1),
    "polars": lambda: polars.from_arrow(TABLE),
    "polars categories": lambda: polars.DataFrame(TABLE).cast({"name": polars.Categorical}),
    "pandas": lambda: pandas.DataFrame({"id": [1, 2, 3], "name": ["Zoë 😺", None, ""]}),
    "duckdb": lambda: duckdb.from_arrow(TABLE),
}


@pytest.fixture
def pets(connection: Connection) -> Connection:
    connection.execute("create table pet (id bigint primary key, name varchar(40), born timestamp)")
    connection.commit()
    return connection


def names_of(connection: Connection) -> list[Any]:
    return connection.execute("select id, name from pet order by id").fetchall()


@pytest.mark.parametrize("rows", ROWS)
def test_rows_may_come_from_anywhere(pets: Connection, rows: str) -> None:
    result = pets.bulk_insert("pet", ROWS[rows]())
    assert result.rows == 3
    assert result.strategy == "multi_row"
    assert result.chunks == 1
    assert result.warnings == []
    assert names_of(pets) == PETS


@pytest.mark.parametrize(
    "rows", [[tuple(pet) for pet in PETS], map(list, PETS), map(collections.deque, PETS)]
)
def test_rows_without_names_need_columns(pets: Connection, rows: Any) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match="give them by columns"):
        pets.bulk_insert("pet", [(1, "x")])
    assert pets.bulk_insert("pet", rows, columns=["id", "name"]).rows == 3
    assert names_of(pets) == PETS


def test_columns_rename_those_of_arrow_and_choose_those_of_mappings(pets: Connection) -> None:
    pets.bulk_insert("pet", pyarrow.table({"x": ["one"], "y": [1]}), columns=["name", "id"])
    pets.bulk_insert("pet", [{"name": "two", "id": 2}], columns=iter(["id", "name"]))
    assert names_of(pets) == [(1, "one"), (2, "two")]


def test_rows_may_come_from_a_result_of_the_same_connection(pets: Connection) -> None:
    pets.execute("create table other (id bigint, name varchar(40))")
    pets.bulk_insert("other", PETS)
    assert pets.bulk_insert("pet", pets.execute("select id, name from other")).rows == 3
    assert names_of(pets) == PETS
    stream = pets.execute("select id + 10 as id, name from other").stream(batch_rows_max=1)
    assert pets.bulk_insert("pet", stream).rows == 3


def test_arrow_types_are_passed_as_those_that_databases_have(pets: Connection) -> None:
    day, half = datetime.date(1969, 12, 31), numpy.array([0.5, 65504], numpy.float16)
    columns = {
        "halves": (pyarrow.array(half), [0.5, 65504.0]),
        "days": (pyarrow.array([day, None], pyarrow.date64()), [day, None]),
        "few": (pyarrow.array([Decimal("-1.5"), None], pyarrow.decimal32(5, 1)), ["-1.5", None]),
        "more": (pyarrow.array([Decimal("1.50"), None], pyarrow.decimal64(12, 2)), ["1.50", None]),
        "word": (pyarrow.array(["a", None]).dictionary_encode(), ["a", None]),
        "run": (pyarrow.RunEndEncodedArray.from_arrays([2], ["a"]), ["a", "a"]),
    }
    rows = pyarrow.table({name: array for name, (array, _) in columns.items()})
    assert pets.bulk_insert("made", rows, mode="create").rows == 2
    found = pets.execute("select * from made").fetchall()
    assert found == list(zip(*(expected for _, expected in columns.values()), strict=True))


def test_a_date_with_a_time_is_not_cut(pets: Connection) -> None:
    moments = pyarrow.array([0, 86_400_001], pyarrow.int64()).view(pyarrow.date64())
    with pytest.raises(odbc_engine.DataError, match="86400001 is not a whole") as caught:
        pets.bulk_insert("made", pyarrow.table({"sent_on": moments}), mode="create")
    assert "sent_on" in str(caught.value)


def test_an_error_of_the_result_that_rows_come_from_is_raised(pets: Connection) -> None:
    pets.execute("create table other (id bigint, name varchar(40))")
    pets.execute("insert into other values (1, 'x'), (2, ?)", ["x" * 10_000])
    cursor = pets.execute("select id, name from other")
    stream = cursor.stream(column_bytes_max=1_000, batch_rows_max=1)
    with pytest.raises(odbc_engine.OperationalError, match="column_bytes_max") as caught:
        pets.bulk_insert("pet", stream)
    assert caught.value.kind is ErrorKind.LIMIT
    assert names_of(pets) == []


BIG = 2**64 - 1
HUGE = 10**30
# Of each column: two values or more, and the types in which they are inserted and come back.
COLUMNS: dict[str, tuple[list[Any], str]] = {
    "bool": ([True, numpy.True_], "boolean"),
    "int": ([-(2**63), 2**63 - 1, numpy.int8(7)], "bigint"),
    "int beyond 64 bits": ([HUGE, -1, BIG], "varchar(40)"),
    "float": ([1.5, 2, numpy.float32(0.25), -(2**40)], "double"),
    "Decimal": ([Decimal("1.50"), Decimal("-100"), 7, Decimal("1E+2")], "varchar(40)"),
    "str": (["", "Zoë 😺 '\"\\ {a,b}"], "varchar(40)"),
    "bytes": ([b"", b"\0\xff", bytearray(b"x"), memoryview(b"abcd")[::2]], "blob"),
    "date": ([datetime.date.min, datetime.date.max], "date"),
    "time": ([datetime.time.min, datetime.time.max], "time"),
    "datetime": ([datetime.datetime.min, datetime.datetime.max], "timestamp"),
    "UUID": ([SOME_UUID, uuid.UUID(int=0)], "varchar(40)"),
}
AS_TEXT = {
    "int beyond 64 bits": [str(HUGE), "-1", str(BIG)],
    "Decimal": ["1.50", "-100.00", "7.00", "100.00"],
    "UUID": [str(SOME_UUID), str(uuid.UUID(int=0))],
    "bytes": [b"", b"\0\xff", b"x", b"ac"],
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("once", [False, True])
def test_objects_arrive_exactly(connection: Connection, column: str, once: bool) -> None:
    values, sql = COLUMNS[column]
    connection.execute(f"create table t (v {sql})")
    rows = [(value,) for value in [None, *values, None]]
    result = connection.bulk_insert("t", iter(rows) if once else rows, columns=["v"])
    assert result.rows == len(rows)
    fetched = [row[0] for row in connection.execute("select v from t order by rowid")]
    assert fetched == [None, *AS_TEXT.get(column, values), None]


@pytest.mark.parametrize(
    ("values", "row", "message"),
    [
        ([1, "x"], 1, "a str where row 0 has an int"),
        ([None, True, 1], 2, "an int where row 1 has a bool"),
        ([1.5, Decimal(1)], 1, "a Decimal where row 0 has a float"),
        ([1, 2, 0.5, 2**53 + 1], 3, "no float of the column is 9007199254740993"),
        ([datetime.date.min, datetime.datetime.min], 1, "a datetime without time zone where"),
        ([datetime.datetime.min, datetime.datetime.now(UTC)], 1, "a datetime with time zone"),
        ([b"x", "x"], 1, "a str where row 0 has bytes"),
        ([0, 10**80], 1, "76 digits"),
        (["x", "\ud800"], 1, "lone surrogate"),
        (["x", object()], 1, "object is not supported"),
        ([datetime.timedelta(1)], 0, "timedelta is not supported"),
        ([datetime.time(1, tzinfo=UTC)], 0, "has no meaning without its date"),
        ([Decimal("NaN")], 0, "no database decimal holds NaN"),
    ],
)
@pytest.mark.parametrize("once", [False, True])
def test_values_that_do_not_fit_are_named(
    pets: Connection, values: list[Any], row: int, message: str, once: bool
) -> None:
    rows: Any = [{"id": 1, "born": value} for value in values]
    with pytest.raises(odbc_engine.DataError, match=message) as caught:
        pets.bulk_insert("pet", iter(rows) if once else rows)
    assert (caught.value.column, caught.value.row) == ("born", row)
    assert caught.value.operation == "bulk_insert"
    assert names_of(pets) == []


def test_a_decimal_wider_than_any_is_refused_by_its_column(pets: Connection) -> None:
    rows = [(1, Decimal(10) ** 60), (2, Decimal(10) ** -60)]
    with pytest.raises(odbc_engine.DataError, match="61 digits before the point and 60") as caught:
        pets.bulk_insert("pet", rows, columns=["id", "name"])
    assert caught.value.column == "name"


@pytest.mark.parametrize(
    ("rows", "row", "message"),
    [
        ([(1, "x"), (2,)], 1, "the row has 1 values for 2 columns"),
        ([(1, "x"), (2, "x", "y")], 1, "the row has 3 values for 2 columns"),
        ([(1, "x"), "ab"], 1, "tuple or a list like the others, not str"),
        ([(1, "x"), {1, 2}], 1, "tuple or a list like the others, not set"),
        ([(1, "x"), {"id": 2, "name": "x"}], 1, "tuple or a list like the others, not dict"),
        ([(1, "x"), iter((2, "x"))], 1, "a list like the others, not tuple_iterator"),
        ([(1, "x"), 5], 1, "tuple or a list like the others, not int"),
        ([{"id": 1, "name": "x"}, (2, "x")], 1, "mapping like the others, not tuple"),
        ([{"id": 1, "name": "x"}, {"id": 2}], 1, "no value for 'name'"),
        ([{"id": 1, "name": "x"}, {"id": 2, "name": "x", "nam": "y"}], 1, "key 'nam' is no column"),
    ],
)
@pytest.mark.parametrize("types", [None, [int, str], ["l", "u"]])
def test_rows_of_another_shape_are_named(
    pets: Connection, rows: list[Any], row: int, message: str, types: Any
) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match=message) as caught:
        pets.bulk_insert("pet", rows, columns=["id", "name"], types=types)
    assert caught.value.kind is ErrorKind.INVALID_ARGUMENT
    assert caught.value.row == row
    assert names_of(pets) == []


@pytest.mark.parametrize(
    "data",
    ["text", b"bytes", 5, None, {"id": [1]}, object(), pyarrow.array([1, 2])],
)
def test_what_is_no_rows_is_refused(pets: Connection, data: Any) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match="rows") as caught:
        pets.bulk_insert("pet", data)
    assert caught.value.kind is ErrorKind.INVALID_ARGUMENT


def test_a_whole_row_that_is_null_is_refused(pets: Connection) -> None:
    rows = polars.Series([{"id": 1}, None])
    with pytest.raises(odbc_engine.ProgrammingError, match="a whole row is NULL"):
        pets.bulk_insert("pet", rows)


def test_types_are_given_in_many_ways(connection: Connection) -> None:
    def inserted(rows: Any, types: Any, columns: Any = ("a", "b")) -> list[str]:
        connection.bulk_insert("t", rows, columns=columns, types=types, mode="replace")
        columns_of = connection.execute("select * from t").columns
        return [column.metadata["odbc.type_name"].lower() for column in columns_of]

    rows = [(1, Decimal("1.5"))]
    assert inserted(rows, None) == ["bigint", "text"]
    assert inserted(rows, {"a": float}) == ["double", "text"]
    assert inserted(rows, ["i", "d:10,2"]) == ["integer", "text"]
    assert inserted(rows, {"a": pyarrow.int16()}) == ["smallint", "text"]
    schema = pyarrow.schema([("a", pyarrow.uint8()), ("b", pyarrow.decimal128(10, 2))])
    assert inserted(rows, schema, None)[1] == "text"
    assert inserted([], schema, None)[1] == "text"
    assert inserted([(None, None)], {"a": int, "b": bytes}) == ["bigint", "blob"]
    assert inserted([("x", 2**64 - 1)], {"b": "d:20,0"}) == ["text", "text"]


@pytest.mark.parametrize(
    ("types", "message"),
    [
        ({"other": int}, 'types names "other", which is none of the columns'),
        ([int], "types has 1 types for 2 columns"),
        ([int, object], "types: object is none of the classes"),
        ([int, "no format"], '"no format" is no Arrow format string'),
        ([int, 5], "5 is no class, no Arrow format string and no Arrow type"),
        ([int, pyarrow.list_(pyarrow.int8())], "cannot have the type"),
        ("ll", "types must be a mapping"),
    ],
)
def test_types_that_make_no_sense_are_refused(pets: Connection, types: Any, message: str) -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match=message):
        pets.bulk_insert("pet", [(1, "x")], columns=["id", "name"], types=types)


@pytest.mark.parametrize(
    ("arrow_format", "value", "message"),
    [
        ("c", 128, "128 is beyond Int8"),
        ("L", -1, "-1 is beyond UInt64"),
        ("l", 1.0, "a float does not go into a column of the type Int64"),
        ("l", True, "a bool does not go"),
        ("f", 0.1, "no float of the column is 0.1"),
        ("d:4,2", Decimal("1.505"), "1.505 is beyond a decimal"),
        ("d:4,2", 100, "100 is beyond a decimal"),
        ("u", 5, "an int does not go"),
        ("w:4", b"12345", "5 bytes do not go into a column of 4"),
        ("tdD", datetime.datetime.min, "a datetime without time zone does not go"),
        ("tts", datetime.time.max, "does not hold it exactly"),
        ("tsm:", datetime.datetime.max, "does not hold it exactly"),
        ("tsn:", datetime.datetime.max, "years 1678 to 2261"),
        ("tsu:UTC", datetime.datetime.min, "a datetime without time zone does not go"),
        ("n", 5, "nothing but None"),
    ],
)
def test_values_that_a_given_type_does_not_hold_are_named(
    pets: Connection, arrow_format: str, value: Any, message: str
) -> None:
    rows = [(1, None), (2, value)]
    with pytest.raises(odbc_engine.DataError, match=message) as caught:
        pets.bulk_insert("pet", rows, columns=["id", "born"], types={"born": arrow_format})
    assert (caught.value.column, caught.value.row) == ("born", 1)
    assert names_of(pets) == []


def test_values_go_into_every_given_type(connection: Connection) -> None:
    moment = datetime.datetime(2024, 2, 29, 1, 2, 3, 4_000)
    types = {
        **dict.fromkeys("cCsSiIlL", 100),
        "f": 0.5,
        "d:5,2": Decimal("1.5000"),
        "d:60,2": 5,
        "U": "text",
        "vu": "text",
        "Z": b"bytes",
        "w:3": b"abc",
        "tts": datetime.time(1, 2, 3),
        "ttm": moment.time(),
        "ttn": moment.time(),
        "tss:": moment.replace(microsecond=0),
        "tsm:": moment,
        "tsn:": moment,
    }
    columns = [f"c{index}" for index in range(len(types))]
    row = list(types.values())
    connection.bulk_insert("t", [row], columns=columns, types=list(types), mode="create")
    (fetched,) = connection.execute("select * from t").fetchall()
    texts = {"d:5,2": "1.50", "d:60,2": "5.00"}
    assert list(fetched) == [texts.get(of, value) for of, value in types.items()]


def test_rows_that_are_read_once_are_not_held(pets: Connection) -> None:
    """An iterator is not read much further than what was sent, so its rows may be endless."""
    read = 0

    def rows() -> Iterator[Any]:
        nonlocal read
        for read in range(300_000):
            # The row at fault is sent long before the last one is read.
            yield 0 if read == 100_000 else read, "x" * 10

    with pytest.raises(odbc_engine.IntegrityError) as caught:
        pets.bulk_insert("pet", rows(), columns=["id", "name"])
    assert caught.value.row == 100_000
    assert read < 200_000


def test_a_column_of_one_type_for_long_may_not_change(pets: Connection) -> None:
    rows = ({"id": i, "name": None if i < 70_000 else "x"} for i in range(80_000))
    with pytest.raises(odbc_engine.DataError, match="65536 rows: give the column's type") as caught:
        pets.bulk_insert("pet", rows)
    assert (caught.value.column, caught.value.row) == ("name", 70_000)
    rows = ({"id": i, "name": None if i < 70_000 else "x"} for i in range(80_000))
    assert pets.bulk_insert("pet", rows, types={"name": str}).rows == 80_000
    wide = ({"id": i, "name": Decimal(i) / 4} for i in range(100_000, 180_000))
    assert pets.bulk_insert("pet", wide).rows == 80_000


class BoomError(BaseException):
    pass


@pytest.mark.parametrize("at", [0, 10, 65_535, 65_536, 100_000])
def test_what_the_iterable_raises_is_raised(pets: Connection, at: int) -> None:
    boom = BoomError("boom")

    def rows() -> Iterator[Any]:
        for index in range(at):
            yield index, "x"
        raise boom

    with pytest.raises(BoomError) as caught:
        pets.bulk_insert("pet", rows(), columns=["id", "name"])
    assert caught.value is boom
    assert names_of(pets) == []
    assert pets.bulk_insert("pet", PETS).rows == 3


def test_the_iterable_may_not_use_the_connection(pets: Connection) -> None:
    def rows() -> Iterator[Any]:
        yield 1, "x"
        pets.execute("select 1")

    # What is read to find the types is read before the insert begins.
    with pytest.raises(odbc_engine.ProgrammingError) as caught:
        pets.bulk_insert("pet", rows(), columns=["id", "name"], types=["l", "u"])
    assert caught.value.kind is ErrorKind.INVALID_STATE
    assert names_of(pets) == []


def test_a_refused_row_leaves_nothing(pets: Connection) -> None:
    table = pyarrow.table({"id": [1, 2, 1]})
    with pytest.raises(odbc_engine.IntegrityError) as caught:
        pets.bulk_insert("pet", table)
    assert caught.value.row == 2
    assert names_of(pets) == []
    pets.rollback()
    pets.autocommit = True
    with pytest.raises(odbc_engine.IntegrityError, match="first 2 rows are committed"):
        pets.bulk_insert("pet", [(1,), (2,), (1,)], columns=["id"], commit_every_rows=1)
    assert [row[0] for row in names_of(pets)] == [1, 2]


def test_no_rows_are_no_error_where_the_columns_are_known(pets: Connection) -> None:
    assert pets.bulk_insert("pet", [], columns=["id", "name"]).rows == 0
    with pytest.raises(odbc_engine.ProgrammingError, match="no row that would tell the columns"):
        pets.bulk_insert("pet", [])


@pytest.mark.parametrize("options", [{"modus": "x"}, {"mode": "upsert"}, {"chunk_rows": 0.5}])
def test_unknown_options_are_refused(pets: Connection, options: dict[str, Any]) -> None:
    with pytest.raises(odbc_engine.ProgrammingError) as caught:
        pets.bulk_insert("pet", PETS, **options)
    assert caught.value.kind is ErrorKind.INVALID_ARGUMENT
    with pytest.raises(TypeError, match="table's name must be a str"):
        pets.bulk_insert(5, PETS)  # type: ignore[arg-type]
    with pytest.raises(odbc_engine.ProgrammingError, match="columns must be a list"):
        pets.bulk_insert("pet", PETS, columns="id")


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_frames_and_objects_arrive_the_same_on_servers(
    server: str, request: pytest.FixtureRequest
) -> None:
    connection: Connection = request.getfixturevalue(server)
    connection.autocommit = True
    moment = datetime.datetime(2024, 2, 29, 1, 2, 3, 4)
    rows: list[dict[str, Any]] = [
        {
            "i": number,
            "f": number / 3,
            "d": Decimal(number).scaleb(-3),
            "s": None if number % 7 == 0 else f"text {number} 😺",
            "z": bytes([number % 256]),
            "day": moment.date() + datetime.timedelta(number),
            "t": moment.time(),
            "ts": moment + datetime.timedelta(seconds=number),
            "b": number % 2 == 0,
        }
        for number in range(1, 3001)
    ]
    expected = [tuple(row.values()) for row in rows]
    frame = polars.DataFrame(rows, infer_schema_length=None)
    for data in (rows, iter(rows), frame, frame.to_arrow(), duckdb.from_arrow(frame.to_arrow())):
        connection.bulk_insert("every_pet", data, mode="replace", types=None)
        cursor = connection.execute("select * from every_pet order by i")
        assert [tuple(row) for row in cursor] == expected
    connection.execute("drop table every_pet")


def test_sixteen_bytes_are_a_uuid_only_where_they_are_said_to_be(connection: Connection) -> None:
    kept = "select typeof(v), v from t order by rowid"
    connection.execute("create table t (v)")
    sixteen = SOME_UUID.bytes
    connection.bulk_insert("t", [(sixteen,), (None,)], columns=["v"], types=["w:16"])
    connection.bulk_insert("t", [(sixteen,)], columns=["v"], types={"v": pyarrow.binary(16)})
    connection.bulk_insert("t", pyarrow.table({"v": pyarrow.array([sixteen], pyarrow.binary(16))}))
    blob = ("blob", sixteen)
    assert connection.execute(kept).fetchall() == [blob, ("null", None), blob, blob]
    connection.execute("delete from t")
    connection.bulk_insert("t", [(SOME_UUID,), (None,)], columns=["v"])
    connection.bulk_insert("t", [(SOME_UUID,)], columns=["v"], types=[uuid.UUID])
    connection.bulk_insert("t", [(SOME_UUID,)], columns=["v"], types=[pyarrow.uuid()])
    connection.bulk_insert("t", [(sixteen,)], columns=["v"], types={"v": pyarrow.uuid()})
    connection.bulk_insert("t", pyarrow.table({"v": pyarrow.array([sixteen], pyarrow.uuid())}))
    text = ("text", str(SOME_UUID))
    assert [(of, v if v is None else str(v)) for of, v in connection.execute(kept)] == [
        text,
        ("null", None),
        *[text] * 4,
    ]
