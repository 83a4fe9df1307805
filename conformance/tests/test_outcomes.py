"""What becomes of a cell when its harness behaves, lies, crashes, hangs or is not there."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from conformance.conductor import harness
from conformance.conductor.outcome import Outcome, Verdict

from .conftest import DATABASE, READ, SmallSuite

Change = Callable[..., dict[str, Any]]


def rows(*cells: str | None) -> dict[str, Any]:
    schema = [{"name": "one", "format": "l", "nullable": True, "metadata": {}}]
    return {"reply": {"ok": {"schema": schema, "rows": [[cell] for cell in cells], "batches": 1}}}


def test_what_is_as_expected_passes(small_suite: SmallSuite) -> None:
    result = small_suite.run()["area/one rust"]
    assert (result.outcome, result.correct, result.parity) == (
        Outcome.PASSED,
        Verdict.YES,
        Verdict.YES,
    )


def test_a_lie_fails_and_says_what_was_expected(small_suite: SmallSuite) -> None:
    small_suite.bindings(rust={"query": rows("2")})
    result = small_suite.run()["area/one rust"]
    assert result.outcome is Outcome.FAILED
    assert result.explanation == ["step read: row 1, column 1: expected '1', observed '2'"]


@pytest.mark.parametrize(
    ("replies", "told"),
    [
        (rows(), "expected 1, observed 0"),
        (rows(None), "expected '1', observed NULL"),
        ({"reply": {"error": {"kind_name": "Syntax", "message": "no"}}}, "expected success"),
        ({"reply": {"fault": "what?"}}, "could not follow"),
    ],
)
def test_every_difference_is_told(
    small_suite: SmallSuite, replies: dict[str, Any], told: str
) -> None:
    small_suite.bindings(rust={"query": replies})
    result = small_suite.run()["area/one rust"]
    assert result.outcome is Outcome.FAILED
    assert told in "\n".join(result.explanation)


def test_a_float_where_a_text_was_expected_fails(
    small_suite: SmallSuite, changed_case: Change
) -> None:
    reply = rows("0x3ff0000000000000")
    reply["reply"]["ok"]["schema"][0]["format"] = "g"
    expect = {"rows": [["$1.00"]]}
    small_suite.case("area/one", changed_case(steps=[{**READ, "expect": expect}]))
    small_suite.bindings(rust={"query": reply})
    result = small_suite.run()["area/one rust"]
    assert result.outcome is Outcome.FAILED
    assert "expected '$1.00'" in "\n".join(result.explanation)


def test_an_error_that_was_expected_must_come(
    small_suite: SmallSuite, changed_case: Change
) -> None:
    step = {**READ, "expect": {"error": {"kind": "Syntax", "sqlstate": "42601"}}}
    small_suite.case("area/one", changed_case(steps=[step]))
    assert "observed success" in small_suite.run()["area/one rust"].explanation[0]
    error = {"kind_name": "Syntax", "sqlstate": "42000", "message": "no"}
    small_suite.bindings(rust={"query": {"reply": {"error": error}}})
    assert "sqlstate 42601, observed 42000" in small_suite.run()["area/one rust"].explanation[0]


def test_a_crash_is_told_and_the_next_case_runs(
    small_suite: SmallSuite, changed_case: Change
) -> None:
    small_suite.case("area/two", changed_case(title="The second case runs as well"))
    small_suite.bindings(rust={"query@1": {"exit": 3}})
    # Restarting forgets the count, so the second case is asked in a way of its own.
    step = {"name": "ask", "op": "execute", "sql": "select 1"}
    small_suite.case("area/two", changed_case(title="Another way to ask", steps=[step]))
    results = small_suite.run()
    assert results["area/one rust"].outcome is Outcome.CRASHED
    assert "exit status 3" in results["area/one rust"].explanation[0]
    assert "the end is near" in results["area/one rust"].explanation[0]
    assert results["area/two rust"].outcome is Outcome.PASSED


def test_a_signal_is_a_crash(small_suite: SmallSuite) -> None:
    small_suite.bindings(rust={"query": {"signal": int(signal.SIGKILL)}})
    result = small_suite.run()["area/one rust"]
    assert result.outcome is Outcome.CRASHED
    assert "signal 9" in result.explanation[0]


def test_a_hang_is_ended(small_suite: SmallSuite, changed_case: Change) -> None:
    small_suite.case("area/one", changed_case(timeout_s=1))
    small_suite.bindings(rust={"query": {"hang": True}})
    result = small_suite.run()["area/one rust"]
    assert result.outcome is Outcome.TIMEOUT
    assert result.explanation == ["no reply to query within 1 s"]


@pytest.mark.parametrize(
    ("stop", "outcome", "told"),
    [
        ({"exit": 3}, Outcome.CRASHED, "exit status 3 during stop; its last words: the end"),
        ({"end": 3}, Outcome.CRASHED, "ended with exit status 3 after stop"),
        ({"signal": int(signal.SIGSEGV)}, Outcome.CRASHED, "ended with signal 11 during stop"),
        ({"hang": True}, Outcome.TIMEOUT, "no reply to stop within 0.5 s"),
        ({"linger": True}, Outcome.TIMEOUT, "still runs 0.5 s after stop"),
        ({"say": "bye"}, Outcome.ERRORED, "the reply to stop is not JSON"),
    ],
)
def test_a_harness_that_does_not_end_well_fails_its_last_cell(
    small_suite: SmallSuite,
    changed_case: Change,
    monkeypatch: pytest.MonkeyPatch,
    stop: dict[str, Any],
    outcome: Outcome,
    told: str,
) -> None:
    monkeypatch.setattr(harness, "_STOP_TIMEOUT_S", 0.5)
    small_suite.case("area/two", changed_case(title="The second case is the last one"))
    small_suite.bindings(rust={"stop": stop})
    results = small_suite.run()
    assert results["area/one rust"].outcome is Outcome.PASSED
    assert results["area/two rust"].outcome is outcome
    assert told in results["area/two rust"].explanation[-1]
    assert results["area/two rust"].fails_the_run


@pytest.mark.parametrize(
    "line", ["not json", "[]", '{"id": 999, "ok": {}}', '{"id": 5}', "", '{"id": 5, "ok": 1}']
)
def test_nonsense_is_an_error_of_the_harness(small_suite: SmallSuite, line: str) -> None:
    small_suite.bindings(rust={"query": {"say": line}})
    assert small_suite.outcome() is Outcome.ERRORED


def test_a_setup_that_fails_is_errored(small_suite: SmallSuite, changed_case: Change) -> None:
    small_suite.case("area/one", changed_case(setup=["create nothing"]))
    small_suite.bindings(rust={"execute": {"reply": {"error": {"message": "no such thing"}}}})
    result = small_suite.run()["area/one rust"]
    assert result.outcome is Outcome.ERRORED
    assert "create nothing" in result.explanation[0]
    assert "no such thing" in result.explanation[0]


def test_a_harness_that_is_not_there_leaves_its_cells_missing(small_suite: SmallSuite) -> None:
    bindings = {"rust": {"title": "Rust", "command": ["/no/such/program"]}}
    small_suite.write("conformance/bindings.yaml", yaml.safe_dump({"bindings": bindings}))
    result = small_suite.run()["area/one rust"]
    assert result.outcome is Outcome.MISSING
    assert "/no/such/program" in result.explanation[0]


def test_a_harness_of_another_name_leaves_its_cells_missing(small_suite: SmallSuite) -> None:
    small_suite.bindings(rust={"hello": {"reply": {"ok": {"binding": "c"}}}})
    assert small_suite.outcome() is Outcome.MISSING


def test_a_harness_that_ends_at_once_is_not_started_for_ever(
    small_suite: SmallSuite, changed_case: Change
) -> None:
    for number in range(6):
        small_suite.case(f"area/more{number}", changed_case(title=f"One of many cases, {number}"))
    command = [sys.executable, "-c", "print('started', file=__import__('sys').stderr)"]
    bindings = {"rust": {"title": "Rust", "command": command}}
    small_suite.write("conformance/bindings.yaml", yaml.safe_dump({"bindings": bindings}))
    results = small_suite.run()
    assert {result.outcome for result in results.values()} == {Outcome.MISSING}
    log = (small_suite.root / "target" / "alpha-rust.log").read_text()
    assert log.count("started") == 3


def test_what_a_database_lacks_is_unsupported_and_fails_nothing(
    small_suite: SmallSuite, changed_case: Change
) -> None:
    small_suite.database("alpha", {**DATABASE, "lacks": {"rare": "Nobody built it so far."}})
    other = {**DATABASE, "title": "Beta", "features": ["rare"]}
    small_suite.database("beta", other)
    small_suite.case("area/one", changed_case(requires=["rare"]))
    _, results = small_suite.run_whole()
    by_database = {result.cell.database: result for result in results}
    assert by_database["alpha"].outcome is Outcome.UNSUPPORTED
    assert by_database["alpha"].explanation == ["rare: Nobody built it so far."]
    assert not by_database["alpha"].fails_the_run
    assert by_database["beta"].outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("declared", "fails"), [({}, True), ({"query": "Not written yet."}, False)]
)
def test_an_unsupported_operation_must_be_declared(
    small_suite: SmallSuite, declared: dict[str, str], fails: bool
) -> None:
    script: dict[str, Any] = {"query": {"reply": {"unsupported": "query"}}}
    small_suite.bindings(rust={**script, "declares_unsupported": declared})
    result = small_suite.run()["area/one rust"]
    assert result.outcome is Outcome.UNSUPPORTED
    assert result.fails_the_run is fails


def test_a_known_failure_stands_until_it_passes(
    small_suite: SmallSuite, changed_case: Change
) -> None:
    known = [{"binding": "rust", "why": "The driver cannot count."}]
    small_suite.case("area/one", changed_case(known_failing=known))
    small_suite.bindings(rust={"query": rows("2")})
    failing = small_suite.run()["area/one rust"]
    assert failing.outcome is Outcome.KNOWN_FAILING
    assert failing.explanation[0] == "The driver cannot count."
    assert not failing.fails_the_run
    small_suite.bindings(rust={})
    passing = small_suite.run()["area/one rust"]
    assert passing.outcome is Outcome.FAILED
    assert passing.fails_the_run
    assert "passes although" in passing.explanation[0]


def test_a_password_in_a_reply_fails_whatever_was_expected(
    small_suite: SmallSuite, changed_case: Change
) -> None:
    small_suite.database("alpha", {**DATABASE, "default": "Driver=Alpha;Pwd=open-sesame;"})
    expect = {"error": {"kind": "Connection"}}
    small_suite.case("area/one", changed_case(steps=[{**READ, "expect": expect}]))
    error = {"kind_name": "Connection", "message": "no door opens to open-sesame"}
    small_suite.bindings(rust={"query": {"reply": {"error": error}}})
    result = small_suite.run()["area/one rust"]
    assert result.outcome is Outcome.FAILED
    assert "holds the password" in result.explanation[0]


def test_closing_must_work_as_well(small_suite: SmallSuite) -> None:
    error = {"kind_name": "Driver", "message": "will not close"}
    small_suite.bindings(rust={"close@2": {"reply": {"error": error}}})
    result = small_suite.run()["area/one rust"]
    assert result.outcome is Outcome.FAILED
    assert result.explanation == ["closing main: will not close"]
