"""What a run of the benchmark says: on the terminal, as JSON and as a page of the documentation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from .contestant import ROOT, Contestant
from .database import Database
from .goal import Goal, goals
from .result import Results
from .runner import Plan
from .shape import Mode, Shape

_NOTHING = "-"

_METHOD = ROOT / "bench" / "method.md"


@dataclass(frozen=True)
class Report:
    plan: Plan
    results: Results
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    date: str

    def json(self) -> str:
        content = {
            "date": self.date,
            "rounds": self.plan.rounds,
            "scale": self.plan.scale,
            "machine": self.machine,
            "versions": self.versions,
            "results": self.results.as_json(),
            "goals": [{**asdict(goal), "reached": goal.reached} for goal in goals(self.results)],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    def print(self, console: Console) -> None:
        for shape in self.plan.shapes:
            console.print(self._terminal_table(shape))
        console.print("Goals")
        for goal in self._goals_here():
            told = f"{goal.wanted}, measured {goal.seen}"
            console.print(f"  {goal.verdict:<12}  {goal.database:<10}  {goal.title}: {told}")

    def document(self) -> str:
        """The page doc/benchmarks.md."""
        return "\n".join([*self._document_lines(), ""])

    def _document_lines(self) -> Iterator[str]:
        yield "# Benchmarks\n"
        yield "Written by `make bench`; do not edit.\n"
        yield (
            f"Measured on {self.date}: medians of {self.plan.rounds} rounds"
            f"{''.join(self._other_rounds())}. Each entry is the ratio to the bare C loop, the"
            " limit, and the client's peak memory in MB.\n"
        )
        if self.plan.scale != 1:
            yield f"Sizes are those named times {self.plan.scale:g}.\n"
        for shape in self.plan.shapes:
            yield f"## {shape.title} (`{shape.name}`)\n"
            yield from self._document_table(shape)
        yield "## Goals\n"
        yield from _markdown(
            ["goal", "database", "wanted", "measured", ""],
            [
                [goal.title, goal.database, goal.wanted, goal.seen, goal.verdict]
                for goal in self._goals_here()
            ],
        )
        yield "## Method\n"
        streaming = ", ".join(
            f"`{one.streaming_options}` ({one.title})"
            if one.streaming_options
            else f"nothing on {one.title}, whose driver stores every result whole"
            for one in self.plan.databases
        )
        yield _METHOD.read_text(encoding="utf-8").format(streaming=streaming)
        yield "## Machine and versions\n"
        yield from _markdown(["", ""], [*map(list, {**self.machine, **self.versions}.items())])

    def _other_rounds(self) -> Iterator[str]:
        for shape in self.plan.shapes:
            rounds = shape.rounds_of(self.plan.rounds)
            if rounds != self.plan.rounds:
                yield f" ({rounds} of `{shape.name}`)"

    def _goals_here(self) -> Sequence[Goal]:
        """The goals on databases and of shapes that were asked for."""
        databases = {one.name for one in self.plan.databases}
        shapes = {one.name for one in self.plan.shapes}
        return [
            goal
            for goal in goals(self.results)
            if goal.database in databases and goal.title.split(":")[0] in shapes
        ]

    def _in_table(self, shape: Shape) -> Sequence[Contestant]:
        return [one for one in self.plan.taking_part(shape) if one.in_tables]

    def _document_table(self, shape: Shape) -> Iterator[str]:
        headings = ["contestant", "into", *(one.title for one in self.plan.databases)]
        rows = [
            [
                one.title,
                one.into,
                *(self._entry(database, shape, one) for database in self.plan.databases),
            ]
            for one in self._in_table(shape)
        ]
        yield from _markdown(headings, rows)
        if rates := ", ".join(self._rates(shape)):
            yield f"The limit: {rates}.\n"

    def _rates(self, shape: Shape) -> Iterator[str]:
        unit = "executions" if shape.mode is Mode.LOOKUP else "rows"
        for database in self.plan.databases:
            rate = self.results.rate(database.name, shape.name, self.results.baseline)
            if rate is not None:
                yield f"{rate:,.0f} {unit}/s on {database.title}"

    def _terminal_table(self, shape: Shape) -> Table:
        title = f"{shape.name}: {shape.title}; ratio to the limit, peak MB"
        table = Table(title=title, title_justify="left")
        table.add_column("contestant")
        for database in self.plan.databases:
            table.add_column(database.title, justify="right")
        for one in self._in_table(shape):
            entries = [self._entry(database, shape, one) for database in self.plan.databases]
            table.add_row(one.title, *entries)
        return table

    def _entry(self, database: Database, shape: Shape, contestant: Contestant) -> str:
        cell = (database.name, shape.name, contestant.name)
        if contestant.peer and self.versions.get(contestant.peer, "").startswith("did not"):
            return "did not install"
        if cell in self.results.failures:
            return "failed"
        ratio = self.results.ratio(*cell)
        peak = self.results.peak_mb(*cell)
        if ratio is None:
            return _NOTHING
        return f"{ratio:.2f} · {_NOTHING if peak is None else f'{peak:.0f}'}"


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    escape: Callable[[str], str] = lambda text: text.replace("|", "\\|")  # noqa: E731
    for row in (headings, ["---"] * len(headings), *rows):
        yield f"| {' | '.join(map(escape, row))} |"
    yield ""
