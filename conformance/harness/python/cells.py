"""Cells of the protocol as Python's objects and Arrow's arrays, and back."""

from __future__ import annotations

import datetime
import math
import struct
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import odbc_engine
import pyarrow
from odbc_engine import Batch, Column

from conformance.harness.protocol import Fault

_FLOATS = {"g": ">d", "f": ">f"}
_FRACTION_DIGITS = {"s": 0, "m": 3, "u": 6, "n": 9}
_EPOCH = datetime.date(1970, 1, 1).toordinal()
# What datetime can hold, in days since 1970.
_DAYS = range(1 - _EPOCH, datetime.date.max.toordinal() + 1 - _EPOCH)
_SECONDS_PER_DAY = 86_400

Reply = dict[str, Any]
Cell = str | None
Params = list[Reply] | dict[str, Reply]
Rows = list[tuple[Any, ...]]


def rows_of(batch: Batch, columns: list[Column]) -> list[list[Cell]]:
    try:
        return cells_of(batch.rows(), columns)
    except odbc_engine.DataError as error:
        pairs = list(zip(pyarrow.record_batch(batch).columns, columns, strict=True))
        if not any(pair[1].name == error.column and _beyond_python(*pair) for pair in pairs):
            raise
        cells = [_arrow_cells(*pair) for pair in pairs]
        return [list(row) for row in zip(*cells, strict=True)]


def _beyond_python(array: Any, column: Column) -> bool:
    """Whether a column holds a year or a fraction of a second that Python has no object for."""
    arrow_format = column.format
    if not arrow_format.startswith("t"):
        return False
    values = array.view(f"int{array.type.bit_width}").to_pylist()
    counts = [count for count in values if count is not None]
    if arrow_format == "tdD":
        return any(count not in _DAYS for count in counts)
    if arrow_format[2] == "n" and any(count % 1000 for count in counts):
        return True
    per_day = 10 ** _FRACTION_DIGITS[arrow_format[2]] * _SECONDS_PER_DAY
    return any(count // per_day not in _DAYS for count in counts)


def cells_of(rows: Rows, columns: list[Column]) -> list[list[Cell]]:
    convert = [_cell_of(column.format) for column in columns]
    return [
        [None if value is None else cell(value) for cell, value in zip(convert, row, strict=True)]
        for row in rows
    ]


def _cell_of(arrow_format: str) -> Callable[[Any], str]:
    """How a Python object of a column becomes a cell."""
    match arrow_format[0]:
        case "b":
            return lambda value: "true" if value else "false"
        case "g" | "f":
            return lambda value: _float_cell(value, _FLOATS[arrow_format])
        case "z":
            return bytes.hex
        case "t" if arrow_format == "tdD":
            return datetime.date.isoformat
        case "t":
            zone = "Z" if arrow_format.endswith(":UTC") else ""
            digits = _FRACTION_DIGITS[arrow_format[2]]
            return lambda value: _clock_cell(value, digits) + zone
        case _:
            return lambda value: format(value, "f") if isinstance(value, Decimal) else str(value)


def _float_cell(value: float, layout: str) -> str:
    return "nan" if math.isnan(value) else "0x" + struct.pack(layout, value).hex()


def _clock_cell(value: datetime.time | datetime.datetime, digits: int) -> str:
    text = value.replace(tzinfo=None).isoformat(timespec="microseconds")
    seconds, _, micros = text.partition(".")
    return f"{seconds}.{micros.ljust(9, '0')[:digits]}" if digits else seconds


def _arrow_cells(array: Any, column: Column) -> list[Cell]:
    if column.format.startswith("t"):
        texts = array.cast(pyarrow.string()).to_pylist()
        return [None if text is None else text.replace(" ", "T") for text in texts]
    cell = _cell_of(column.format)
    return [None if value is None else cell(value) for value in array.to_pylist()]


def parameters(params: Params) -> list[object] | dict[str, object]:
    if isinstance(params, dict):
        return {name: _parameter(param["type"], param["value"]) for name, param in params.items()}
    return [_parameter(param["type"], param["value"]) for param in params]


def _parameter(arrow_format: str, cell: Cell) -> object:
    if cell is None:
        return None
    parse = _PARSERS.get("d" if arrow_format.startswith("d:") else arrow_format)
    if parse is None:
        raise Fault(f"no parameters of the type {arrow_format}")
    try:
        return parse(cell)
    except ValueError as error:
        raise Fault(f"Python has no {arrow_format} {cell}: {error}") from error


def _field(name: str, arrow_format: str) -> Any:
    if arrow_format.startswith("d:"):
        precision, scale = map(int, arrow_format[2:].split(","))
        return pyarrow.field(name, pyarrow.decimal128(precision, scale))
    if arrow_format not in _ARROW_TYPES:
        raise Fault(f"no rows of the type {arrow_format}")
    return pyarrow.field(name, _ARROW_TYPES[arrow_format])


def reader(fields: list[dict[str, str]], rows: list[list[Cell]], batch_rows: int) -> Any:
    schema = pyarrow.schema([_field(field["name"], field["type"]) for field in fields])
    pieces = (rows[at : at + batch_rows] for at in range(0, len(rows), batch_rows))
    batches = (_batch(schema, fields, piece) for piece in pieces)
    return pyarrow.RecordBatchReader.from_batches(schema, batches)


def _batch(schema: Any, fields: list[dict[str, str]], rows: list[list[Cell]]) -> Any:
    columns = [
        pyarrow.array([_parameter(field["type"], row[index]) for row in rows], column.type)
        for index, (field, column) in enumerate(zip(fields, schema, strict=True))
    ]
    return pyarrow.record_batch(columns, schema=schema)


def _float(cell: str) -> float:
    if cell == "nan":
        return math.nan
    (value,) = struct.unpack(">d", bytes.fromhex(cell.removeprefix("0x")))
    return float(value)


_PARSERS: dict[str, Callable[[str], object]] = {
    "b": lambda cell: cell == "true",
    "l": int,
    "g": _float,
    "u": str,
    "z": bytes.fromhex,
    "d": Decimal,
    "tdD": datetime.date.fromisoformat,
    "ttu": datetime.time.fromisoformat,
    "tsu:": datetime.datetime.fromisoformat,
    "tsu:UTC": datetime.datetime.fromisoformat,
    "w:16": uuid.UUID,
}

_ARROW_TYPES: dict[str, Any] = {
    "n": pyarrow.null(),
    "b": pyarrow.bool_(),
    "l": pyarrow.int64(),
    "g": pyarrow.float64(),
    "u": pyarrow.string(),
    "z": pyarrow.binary(),
    "tdD": pyarrow.date32(),
    "ttu": pyarrow.time64("us"),
    "tsu:": pyarrow.timestamp("us"),
    "tsu:UTC": pyarrow.timestamp("us", "UTC"),
    "w:16": pyarrow.uuid(),
}
