"""Database profiles: how to reach a database, how it says things, what it has and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .connection_string import ConnectionString
from .template import render


@dataclass(frozen=True)
class Database:
    name: str
    title: str
    environment: str
    default: str | None
    features: frozenset[str]
    lacks: Mapping[str, str]
    tokens: Mapping[str, str]
    variants: Mapping[str, Mapping[str, Any]]

    @classmethod
    def from_document(cls, name: str, document: Mapping[str, Any]) -> Database:
        return cls(
            name=name,
            title=document["title"],
            environment=document["environment"],
            default=document.get("default"),
            features=frozenset(document["features"]),
            lacks=document["lacks"],
            tokens=document["tokens"],
            variants=document["variants"],
        )

    def missing_features(self, requires: tuple[str, ...]) -> dict[str, str]:
        """The required features that it lacks, with the reasons."""
        return {name: self.lacks[name] for name in requires if name in self.lacks}

    def connection_string(
        self, environment: Mapping[str, str], local: Mapping[str, str]
    ) -> str | None:
        """The connection string, or None when the database is not there."""
        given = environment.get(self.environment, "").strip()
        if given:
            return given
        return None if self.default is None else render(self.default, local)

    def variant(self, name: str, connection_string: str, local: Mapping[str, str]) -> str:
        """The main connection string with the changes of a variant."""
        changes = self.variants[name]
        parsed = ConnectionString.parse(connection_string)
        for keyword, value in changes.get("set", {}).items():
            parsed.set(keyword, render(value, local))
        for keyword in changes.get("remove", ()):
            parsed.remove(keyword)
        return str(parsed)
