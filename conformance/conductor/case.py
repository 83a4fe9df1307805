"""Cases: what is done and what must be observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Members of a step that are for the conductor; everything else goes to the harness.
_OWN_MEMBERS = ("name", "op", "repeat", "expect")


@dataclass(frozen=True)
class Step:
    name: str
    op: str
    members: Mapping[str, Any]
    repeat: int
    expect: Mapping[str, Any] | None

    @classmethod
    def from_document(cls, number: int, document: Mapping[str, Any]) -> Step:
        return cls(
            name=document.get("name", f"{document['op']}_{number}"),
            op=document["op"],
            members={key: value for key, value in document.items() if key not in _OWN_MEMBERS},
            repeat=document.get("repeat", 1),
            expect=document.get("expect"),
        )


@dataclass(frozen=True)
class Overlay:
    why: str
    steps: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class KnownFailure:
    why: str
    database: str | None
    binding: str | None

    def covers(self, database: str, binding: str) -> bool:
        return self.database in (None, database) and self.binding in (None, binding)


@dataclass(frozen=True)
class Case:
    id: str
    title: str
    spec: str
    requires: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    opens: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: int = 60
    setup: tuple[Any, ...] = ()
    teardown: tuple[Any, ...] = ()
    steps: tuple[Step, ...] = ()
    overlays: Mapping[str, Overlay] = field(default_factory=dict)
    known_failing: tuple[KnownFailure, ...] = ()

    @property
    def area(self) -> str:
        return self.id.split("/")[0]

    @classmethod
    def from_document(cls, case_id: str, document: Mapping[str, Any]) -> Case:
        connect = document.get("connect", {})
        return cls(
            id=case_id,
            title=document["title"],
            spec=document["spec"],
            requires=tuple(document.get("requires", ())),
            tables=tuple(document.get("tables", ())),
            opens=connect.get("open", True),
            options=connect.get("options", {}),
            timeout_s=document.get("timeout_s", 60),
            setup=tuple(document.get("setup", ())),
            teardown=tuple(document.get("teardown", ())),
            steps=tuple(
                Step.from_document(*pair) for pair in enumerate(document["steps"], start=1)
            ),
            overlays={
                name: Overlay(overlay["why"], overlay["steps"])
                for name, overlay in document.get("overlays", {}).items()
            },
            known_failing=tuple(
                KnownFailure(entry["why"], entry.get("database"), entry.get("binding"))
                for entry in document.get("known_failing", ())
            ),
        )

    def expectation(self, step: Step, database: str) -> Mapping[str, Any] | None:
        """What a step must show on a database: the base with the database's overlay."""
        overlay = self.overlays.get(database)
        if overlay is None or step.name not in overlay.steps:
            return step.expect
        replaced = overlay.steps[step.name]
        base = step.expect or {}
        if ("error" in base) != ("error" in replaced):
            return replaced
        return {**base, **replaced}

    def known_failure(self, database: str, binding: str) -> KnownFailure | None:
        return next(
            (entry for entry in self.known_failing if entry.covers(database, binding)), None
        )
