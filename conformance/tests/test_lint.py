"""Lint names what is wrong before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.conductor import lint
from conformance.conductor.suite import Suite

from .conftest import CASE, DATABASE, READ, ROOT, SmallSuite

Change = Callable[..., dict[str, Any]]


def problems(suite: SmallSuite) -> str:
    return "\n".join(lint.problems(suite.load()))


def test_the_small_suite_is_sound(small_suite: SmallSuite) -> None:
    assert problems(small_suite) == ""


def test_the_suite_of_this_repository_is_sound() -> None:
    suite = Suite.load(ROOT)
    assert lint.problems(suite) == []
    assert len(suite.cases) >= 60


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"spec": "letters"}, "no anchor letters"),
        ({"titel": "Misspelt"}, "'titel' was unexpected"),
        ({"title": "short"}, "title: 'short' is too short"),
        ({"requires": ["wings"]}, "knows the feature wings"),
        ({"setup": ["create {nothing}"]}, "unknown token '{nothing}'"),
        ({"setup": ["insert '{'"]}, "write '{{' for the brace itself"),
        ({"setup": ["create {text}"]}, "needs arguments"),
        ({"tables": ["text"]}, "table text of area/one is also a token"),
        ({"known_failing": [{"why": "No such one.", "database": "omega"}]}, "database: omega"),
        ({"known_failing": [{"why": "No such one.", "binding": "cobol"}]}, "binding: cobol"),
        ({"known_failing": [{"database": "alpha"}]}, "'why' is a required property"),
        ({"steps": [READ, READ]}, "steps of the same name: read"),
        ({"steps": [{"op": "metrics"}]}, "metrics of earlier cases: reset them first"),
        ({"steps": [{"op": "dance"}]}, "steps[0].op: 'dance' is not one of"),
        ({"steps": [{"op": "query"}]}, "'sql' is a required property"),
        ({"steps": [{"op": "commit", "sql": "commit"}]}, "'sql' is not one of"),
        ({"steps": [{"op": "open", "variant": "upside_down"}]}, "no variant upside_down"),
        ({"steps": [{**READ, "expect": {"rows": [[1]]}}]}, "steps[0].expect.rows"),
        ({"steps": [{**READ, "expect": {"error": {"kind": "Ouch"}}}]}, "expect.error.kind"),
    ],
)
def test_a_bad_case_is_named(
    small_suite: SmallSuite, changed_case: Change, members: dict[str, Any], told: str
) -> None:
    small_suite.case("area/one", changed_case(**members))
    found = problems(small_suite)
    assert "conformance/cases/area/one.yaml" in found
    assert told in found


def test_an_expectation_by_database_names_them_all(
    small_suite: SmallSuite, changed_case: Change
) -> None:
    error = {"error": {"kind": "Syntax", "sqlstate": {"beta": "42000"}}}
    small_suite.case("area/one", changed_case(steps=[{**READ, "expect": error}]))
    assert "sqlstate says nothing about alpha" in problems(small_suite)


def test_rows_are_as_wide_as_their_schema(small_suite: SmallSuite, changed_case: Change) -> None:
    expect = {"schema": [{"name": "one", "format": "l"}], "rows": [["1", "2"]]}
    small_suite.case("area/one", changed_case(steps=[{**READ, "expect": expect}]))
    assert "row 1 has 2 cells, the schema 1 columns" in problems(small_suite)


def test_a_float_is_a_number(small_suite: SmallSuite, changed_case: Change) -> None:
    expect = {"schema": [{"name": "one", "format": "g"}], "rows": [["half"]]}
    small_suite.case("area/one", changed_case(steps=[{**READ, "expect": expect}]))
    assert "half" in problems(small_suite)


@pytest.mark.parametrize(
    ("overlays", "told"),
    [
        ({"omega": {"why": "No such database.", "steps": {"read": {"rows": []}}}}, "omega"),
        ({"alpha": {"why": "No such step here.", "steps": {"write": {"rows": []}}}}, "step: write"),
        (
            {"alpha": {"why": "Nothing changes here.", "steps": {"read": {"rows": [["1"]]}}}},
            "as in",
        ),
        ({"alpha": {"steps": {"read": {"rows": []}}}}, "'why' is a required property"),
    ],
)
def test_an_overlay_changes_something_that_is_there_and_says_why(
    small_suite: SmallSuite, changed_case: Change, overlays: dict[str, Any], told: str
) -> None:
    small_suite.case("area/one", changed_case(overlays=overlays))
    assert told in problems(small_suite)


@pytest.mark.parametrize("area", ["types", "parameters"])
def test_a_case_about_values_shows_a_null(
    small_suite: SmallSuite, changed_case: Change, area: str
) -> None:
    small_suite.case(f"{area}/two", changed_case(title="Values without a NULL"))
    assert "a case about values must show one" in problems(small_suite)
    expect = {"rows": [["1"], [None]]}
    shown = changed_case(title="Values with a NULL", steps=[{**READ, "expect": expect}])
    small_suite.case(f"{area}/two", shown)
    assert problems(small_suite) == ""


def test_two_cases_have_two_titles(small_suite: SmallSuite) -> None:
    small_suite.case("area/two", CASE)
    assert "another case has the title" in problems(small_suite)


def test_a_key_given_twice_is_an_error(small_suite: SmallSuite) -> None:
    small_suite.write("conformance/cases/area/one.yaml", "title: Something\ntitle: Else\n")
    assert "conformance/cases/area/one.yaml: line 1: given twice: title" in problems(small_suite)


def test_only_one_suffix_is_read(small_suite: SmallSuite) -> None:
    small_suite.write("conformance/cases/area/two.yml", "title: Never read")
    assert "conformance/cases/area/two.yml: the suffix must be .yaml" in problems(small_suite)


def test_a_paragraph_without_a_case_is_named(small_suite: SmallSuite) -> None:
    small_suite.write("doc/contract.md", '<a id="numbers"></a> <a id="letters"></a>')
    assert "doc/contract.md: no case has the spec letters" in problems(small_suite)


def test_profiles_know_the_same_features(small_suite: SmallSuite, changed_case: Change) -> None:
    reason = {"rare": "Nobody built it so far."}
    small_suite.case("area/one", changed_case(requires=["rare"]))
    small_suite.database("alpha", {**DATABASE, "features": ["rare"]})
    small_suite.database("beta", {**DATABASE, "lacks": reason})
    assert problems(small_suite) == ""
    small_suite.database("beta", DATABASE)
    assert "beta.yaml: neither has nor lacks rare" in problems(small_suite)
    small_suite.database("beta", {**DATABASE, "features": ["rare"], "lacks": reason})
    assert "beta.yaml: both has and lacks rare" in problems(small_suite)


def test_a_feature_that_no_case_requires_is_named(small_suite: SmallSuite) -> None:
    small_suite.database("alpha", {**DATABASE, "features": ["rare"]})
    assert "no case requires the feature rare" in problems(small_suite)


def test_a_case_that_no_database_can_run_is_named(
    small_suite: SmallSuite, changed_case: Change
) -> None:
    small_suite.database("alpha", {**DATABASE, "lacks": {"rare": "Nobody built it so far."}})
    small_suite.case("area/one", changed_case(requires=["rare"]))
    assert "no database has all that it requires" in problems(small_suite)
