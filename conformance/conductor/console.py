"""What a run prints: the plan, its progress, the matrix and why cells failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .outcome import Outcome, Result, counts
from .plan import Plan
from .suite import Suite

# One broken feature can fail in a dozen ways; the rest is in matrix.json.
_DIFFERENCES_SHOWN = 6
_CELLS_SHOWN = 4


class Report:
    """Prints to a terminal, and plainly to anything else."""

    def __init__(self, suite: Suite, console: Console | None = None) -> None:
        self._suite = suite
        self._console = console or Console(highlight=False, soft_wrap=True)

    def plan(self, plan: Plan) -> None:
        cases = len({cell.case.id for cell in plan.cells})
        self._say(
            f"{len(plan.cells)} cells planned: {cases} cases"
            f" x {len(plan.bindings)} bindings ({', '.join(plan.bindings)})"
            f" x {len(plan.databases)} databases ({', '.join(plan.databases) or 'none'})"
        )
        for name in plan.not_run:
            database = self._suite.databases[name]
            self._say(f"not run: {database.title} ({database.environment} is not set)")

    def lane(self, binding: str, database: str, results: list[Result]) -> None:
        # Whether a correct cell passes is not known before parity is judged.
        named = {**counts(results), "correct": 0}
        named["correct"] = named.pop("passed")
        told = ", ".join(f"{number} {name}" for name, number in named.items() if number)
        self._say(f"  {database} x {binding}: {told or 'nothing to do'}")

    def matrix(self, plan: Plan, results: list[Result]) -> None:
        """Databases and areas against bindings: cells passed of those that apply."""
        table = Table(title="Conformance", title_justify="left")
        table.add_column("database")
        table.add_column("area")
        for binding in plan.bindings:
            table.add_column(binding, justify="right")
        for name in plan.databases:
            title = self._suite.databases[name].title
            for area, cells in _by_area(results, name).items():
                table.add_row(title, area, *(_entry(cells[binding]) for binding in plan.bindings))
                title = ""
            table.add_section()
        for name in plan.not_run:
            table.add_row(
                self._suite.databases[name].title, "not run", *("" for _ in plan.bindings)
            )
        self._console.print(table)

    def failures(self, results: Sequence[Result]) -> None:
        """Explains what failed; cells that failed in the same way are explained once."""
        alike: dict[tuple[str, ...], list[Result]] = defaultdict(list)
        for result in results:
            if result.fails_the_run:
                alike[result.outcome.value, *result.explanation].append(result)
        for (outcome, *explanation), cells in alike.items():
            self._say("")
            for result in cells[:_CELLS_SHOWN]:
                case = result.cell.case
                self._say(
                    f"{outcome.upper()} {result.cell.name}: {case.title} (contract: {case.spec})"
                )
            if len(cells) > _CELLS_SHOWN:
                self._say(
                    f"{outcome.upper()} {len(cells) - _CELLS_SHOWN} more cells in the same way"
                )
            for line in explanation[:_DIFFERENCES_SHOWN]:
                self._say(f"  - {line}")
            if len(explanation) > _DIFFERENCES_SHOWN:
                self._say(f"  - and {len(explanation) - _DIFFERENCES_SHOWN} more")

    def known(self, results: Sequence[Result]) -> None:
        reasons: dict[str, list[str]] = defaultdict(list)
        for result in results:
            if result.outcome is Outcome.KNOWN_FAILING:
                reasons[f"{result.cell.case.id}: {result.explanation[0]}"].append(
                    f"{result.cell.binding} · {result.cell.database}"
                )
        for reason, cells in reasons.items():
            self._say(f"known failing: {reason} ({', '.join(cells)})")

    def total(self, results: Sequence[Result]) -> None:
        tally = counts(results)
        self._say(", ".join(f"{number} {name}" for name, number in tally.items()))
        failing = sum(result.fails_the_run for result in results)
        self._say(f"{tally['passed']} passed, {failing} failed")

    def _say(self, text: str) -> None:
        self._console.print(escape(text), soft_wrap=True)


def _by_area(results: Sequence[Result], database: str) -> Mapping[str, Mapping[str, list[Result]]]:
    areas: dict[str, dict[str, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        if result.cell.database == database:
            areas[result.cell.case.area][result.cell.binding].append(result)
    return dict(sorted(areas.items()))


def _entry(results: list[Result]) -> str:
    applicable = [
        result
        for result in results
        if result.outcome is not Outcome.UNSUPPORTED or not result.declared
    ]
    if not applicable:
        return "-"
    passed = sum(result.outcome is Outcome.PASSED for result in applicable)
    bad = any(result.fails_the_run for result in applicable)
    style = "red" if bad else "green" if passed == len(applicable) else "yellow"
    return f"[{style}]{passed}/{len(applicable)}[/{style}]"
