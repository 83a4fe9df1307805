"""The command line."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console

from . import build, machine
from .contestant import CONTESTANTS, LIMIT, OUT, ROOT
from .database import DATABASES, Database
from .report import Report
from .runner import Plan, RunError, Runner, run_script
from .shape import SHAPES

# Every contestant runs once; the ratios say little.
_QUICK_SCALE = 0.02
_PAGE = ROOT / "doc" / "benchmarks.md"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        return _run(options, console)
    except KeyboardInterrupt:
        print("interrupted; no page was written")
        return 130
    except (build.BuildError, RunError) as error:
        print(error, file=sys.stderr)
        return 1


def _run(options: argparse.Namespace, console: Console) -> int:
    def say(message: str) -> None:
        print(f"bench: {message}", file=sys.stderr, flush=True)

    if options.quick:
        options.rounds, options.scale = 1, _QUICK_SCALE
    missing_peers = build.build(say)
    present = [
        one
        for name in options.database or DATABASES
        if os.environ.get((one := DATABASES[name]).variable)
    ]
    for name in options.database or DATABASES:
        if DATABASES[name] not in present:
            say(f"{DATABASES[name].title} is not measured: {DATABASES[name].variable} is not set")
    taking_part = {LIMIT.name, *(options.contestant or CONTESTANTS)}
    plan = Plan(
        databases=present,
        shapes=[SHAPES[name] for name in options.shape or SHAPES],
        contestants=[
            one
            for one in CONTESTANTS.values()
            if one.name in taking_part and one.peer not in missing_peers
        ],
        rounds=options.rounds,
        scale=options.scale,
    )
    say(f"{plan.run_count()} runs planned")
    runner = Runner(plan, say)
    versions = machine.versions(missing_peers)
    report = Report(
        plan, runner.results, machine.machine(), versions, f"{datetime.now(UTC):%Y-%m-%d}"
    )
    for database in plan.databases:
        with _data(database, plan.scale):
            say(f"{database.title}: the data is there")
            for shape in plan.shapes:
                runner.run(database, shape)
                say(f"{database.title}: {shape.name} is done")
                (OUT / "results.json").write_text(report.json(), encoding="utf-8")
    report.print(console)
    page = report.document()
    (OUT / "benchmarks.md").write_text(page, encoding="utf-8")
    failed = sorted({one for _, _, one in runner.results.failures if not CONTESTANTS[one].peer})
    if failed:
        say(f"failed, so that doc/benchmarks.md is as it was: {', '.join(failed)}")
        return 1
    complete = not (options.database or options.shape or options.contestant)
    if complete and plan.scale == 1 and len(present) == len(DATABASES):
        _PAGE.write_text(page, encoding="utf-8")
        say(f"{_PAGE.relative_to(ROOT)} is written")
    else:
        say("this was a part: doc/benchmarks.md is as it was, see target/bench/benchmarks.md")
    return 0


@contextlib.contextmanager
def _data(database: Database, scale: float) -> Iterator[None]:
    """The tables, for as long as they are needed."""
    run_script(database, database.script(scale))
    try:
        yield
    finally:
        run_script(database, database.cleanup())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    for name, known in (
        ("database", DATABASES),
        ("shape", SHAPES),
        ("contestant", CONTESTANTS),
    ):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            choices=list(known),
            help=f"only this {name}; may be given again (default: all)",
        )
    parser.add_argument(
        "--rounds",
        type=int,
        default=int(os.environ.get("BENCH_ROUNDS") or 5),
        help="how often each one runs (default: 5, or $BENCH_ROUNDS)",
    )
    parser.add_argument(
        "--scale",
        type=float,
        default=float(os.environ.get("BENCH_SCALE") or 1),
        help="of the sizes (default: 1, or $BENCH_SCALE)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="one round of small sizes, to see that all works"
    )
    return parser
