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
_EVERY_SHAPE = ("mixed", "narrow", "wide", "one", "long")


@dataclass(frozen=True)
class Contestant:
    name: str
    title: str
    command: tuple[str, ...]
    #: What it makes of the rows.
    into: str
    shapes: tuple[str, ...] = _EVERY_SHAPE
    #: The distribution on PyPI, where it is not ours.
    peer: str | None = None
    #: Options of the engine, as the C ABI takes them; change them here to compare them.
    connect_options: str = ""
    stream_options: str = ""
    #: Driver options by database, behind the connection string.
    driver_options: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return {
            "BENCH_CONNECT_OPTIONS": self.connect_options,
            "BENCH_STREAM_OPTIONS": self.stream_options,
        }


def _script(name: str) -> tuple[str, ...]:
    return (str(PYTHON), str(_SCRIPTS / f"{name}.py"))


LIMIT = Contestant("limit", "C limit", (str(PROGRAMS / "limit"),), "thrown away")

_CONTESTANTS = (
    LIMIT,
    Contestant("rust", "Rust", (str(ROOT / "target/release/odbc_engine_bench"),), "Arrow"),
    Contestant("c", "C ABI", (str(PROGRAMS / "c_abi"),), "Arrow"),
    Contestant("python", "Python", _script("engine"), "Arrow; one: tuples"),
    Contestant(
        "python-rows",
        "Python rows",
        _script("engine_rows"),
        "tuples",
        shapes=("mixed", "narrow", "wide", "long"),
    ),
    Contestant(
        "dart",
        "Dart views",
        (str(PROGRAMS / "dart"), "views"),
        "typed views of Arrow; one: row objects",
    ),
    Contestant(
        "dart-rows",
        "Dart rows",
        (str(PROGRAMS / "dart"), "rows"),
        "row objects",
        shapes=("mixed", "long"),
    ),
    Contestant("pyodbc", "pyodbc", _script("pyodbc_rows"), "tuples", peer="pyodbc"),
    Contestant(
        "arrow-odbc", "arrow-odbc", _script("arrow_odbc_batches"), "Arrow", peer="arrow-odbc"
    ),
    Contestant("turbodbc", "turbodbc", _script("turbodbc_arrow"), "Arrow", peer="turbodbc"),
    Contestant("adbcbridge", "adbcbridge", _script("adbcbridge_arrow"), "Arrow", peer="adbcbridge"),
)
CONTESTANTS: Mapping[str, Contestant] = {one.name: one for one in _CONTESTANTS}
PEERS: tuple[str, ...] = tuple(one.peer for one in _CONTESTANTS if one.peer)
