"""What the runners count must reach the sum, and a run without tests must never pass."""

from __future__ import annotations

import sys

import pytest
from suites import Runner, Tally


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out", (12, 0)),
        ("test result: FAILED. 3 passed; 2 failed; 0 ignored", (3, 2)),
        ("     Summary [   1.5s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out", (7, 2)),
        ("     Summary [   0.0s] 1 test run: 1 passed, 0 skipped", (1, 0)),
        ("===== 10 passed in 0.12s =====", (10, 0)),
        ("== 1 failed, 3 passed, 2 skipped, 1 error in 61.20s (0:01:01) ==", (3, 2)),
        ("5 passed, 1 failed", (5, 1)),
        ("5 passed, 0 failed, 2 skipped", (5, 0)),
        ("5 passed, 1 failed, 0 errored, 0 missing", (0, 0)),
        ("00:03 +41 ~1 -2: Some tests failed.", (41, 2)),
        ("00:01 +7: All tests passed!", (7, 0)),
        ("  ok    a test that says 5 passed, 1 failed", (0, 0)),
        ("00:01 +3: test/row_test.dart: reads a row", (0, 0)),
    ],
)
def test_closing_lines(line: str, expected: tuple[int, int]) -> None:
    tally = Tally()
    tally.read(line)
    assert (tally.passed, tally.failed) == expected


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("print('4 passed, 0 failed')", Tally(4, 0)),
        ("print('4 passed, 1 failed'); raise SystemExit(1)", Tally(4, 1)),
        ("print('4 passed, 0 failed'); raise SystemExit(3)", Tally(4, 1)),
        ("print('no closing line')", Tally(0, 1)),
        ("print('0 passed, 0 failed')", Tally(0, 1)),
    ],
)
def test_a_runner_that_ends_badly_or_ran_nothing_has_failed(program: str, expected: Tally) -> None:
    assert Runner([sys.executable, "-c", program]).run() == expected
