"""All bindings must have seen the same thing, whatever was expected of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.conductor.outcome import Outcome, Verdict

from .conftest import SmallSuite
from .test_outcomes import rows

UNJUDGED = [{"name": "read", "op": "query", "sql": "select 1"}]


def test_one_that_saw_something_else_stands_apart(
    small_suite: SmallSuite, changed_case: Callable[..., dict[str, Any]]
) -> None:
    small_suite.case("area/one", changed_case(steps=UNJUDGED))
    small_suite.bindings(rust={}, c={}, python={"query": rows("7")})
    results = small_suite.run()
    assert results["area/one rust"].outcome is Outcome.PASSED
    assert results["area/one c"].parity is Verdict.YES
    apart = results["area/one python"]
    assert (apart.outcome, apart.correct, apart.parity) == (
        Outcome.FAILED,
        Verdict.YES,
        Verdict.NO,
    )
    assert apart.explanation[0].startswith("step read: rust observed")
    assert '["7"]' in apart.explanation[1]


def test_most_bindings_decide_and_the_first_breaks_a_tie(
    small_suite: SmallSuite, changed_case: Callable[..., dict[str, Any]]
) -> None:
    small_suite.case("area/one", changed_case(steps=UNJUDGED))
    small_suite.bindings(rust={"query": rows("7")}, c={}, python={})
    results = small_suite.run()
    assert results["area/one rust"].parity is Verdict.NO
    small_suite.bindings(rust={"query": rows("7")}, c={})
    results = small_suite.run()
    assert results["area/one rust"].parity is Verdict.YES
    assert results["area/one c"].parity is Verdict.NO


def test_bindings_may_word_an_error_as_they_like(
    small_suite: SmallSuite, changed_case: Callable[..., dict[str, Any]]
) -> None:
    expect = {"error": {"kind": "Syntax"}}
    small_suite.case("area/one", changed_case(steps=[{**UNJUDGED[0], "expect": expect}]))

    def failing(message: str, sqlstate: str) -> dict[str, Any]:
        error = {"kind_name": "Syntax", "sqlstate": sqlstate, "message": message}
        return {"query": {"reply": {"error": error}}}

    small_suite.bindings(rust=failing("no", "42601"), c=failing("non", "42601"))
    assert {result.parity for result in small_suite.run().values()} == {Verdict.YES}
    small_suite.bindings(rust=failing("no", "42601"), c=failing("no", "42000"))
    assert small_suite.run()["area/one c"].parity is Verdict.NO


def test_what_a_clock_gave_is_left_out(
    small_suite: SmallSuite, changed_case: Callable[..., dict[str, Any]]
) -> None:
    small_suite.case("area/one", changed_case(steps=[{"name": "count", "op": "metrics"}]))

    def counting(rows: int, milliseconds: float) -> dict[str, Any]:
        return {"metrics": {"reply": {"ok": {"rows": rows, "latency_ms": {"max": milliseconds}}}}}

    small_suite.bindings(rust=counting(1, 0.5), c=counting(1, 7.25))
    assert {result.parity for result in small_suite.run().values()} == {Verdict.YES}
    small_suite.bindings(rust=counting(1, 0.5), c=counting(2, 0.5))
    assert small_suite.run()["area/one c"].parity is Verdict.NO


def test_what_crashed_has_no_part_in_parity(small_suite: SmallSuite) -> None:
    small_suite.bindings(rust={"query": {"exit": 1}}, c={})
    results = small_suite.run()
    assert results["area/one rust"].parity is Verdict.NONE
    assert results["area/one c"].outcome is Outcome.PASSED
