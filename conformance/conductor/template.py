"""Tokens in texts: ``{name}``, ``{name(argument, argument)}``, and ``{{``, ``}}`` for braces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PIECE = re.compile(r"\{\{|\}\}|\{(?P<name>[a-z][a-z0-9_]*)(?:\((?P<arguments>[^{}]*)\))?\}|[{}]")
_ARGUMENT = re.compile(r"\{(\d+)\}")


class TemplateError(ValueError):
    """A text holds a token that nobody defined, or a brace on its own."""


def render(text: str, tokens: Mapping[str, str]) -> str:
    """Replaces the tokens of ``text`` in one pass; what they stand for is not looked at again."""

    def replace(match: re.Match[str]) -> str:
        piece = match.group()
        if piece in ("{{", "}}"):
            return piece[0]
        name = match["name"]
        if name is None:
            raise TemplateError(
                f"lone {piece!r} in {_short(text)}; write {piece * 2!r} for the brace itself"
            )
        if name not in tokens:
            raise TemplateError(f"unknown token {piece!r} in {_short(text)}")
        return _fill(tokens[name], match["arguments"], piece)

    return _PIECE.sub(replace, text)


def _fill(template: str, arguments: str | None, piece: str) -> str:
    if arguments is None:
        if _ARGUMENT.search(template):
            raise TemplateError(f"token {piece!r} needs arguments")
        return template
    values = [value.strip() for value in arguments.split(",")]
    wanted = {int(index) for index in _ARGUMENT.findall(template)}
    # A database may have no use for an argument, such as the scale of a type that has none.
    if not wanted <= set(range(len(values))):
        raise TemplateError(f"token {piece!r} needs {max(wanted) + 1} arguments, not {len(values)}")
    return _ARGUMENT.sub(lambda match: values[int(match[1])], template)


def counted(value: Any, number: int) -> Any:
    """A copy of ``value`` in which every text has ``{i}`` replaced by ``number``."""
    if isinstance(value, str):
        return value.replace("{i}", str(number))
    if isinstance(value, list):
        return [counted(item, number) for item in value]
    if isinstance(value, dict):
        return {key: counted(item, number) for key, item in value.items()}
    return value


def generated(value: Any, member: str) -> list[Any]:
    """The list itself, or the one that ``{from, to, <member>}`` describes."""
    if isinstance(value, list):
        return value
    return [counted(value[member], number) for number in range(value["from"], value["to"] + 1)]


def sql_text(sql: str | Mapping[str, Any], tokens: Mapping[str, str]) -> str:
    """The SQL of a step: a text with tokens, or a head, repeated pieces and a tail."""
    if isinstance(sql, str):
        return render(sql, tokens)
    numbers = range(sql["from"], sql["to"] + 1)
    pieces = (render(counted(sql["each"], number), tokens) for number in numbers)
    body = render(sql.get("separator", ", "), tokens).join(pieces)
    return render(sql.get("head", ""), tokens) + body + render(sql.get("tail", ""), tokens)


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
