"""The databases, and what is particular to each: its SQL for the data, its driver's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .shape import INSERTED, MIXED, NARROW, TABLES, WIDE


@dataclass(frozen=True)
class Database:
    name: str
    title: str
    variable: str
    #: What makes the driver hold a part of a result only, where it can.
    streaming_options: str
    #: What the limit connects with, whatever the shape.
    limit_options: str
    #: What limit.c binds for a boolean.
    boolean: str
    #: Column types: bigint, int, double, varchar, timestamp, decimal, text, boolean.
    types: Mapping[str, str]
    #: Rows 1 to {rows} as a column i of a table s, before or within a SELECT.
    series_prefix: str
    series: str
    expressions: Mapping[str, str]
    #: How many rows bare C inserts at once, where it is fastest: by an array, and in VALUES.
    array_rows: int
    values_rows: int
    #: Statements behind the creation of the tables, and behind the data.
    created: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()

    def connection(self, connection_string: str, *options: str) -> str:
        """A connection string with driver options behind it."""
        return ";".join([connection_string.rstrip(";"), *filter(None, options)])

    def script(self, scale: float) -> str:
        """Creates and fills the tables, on the server alone; for limit.c's mode `script`."""
        kinds, said = self.types, self.expressions
        mixed = (
            f"CREATE TABLE {MIXED.name} (id {kinds['bigint']} NOT NULL PRIMARY KEY,"
            f" quantity {kinds['int']} NOT NULL, ratio {kinds['double']} NOT NULL,"
            f" name VARCHAR(32) NOT NULL, created {kinds['timestamp']} NOT NULL,"
            f" amount DECIMAL(18,4) NOT NULL, note TEXT, active BOOLEAN NOT NULL)"
        )
        numbers = ", ".join(f"n{place} {kinds['bigint']} NOT NULL" for place in range(1, 6))
        texts = ", ".join(f"t{place} TEXT NOT NULL" for place in range(1, 5))
        statements = [
            *self._drops(),
            mixed,
            f"CREATE TABLE {NARROW.name} ({numbers})",
            f"CREATE TABLE {WIDE.name} (id {kinds['bigint']} NOT NULL, {texts})",
            *self.created,
            self._fill(
                MIXED.name,
                MIXED.scaled(scale),
                f"i, i * 7919 % 1000003, i / 7.0 {said['exact']}, {said['name']},"
                f" {said['timestamp']}, {said['decimal']},"
                f" CASE WHEN i % 5 = 0 THEN NULL ELSE {said['note']} END, {said['boolean']}",
            ),
            self._fill(
                NARROW.name,
                NARROW.scaled(scale),
                "i, i * 31, i * 1000003, 0 - i * 7, i % 100",
            ),
            self._fill(
                WIDE.name,
                WIDE.scaled(scale),
                ", ".join(["i", *(said["wide"].format(step=step) for step in (7, 11, 13, 17))]),
            ),
            *self.loaded,
        ]
        return _as_script(statements)

    def cleanup(self) -> str:
        """Drops the tables; for limit.c's mode `script`."""
        return _as_script(self._drops())

    def empty_table(self) -> str:
        """Makes the table to insert into anew; for limit.c's mode `script`."""
        kinds = self.types
        columns = (
            f"id {kinds['bigint']} NOT NULL, ratio {kinds['double']} NOT NULL,"
            f" name VARCHAR(32) NOT NULL, created {kinds['timestamp']} NOT NULL"
        )
        return _as_script(
            [
                f"DROP TABLE IF EXISTS {INSERTED.name}",
                f"CREATE TABLE {INSERTED.name} ({columns})",
            ]
        )

    def _drops(self) -> list[str]:
        return [f"DROP TABLE IF EXISTS {table.name}" for table in (*TABLES, INSERTED)]

    def _fill(self, table: str, rows: int, values: str) -> str:
        prefix = self.series_prefix.format(rows=rows)
        return f"INSERT INTO {table} {prefix}SELECT {values} FROM {self.series.format(rows=rows)}"


