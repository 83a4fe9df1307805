"""Builds the struct arrays that carry parameters and rows, by the Arrow C data interface."""

from __future__ import annotations

import ctypes
import itertools
import struct
import uuid
from collections.abc import Iterable
from ctypes import POINTER, c_void_p, cast, pointer
from typing import Any

from .arrow_structs import (
    FLAG_NULLABLE,
    ArrowArray,
    ArrowArrayStream,
    ArrowSchema,
    GetLastError,
    GetNext,
    GetSchema,
    ReleaseArray,
    ReleaseSchema,
    ReleaseStream,
)
from .calendar_text import days_of, time_of, timestamp_of

_INTEGERS = {"c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q"}
_UUID_METADATA = {"ARROW:extension:name": "arrow.uuid", "ARROW:extension:metadata": ""}

# The parameters of a request: by position or by name.
Params = list[dict[str, Any]] | dict[str, dict[str, Any]]

# What an exported structure points to lives here, by its private_data, until it is released.
_alive: dict[int, list[Any]] = {}
_numbers = itertools.count(1)


def _release(exported: Any, release_type: Any) -> None:
    for index in range(exported.n_children):
        child = exported.children[index].contents
        if child.release:
            child.release(pointer(child))
    _alive.pop(exported.private_data, None)
    exported.release = release_type(0)


# The callbacks must outlive everything that was exported.
_release_schema = ReleaseSchema(lambda schema: _release(schema.contents, ReleaseSchema))
_release_array = ReleaseArray(lambda array: _release(array.contents, ReleaseArray))


def alive() -> int:
    """How many exported structures nobody has released yet."""
    return len(_alive)


def build(params: Params) -> tuple[ArrowSchema, ArrowArray]:
    """The schema and the array of the parameters, to be handed over."""
    named = params.items() if isinstance(params, dict) else [("", value) for value in params]
    schemas = [_schema(value["type"], name) for name, value in named]
    arrays = [_array(value["type"], [value["value"]]) for _, value in named]
    return _exported_schema(b"+s", children=schemas), _exported_array(1, [None], children=arrays)


def rows_schema(fields: list[dict[str, str]]) -> ArrowSchema:
    """The schema of rows, to be handed over."""
    children = [_schema(field["type"], field["name"]) for field in fields]
    return _exported_schema(b"+s", children=children)


def rows_array(fields: list[dict[str, str]], rows: list[list[str | None]]) -> ArrowArray:
    """Rows, to be handed over."""
    columns = enumerate(field["type"] for field in fields)
    children = [_array(column, [row[index] for row in rows]) for index, column in columns]
    return _exported_array(len(rows), [None], children=children)


def stream(schema: ArrowSchema, batches: list[ArrowArray]) -> ArrowArrayStream:
    """A stream that hands over a schema, once, and batches."""
    pending = iter(batches)
    schemas = [schema]

    def get_schema(_: Any, place: Any) -> int:
        ctypes.memmove(place, ctypes.byref(schemas.pop()), ctypes.sizeof(schema))
        return 0

    def get_next(_: Any, place: Any) -> int:
        batch = next(pending, ArrowArray())
        ctypes.memmove(place, ctypes.byref(batch), ctypes.sizeof(batch))
        return 0

    def release(exported: Any) -> None:
        for kept in (*schemas, *pending):
            kept.release(pointer(kept))
        _alive.pop(exported.contents.private_data, None)
        exported.contents.release = ReleaseStream(0)

    number = next(_numbers)
    made = ArrowArrayStream(
        get_schema=GetSchema(get_schema),
        get_next=GetNext(get_next),
        get_last_error=GetLastError(lambda _: None),
        release=ReleaseStream(release),
        private_data=number,
    )
    _alive[number] = [made.get_schema, made.get_next, made.get_last_error, made.release]
    return made


def _schema(arrow_format: str, name: str) -> ArrowSchema:
    metadata = _UUID_METADATA if arrow_format == "w:16" else {}
    return _exported_schema(arrow_format.encode(), name=name.encode(), metadata=metadata)


def _exported_schema(
    arrow_format: bytes,
    name: bytes = b"",
    children: list[ArrowSchema] | None = None,
    metadata: dict[str, str] | None = None,
) -> ArrowSchema:
    pairs = struct.pack("=i", len(metadata)) if metadata else b""
    for text in itertools.chain.from_iterable((metadata or {}).items()):
        pairs += struct.pack("=i", len(text)) + text.encode()
    encoded = ctypes.create_string_buffer(pairs) if pairs else None
    children = children or []
    pointers = (POINTER(ArrowSchema) * len(children))(*(pointer(child) for child in children))
    number = next(_numbers)
    _alive[number] = [arrow_format, name, encoded, children, pointers]
    return ArrowSchema(
        format=arrow_format,
        name=name,
        metadata=ctypes.addressof(encoded) if encoded is not None else None,
        flags=FLAG_NULLABLE,
        n_children=len(children),
        children=cast(pointers, POINTER(POINTER(ArrowSchema))) if children else None,
        release=_release_schema,
        private_data=number,
    )


