"""Whole results as the tables of other libraries, imported only when they are asked for."""

from __future__ import annotations

import importlib
from typing import Any

from odbc_engine import _native
from odbc_engine.stream import Stream


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
    _library("pandas")
    return pyarrow_table(stream).to_pandas()


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
