"""Parity: all bindings must have observed the same thing for a case on a database."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .outcome import Outcome, Result, Verdict

# Bindings may word an error in their own way; everything else of it is the engine's.
_BINDINGS_OWN = ("message",)
# What a clock gave is another in every run.
_MEASURED = ("latency_ms", "wait_ms")
_PREVIEW_CHARACTERS = 300


def reply_digest(reply: Mapping[str, Any]) -> str:
    """The digest of what a reply says, leaving out what bindings may word differently."""
    return digest_of(_said(reply))


def preview(reply: Mapping[str, Any]) -> str:
    """The beginning of what a reply says."""
    text = json.dumps(_said(reply), ensure_ascii=False)
    return text if len(text) <= _PREVIEW_CHARACTERS else text[:_PREVIEW_CHARACTERS] + "..."


def _said(reply: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in reply.items() if key != "id"}
    for part, left_out in (("error", _BINDINGS_OWN), ("ok", _MEASURED)):
        if isinstance(said.get(part), Mapping):
            said[part] = {key: value for key, value in said[part].items() if key not in left_out}
    return said


def digest_of(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def judge(results: Iterable[Result], bindings: Sequence[str]) -> None:
    """Gives every observed cell its parity verdict; one that stands apart has failed."""
    groups: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        if result.digest is not None:
            groups[result.cell.case.id, result.cell.database].append(result)
    for group in groups.values():
        group.sort(key=lambda result: bindings.index(result.cell.binding))
        # most_common keeps the order among equals, so a tie goes to the first binding.
        shared = Counter(result.digest for result in group).most_common(1)[0][0]
        reference = next(result for result in group if result.digest == shared)
        for result in group:
            if result.digest == shared:
                result.parity = Verdict.YES
                continue
            result.parity = Verdict.NO
            result.explanation += _difference(reference, result)
            if result.outcome is Outcome.PASSED:
                result.outcome = Outcome.FAILED


def _difference(reference: Result, result: Result) -> list[str]:
    """The first step at which two bindings part."""
    for step in [*reference.observed, *result.observed]:
        there, here = reference.observed.get(step), result.observed.get(step)
        if there is None or here is None or there.digest != here.digest:
            seen = ((reference, there), (result, here))
            return [
                f"step {step}: {who.cell.binding} observed {what.preview if what else 'nothing'}"
                for who, what in seen
            ]
    return ["the same steps in another order"]
