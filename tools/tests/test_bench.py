"""The arithmetic of the benchmark: ratios are those of one round, and goals tell what they saw."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench.harness import contestant, runner  # noqa: E402
from bench.harness.database import DATABASES, Database  # noqa: E402
from bench.harness.goal import Goal, goals  # noqa: E402
from bench.harness.report import Report  # noqa: E402
from bench.harness.result import Results, Run  # noqa: E402
from bench.harness.shape import SHAPES  # noqa: E402


def run(number: int, seconds: float, **more: float) -> Run:
    first = more.get("first_row_seconds")
    peak = more.get("peak_rss_kib")
    return Run(number, 1000, 1, seconds, first, None if peak is None else int(peak))


def results(**seconds: list[float]) -> Results:
    """Runs of the mixed shape on SQLite: of each contestant, one for each round."""
    found = Results(baseline="limit")
    for name, rounds in seconds.items():
        for number, took in enumerate(rounds):
            found.add(("sqlite", "mixed", name.replace("_", "-")), run(number, took))
    return found


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    # The second round was slow for both: within the round they are alike.
    found = results(limit=[1.0, 10.0, 1.0], rust=[2.0, 10.0, 1.0])
    assert found.ratio("sqlite", "mixed", "rust") == 1.0
    assert found.ratio("sqlite", "mixed", "limit") == 1.0
    assert found.rate("sqlite", "mixed", "rust") == 500.0


def test_what_fails_in_a_later_round_has_no_ratio() -> None:
    found = results(limit=[1.0, 1.0], rust=[0.5])
    found.fail(("sqlite", "mixed", "rust"), "it ended with -11")
    assert found.ratio("sqlite", "mixed", "rust") is None
    assert found.best("sqlite", "mixed", ["rust"]) is None


def test_a_faster_one_has_a_ratio_above_one() -> None:
    found = results(limit=[2.0], rust=[1.0], pyodbc=[4.0])
    assert found.ratio("sqlite", "mixed", "rust") == 2.0
    assert found.ratio("sqlite", "mixed", "rust", to="pyodbc") == 4.0
    assert found.best("sqlite", "mixed", ["pyodbc", "rust", "turbodbc"]) == ("rust", 2.0)


def test_only_rounds_that_both_ran_are_compared() -> None:
    found = results(limit=[1.0, 1.0, 1.0], rust=[2.0])
    assert found.ratio("sqlite", "mixed", "rust") == 0.5
    assert found.ratio("sqlite", "mixed", "turbodbc") is None
    assert found.best("sqlite", "mixed", ["turbodbc"]) is None


def test_memory_is_the_most_of_any_run_and_the_first_row_a_share() -> None:
    found = Results(baseline="limit")
    cell = ("sqlite", "long", "dart")
    found.add(cell, run(1, 2.0, first_row_seconds=0.5, peak_rss_kib=1000))
    found.add(cell, run(2, 4.0, first_row_seconds=0.5, peak_rss_kib=3000))
    assert found.peak_mb(*cell) == pytest.approx(3.072)
    assert found.first_row_share(*cell) == pytest.approx((0.25 + 0.125) / 2)


@pytest.mark.parametrize(
    ("measured", "at_least", "verdict"),
    [
        (1.0, True, "reached"),
        (0.99, True, "not reached"),
        (1.0, False, "reached"),
        (1.01, False, "not reached"),
        (None, True, "not measured"),
    ],
)
def test_verdicts(measured: float | None, at_least: bool, verdict: str) -> None:
    assert Goal("a goal", "sqlite", measured, 1.0, at_least).verdict == verdict


def test_goals_are_asked_on_every_database_also_where_nothing_was_measured() -> None:
    asked = goals(results(limit=[1.0], rust=[0.5]))
    assert {goal.database for goal in asked} == set(DATABASES)
    assert [goal.measured for goal in asked if goal.reached] == [2.0]
    assert len({(goal.title, goal.database) for goal in asked}) == len(asked)
    assert {goal.title.split(":")[0] for goal in asked} == set(SHAPES)


@pytest.mark.parametrize("database", DATABASES.values(), ids=list(DATABASES))
def test_scripts_fill_every_table_in_the_size_asked_for(database: Database) -> None:
    script = database.script(0.01)
    assert script.count("INSERT INTO") == script.count("CREATE TABLE") == 3
    assert "10000" in script
    assert "{" not in script
    assert all(line.endswith("\n") for line in script.splitlines(keepends=True))


def program(folder: Path, text: str) -> contestant.Contestant:
    path = folder / "contestant"
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return contestant.Contestant("limit", "The limit", (str(path),), "nothing")


def measured(
    one: contestant.Contestant, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> tuple[runner.Runner, Report]:
    """A round of the mixed shape on SQLite in which one contestant is all there is."""
    monkeypatch.setenv("ODBC_ENGINE_SQLITE", "Driver=SQLite3;Database=x")
    monkeypatch.setattr(runner, "LIMIT", one)
    monkeypatch.setattr(runner, "OUT", folder)
    database, shape = DATABASES["sqlite"], SHAPES["mixed"]
    plan = runner.Plan([database], [shape], [one], rounds=2, scale=0.001)
    ran = runner.Runner(plan, lambda message: None)
    ran.run(database, shape)
    return ran, Report(plan, ran.results, {"cores": "2"}, {"Rust": "1.88"}, "2026-01-01")


ANSWER = {"rows": 1000, "checksum": 7, "seconds": 0.5, "peak_rss_kib": 2000}


def test_a_run_becomes_a_table_and_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = program(tmp_path, f"print({json.dumps(ANSWER)!r})")
    ran, report = measured(one, monkeypatch, tmp_path)
    assert len(ran.results.runs["sqlite", "mixed", "limit"]) == 2
    page = report.document()
    assert "| The limit | nothing | 1.00 · 2 |" in page
    assert "The limit: 2,000 rows/s on SQLite." in page
    entry = json.loads(report.json())["results"][0]
    assert (entry["ratio"], entry["rows_per_second"]) == (1.0, 2000.0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"print({json.dumps({**ANSWER, 'rows': 999})!r})", "it took 999 rows, not 1000"),
        ("print('hello')", "it printed"),
        ("raise SystemExit('no driver')", "it ended with 1: no driver"),
    ],
)
def test_a_run_without_right_figures_counts_for_nothing(
    text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(runner.RunError, match=reason):
        measured(program(tmp_path, text), monkeypatch, tmp_path)


def test_another_sum_than_the_limits_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first run, which says what is right, differs from those that follow.
    counter = tmp_path / "runs"
    text = (
        f"import json, os\nonce = os.path.exists({str(counter)!r})\n"
        f"open({str(counter)!r}, 'w').close()\n"
        f"print(json.dumps({ANSWER!r} | {{'checksum': int(once)}}))"
    )
    ran, report = measured(program(tmp_path, text), monkeypatch, tmp_path)
    assert ran.results.failures == {("sqlite", "mixed", "limit"): "its sum is 1, not 0"}
    assert "| failed |" in report.document()
    assert os.environ["ODBC_ENGINE_SQLITE"]
