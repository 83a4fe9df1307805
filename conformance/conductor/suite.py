"""The suite on disk: cases, database profiles, bindings and the contract that they speak of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from .binding import Binding
from .case import Case
from .database import Database
from .document import DocumentError, read

_ANCHOR = re.compile(r'<a id="([^"]+)"></a>')


@dataclass
class Suite:
    root: Path
    cases: dict[str, Case] = field(default_factory=dict)
    databases: dict[str, Database] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)
    anchors: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, root: Path) -> Suite:
        """Reads everything under ``root``; what cannot be read is a problem, not an exception."""
        suite = cls(root)
        home = root / "conformance"
        database_schema = _validator(home / "database.schema.json")
        for path in sorted((home / "databases").glob("*.yaml")):
            if document := suite._document(path, database_schema):
                suite.databases[path.stem] = Database.from_document(path.stem, document)
        case_schema = _validator(home / "case.schema.json")
        for path in sorted((home / "cases").rglob("*.y*ml")):
            if path.suffix != ".yaml":
                suite.problems.append(f"{suite.name(path)}: the suffix must be .yaml")
            elif document := suite._document(path, case_schema):
                case_id = path.relative_to(home / "cases").with_suffix("").as_posix()
                suite.cases[case_id] = Case.from_document(case_id, document)
        suite._load_bindings(home / "bindings.yaml")
        contract = root / "doc" / "contract.md"
        if contract.is_file():
            suite.anchors = set(_ANCHOR.findall(contract.read_text(encoding="utf-8")))
        else:
            suite.problems.append("doc/contract.md: there is no such file")
        return suite

    def name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _document(self, path: Path, validator: Draft202012Validator) -> Mapping[str, Any] | None:
        try:
            document = read(path)
        except DocumentError as error:
            self.problems.append(str(error).replace(f"{self.root}/", ""))
            return None
        problem = best_match(validator.iter_errors(document))
        if problem is None:
            return cast(Mapping[str, Any], document)
        where = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem.absolute_path
        )
        self.problems.append(
            f"{self.name(path)}: {where.lstrip('.') or 'the case'}: {problem.message}"
        )
        return None

    def _load_bindings(self, path: Path) -> None:
        try:
            entries = read(path)["bindings"]
            self.bindings = {
                name: Binding.from_document(name, entry) for name, entry in entries.items()
            }
        except (DocumentError, KeyError, TypeError, ValueError) as error:
            self.problems.append(f"{self.name(path)}: {error}")


def _validator(path: Path) -> Draft202012Validator:
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
