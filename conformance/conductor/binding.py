"""Bindings: how the harness of each is started."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .template import render

_MEMBERS = {"title", "command", "cwd", "env", "unsupported"}
_LIBRARY = {"darwin": "libodbc_engine.dylib", "win32": "odbc_engine.dll"}


@dataclass(frozen=True)
class Binding:
    name: str
    title: str
    command: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    unsupported: Mapping[str, str]

    @classmethod
    def from_document(cls, name: str, document: Mapping[str, Any]) -> Binding:
        if unknown := set(document) - _MEMBERS:
            raise ValueError(f"binding {name}: unknown member {', '.join(sorted(unknown))}")
        return cls(
            name=name,
            title=document["title"],
            command=tuple(document["command"]),
            cwd=document.get("cwd", "{root}"),
            env=document.get("env", {}),
            unsupported=document.get("unsupported", {}),
        )

    def resolved(self, local: Mapping[str, str]) -> Binding:
        """The binding with the tokens of its command, folder and environment replaced."""
        return Binding(
            name=self.name,
            title=self.title,
            command=tuple(render(part, local) for part in self.command),
            cwd=render(self.cwd, local),
            env={key: render(value, local) for key, value in self.env.items()},
            unsupported=self.unsupported,
        )


def tokens(root: Path, profile: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the commands of ``bindings.yaml`` may refer to."""
    built = root / "target" / profile / _LIBRARY.get(sys.platform, "libodbc_engine.so")
    return {
        "root": str(root),
        "python": sys.executable,
        "profile": profile,
        "library": environment.get("ODBC_ENGINE_LIBRARY") or str(built),
        "exe": ".exe" if sys.platform == "win32" else "",
    }
