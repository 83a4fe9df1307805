"""Whole results as the tables of other libraries, imported only when they are asked for."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from odbc_engine import _native
from odbc_engine.stream import Stream

# Arrow's integers, and pandas' with NULL.
_NULLABLE = {
    f"{sign.lower()}int{bits}": f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)
}


def pyarrow_table(stream: Stream) -> Any:
    """The rest of a stream as a ``pyarrow.Table``."""
    return _read(stream, _library("pyarrow").table)


def polars_frame(stream: Stream) -> Any:
    """The rest of a stream as a ``polars.DataFrame``."""
    polars = _library("polars")
    for column in stream.columns:
        if column.format.startswith("d:") and column.format.endswith(",256"):
            message = f"polars has no decimal of more than 38 digits, as column {column.name!r} is"
            raise _native.unsupported("fetch", message)
    return _read(stream, polars.DataFrame)


def pandas_frame(stream: Stream) -> Any:
    """The rest of a stream as a ``pandas.DataFrame``."""
    pandas, pyarrow = _library("pandas"), _library("pyarrow")
    table = pyarrow_table(stream)
    columns = table.columns
    # NumPy's integers have no NULL, and doubles in their place would round: Int64 and its like do.
    nullable = {
        place: pandas.api.types.pandas_dtype(_NULLABLE[str(column.type)])
        for place, column in enumerate(columns)
        if column.null_count and str(column.type) in _NULLABLE
    }
    for place in nullable:
        # It takes little memory until its column takes its place.
        columns[place] = pyarrow.nulls(len(table), pyarrow.bool_()).fill_null(False)
    # Two columns may have one name.
    places = [str(place) for place in range(len(columns))]
    frame = pyarrow.table(columns, names=places).to_pandas()
    for place, of in nullable.items():
        # A type's own class reads the numbers as they are.
        frame.isetitem(place, table.column(place).to_pandas(types_mapper=lambda _, of=of: of))
    frame.columns = table.column_names
    return frame


def without_index(data: Any) -> Any:
    """Rows for an insert; a pandas frame without an index that has no name, which is no column."""
    pandas = sys.modules.get("pandas")
    frame = getattr(pandas, "DataFrame", None)
    if frame is None or not isinstance(data, frame) or any(data.index.names):
        return data
    return _library("pyarrow").Table.from_pandas(data, preserve_index=False)


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        message = f"this result needs {name}, which is not installed: pip install {name}"
        raise ModuleNotFoundError(message, name=name) from error


def _read(stream: Stream, build: Any) -> Any:
    try:
        return build(stream)
    except Exception as error:
        # The library saw no more than a message; the stream knows the kind and the SQLSTATE.
        failure = stream._native.failure()
        if failure is None:
            raise
        raise failure from error
