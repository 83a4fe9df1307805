"""What a run leaves behind: its exit status, its last line, matrix.json and the support matrix."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from conformance.conductor import cli
from conformance.conductor.outcome import Outcome
from conformance.conductor.plan import SelectionError, plan
from conformance.conductor.runner import complete

from .conftest import DATABASE, SmallSuite
from .test_outcomes import rows

Printed = pytest.CaptureFixture[str]


def run(suite: SmallSuite, *arguments: str) -> int:
    return cli.main(["--root", str(suite.root), "run", *arguments])


def test_a_green_run(small_suite: SmallSuite, capsys: Printed) -> None:
    absent = {key: value for key, value in DATABASE.items() if key != "default"}
    small_suite.database("beta", {**absent, "title": "Beta", "environment": "BETA_IS_NOT_THERE"})
    assert run(small_suite) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("1 cells planned: 1 cases x 1 bindings (rust) x 1 databases")
    assert printed[1] == "not run: Beta (BETA_IS_NOT_THERE is not set)"
    assert printed[-1] == "1 passed, 0 failed"
    matrix = json.loads((small_suite.root / "target/conformance/matrix.json").read_text())
    assert matrix["header"]["planned"] == 1
    assert matrix["header"]["not_run"] == ["beta"]
    assert matrix["header"]["bindings"]["rust"]["version"] == "1.0"
    assert matrix["header"]["databases"]["alpha"]["driver_version"] == "0.9"
    assert matrix["cells"][0]["outcome"] == "passed"
    assert matrix["footer"]["reported"] == 1
    assert matrix["footer"]["outcomes"]["passed"] == 1
    page = (small_suite.root / "doc/conformance.md").read_text()
    assert "| area | 1/1 |" in page
    assert "Alpha 1.2 through alpha.so 0.9." in page
    assert "Not run: `BETA_IS_NOT_THERE` was not set." in page


def test_the_page_is_the_same_for_the_same_results(small_suite: SmallSuite) -> None:
    page = small_suite.root / "doc/conformance.md"
    run(small_suite)
    first = page.read_text()
    run(small_suite)
    assert page.read_text() == first


def test_a_part_of_the_suite_does_not_touch_the_page(small_suite: SmallSuite) -> None:
    assert run(small_suite, "--binding", "rust") == 0
    assert not (small_suite.root / "doc/conformance.md").exists()


def test_a_red_run(small_suite: SmallSuite, capsys: Printed) -> None:
    small_suite.bindings(rust={"query": rows("2")}, c={})
    assert run(small_suite) == 1
    printed = capsys.readouterr().out
    assert "FAILED area/one · rust · alpha: One is one on every database" in printed
    assert "expected '1', observed '2'" in printed
    assert printed.splitlines()[-1] == "0 passed, 2 failed"


def test_cells_that_fail_alike_are_explained_once(
    small_suite: SmallSuite, changed_case: Callable[..., dict[str, Any]], capsys: Printed
) -> None:
    for number in range(8):
        small_suite.case(f"area/more{number}", changed_case(title=f"One of many cases, {number}"))
    small_suite.bindings(rust={"query": rows("2")})
    run(small_suite)
    printed = capsys.readouterr().out
    assert printed.count("expected '1', observed '2'") == 1
    assert "FAILED 5 more cells in the same way" in printed


def test_what_was_planned_but_not_reported_is_missing(small_suite: SmallSuite) -> None:
    suite = small_suite.load()
    planned = plan(suite, ["alpha"])
    (result,) = complete(planned, [])
    assert result.outcome is Outcome.MISSING
    assert result.fails_the_run


def test_a_run_of_nothing_is_no_success(
    small_suite: SmallSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = {key: value for key, value in DATABASE.items() if key != "default"}
    small_suite.database("alpha", absent)
    monkeypatch.delenv("ALPHA", raising=False)
    assert run(small_suite) == 1


def test_lint_stops_a_run(small_suite: SmallSuite, capsys: Printed) -> None:
    small_suite.write("conformance/cases/area/one.yaml", "title: Too little\n")
    assert run(small_suite) == 1
    assert "conformance/cases/area/one.yaml" in capsys.readouterr().out
    assert not (small_suite.root / "target").exists()


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        ({"databases": ["omega"]}, "no such database: omega; there are alpha"),
        ({"bindings": ["cobol"]}, "no such binding: cobol; there are rust"),
        ({"cases": ["types/*"]}, "no case matches 'types/*'"),
    ],
)
def test_a_selection_of_nothing_is_an_error(
    small_suite: SmallSuite, selection: dict[str, Any], told: str
) -> None:
    with pytest.raises(SelectionError, match=told.replace("*", r"\*")):
        plan(small_suite.load(), ["alpha"], **selection)


def test_the_connection_string_comes_from_the_environment(
    small_suite: SmallSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = small_suite.load()
    alpha = suite.databases["alpha"]
    assert alpha.connection_string({}, {}) == "Driver=Alpha;"
    assert alpha.connection_string({"ALPHA": " Driver=Mine; "}, {}) == "Driver=Mine;"
