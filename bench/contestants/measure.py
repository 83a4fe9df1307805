"""What the Python contestants share: the settings, the clock that can pause, and the answer."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONNECTION = os.environ["BENCH_CONNECTION"]
SQL = os.environ["BENCH_SQL"]
MODE = os.environ["BENCH_MODE"]
# Options of the engine; other contestants ignore them.
CONNECT_OPTIONS: dict[str, Any] = json.loads(os.environ.get("BENCH_CONNECT_OPTIONS") or "{}")
STREAM_OPTIONS: dict[str, Any] = json.loads(os.environ.get("BENCH_STREAM_OPTIONS") or "{}")
# The longest text of any column, in bytes.
TEXT_BYTES_MAX = int(os.environ["BENCH_TEXT_BYTES_MAX"])


@dataclass
class Measured:
    rows: int = 0
    checksum: int = 0
    seconds: float = 0.0
    first_row_seconds: float | None = None

    def answer(self) -> None:
        print(
            json.dumps(
                {
                    "rows": self.rows,
                    "checksum": self.checksum,
                    "seconds": self.seconds,
                    "first_row_seconds": self.first_row_seconds,
                    "peak_rss_kib": peak_rss_kib(),
                }
            )
        )


def read_whole(read: Callable[[], Any], check: Callable[[Any], tuple[int, int]]) -> Measured:
    """Times ``read``, whose result is whole in memory; ``check`` then gives rows and checksum."""
    began = time.perf_counter()
    result = read()
    seconds = time.perf_counter() - began
    return Measured(*check(result), seconds)


def read_parts(
    read: Callable[[], Iterable[Any]], check: Callable[[Any], tuple[int, int]]
) -> Measured:
    """Times the reading of part after part; the clock stands still while a part is checked."""
    measured = Measured()
    began = time.perf_counter()
    for part in read():
        paused = time.perf_counter()
        if measured.first_row_seconds is None:
            measured.first_row_seconds = paused - began
        rows, checksum = check(part)
        measured.rows += rows
        measured.checksum += checksum
        # Freeing what was read belongs to the reader's time.
        measured.seconds += paused - began
        began = time.perf_counter()
        del part
    measured.seconds += time.perf_counter() - began
    return measured


def look_up(execute: Callable[[int], Any], check: Callable[[Any], tuple[int, int]]) -> Measured:
    """Times executions of a prepared statement by scattered keys, the same in every contestant."""
    executions = int(os.environ["BENCH_EXECUTIONS"])
    key_count = int(os.environ["BENCH_KEYS"])
    keys = [execution * 7919 % key_count + 1 for execution in range(executions)]
    measured = Measured()
    # Not counted: some libraries and drivers prepare only then.
    result = execute(keys[0])
    for key in keys:
        began = time.perf_counter()
        result = execute(key)
        measured.seconds += time.perf_counter() - began
        rows, checksum = check(result)
        measured.rows += rows
        measured.checksum += checksum
    return measured


def check_rows(rows: Any) -> tuple[int, int]:
    """The number of rows of a list of tuples, and the sum of their first column."""
    return len(rows), sum(row[0] for row in rows)


def check_arrow(table: Any) -> tuple[int, int]:
    """The number of rows of an Arrow table or batch, and the sum of its first column."""
    import pyarrow.compute

    return table.num_rows, pyarrow.compute.sum(table.column(0)).as_py() or 0


def peak_rss_kib() -> int | None:
    """The most memory that this process had resident since it began."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return None
