"""Reads schemas and batches of the Arrow C data interface, as cells of the protocol."""

from __future__ import annotations

import ctypes
import itertools
import struct
import sys
import uuid
from collections.abc import Callable
from typing import Any

from .arrow_structs import FLAG_NULLABLE, ArrowArray, ArrowSchema
from .calendar_text import date_text, time_text, timestamp_text

_INTEGERS = {"c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q"}
_OFFSETS = {"u": ("i", 4), "z": ("i", 4), "U": ("q", 8), "Z": ("q", 8)}

Cells = list[str | None]


def read_schema(schema: ArrowSchema) -> list[dict[str, Any]]:
    """The columns of a struct schema."""
    return [_column(schema.children[index].contents) for index in range(schema.n_children)]


def _column(field: ArrowSchema) -> dict[str, Any]:
    return {
        "name": field.name.decode(),
        "format": field.format.decode(),
        "nullable": bool(field.flags & FLAG_NULLABLE),
        "metadata": _metadata(field.metadata),
    }


def _metadata(address: int | None) -> dict[str, str]:
    """Pairs of texts, each with its length in front, their number before them all."""
    if not address:
        return {}
    position = address

    def number() -> int:
        nonlocal position
        position += 4
        return int.from_bytes(ctypes.string_at(position - 4, 4), sys.byteorder, signed=True)

    def text() -> str:
        nonlocal position
        length = number()
        position += length
        return ctypes.string_at(position - length, length).decode()

    return {text(): text() for _ in range(number())}


def read_rows(array: ArrowArray, formats: list[str]) -> list[Cells]:
    """The rows of a struct array."""
    columns = [
        _read_column(array.children[index].contents, formats[index], array.offset, array.length)
        for index in range(array.n_children)
    ]
    return (
        [list(row) for row in zip(*columns, strict=True)]
        if columns
        else [[] for _ in range(array.length)]
    )


def _read_column(array: ArrowArray, arrow_format: str, parent_offset: int, length: int) -> Cells:
    first = array.offset + parent_offset
    if first + length > array.offset + array.length:
        raise ValueError(
            f"a child of {array.length} values cannot hold {length} from {parent_offset} on"
        )
    if arrow_format == "n":
        return [None] * length
    reader = _reader(arrow_format)
    values = reader(array, first, length, arrow_format)
    validity = array.buffers[0]
    if not validity:
        return values
    bits = _bits(validity, first, length)
    return [value if bit else None for value, bit in zip(values, bits, strict=True)]


def _reader(arrow_format: str) -> Callable[[ArrowArray, int, int, str], Cells]:
    if arrow_format in _INTEGERS:
        return _integers
    if arrow_format in _OFFSETS:
        return _variable
    for start, reader in (
        ("b", _booleans), ("f", _floats), ("g", _floats), ("d:", _decimals), ("w:", _fixed),
        ("td", _dates), ("tt", _times), ("ts", _timestamps),
    ):  # fmt: skip
        if arrow_format.startswith(start):
            return reader
    raise ValueError(f"no reader for the Arrow format {arrow_format!r}")


def _numbers(array: ArrowArray, buffer: int, code: str, first: int, length: int) -> tuple[Any, ...]:
    size = struct.calcsize(code)
    if length == 0:
        return ()
    return struct.unpack(
        f"={length}{code}", ctypes.string_at(array.buffers[buffer] + first * size, length * size)
    )


def _bits(address: int, first: int, length: int) -> list[int]:
    data = ctypes.string_at(address, (first + length + 7) // 8)
    return [data[index >> 3] >> (index & 7) & 1 for index in range(first, first + length)]


def _integers(array: ArrowArray, first: int, length: int, arrow_format: str) -> Cells:
    return [str(value) for value in _numbers(array, 1, _INTEGERS[arrow_format], first, length)]


def _booleans(array: ArrowArray, first: int, length: int, arrow_format: str) -> Cells:
    if length == 0:
        return []
    return ["true" if bit else "false" for bit in _bits(array.buffers[1], first, length)]


def _floats(array: ArrowArray, first: int, length: int, arrow_format: str) -> Cells:
    size = 4 if arrow_format == "f" else 8
    # Read as bits: a signalling NaN would change on its way through a float of Python.
    bits = _numbers(array, 1, "I" if size == 4 else "Q", first, length)
    infinity = 0x7F800000 if size == 4 else 0x7FF0000000000000
    magnitude = (1 << (size * 8 - 1)) - 1
    return ["nan" if value & magnitude > infinity else f"0x{value:0{size * 2}x}" for value in bits]


def _variable(array: ArrowArray, first: int, length: int, arrow_format: str) -> Cells:
    code, _ = _OFFSETS[arrow_format]
    offsets = _numbers(array, 1, code, first, length + 1)
    cells: Cells = []
    for start, end in itertools.pairwise(offsets):
        data = ctypes.string_at(array.buffers[2] + start, end - start) if end > start else b""
        cells.append(data.decode() if arrow_format in "uU" else data.hex())
    return cells


def _decimals(array: ArrowArray, first: int, length: int, arrow_format: str) -> Cells:
    parts = arrow_format[2:].split(",")
    scale, size = int(parts[1]), int(parts[2]) // 8 if len(parts) > 2 else 16
    data = ctypes.string_at(array.buffers[1] + first * size, length * size) if length else b""
    values = (
        int.from_bytes(data[at : at + size], "little", signed=True)
        for at in range(0, len(data), size)
    )
    return [decimal_text(value, scale) for value in values]


def decimal_text(unscaled: int, scale: int) -> str:
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    sign = "-" if unscaled < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else sign + digits


def _fixed(array: ArrowArray, first: int, length: int, arrow_format: str) -> Cells:
    size = int(arrow_format[2:])
    data = ctypes.string_at(array.buffers[1] + first * size, length * size) if length else b""
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return [str(uuid.UUID(bytes=piece)) if size == 16 else piece.hex() for piece in pieces]


def _dates(array: ArrowArray, first: int, length: int, arrow_format: str) -> Cells:
    return [date_text(days) for days in _numbers(array, 1, "i", first, length)]


def _times(array: ArrowArray, first: int, length: int, arrow_format: str) -> Cells:
    unit = arrow_format[2]
    return [
        time_text(value, unit)
        for value in _numbers(array, 1, "i" if unit in "sm" else "q", first, length)
    ]


def _timestamps(array: ArrowArray, first: int, length: int, arrow_format: str) -> Cells:
    unit, zone = arrow_format[2], arrow_format[4:]
    suffix = "Z" if zone else ""
    return [
        timestamp_text(value, unit) + suffix for value in _numbers(array, 1, "q", first, length)
    ]
