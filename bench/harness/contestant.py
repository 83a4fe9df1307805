"""Who reads: how each is started, and what it takes part in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "target" / "bench"
PROGRAMS = OUT / "bin"
PYTHON = OUT / "venv" / "bin" / "python"
_SCRIPTS = ROOT / "bench" / "contestants"
_READING = ("mixed", "narrow", "wide", "one", "long")


@dataclass(frozen=True)
class Contestant:
    name: str
    title: str
    command: tuple[str, ...]
    #: What it makes of the rows.
    into: str
    shapes: tuple[str, ...] = _READING
    #: The distribution on PyPI, where it is not ours.
    peer: str | None = None
    #: Options of the engine, as the C ABI takes them; change them here to compare them.
    connect_options: str = ""
    stream_options: str = ""
    #: How it inserts, where that is another command.
    insert_command: tuple[str, ...] = ()
    #: Whether its rate stands beside the others', or it compares within itself.
    in_tables: bool = True
    #: How many connections insert at once.
    workers: int = 1
    #: The part of the rows that it inserts, by database, where all of them would take too long.
    shares: Mapping[str, float] = field(default_factory=dict)
    #: Driver options by database, behind the connection string.
    driver_options: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return {
            "BENCH_CONNECT_OPTIONS": self.connect_options,
            "BENCH_STREAM_OPTIONS": self.stream_options,
            "BENCH_WORKERS": str(self.workers),
        }


def _script(name: str) -> tuple[str, ...]:
    return (str(PYTHON), str(_SCRIPTS / f"{name}.py"))


_INSERT = str(PROGRAMS / "insert")
_RUST = (str(ROOT / "target/release/odbc_engine_bench"),)
_BOTH = (*_READING, "insert")

LIMIT = Contestant(
    "limit",
    "C limit",
    (str(PROGRAMS / "limit"),),
    "thrown away; insert: arrays of parameters",
    shapes=_BOTH,
    insert_command=(_INSERT, "arrays"),
)

_CONTESTANTS = (
    LIMIT,
    Contestant(
        "c-values", "C VALUES", (_INSERT, "values"), "rows in one VALUES", shapes=("insert",)
    ),
    Contestant("rust", "Rust", _RUST, "Arrow", shapes=_BOTH),
    Contestant("rust-2", "Rust, 2 connections", _RUST, "from Arrow", shapes=("insert",), workers=2),
    Contestant("rust-4", "Rust, 4 connections", _RUST, "from Arrow", shapes=("insert",), workers=4),
    *(
        Contestant(
            f"told-{what}",
            f"Rust, {title}",
            (*_RUST, what),
            "Arrow",
            shapes=("one",),
            in_tables=False,
        )
        for what, title in (
            ("down", "collector down"),
            ("slow", "collector slow"),
            ("refusing", "collector answers 500"),
        )
    ),
    Contestant("c", "C ABI", (str(PROGRAMS / "c_abi"),), "Arrow", shapes=_BOTH),
    Contestant(
        "python",
        "Python",
        _script("engine"),
        "Arrow; one: tuples",
        shapes=_BOTH,
        insert_command=_script("engine_insert"),
    ),
    Contestant(
        "python-rows",
        "Python rows",
        _script("engine_rows"),
        "tuples",
        shapes=("mixed", "narrow", "wide", "long"),
    ),
    Contestant(
        "partitions",
        "Python, 2 connections",
        (*_script("engine_partitions"), "2"),
        "Arrow, in parts by partition_on",
        shapes=("mixed",),
    ),
    Contestant(
        "dart",
        "Dart views",
        (str(PROGRAMS / "dart"), "views"),
        "typed views of Arrow; one: row objects",
        shapes=_BOTH,
    ),
    Contestant(
        "dart-rows",
        "Dart rows",
        (str(PROGRAMS / "dart"), "rows"),
        "row objects",
        shapes=("mixed", "long"),
    ),
    Contestant(
        "pyodbc",
        "pyodbc",
        _script("pyodbc_rows"),
        "tuples",
        shapes=_BOTH,
        peer="pyodbc",
        insert_command=_script("pyodbc_insert"),
        # Row by row, each of them a round trip.
        shares={"postgresql": 0.1, "mariadb": 0.1},
    ),
    Contestant(
        "pyodbc-fast",
        "pyodbc, fast_executemany",
        (*_script("pyodbc_insert"), "fast"),
        "tuples",
        shapes=("insert",),
        peer="pyodbc",
        shares={"postgresql": 0.2},
    ),
    Contestant(
        "arrow-odbc",
        "arrow-odbc",
        _script("arrow_odbc_batches"),
        "Arrow",
        shapes=_BOTH,
        peer="arrow-odbc",
        insert_command=_script("arrow_odbc_insert"),
    ),
    Contestant(
        "turbodbc",
        "turbodbc",
        _script("turbodbc_arrow"),
        "Arrow",
        shapes=_BOTH,
        peer="turbodbc",
        insert_command=_script("turbodbc_insert"),
        shares={"postgresql": 0.2},
    ),
    Contestant(
        "adbcbridge",
        "adbcbridge",
        _script("adbcbridge_arrow"),
        "Arrow",
        shapes=_BOTH,
        peer="adbcbridge",
        insert_command=_script("adbcbridge_insert"),
    ),
    Contestant(
        "ceiling",
        "COPY, LOAD DATA, sqlite3",
        _script("ceiling_insert"),
        "not ODBC",
        shapes=("insert",),
    ),
)
CONTESTANTS: Mapping[str, Contestant] = {one.name: one for one in _CONTESTANTS}
PEERS: tuple[str, ...] = tuple(dict.fromkeys(one.peer for one in _CONTESTANTS if one.peer))
