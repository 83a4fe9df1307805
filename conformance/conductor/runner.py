"""Runs a plan: one harness process for each binding and database, databases side by side."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import parity
from .binding import Binding
from .cell_run import CellRun, end
from .harness import Harness, HarnessError, Harnesses
from .outcome import Cell, Outcome, Result, Verdict
from .plan import Plan
from .suite import Suite

# Starting covers a first compilation by the language's own launcher.
_HELLO_TIMEOUT_S = 120
# A harness that never comes up is not tried again for every remaining case.
_STARTS_MAX = 3

Report = Callable[[str, str, list[Result]], None]


@dataclass
class Run:
    """What a run brought to light."""

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    results: list[Result] = field(default_factory=list)
    harnesses: dict[str, Any] = field(default_factory=dict)
    databases: dict[str, Any] = field(default_factory=dict)


class Runner:
    def __init__(
        self,
        suite: Suite,
        connection_strings: Mapping[str, str],
        tokens: Mapping[str, str],
        logs: Path,
        report: Report = lambda binding, database, results: None,
        stream_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._suite = suite
        self._connection_strings = connection_strings
        self._tokens = tokens
        self._logs = logs
        self._report = report
        self._stream_options = stream_options or {}
        self._harnesses = Harnesses()

    def run(self, plan: Plan) -> Run:
        """Runs every cell of the plan, judges parity and settles what was known to fail."""
        run = Run()
        with closed_port() as port, ThreadPoolExecutor(max(1, len(plan.databases))) as pool:
            jobs = [pool.submit(self._database, run, plan, name, port) for name in plan.databases]
            try:
                for job in jobs:
                    run.results += job.result()
            except BaseException:
                # Leaving the pool waits for its threads, which wait for their harnesses.
                self._harnesses.abort()
                raise
        parity.judge(run.results, list(self._suite.bindings))
        for result in run.results:
            settle(result)
        return run

    def _database(self, run: Run, plan: Plan, database: str, port: int) -> list[Result]:
        """All bindings on one database, one after another: they share its tables and locks."""
        results: list[Result] = []
        for binding in plan.bindings:
            cells = [
                cell for cell in plan.cells if (cell.database, cell.binding) == (database, binding)
            ]
            with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
                local = {"scratch": scratch, "closed_port": str(port)}
                resolved = self._suite.bindings[binding].resolved(self._tokens)
                lane = _Lane(
                    self._suite, resolved, database, local, self._harnesses, self._stream_options
                )
                string = self._suite.databases[database].connection_string(
                    self._connection_strings, local
                )
                assert string is not None
                ended = lane.run(cells, string, self._logs / f"{database}-{binding}.log")
            run.harnesses[binding] = lane.hello or run.harnesses.get(binding)
            run.databases[database] = lane.info or run.databases.get(database)
            if not self._harnesses.aborted:
                self._report(binding, database, ended)
            results += ended
        return results


class _Lane:
    """The cells of one binding on one database."""

    def __init__(
        self,
        suite: Suite,
        binding: Binding,
        database: str,
        local: Mapping[str, str],
        harnesses: Harnesses,
        stream_options: Mapping[str, Any],
    ) -> None:
        self._database = suite.databases[database]
        self._harnesses = harnesses
        self._binding = binding
        self._local = local
        self._stream_options = stream_options
        self._failed_starts = 0
        self._why_not_started = ""
        self.hello: dict[str, Any] | None = None
        self.info: dict[str, Any] | None = None

    def run(self, cells: list[Cell], connection_string: str, log: Path) -> list[Result]:
        log.unlink(missing_ok=True)
        harness: Harness | None = None
        results: list[Result] = []
        last: Result | None = None
        try:
            for cell in cells:
                if lacks := self._database.missing_features(cell.case.requires):
                    reasons = [f"{feature}: {why}" for feature, why in lacks.items()]
                    results.append(Result(cell, Outcome.UNSUPPORTED, explanation=reasons))
                    continue
                try:
                    harness = harness or self._start(connection_string, log)
                except HarnessError as error:
                    results.append(Result(cell, Outcome.MISSING, explanation=[str(error)]))
                    continue
                last = CellRun(
                    cell,
                    harness,
                    self._database,
                    connection_string,
                    self._local,
                    self._binding.unsupported,
                    self._stream_options,
                ).run()
                results.append(last)
                if last.outcome in (Outcome.CRASHED, Outcome.TIMEOUT, Outcome.ERRORED):
                    harness.kill()
                    harness = None
        finally:
            failure = harness.stop() if harness is not None else None
            # The cells before it have ended well, so the last one shows how the harness ended.
            if failure is not None and last is not None:
                end(last, failure)
        return results

    def _start(self, connection_string: str, log: Path) -> Harness:
        if self._failed_starts >= _STARTS_MAX:
            raise HarnessError(self._why_not_started)
        harness = None
        try:
            harness = self._harnesses.start(self._binding, log)
            hello = harness.request("hello", _HELLO_TIMEOUT_S).get("ok")
            if hello is None or hello.get("binding") != self._binding.name:
                raise HarnessError(
                    f"the harness says hello as {hello}, not as {self._binding.name}"
                )
            self.hello = hello
            if self.info is None:
                self.info = _info(harness, connection_string)
        except HarnessError as error:
            self._failed_starts += 1
            self._why_not_started = str(error)
            if harness is not None:
                harness.kill()
            raise
        self._failed_starts = 0
        return harness


def _info(harness: Harness, connection_string: str) -> dict[str, Any] | None:
    """What the driver and the database say of themselves; for the report's header only."""
    members = {"connection": "info", "connection_string": connection_string, "options": {}}
    if "ok" not in harness.request("open", _HELLO_TIMEOUT_S, **members):
        return None
    info = harness.request("info", _HELLO_TIMEOUT_S, connection="info").get("ok")
    harness.request("close", _HELLO_TIMEOUT_S, connection="info")
    return info


def settle(result: Result) -> None:
    """Lets a known failure stand, and fails a cell whose known failure has gone."""
    cell = result.cell
    known = cell.case.known_failure(cell.database, cell.binding)
    if known is None or result.outcome is Outcome.UNSUPPORTED:
        return
    if result.outcome is Outcome.PASSED:
        result.outcome = Outcome.FAILED
        result.explanation.append(f"passes although known_failing says: {known.why}")
    elif result.outcome is not Outcome.MISSING:
        result.outcome = Outcome.KNOWN_FAILING
        result.explanation.insert(0, known.why)


def complete(plan: Plan, results: list[Result]) -> list[Result]:
    """The results in the order of the plan; a cell that nobody reported is missing."""
    reported = {(r.cell.case.id, r.cell.binding, r.cell.database): r for r in results}
    return [
        reported.get((cell.case.id, cell.binding, cell.database))
        or Result(cell, Outcome.MISSING, Verdict.NONE, Verdict.NONE, ["no result was reported"])
        for cell in plan.cells
    ]


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A local port that is taken but refuses connections, for as long as the run lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
