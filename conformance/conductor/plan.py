"""Which cells a run consists of."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass

from .outcome import Cell
from .suite import Suite


class SelectionError(ValueError):
    """A selection names something that does not exist."""


@dataclass(frozen=True)
class Plan:
    cells: tuple[Cell, ...]
    databases: tuple[str, ...]
    bindings: tuple[str, ...]
    not_run: tuple[str, ...]
    complete: bool


def plan(
    suite: Suite,
    present: Sequence[str],
    databases: Sequence[str] = (),
    bindings: Sequence[str] = (),
    cases: Sequence[str] = (),
) -> Plan:
    """The cells of a selection. An empty one means everything; absent databases are not run."""
    wanted_databases = _chosen(databases, tuple(suite.databases), "database")
    wanted_bindings = _chosen(bindings, tuple(suite.bindings), "binding")
    wanted_cases = _matching(cases, tuple(suite.cases))
    running = tuple(name for name in wanted_databases if name in present)
    cells = tuple(
        Cell(suite.cases[case], binding, database)
        for database in running
        for binding in wanted_bindings
        for case in wanted_cases
    )
    return Plan(
        cells=cells,
        databases=running,
        bindings=wanted_bindings,
        not_run=tuple(name for name in wanted_databases if name not in present),
        complete=not (databases or bindings or cases),
    )


def _chosen(names: Sequence[str], known: tuple[str, ...], kind: str) -> tuple[str, ...]:
    if unknown := [name for name in names if name not in known]:
        raise SelectionError(f"no such {kind}: {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(name for name in known if not names or name in names)


def _matching(patterns: Sequence[str], known: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        if not fnmatch.filter(known, pattern):
            raise SelectionError(f"no case matches {pattern!r}")
    return tuple(
        name
        for name in known
        if not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    )
