"""What was measured, and the arithmetic over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

Cell = tuple[str, str, str]  # database, shape, contestant


@dataclass(frozen=True)
class Run:
    """One run of one contestant."""

    round: int
    rows: int
    checksum: int
    seconds: float
    first_row_seconds: float | None = None
    peak_rss_kib: int | None = None
    #: What undisturbed turns of the same took in the same process with telemetry on, and off.
    told_seconds: float | None = None
    untold_seconds: float | None = None

    @property
    def rate(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds


@dataclass
class Results:
    """Every run by its cell, and why a cell has none."""

    baseline: str
    runs: dict[Cell, list[Run]] = field(default_factory=dict)
    failures: dict[Cell, str] = field(default_factory=dict)

    def add(self, cell: Cell, run: Run) -> None:
        self.runs.setdefault(cell, []).append(run)

    def fail(self, cell: Cell, reason: str) -> None:
        """Notes why a cell has no figures, and drops those of earlier rounds."""
        self.failures[cell] = reason
        self.runs.pop(cell, None)

    def ratio(self, database: str, shape: str, contestant: str, to: str = "") -> float | None:
        """The median of the rounds' ratios of rates; None where there is nothing to compare."""
        mine = self._by_round(database, shape, contestant)
        other = self._by_round(database, shape, to or self.baseline)
        ratios = [mine[number].rate / other[number].rate for number in mine.keys() & other.keys()]
        return median(ratios) if ratios else None

    def rate(self, database: str, shape: str, contestant: str) -> float | None:
        """The median of rows per second."""
        return _median(run.rate for run in self._runs(database, shape, contestant))

    def seconds(self, database: str, shape: str, contestant: str) -> float | None:
        return _median(run.seconds for run in self._runs(database, shape, contestant))

    def first_row_share(self, database: str, shape: str, contestant: str) -> float | None:
        """The median part of a run's time that passed before its first row."""
        return _median(
            run.first_row_seconds / run.seconds
            for run in self._runs(database, shape, contestant)
            if run.first_row_seconds is not None
        )

    def told_ratio(self, database: str, shape: str, contestant: str) -> float | None:
        """The median ratio of the time with telemetry on to that with it off."""
        return _median(
            run.told_seconds / run.untold_seconds
            for run in self._runs(database, shape, contestant)
            if run.told_seconds is not None and run.untold_seconds is not None
        )

    def peak_mb(self, database: str, shape: str, contestant: str) -> float | None:
        """The most memory of any run, in millions of bytes."""
        peaks = [
            run.peak_rss_kib
            for run in self._runs(database, shape, contestant)
            if run.peak_rss_kib is not None
        ]
        return max(peaks) * 1024 / 1e6 if peaks else None

    def best(
        self, database: str, shape: str, contestants: Iterable[str]
    ) -> tuple[str, float] | None:
        """Who of these has the highest ratio, and which."""
        ratios = [(one, self.ratio(database, shape, one)) for one in contestants]
        known = [(one, ratio) for one, ratio in ratios if ratio is not None]
        return max(known, key=lambda pair: pair[1]) if known else None

    def as_json(self) -> list[Mapping[str, Any]]:
        cells = sorted({*self.runs, *self.failures})
        return [
            {
                "database": database,
                "shape": shape,
                "contestant": contestant,
                "ratio": self.ratio(database, shape, contestant),
                "rows_per_second": self.rate(database, shape, contestant),
                "seconds": self.seconds(database, shape, contestant),
                "first_row_share": self.first_row_share(database, shape, contestant),
                "told_ratio": self.told_ratio(database, shape, contestant),
                "peak_mb": self.peak_mb(database, shape, contestant),
                "failure": self.failures.get((database, shape, contestant)),
                "runs": [asdict(run) for run in self._runs(database, shape, contestant)],
            }
            for database, shape, contestant in cells
        ]

    def _runs(self, *cell: str) -> Sequence[Run]:
        database, shape, contestant = cell
        return self.runs.get((database, shape, contestant), [])

    def _by_round(self, *cell: str) -> Mapping[int, Run]:
        return {run.round: run for run in self._runs(*cell)}


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return median(known) if known else None
