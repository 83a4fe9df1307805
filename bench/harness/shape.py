"""What is read: the tables, the queries over them and the sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

# No text of the mixed rows is longer, in bytes.
_MIXED_TEXT_BYTES = 48
_WIDE_TEXT_BYTES = 4096
_LONG_COPIES = 5


class Mode(Enum):
    """How a result is consumed."""

    #: The whole result in memory at its end, except by the limit, which throws it away.
    TABLE = "table"
    #: A part of the result in memory at a time.
    STREAM = "stream"
    #: A prepared statement for one row by its key, again and again.
    LOOKUP = "lookup"
    #: All rows into an empty table, in one transaction where the contestant can.
    INSERT = "insert"


@dataclass(frozen=True)
class Table:
    name: str
    rows: int

    def scaled(self, scale: float) -> int:
        return max(1, round(self.rows * scale))


@dataclass(frozen=True)
class Shape:
    name: str
    title: str
    mode: Mode
    table: Table
    query: str
    #: What the limit binds, in the words of limit.c; {bool} differs by database.
    columns: str
    #: How many rows the limit fetches at once.
    block_rows: int
    text_bytes_max: int = _MIXED_TEXT_BYTES
    #: How often each row of the table is in the result.
    copies: int = 1
    executions: int = 0
    #: No fewer rounds than this where there are several, since one is short, and its ratios differ.
    rounds_min: int = 1
    #: No more rounds than this, since one takes long.
    rounds_max: int = 1000

    def rows(self, scale: float) -> int:
        """How many rows a run has to read."""
        if self.mode is Mode.LOOKUP:
            return self.scaled_executions(scale)
        return self.table.scaled(scale) * self.copies

    def rounds_of(self, rounds: int) -> int:
        """How many rounds it runs where `rounds` were asked for."""
        return rounds if rounds == 1 else min(max(rounds, self.rounds_min), self.rounds_max)

    def scaled_executions(self, scale: float) -> int:
        return max(100, round(self.executions * scale))

    def environment(self, scale: float, boolean: str) -> dict[str, str]:
        """What tells a contestant the work, as variables."""
        return {
            "BENCH_SQL": self.query,
            "BENCH_MODE": self.mode.value,
            "BENCH_COLUMNS": self.columns.format(bool=boolean),
            "BENCH_BLOCK_ROWS": str(self.block_rows),
            "BENCH_TEXT_BYTES_MAX": str(self.text_bytes_max),
            "BENCH_EXECUTIONS": str(self.scaled_executions(scale)),
            "BENCH_KEYS": str(self.table.scaled(scale)),
            "BENCH_TABLE": self.table.name,
        }


MIXED = Table("bench_mixed", 1_000_000)
NARROW = Table("bench_narrow", 2_000_000)
WIDE = Table("bench_wide", 25_000)
INSERTED = Table("bench_insert", 1_000_000)
TABLES = (MIXED, NARROW, WIDE)

_MIXED_COLUMNS = "i64,i32,f64,s32,ts,s24,s48,{bool}"

_SHAPES = (
    Shape(
        name="mixed",
        title="1,000,000 mixed rows",
        mode=Mode.TABLE,
        table=MIXED,
        query="SELECT * FROM bench_mixed",
        columns=_MIXED_COLUMNS,
        block_rows=500,
    ),
    Shape(
        name="narrow",
        title="2,000,000 rows of 5 bigint",
        mode=Mode.TABLE,
        table=NARROW,
        query="SELECT * FROM bench_narrow",
        columns="i64,i64,i64,i64,i64",
        block_rows=1000,
    ),
    Shape(
        name="wide",
        title="25,000 rows of 4 texts of 1 to 4 KB",
        mode=Mode.TABLE,
        table=WIDE,
        query="SELECT * FROM bench_wide",
        columns=f"i64{f',s{_WIDE_TEXT_BYTES}' * 4}",
        block_rows=20,
        text_bytes_max=_WIDE_TEXT_BYTES,
    ),
    Shape(
        name="one",
        title="one mixed row by its key, prepared, 10,000 times",
        mode=Mode.LOOKUP,
        table=MIXED,
        query="SELECT * FROM bench_mixed WHERE id = ?",
        columns=_MIXED_COLUMNS,
        block_rows=1,
        executions=10_000,
        rounds_min=5,
    ),
    Shape(
        name="long",
        title="5,000,000 mixed rows, streamed",
        mode=Mode.STREAM,
        table=MIXED,
        query=" UNION ALL ".join(["SELECT * FROM bench_mixed"] * _LONG_COPIES),
        columns=_MIXED_COLUMNS,
        block_rows=500,
        copies=_LONG_COPIES,
        rounds_max=3,
    ),
    Shape(
        name="insert",
        title="1,000,000 rows of bigint, double, varchar and timestamp, inserted",
        mode=Mode.INSERT,
        table=INSERTED,
        query=f"INSERT INTO {INSERTED.name} (id, ratio, name, created) VALUES ",
        columns="",
        block_rows=0,
        rounds_max=3,
    ),
)
SHAPES: Mapping[str, Shape] = {shape.name: shape for shape in _SHAPES}
