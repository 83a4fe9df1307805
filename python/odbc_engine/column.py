"""What is known of a result's columns."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from odbc_engine.types import BINARY, DATETIME, NUMBER, STRING, TypeObject

#: One column by PEP 249: name, type, display size, internal size, precision, scale, null_ok.
Description: TypeAlias = tuple[str, TypeObject, None, int | None, int | None, int | None, bool]


class Column(NamedTuple):
    """One column of a result."""

    name: str
    #: The Arrow type, as a format string of Arrow's C data interface: ``l``, ``d:10,2`` ...
    format: str
    nullable: bool
    #: The database's own words, such as ``odbc.type_name``.
    metadata: dict[str, str]

    @property
    def type(self) -> TypeObject:
        """The family of PEP 249."""
        if self.metadata.get("odbc.logical") == "decimal":
            return NUMBER
        match self.format[0]:
            case "u" | "U":
                return STRING
            case "z" | "Z" | "w":
                return BINARY
            case "t":
                return DATETIME
            case _:
                return NUMBER

    def description(self) -> Description:
        """The column as ``Cursor.description`` has it."""
        size = precision = scale = None
        if self.format.startswith("d:"):
            precision, scale = map(int, self.format[2:].split(",")[:2])
        elif self.type in (STRING, BINARY):
            size = int(self.metadata.get("odbc.column_size", 0)) or None
        return self.name, self.type, None, size, precision, scale, self.nullable
