"""The command line: lint, plan and run."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import binding, console, lint, matrix, support_matrix
from .database import Database
from .plan import Plan, SelectionError, plan
from .runner import Runner, complete
from .suite import Suite

_ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    suite = Suite.load(options.root.resolve())
    problems = lint.problems(suite)
    for problem in problems:
        print(problem)
    if options.command == "lint" or problems:
        print(f"{len(suite.cases)} cases, {len(problems)} problems")
        return 1 if problems else 0
    present = [name for name, database in suite.databases.items() if _is_there(database)]
    try:
        planned = plan(suite, present, options.database, options.binding, options.case)
    except SelectionError as error:
        print(f"error: {error}")
        return 2
    if options.command == "plan":
        console.Report(suite).plan(planned)
        for cell in planned.cells:
            print(cell.name)
        return 0
    # The harnesses are in sessions of their own, so ending them is up to this process.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        return _run(suite, planned, options.profile, options.stream_options)
    except KeyboardInterrupt:
        print("interrupted; nothing was written")
        return 130


def _is_there(database: Database) -> bool:
    return bool(os.environ.get(database.environment, "").strip()) or database.default is not None


def _run(suite: Suite, planned: Plan, profile: str, stream_options: dict[str, Any]) -> int:
    report = console.Report(suite)
    report.plan(planned)
    out = suite.root / "target" / "conformance"
    tokens = binding.tokens(suite.root, profile)
    runner = Runner(suite, os.environ, tokens, out, report.lane, stream_options)
    run = runner.run(planned)
    results = complete(planned, run.results)
    matrix.write(out / "matrix.json", matrix.matrix(planned, run, results))
    if planned.complete and not stream_options:
        page = suite.root / "doc" / "conformance.md"
        page.write_text(support_matrix.document(suite, planned, run, results), encoding="utf-8")
    report.matrix(planned, results)
    report.failures(results)
    report.known(results)
    report.total(results)
    failing = any(result.fails_the_run for result in results)
    return 1 if failing or not results else 0


def _options(text: str) -> dict[str, Any]:
    options = json.loads(text)
    if not isinstance(options, dict):
        raise ValueError("not a JSON object")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument(
        "--root", type=Path, default=_ROOT, help="the repository (default: this one)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lint", help="check that cases, profiles and contract fit together")
    for name, text in (("plan", "print the cells of a run"), ("run", "run the cells and report")):
        command = commands.add_parser(name, help=text)
        command.add_argument("--database", action="append", default=[], metavar="NAME")
        command.add_argument("--binding", action="append", default=[], metavar="NAME")
        command.add_argument(
            "--case", action="append", default=[], metavar="PATTERN", help="such as 'types/*'"
        )
        command.add_argument(
            "--profile",
            default=os.environ.get("ODBC_ENGINE_PROFILE", "debug"),
            choices=("debug", "release"),
            help="which build to use (default: debug, or $ODBC_ENGINE_PROFILE)",
        )
        command.add_argument(
            "--stream-options",
            type=_options,
            default={},
            metavar="JSON",
            help="how queries are read where a case does not say: '{\"prefetch\": false}'",
        )
    return parser
