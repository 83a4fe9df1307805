"""Checks that cases, profiles and contract fit together, before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from . import parameters
from .case import Case
from .cell_run import tokens_of
from .database import Database
from .suite import Suite
from .template import TemplateError, generated, render, sql_text
from .values import float_bits

# Areas whose cases read values: each must show what NULL does.
_VALUE_AREAS = ("types", "parameters")
# What the runner adds to the tokens of a database.
_RUN_TOKENS = {"scratch": "", "closed_port": "", "connection_string": ""}


def problems(suite: Suite) -> list[str]:
    """Everything that is wrong, one line each, each naming its file."""
    found = list(suite.problems)
    found += _profiles(suite)
    required = {feature for case in suite.cases.values() for feature in case.requires}
    for feature in sorted(_features(suite) - required):
        found.append(f"conformance/databases: no case requires the feature {feature}")
    titles = Counter(case.title for case in suite.cases.values())
    for case in suite.cases.values():
        where = f"conformance/cases/{case.id}.yaml"
        found += [f"{where}: {problem}" for problem in _case(suite, case)]
        if titles[case.title] > 1:
            found.append(f"{where}: another case has the title {case.title!r}")
    for anchor in sorted(suite.anchors - {case.spec for case in suite.cases.values()}):
        found.append(f"doc/contract.md: no case has the spec {anchor}")
    return found


def _features(suite: Suite) -> set[str]:
    """Every feature that a profile has or lacks."""
    databases = suite.databases.values()
    return {name for database in databases for name in database.features | set(database.lacks)}


def _profiles(suite: Suite) -> Iterator[str]:
    known = _features(suite)
    variants = {name for database in suite.databases.values() for name in database.variants}
    for name, database in suite.databases.items():
        where = f"conformance/databases/{name}.yaml"
        if both := database.features & set(database.lacks):
            yield f"{where}: both has and lacks {', '.join(sorted(both))}"
        if neither := known - database.features - set(database.lacks):
            yield f"{where}: neither has nor lacks {', '.join(sorted(neither))}"
        if unused := variants - set(database.variants) - set(database.lacks):
            names = ", ".join(sorted(unused))
            yield f"{where}: neither has the variant nor lacks a feature of that name: {names}"


def _case(suite: Suite, case: Case) -> Iterator[str]:
    if case.spec not in suite.anchors:
        yield f"the contract has no anchor {case.spec}"
    if twice := [
        name for name, number in Counter(step.name for step in case.steps).items() if number > 1
    ]:
        yield f"steps of the same name: {', '.join(twice)}"
    ops = [step.op for step in case.steps]
    if "metrics" in ops and "metrics_reset" not in ops[: ops.index("metrics")]:
        yield "it looks at the metrics of earlier cases: reset them first"
    features = _features(suite)
    for feature in case.requires:
        if feature not in features:
            yield f"no database profile knows the feature {feature}"
    running = [d for d in suite.databases.values() if not d.missing_features(case.requires)]
    if not running:
        yield "no database has all that it requires"
    yield from _overlays(suite, case)
    for entry in case.known_failing:
        if entry.database is not None and entry.database not in suite.databases:
            yield f"known_failing: no such database: {entry.database}"
        if entry.binding is not None and entry.binding not in suite.bindings:
            yield f"known_failing: no such binding: {entry.binding}"
    for database in running:
        yield from _on_database(case, database)


def _overlays(suite: Suite, case: Case) -> Iterator[str]:
    steps = {step.name: step for step in case.steps}
    for name, overlay in case.overlays.items():
        if name not in suite.databases:
            yield f"overlay: no such database: {name}"
            continue
        if suite.databases[name].missing_features(case.requires):
            yield f"overlay: the case does not run on {name}"
        for step_name, replaced in overlay.steps.items():
            if step_name not in steps:
                yield f"overlay for {name}: no such step: {step_name}"
            elif all(
                (steps[step_name].expect or {}).get(key) == value for key, value in replaced.items()
            ):
                yield f"overlay for {name}: step {step_name} is as in the case"


def _on_database(case: Case, database: Database) -> Iterator[str]:
    try:
        tokens = tokens_of(case, database, {**_RUN_TOKENS, **{name: name for name in case.tables}})
        for sql in (*case.setup, *case.teardown):
            sql_text(sql, tokens)
        null_seen = False
        for step in case.steps:
            expect = case.expectation(step, database.name) or {}
            _render_members(step.members, expect, tokens)
            yield from (f"step {step.name}: {problem}" for problem in _step(step, expect, database))
            null_seen |= any(
                cell is None for row in generated(expect.get("rows", []), "row") for cell in row
            )
        if case.area in _VALUE_AREAS and not null_seen:
            yield f"no NULL is expected on {database.name}; a case about values must show one"
    except (TemplateError, ValueError) as error:
        yield f"on {database.name}: {error}"


def _render_members(
    members: Mapping[str, Any], expect: Mapping[str, Any], tokens: Mapping[str, str]
) -> None:
    if "sql" in members:
        sql_text(members["sql"], tokens)
    for text in ("connection_string", "text", "table"):
        if text in members:
            render(members[text], tokens)
    for value in expect.get("members", {}).values():
        if isinstance(value, str):
            render(value, tokens)
    error = expect.get("error", {})
    for text in (*error.get("message_has", ()), *error.get("message_lacks", ())):
        render(text, tokens)


def _step(step: Any, expect: Mapping[str, Any], database: Database) -> Iterator[str]:
    variant = step.members.get("variant")
    if variant is not None and variant not in database.variants:
        yield f"{database.name} has no variant {variant}"
    for where in (expect, expect.get("error", {})):
        for member, value in where.items():
            by_database = isinstance(value, Mapping) and member in (
                "kind",
                "sqlstate",
                "native_code",
                "operation",
                "column",
                "row",
                "committed",
                "affected_rows",
            )
            if by_database and database.name not in value:
                yield f"{member} says nothing about {database.name}"
    for parameter in parameters.values(step.members.get("params", [])):
        if parameter["type"] in ("f", "g") and isinstance(parameter["value"], str):
            float_bits(parameter["value"], parameter["type"])
    if step.op in ("bulk_insert", "bulk_insert_parallel"):
        parameters.encoded_rows(step.members["fields"], step.members["rows"])
    columns = generated(expect["schema"], "column") if "schema" in expect else None
    for number, row in enumerate(generated(expect.get("rows", []), "row"), start=1):
        if columns is not None and len(row) != len(columns):
            yield f"row {number} has {len(row)} cells, the schema {len(columns)} columns"
            return
        for cell, column in zip(row, columns or (), strict=False):
            if column["format"] in ("f", "g") and isinstance(cell, str):
                float_bits(cell, column["format"])
