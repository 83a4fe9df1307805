#!/usr/bin/env python3
"""Runs test suites one after another and sums up what their runners counted.

    python tools/suites.py rust python dart conformance

Every suite runs, also after one has failed. A runner that counts no test has failed, and so has one
that ends badly without counting a failure. The last line is 'N passed, N failed'.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The closing lines of cargo test, nextest and pytest, and the plain one: their counts read alike.
CLOSING_LINE = re.compile(
    r"^test result: |^ *Summary \[|^=+ .* in [\d.]+s.* =+$"
    r"|^\d+ passed, \d+ failed(?:, \d+ skipped)?$"
)
COUNT = re.compile(r"(\d+) (passed|failed|errors?|timed out)")
# package:test of pub.dev has its own: "00:03 +41 ~1 -2: Some tests failed."
DART_CLOSING_LINE = re.compile(r"^\d+:\d+ \+(\d+)(?: ~\d+)?(?: -(\d+))?: (?:All|Some) tests ")


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0

    def add(self, other: Tally) -> None:
        self.passed += other.passed
        self.failed += other.failed

    def read(self, line: str) -> None:
        """Adds the counts of a line if it is a runner's closing line."""
        if dart := DART_CLOSING_LINE.match(line):
            self.add(Tally(int(dart[1]), int(dart[2] or 0)))
        elif CLOSING_LINE.match(line):
            for number, outcome in COUNT.findall(line):
                counted = int(number)
                self.add(Tally(counted, 0) if outcome == "passed" else Tally(0, counted))

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


@dataclass(frozen=True)
class Runner:
    command: Sequence[str]
    folder: Path = ROOT

    def run(self) -> Tally:
        print(f"$ {' '.join(self.command)}", flush=True)
        tally = Tally()
        with subprocess.Popen(
            self.command,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(line, end="", flush=True)
                tally.read(line.rstrip())
        if process.returncode != 0 and tally.failed == 0:
            print(f"the runner ended with {process.returncode} and counted no failure")
            tally.failed += 1
        elif tally.passed + tally.failed == 0:
            print("the runner counted no test")
            tally.failed += 1
        return tally


# What a case observes must not depend on how its results are read.
STREAM_OPTIONS = (
    '{"prefetch": false}',
    '{"batch_rows_max": 1}',
    '{"batch_rows_max": 2, "prefetch": false}',
    '{"batch_rows_max": 1000}',
    '{"batch_bytes_max": 4096}',
)
STREAM_CASES = ("types/*", "parameters/*", "results/*", "procedures/*", "several/*")


def suites() -> dict[str, list[Runner]]:
    if shutil.which("cargo-nextest"):
        rust = [["cargo", "nextest", "run", "--no-fail-fast"]]
    else:
        rust = [["cargo", "test", "--no-fail-fast", "--lib", "--bins", "--tests"]]
    rust.append(["cargo", "test", "--doc"])
    pytest = [sys.executable, "-m", "pytest", "--color=no"]
    conformance = [sys.executable, "-m", "conformance"]
    chosen = [part for case in STREAM_CASES for part in ("--case", case)]
    chosen += ["--binding", "rust", "--binding", "python"]
    return {
        "rust": [Runner(command) for command in rust],
        "python": [Runner([*pytest, "python/tests"]), Runner([*pytest, "tools/tests"])],
        "dart": [Runner(["dart", "test"], ROOT / "dart")],
        "conformance": [
            Runner([*pytest, "conformance/tests"]),
            Runner([*conformance, "run"]),
            *(
                Runner([*conformance, "run", *chosen, "--stream-options", options])
                for options in STREAM_OPTIONS
            ),
        ],
    }


def library() -> str:
    """The C ABI's shared library, as cargo build left it."""
    folder = ROOT / "target" / "debug"
    for name in ("libodbc_engine.so", "libodbc_engine.dylib", "odbc_engine.dll"):
        if (folder / name).exists():
            return str(folder / name)
    sys.exit(f"no C library in {folder}; run 'make build' first")


def main() -> int:
    known = suites()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("suites", nargs="+", choices=list(known), metavar="suite")
    names: list[str] = parser.parse_args().suites
    os.environ.setdefault("ODBC_ENGINE_LIBRARY", library())
    results: dict[str, tuple[Tally, float]] = {}
    for name in names:
        print(f"\n== {name} ==", flush=True)
        began = time.monotonic()
        tally = Tally()
        for runner in known[name]:
            tally.add(runner.run())
        results[name] = (tally, time.monotonic() - began)
    print("\n== summary ==")
    total = Tally()
    for name, (tally, seconds) in results.items():
        print(f"{name:<12} {tally!s:<28} {seconds:6.1f} s")
        total.add(tally)
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
