"""A small suite in a folder of its own, and what it takes to run it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.conductor import binding
from conformance.conductor.outcome import Outcome, Result
from conformance.conductor.plan import plan
from conformance.conductor.runner import Run, Runner, complete
from conformance.conductor.suite import Suite

ROOT = Path(__file__).resolve().parents[2]
FAKE_HARNESS = Path(__file__).with_name("fake_harness.py")

READ: dict[str, Any] = {
    "name": "read",
    "op": "query",
    "sql": "select 1",
    "expect": {"rows": [["1"]]},
}
CASE: dict[str, Any] = {
    "title": "One is one on every database",
    "spec": "numbers",
    "steps": [READ],
}
DATABASE: dict[str, Any] = {
    "title": "Alpha",
    "environment": "ALPHA",
    "default": "Driver=Alpha;",
    "features": [],
    "lacks": {},
    "tokens": {"text": "varchar({0})"},
    "variants": {},
}


class SmallSuite:
    """Writes the files of a suite and runs it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        home = root / "conformance"
        for folder in ("cases/area", "databases"):
            (home / folder).mkdir(parents=True)
        for schema in ("case.schema.json", "database.schema.json"):
            shutil.copy(ROOT / "conformance" / schema, home / schema)
        self.write("doc/contract.md", '<a id="numbers"></a>**Numbers.** One is one.')
        self.database("alpha", DATABASE)
        self.case("area/one", CASE)
        self.bindings(rust={})

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def case(self, name: str, document: Any) -> None:
        self.write(f"conformance/cases/{name}.yaml", yaml.safe_dump(document, allow_unicode=True))

    def database(self, name: str, document: Any) -> None:
        self.write(f"conformance/databases/{name}.yaml", yaml.safe_dump(document))

    def bindings(self, **scripts: dict[str, Any]) -> None:
        """Bindings whose harness is the fake one, each with what it does on some operations."""
        entries = {}
        for name, script in scripts.items():
            unsupported = script.pop("declares_unsupported", {})
            command = [sys.executable, str(FAKE_HARNESS), name, json.dumps(script)]
            # Braces are tokens in bindings.yaml.
            command[-1] = command[-1].replace("{", "{{").replace("}", "}}")
            entries[name] = {"title": name.title(), "command": command, "unsupported": unsupported}
        self.write(
            "conformance/bindings.yaml", yaml.safe_dump({"bindings": entries}, sort_keys=False)
        )

    def load(self) -> Suite:
        return Suite.load(self.root)

    def run(self) -> dict[str, Result]:
        """The results by case and binding."""
        _, results = self.run_whole()
        return {f"{result.cell.case.id} {result.cell.binding}": result for result in results}

    def run_whole(self) -> tuple[Run, list[Result]]:
        suite = self.load()
        assert suite.problems == []
        planned = plan(suite, list(suite.databases))
        tokens = binding.tokens(self.root, "debug", {})
        run = Runner(suite, {}, tokens, self.root / "target").run(planned)
        return run, complete(planned, run.results)

    def outcome(self, key: str = "area/one rust") -> Outcome:
        return self.run()[key].outcome


@pytest.fixture
def small_suite(tmp_path: Path) -> SmallSuite:
    return SmallSuite(tmp_path)


@pytest.fixture
def changed_case() -> Callable[..., dict[str, Any]]:
    """The small suite's case with some members changed."""

    def change(**members: Any) -> dict[str, Any]:
        return {**CASE, **members}

    return change