def _array(arrow_format: str, values: list[str | None]) -> ArrowArray:
    null_count = values.count(None)
    if arrow_format == "n":
        return _exported_array(len(values), [], null_count=null_count)
    validity = _bits(value is not None for value in values) if null_count else None
    buffers = _buffers(arrow_format, values)
    return _exported_array(len(values), [validity, *buffers], null_count=null_count)


def _bits(values: Iterable[bool]) -> bytes:
    bits = list(values)
    number = sum(1 << index for index, bit in enumerate(bits) if bit)
    return number.to_bytes(len(bits) // 8 + 1, "little")


def _exported_array(
    length: int,
    buffers: list[bytes | None],
    children: list[ArrowArray] | None = None,
    null_count: int = 0,
) -> ArrowArray:
    held = [
        None if data is None else ctypes.create_string_buffer(data, len(data) + 64)
        for data in buffers
    ]
    addresses = (c_void_p * len(held))(
        *(None if data is None else ctypes.addressof(data) for data in held)
    )
    children = children or []
    pointers = (POINTER(ArrowArray) * len(children))(*(pointer(child) for child in children))
    number = next(_numbers)
    _alive[number] = [held, addresses, children, pointers]
    return ArrowArray(
        length=length,
        null_count=null_count,
        offset=0,
        n_buffers=len(held),
        n_children=len(children),
        buffers=cast(addresses, POINTER(c_void_p)) if held else None,
        children=cast(pointers, POINTER(POINTER(ArrowArray))) if children else None,
        release=_release_array,
        private_data=number,
    )


def _buffers(arrow_format: str, values: list[str | None]) -> list[bytes]:
    """The buffers behind the validity bitmap; those of a NULL hold zeros."""
    if arrow_format in "uz":
        encoded = [_bytes(arrow_format, value) for value in values]
        offsets = itertools.accumulate((len(data) for data in encoded), initial=0)
        return [struct.pack(f"={len(values) + 1}i", *offsets), b"".join(encoded)]
    if arrow_format == "b":
        return [_bits(value == "true" for value in values)]
    width = _width(arrow_format)
    return [
        b"".join(bytes(width) if value is None else _fixed(arrow_format, value) for value in values)
    ]


def _bytes(arrow_format: str, value: str | None) -> bytes:
    if value is None:
        return b""
    return value.encode() if arrow_format == "u" else bytes.fromhex(value)


def _width(arrow_format: str) -> int:
    """The bytes of a value of fixed size."""
    if arrow_format in _INTEGERS:
        return struct.calcsize(f"={_INTEGERS[arrow_format]}")
    if arrow_format.startswith("d:"):
        return len(_decimal(arrow_format, None))
    if arrow_format == "w:16":
        return 16
    return 4 if arrow_format in ("f", "tdD") or arrow_format.startswith(("tts", "ttm")) else 8


def _fixed(arrow_format: str, value: str) -> bytes:
    if arrow_format in _INTEGERS:
        return struct.pack(f"={_INTEGERS[arrow_format]}", int(value))
    if arrow_format in "fg":
        return _float(arrow_format, value)
    if arrow_format.startswith("d:"):
        return _decimal(arrow_format, value)
    if arrow_format == "w:16":
        return uuid.UUID(value).bytes
    if arrow_format == "tdD":
        return struct.pack("=i", days_of(value))
    if arrow_format.startswith("tt"):
        unit = arrow_format[2]
        return struct.pack("=i" if unit in "sm" else "=q", time_of(value, unit))
    if arrow_format.startswith("ts"):
        return struct.pack("=q", timestamp_of(value, arrow_format[2]))
    raise ValueError(f"no parameter of the Arrow format {arrow_format!r}")


def _float(arrow_format: str, value: str) -> bytes:
    size = 4 if arrow_format == "f" else 8
    quiet_nan = "7fc00000" if size == 4 else "7ff8000000000000"
    bits = int(quiet_nan if value == "nan" else value.removeprefix("0x"), 16)
    return struct.pack("=I" if size == 4 else "=Q", bits)


def _decimal(arrow_format: str, value: str | None) -> bytes:
    parts = arrow_format[2:].split(",")
    scale, size = int(parts[1]), int(parts[2]) // 8 if len(parts) > 2 else 16
    if value is None:
        return bytes(size)
    whole, _, fraction = value.partition(".")
    if len(fraction) != scale:
        raise ValueError(f"{value!r} does not have {scale} digits of fraction")
    return int(whole + fraction).to_bytes(size, "little", signed=True)
