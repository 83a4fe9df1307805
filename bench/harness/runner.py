"""Runs the contestants in rounds, each run a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .contestant import LIMIT, OUT, ROOT, Contestant
from .database import Database
from .result import Cell, Results, Run
from .shape import INSERTED, Mode, Shape

_RUN_SECONDS_MAX = 900


class RunError(Exception):
    """A run gave no figures, or wrong ones."""


@dataclass(frozen=True)
class Plan:
    databases: Sequence[Database]
    shapes: Sequence[Shape]
    contestants: Sequence[Contestant]
    rounds: int
    scale: float

    def taking_part(self, shape: Shape) -> Sequence[Contestant]:
        return [one for one in self.contestants if shape.name in one.shapes]

    def run_count(self) -> int:
        each = (
            shape.rounds_of(self.rounds) * len(self.taking_part(shape)) for shape in self.shapes
        )
        return len(self.databases) * sum(each)


class Runner:
    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._say = say
        self.results = Results(baseline=LIMIT.name)

    def run(self, database: Database, shape: Shape) -> None:
        """Every round of one shape on one database: A, B, C, A, B, C …"""
        # It warms the caches, and its sum is what the others have to find.
        expected = self._measure(database, shape, LIMIT, 0).checksum
        for number in range(1, shape.rounds_of(self._plan.rounds) + 1):
            for contestant in self._plan.taking_part(shape):
                cell = (database.name, shape.name, contestant.name)
                if cell not in self.results.failures:
                    self._run(cell, database, shape, contestant, number, expected)

    def _run(
        self,
        cell: Cell,
        database: Database,
        shape: Shape,
        contestant: Contestant,
        number: int,
        expected: int,
    ) -> None:
        try:
            run = self._measure(database, shape, contestant, number)
            if shape.mode is not Mode.INSERT and run.checksum != expected:
                raise RunError(f"its sum is {run.checksum}, not {expected}")
        except RunError as error:
            self.results.fail(cell, str(error))
            self._say(f"{' · '.join(cell)} failed: {error}")
        else:
            self.results.add(cell, run)

    def _measure(
        self, database: Database, shape: Shape, contestant: Contestant, number: int
    ) -> Run:
        options = {contestant.driver_options.get(database.name, "")}
        if contestant is LIMIT and shape.mode is not Mode.INSERT:
            options.add(database.limit_options)
        if shape.mode is Mode.STREAM:
            options.add(database.streaming_options)
        environment = {
            **contestant.environment(),
            **shape.environment(self._plan.scale, database.boolean),
            "ODBC_ENGINE_LIBRARY": str(ROOT / "target" / "release" / "libodbc_engine.so"),
        }
        rows = shape.rows(self._plan.scale)
        command = contestant.command
        if shape.mode is Mode.INSERT:
            rows = max(1, round(rows * contestant.shares.get(database.name, 1)))
            command = contestant.insert_command or command
            run_script(database, database.empty_table())
            environment |= {
                "BENCH_ROWS": str(rows),
                "BENCH_DATABASE": database.name,
                "BENCH_ARRAY_ROWS": str(database.array_rows),
                "BENCH_VALUES_ROWS": str(database.values_rows),
            }
        printed = process(database, command, environment, sorted(options))
        try:
            run = Run(round=number, **json.loads(printed))
        except (ValueError, TypeError) as error:
            raise RunError(f"it printed {printed[:200]!r}") from error
        if run.rows != rows:
            raise RunError(f"it took {run.rows} rows, not {rows}")
        if shape.mode is Mode.INSERT:
            _check_table(database, rows)
        return run


def _check_table(database: Database, rows: int) -> None:
    """Whether every row is in the table that was inserted into."""
    environment = {
        "BENCH_MODE": Mode.TABLE.value,
        "BENCH_SQL": f"SELECT SUM(id) + COUNT(*) FROM {INSERTED.name}",
        "BENCH_COLUMNS": "i64",
        "BENCH_BLOCK_ROWS": "1",
    }
    found = json.loads(process(database, LIMIT.command, environment, []))["checksum"]
    if found != rows * (rows + 1) // 2 + rows:
        raise RunError(f"the table does not have the {rows} rows")


def run_script(database: Database, script: str) -> None:
    """Executes statements by the C program, so that no contestant is needed for it."""
    process(database, LIMIT.command, {"BENCH_MODE": "script"}, [], script)


def process(
    database: Database,
    command: Sequence[str],
    environment: dict[str, str],
    options: Sequence[str],
    text: str = "",
) -> str:
    """Runs a program against a database; returns what it printed."""
    connection = database.connection(os.environ[database.variable], *options)
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment, "BENCH_CONNECTION": connection},
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_RUN_SECONDS_MAX,
            cwd=OUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RunError(f"no answer within {_RUN_SECONDS_MAX} s") from error
    if done.returncode != 0:
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise RunError(f"it ended with {done.returncode}: {last}")
    return done.stdout