def _as_script(statements: list[str]) -> str:
    return "".join(f"{statement}\n;\n" for statement in statements)


# 1 to 4 KB of text, another length in each row and column.
_WIDE_LENGTH = "(1000 + i * {step} % 3001)"

SQLITE = Database(
    name="sqlite",
    title="SQLite",
    variable="ODBC_ENGINE_SQLITE",
    streaming_options="StepAPI=1",
    limit_options="StepAPI=1",
    boolean="bit",
    types={"bigint": "BIGINT", "int": "INTEGER", "double": "DOUBLE", "timestamp": "TIMESTAMP"},
    series_prefix=(
        "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {rows}) "
    ),
    series="s",
    expressions={
        "exact": "",
        "name": "printf('customer %011d', i * 7919)",
        "timestamp": "datetime(1577836800 + i * 37, 'unixepoch') || printf('.%06d', i % 1000000)",
        "decimal": "i * 12345 % 99999999 / 10000.0",
        "note": "printf('The order of customer %d was shipped', i)",
        "boolean": "i % 3 = 0",
        "wide": f"substr(hex(zeroblob(2100)), 1, {_WIDE_LENGTH})",
    },
    array_rows=100,
    values_rows=200,
)

POSTGRESQL = Database(
    name="postgresql",
    title="PostgreSQL",
    variable="ODBC_ENGINE_POSTGRESQL",
    streaming_options="UseDeclareFetch=1;Fetch=10000",
    limit_options="",
    boolean="bit",
    types={
        "bigint": "BIGINT",
        "int": "INTEGER",
        "double": "DOUBLE PRECISION",
        "timestamp": "TIMESTAMP(6)",
    },
    series_prefix="",
    series="generate_series(1::bigint, {rows}) AS s(i)",
    expressions={
        "exact": "::double precision",
        "name": "'customer ' || lpad((i * 7919)::text, 11, '0')",
        "timestamp": "timestamp '2020-01-01' + i * interval '37.000001 seconds'",
        "decimal": "i * 12345 % 99999999 / 10000.0",
        "note": "'The order of customer ' || i || ' was shipped'",
        "boolean": "i % 3 = 0",
        "wide": f"repeat('0', {_WIDE_LENGTH}::int)",
    },
    array_rows=1000,
    # libpq 15 loses the connection where a statement has more than some 7,500 parameters.
    values_rows=1000,
    # Text as repetitive as ours would be stored compressed.
    created=tuple(
        f"ALTER TABLE {WIDE.name} ALTER COLUMN t{place} SET STORAGE EXTERNAL"
        for place in range(1, 5)
    ),
    # Otherwise the server would tidy up during the runs.
    loaded=tuple(f"VACUUM ANALYZE {table.name}" for table in TABLES),
)

MARIADB = Database(
    name="mariadb",
    title="MariaDB",
    variable="ODBC_ENGINE_MARIADB",
    # Connector/ODBC 3.1.15 stores every result whole, whatever is set.
    streaming_options="",
    limit_options="",
    boolean="i8",
    types={"bigint": "BIGINT", "int": "INT", "double": "DOUBLE", "timestamp": "DATETIME(6)"},
    series_prefix="",
    series="(SELECT CAST(seq AS SIGNED) AS i FROM seq_1_to_{rows}) AS s",
    expressions={
        "exact": "+ 0e0",
        "name": "concat('customer ', lpad(i * 7919, 11, '0'))",
        "timestamp": "timestamp '2020-01-01 00:00:00' + interval i * 37000001 microsecond",
        "decimal": "i * 12345 % 99999999 / 10000.0",
        "note": "concat('The order of customer ', i, ' was shipped')",
        "boolean": "i % 3 = 0",
        "wide": f"repeat('0', {_WIDE_LENGTH})",
    },
    array_rows=10_000,
    values_rows=500,
    loaded=tuple(f"ANALYZE TABLE {table.name}" for table in TABLES),
)

DATABASES: Mapping[str, Database] = {
    database.name: database for database in (SQLITE, POSTGRESQL, MARIADB)
}
