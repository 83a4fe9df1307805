"""What belongs to the process: clearing up, metrics, and connection strings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from odbc_engine import _native
from odbc_engine._native import clear_all_statements, reset_metrics

__all__ = [
    "build_connection_string",
    "clear_all_statements",
    "metrics",
    "parse_connection_string",
    "redact_connection_string",
    "reset_metrics",
]


def metrics() -> dict[str, Any]:
    """What the engine did in this process, since its start or the last ``reset_metrics()``."""
    counted: dict[str, Any] = json.loads(_native.metrics())
    return counted


def build_connection_string(parts: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """Puts a connection string together, with its values escaped by the rules of ODBC.

    >>> build_connection_string({"Driver": "SQLite3", "Database": "a;b.db"})
    'Driver=SQLite3;Database={a;b.db}'
    """
    pairs = parts.items() if isinstance(parts, Mapping) else parts
    return _native.connection_string_build(list(pairs))


def parse_connection_string(connection_string: str) -> list[tuple[str, str]]:
    """The keys and values of a connection string, secrets included."""
    return _native.connection_string_parse(connection_string)


def redact_connection_string(connection_string: str) -> str:
    """A connection string for people, with ``***`` for each secret."""
    return _native.connection_string_redact(connection_string)
