"""Cells as authors write them and as harnesses report them."""

from __future__ import annotations

import hashlib
import math
import struct
from typing import Any

# An Arrow format of a binary float, with the struct format of its bits.
_FLOATS = {"g": ">d", "f": ">f"}


def encode(cell: Any, arrow_format: str) -> str | None:
    """The cell of a harness for a value as an author writes it."""
    if cell is None:
        return None
    if isinstance(cell, dict):
        return str(cell["repeat"]) * int(cell["count"])
    return float_bits(cell, arrow_format) if arrow_format in _FLOATS else str(cell)


def float_bits(text: str, arrow_format: str) -> str:
    """``0x`` and the IEEE bits of a float written in decimal, or ``nan``, whatever its bits."""
    if text.startswith("0x"):
        return text
    value = float(text)
    if math.isnan(value):
        return "nan"
    return "0x" + struct.pack(_FLOATS[arrow_format], value).hex()


def matches(expected: Any, observed: str | None, arrow_format: str) -> bool:
    """Whether an observed cell is the expected one."""
    if isinstance(expected, dict) and "sha256" in expected:
        if observed is None:
            return False
        data = observed.encode()
        digest = hashlib.sha256(data).hexdigest()
        return bool(digest == expected["sha256"] and len(data) == expected["length"])
    try:
        return encode(expected, arrow_format) == observed
    except ValueError:
        # A number was observed where the author has something else.
        return False


def show(cell: Any, arrow_format: str = "") -> str:
    """A cell for a reader: NULL, a quoted text cut to a sensible length, a float in decimal too."""
    if cell is None:
        return "NULL"
    if isinstance(cell, dict):
        return ", ".join(f"{key} {value!r}" for key, value in cell.items())
    if not isinstance(cell, str):
        return repr(cell)
    if arrow_format in _FLOATS and cell.startswith("0x"):
        try:
            (value,) = struct.unpack(_FLOATS[arrow_format], bytes.fromhex(cell[2:]))
        except (ValueError, struct.error):
            return repr(cell)
        return f"{cell} ({value!r})"
    if len(cell) > 60:
        return f"{cell[:40]!r}... ({len(cell)} characters)"
    return repr(cell)
