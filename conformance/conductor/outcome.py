"""Cells and how they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from .case import Case


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"
    KNOWN_FAILING = "known_failing"
    ERRORED = "errored"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    MISSING = "missing"


class Verdict(StrEnum):
    YES = "yes"
    NO = "no"
    NONE = "none"


@dataclass(frozen=True)
class Cell:
    """One case on one binding and one database."""

    case: Case
    binding: str
    database: str

    @property
    def name(self) -> str:
        return f"{self.case.id} · {self.binding} · {self.database}"


@dataclass(frozen=True)
class Observed:
    """What a step showed: the digest that parity compares, and the beginning of it for a reader."""

    digest: str
    preview: str


@dataclass
class Result:
    """How a cell ended, and what each of its steps showed."""

    cell: Cell
    outcome: Outcome
    correct: Verdict = Verdict.NONE
    parity: Verdict = Verdict.NONE
    explanation: list[str] = field(default_factory=list)
    observed: dict[str, Observed] = field(default_factory=dict)
    digest: str | None = None
    declared: bool = True
    seconds: float = 0.0

    @property
    def fails_the_run(self) -> bool:
        if self.outcome is Outcome.UNSUPPORTED:
            return not self.declared
        return self.outcome not in (Outcome.PASSED, Outcome.KNOWN_FAILING)


def counts(results: Iterable[Result]) -> dict[str, int]:
    """How many cells ended how, every outcome named."""
    tally = Counter(result.outcome for result in results)
    return {outcome.value: tally[outcome] for outcome in Outcome}
