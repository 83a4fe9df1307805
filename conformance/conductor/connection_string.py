"""ODBC connection strings: ``keyword=value`` joined by semicolons, some values in braces."""

from __future__ import annotations

import re

_PAIR = re.compile(r"\s*([^=;]+?)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)\s*(?:;|$)")


class ConnectionString:
    """An ordered list of keywords and values; keywords compare without regard to case."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    @classmethod
    def parse(cls, text: str) -> ConnectionString:
        return cls([(match[1], match[2]) for match in _PAIR.finditer(text)])

    def secret(self) -> str | None:
        """The password, if there is one."""
        values = {keyword.lower(): value for keyword, value in self._pairs}
        return values.get("pwd") or values.get("password") or None

    def set(self, keyword: str, value: str) -> None:
        """Replaces the value of ``keyword``, or adds it."""
        quoted = "{" + value.replace("}", "}}") + "}" if set(value) & set(";{}") else value
        for index, (present, _) in enumerate(self._pairs):
            if present.lower() == keyword.lower():
                self._pairs[index] = (present, quoted)
                return
        self._pairs.append((keyword, quoted))

    def remove(self, keyword: str) -> None:
        self._pairs = [pair for pair in self._pairs if pair[0].lower() != keyword.lower()]

    def __str__(self) -> str:
        return "".join(f"{keyword}={value};" for keyword, value in self._pairs)
