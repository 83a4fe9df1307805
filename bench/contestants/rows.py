"""The rows to insert, the same for every contestant, and the clock around their insertion."""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable
from typing import Any

import measure

ROWS = int(os.environ.get("BENCH_ROWS") or 0)
TABLE = os.environ.get("BENCH_TABLE", "")
COLUMNS = ("id", "ratio", "name", "created")
_BEGIN = datetime.datetime(2020, 1, 1)


def arrow_table() -> Any:
    """As a pyarrow.Table, in batches of 65,536 rows."""
    import pyarrow

    ids = range(1, ROWS + 1)
    begin = 1_577_836_800_000_000
    table = pyarrow.table(
        {
            "id": pyarrow.array(ids, pyarrow.int64()),
            "ratio": pyarrow.array((i / 7.0 for i in ids), pyarrow.float64(), size=ROWS),
            "name": pyarrow.array([_name(i) for i in ids], pyarrow.string()),
            "created": pyarrow.array(
                (begin + i * 37_000_001 for i in ids), pyarrow.int64(), size=ROWS
            ).cast(pyarrow.timestamp("us")),
        }
    )
    return pyarrow.Table.from_batches(table.to_batches(max_chunksize=65_536))


def tuples() -> list[tuple[int, float, str, datetime.datetime]]:
    """As tuples of Python objects."""
    step = datetime.timedelta(microseconds=37_000_001)
    return [(i, i / 7.0, _name(i), _BEGIN + i * step) for i in range(1, ROWS + 1)]


def insert(run: Callable[[], None]) -> measure.Measured:
    """Times ``run``, which inserts and commits every row; the benchmark looks at the table."""
    began = time.perf_counter()
    run()
    seconds = time.perf_counter() - began
    return measure.Measured(ROWS, ROWS * (ROWS + 1) // 2, seconds)


def _name(i: int) -> str:
    return f"customer {i * 7919:011d}"
