"""Spans of OpenTelemetry, as far as they are the same in every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

# Identifiers are random, and times are those of a clock.
_ANOTHER_EACH_TIME = (
    "trace_id",
    "span_id",
    "start_time_unix_nano",
    "end_time_unix_nano",
    "time_unix_nano",
)
# How much memory the batches of a binding took.
_MEASURED = ("odbc_engine.bytes", "odbc_engine.batch.bytes")


def comparable(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply whose spans keep what bindings have in common."""
    spans = reply.get("ok", {}).get("spans")
    if spans is None:
        return reply
    return {**reply, "ok": {**reply["ok"], "spans": [_without_own(span) for span in spans]}}


def _without_own(part: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in part.items() if key not in _ANOTHER_EACH_TIME}
    if "attributes" in kept:
        attributes = kept["attributes"].items()
        kept["attributes"] = {key: value for key, value in attributes if key not in _MEASURED}
    for members in ("events", "links"):
        if members in kept:
            kept[members] = [_without_own(member) for member in kept[members]]
    return kept


def span_differences(
    expected: list[Mapping[str, Any]], observed: list[Mapping[str, Any]], own: Callable[[Any], Any]
) -> Iterator[str]:
    """How the finished spans differ from those expected; ``own`` picks a database's value."""
    if len(expected) != len(observed):
        names = [span["name"] for span in observed]
        yield f"spans: expected {len(expected)}, observed {len(observed)}: {names}"
        return
    for number, (want, seen) in enumerate(zip(expected, observed, strict=True), start=1):
        pairs = [
            (member, want[member], seen.get(member))
            for member in ("name", "kind", "parent_span_id", "status")
            if member in want
        ]
        if "events" in want:
            pairs.append(("events", want["events"], [event["name"] for event in seen["events"]]))
        attributes = seen.get("attributes", {})
        pairs += [
            (key, own(value), attributes.get(key))
            for key, value in want.get("attributes", {}).items()
        ]
        for member, wanted, saw in pairs:
            if saw != wanted:
                yield f"span {number}: expected {member} {wanted!r}, observed {saw!r}"
