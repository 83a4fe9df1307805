"""Compares one reply with what a step expects and says how they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .spans import span_differences
from .template import generated, render
from .values import matches, show

# A wrong table is explained by its first wrong cells.
_CELLS_SHOWN = 4
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


class Comparison:
    """Compares replies on one database; ``formats`` are those of the reply's columns."""

    def __init__(self, database: str, tokens: Mapping[str, str], formats: list[str]) -> None:
        self._database = database
        self._tokens = tokens
        self._formats = formats

    def differences(self, expect: Mapping[str, Any] | None, reply: Mapping[str, Any]) -> list[str]:
        """The differences, none when the reply is as expected."""
        expect = expect or {}
        if "fault" in reply:
            return [f"the harness could not follow the request: {reply['fault']}"]
        if "error" in expect:
            if "error" not in reply:
                kind = self._own(expect["error"]["kind"])
                return [f"expected an error of kind {kind}, observed success"]
            return list(self._error(expect["error"], reply["error"]))
        if "error" in reply:
            return [f"expected success, observed {_describe(reply['error'])}"]
        return list(self._result(expect, reply["ok"]))

    def _own(self, expected: Any) -> Any:
        return expected[self._database] if isinstance(expected, Mapping) else expected

    def _error(self, expected: Mapping[str, Any], observed: Mapping[str, Any]) -> Iterator[str]:
        wrong = []
        for member in (
            "kind",
            "sqlstate",
            "native_code",
            "operation",
            "column",
            "row",
            "retryable",
        ):
            if member in expected:
                seen = observed.get("kind_name" if member == "kind" else member)
                if seen != self._own(expected[member]):
                    wrong.append(f"{member} {self._own(expected[member])}, observed {seen}")
        if "committed" in expected:
            seen = (observed.get("bulk") or {}).get("committed")
            if seen != self._own(expected["committed"]):
                wrong.append(f"committed {self._own(expected['committed'])}, observed {seen}")
        if wrong:
            yield f"error: expected {'; '.join(wrong)}; it was {_describe(observed)}"
        message = observed.get("message", "")
        for text in expected.get("message_has", ()):
            if render(text, self._tokens) not in message:
                yield f"error: the message lacks {render(text, self._tokens)!r}: {message!r}"
        for text in expected.get("message_lacks", ()):
            if render(text, self._tokens) in message:
                yield f"error: the message holds {render(text, self._tokens)!r}"

    def _result(self, expect: Mapping[str, Any], observed: Mapping[str, Any]) -> Iterator[str]:
        for member in ("affected_rows", "columns", "batches", "end", "found"):
            if member in expect:
                wanted, seen = self._own(expect[member]), observed.get(member)
                if seen != wanted:
                    yield f"{member}: expected {wanted}, observed {seen}"
        if "warnings" in expect:
            states = [warning.get("sqlstate") for warning in observed.get("warnings", [])]
            if states != expect["warnings"]:
                yield f"warnings: expected {expect['warnings']}, observed {states}"
        batches = observed.get("batches", 0)
        if batches < expect.get("batches_min", 0):
            yield f"batches: expected {expect['batches_min']} at least, observed {batches}"
        rows = observed.get("rows", [])
        if "row_count" in expect and len(rows) != expect["row_count"]:
            yield f"rows: expected {expect['row_count']}, observed {len(rows)}"
        if "schema" in expect:
            yield from _schema(generated(expect["schema"], "column"), observed.get("schema", []))
        if "rows" in expect:
            yield from self._rows(generated(expect["rows"], "row"), rows)
        if "holds" in expect:
            yield from self._holds(expect["holds"], observed)
        if "spans" in expect:
            yield from span_differences(expect["spans"], observed.get("spans", []), self._own)
        for text in expect.get("lacks", ()):
            if render(text, self._tokens) in json.dumps(observed):
                yield f"the reply holds {render(text, self._tokens)!r}"
        for member, expected in expect.get("members", {}).items():
            yield from self._member(member, expected, observed)

    def _holds(
        self, expected: list[Mapping[str, Any]], observed: Mapping[str, Any]
    ) -> Iterator[str]:
        names = [column["name"] for column in observed.get("schema", [])]
        records = [dict(zip(names, row, strict=True)) for row in observed.get("rows", [])]
        for wanted in expected:
            own = {name: self._own(cell) for name, cell in wanted.items()}
            if not any(own.items() <= record.items() for record in records):
                yield f"rows: none has {own}; the first are {records[:_CELLS_SHOWN]}"

    def _rows(self, expected: list[Any], observed: list[Any]) -> Iterator[str]:
        if len(expected) != len(observed):
            yield f"rows: expected {len(expected)}, observed {len(observed)}"
            yield f"the first rows: {_first_rows(observed)}"
            return
        wrong = 0
        for number, (want, seen) in enumerate(zip(expected, observed, strict=True), start=1):
            if len(want) != len(seen):
                yield f"row {number}: expected {len(want)} cells, observed {len(seen)}"
                return
            for column, (cell, saw) in enumerate(zip(want, seen, strict=True)):
                arrow_format = self._formats[column] if column < len(self._formats) else ""
                if not matches(cell, saw, arrow_format):
                    wrong += 1
                    if wrong <= _CELLS_SHOWN:
                        where = f"row {number}, column {column + 1}"
                        wanted = show(cell, arrow_format)
                        yield f"{where}: expected {wanted}, observed {show(saw, arrow_format)}"
        if wrong > _CELLS_SHOWN:
            yield f"and {wrong - _CELLS_SHOWN} more wrong cells"

    def _member(self, member: str, expected: Any, observed: Mapping[str, Any]) -> Iterator[str]:
        if member not in observed:
            yield f"member {member} is missing"
            return
        seen = observed[member]
        if isinstance(expected, Mapping) and "type" in expected:
            if not isinstance(seen, _TYPES[expected["type"]]):
                yield f"member {member}: expected a {expected['type']}, observed {seen!r}"
            return
        wanted = render(expected, self._tokens) if isinstance(expected, str) else expected
        if seen != wanted:
            yield f"member {member}: expected {wanted!r}, observed {seen!r}"


def _schema(expected: list[Any], observed: list[Any]) -> Iterator[str]:
    if len(expected) != len(observed):
        seen = [f"{column['name']} {column['format']}" for column in observed[:8]]
        yield f"schema: expected {len(expected)} columns, observed {len(observed)}: {seen}"
        return
    for number, (want, seen) in enumerate(zip(expected, observed, strict=True), start=1):
        metadata = seen.get("metadata") or {}
        members = [member for member in ("name", "format", "nullable") if member in want]
        pairs = [(member, want[member], seen.get(member)) for member in members]
        pairs += [
            (key, value, metadata.get(key)) for key, value in want.get("metadata", {}).items()
        ]
        for member, wanted, saw in pairs:
            if saw != wanted:
                yield f"schema, column {number}: expected {member} {wanted!r}, observed {saw!r}"


def _first_rows(rows: list[Any]) -> str:
    shown = ", ".join("(" + ", ".join(show(cell) for cell in row[:8]) + ")" for row in rows[:3])
    return shown + (", ..." if len(rows) > 3 else "") if rows else "none"


def _describe(error: Mapping[str, Any]) -> str:
    return (
        f"{error.get('kind_name')} ({error.get('sqlstate')}/{error.get('native_code')})"
        f" in {error.get('operation')}: {error.get('message')}"
    )
