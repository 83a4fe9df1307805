"""The goals of the project, and whether a run of the benchmark reached them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .contestant import CONTESTANTS, PEERS
from .result import Results

_TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}
_ARROW_MIN = {"sqlite": 1.15, "postgresql": 0.98, "mariadb": 0.98}
_INSERT_MIN = {"sqlite": 2.0, "postgresql": 4.5, "mariadb": 1.0}
_SHAPES = ("mixed", "narrow", "wide", "one", "long", "insert")
_STREAM_MEMORY_MB = 100.0
# What bare C takes with MariaDB's driver, which stores every result whole.
_MARIADB_BUFFER_MB = 655.0


@dataclass(frozen=True)
class Goal:
    """A number that is to be at least, or at most, a target."""

    title: str
    database: str
    measured: float | None
    target: float
    at_least: bool = True
    unit: str = ""

    @property
    def reached(self) -> bool | None:
        """None where nothing was measured."""
        if self.measured is None:
            return None
        if self.at_least:
            return self.measured >= self.target
        return self.measured <= self.target

    @property
    def verdict(self) -> str:
        return {True: "reached", False: "not reached", None: "not measured"}[self.reached]

    @property
    def wanted(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {_number(self.target, self.unit)}"

    @property
    def seen(self) -> str:
        return "-" if self.measured is None else _number(self.measured, self.unit)


def goals(results: Results) -> Sequence[Goal]:
    """Every goal, on every database that it names."""
    parts = (_arrow, _peers, _dart, _long, _one, _insert)
    return [goal for part in parts for goal in part(results)]


def _arrow(results: Results) -> Iterator[Goal]:
    for shape in ("mixed", "narrow"):
        for one in ("rust", "python"):
            for database, target in _ARROW_MIN.items():
                ratio = results.ratio(database, shape, one)
                yield Goal(
                    f"{shape}: {_title(one)} into Arrow, of the limit", database, ratio, target
                )
    yield Goal(
        "mixed: a partitioned read over 2 connections, of Python's over one",
        "postgresql",
        results.ratio("postgresql", "mixed", "partitions", to="python"),
        1.5,
    )


def _peers(results: Results) -> Iterator[Goal]:
    peers = [one.name for one in CONTESTANTS.values() if one.peer in PEERS]
    for shape in _SHAPES:
        for database in _TITLES:
            best = results.best(database, shape, peers)
            name = f" ({_title(best[0])})" if best else ""
            ratio = results.ratio(database, shape, "python", to=best[0]) if best else None
            yield Goal(f"{shape}: Python, of the fastest peer{name}", database, ratio, 1.0)


def _dart(results: Results) -> Iterator[Goal]:
    for one, target in (("dart", 0.85), ("dart-rows", 0.5)):
        for database in _TITLES:
            ratio = results.ratio(database, "mixed", one)
            yield Goal(f"mixed: {_title(one)}, of the limit", database, ratio, target)


def _long(results: Results) -> Iterator[Goal]:
    for one in ("python", "dart"):
        for database in _TITLES:
            ratio = results.ratio(database, "long", one)
            yield Goal(f"long: {_title(one)}, of the streaming limit", database, ratio, 0.95)
        for database in _TITLES:
            buffered = _MARIADB_BUFFER_MB if database == "mariadb" else 0.0
            yield Goal(
                f"long: {_title(one)}, peak memory",
                database,
                results.peak_mb(database, "long", one),
                _STREAM_MEMORY_MB + buffered,
                at_least=False,
                unit=" MB",
            )
        for database in ("sqlite", "postgresql"):
            share = results.first_row_share(database, "long", one)
            yield Goal(
                f"long: {_title(one)}, time to the first row, of the whole",
                database,
                None if share is None else share * 100,
                5.0,
                at_least=False,
                unit=" %",
            )


def _one(results: Results) -> Iterator[Goal]:
    for one, target in (("rust", 0.95), ("python", 0.85), ("dart", 0.75)):
        for database in _TITLES:
            ratio = results.ratio(database, "one", one)
            yield Goal(f"one: {_title(one)}, of the limit", database, ratio, target)
    for one in ("told-down", "told-slow", "told-refusing"):
        for database in _TITLES:
            ratio = results.told_ratio(database, "one", one)
            yield Goal(
                f"one: {_title(one)}, time of telemetry off",
                database,
                ratio,
                1.05,
                at_least=False,
            )
    for database in _TITLES:
        ratio = results.ratio(database, "one", "python", to="pyodbc")
        yield Goal("one: Python, of pyodbc", database, ratio, 1.0)


def _insert(results: Results) -> Iterator[Goal]:
    for one in ("rust", "python"):
        for database, target in _INSERT_MIN.items():
            ratio = results.ratio(database, "insert", one)
            yield Goal(
                f"insert: {_title(one)}, of bare arrays of parameters", database, ratio, target
            )
    yield Goal(
        "insert: Rust over 2 connections, of Rust over one",
        "postgresql",
        results.ratio("postgresql", "insert", "rust-2", to="rust"),
        1.6,
    )


def _title(contestant: str) -> str:
    return CONTESTANTS[contestant].title


def _number(value: float, unit: str) -> str:
    return f"{value:.0f}{unit}" if unit == " MB" else f"{value:.2f}{unit}"
