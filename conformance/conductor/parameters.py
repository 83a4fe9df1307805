"""Parameters as authors write them: by position, by name, or generated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .template import generated
from .values import encode


def values(parameters: Any) -> Iterable[dict[str, Any]]:
    """Each parameter, however it is written."""
    if _has_names(parameters):
        values: Iterable[dict[str, Any]] = parameters.values()
        return values
    return generated(parameters, "parameter")


def encoded(parameters: Any) -> Any:
    """The ``params`` of a request."""
    if _has_names(parameters):
        return {name: _encoded(parameter) for name, parameter in parameters.items()}
    return [_encoded(parameter) for parameter in generated(parameters, "parameter")]


def encoded_rows(fields: list[dict[str, Any]], rows: Any) -> list[list[str | None]]:
    """The ``rows`` of a request that inserts them."""
    formats = [field["type"] for field in fields]
    return [
        [encode(cell, arrow_format) for cell, arrow_format in zip(row, formats, strict=True)]
        for row in generated(rows, "row")
    ]


def _has_names(parameters: Any) -> bool:
    return isinstance(parameters, dict) and not isinstance(parameters.get("from"), int)


def _encoded(parameter: dict[str, Any]) -> dict[str, Any]:
    arrow_format = parameter["type"]
    return {"type": arrow_format, "value": encode(parameter["value"], arrow_format)}
