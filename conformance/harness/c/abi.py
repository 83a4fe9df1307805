"""The functions of odbc_engine.h, called by ctypes with nothing in between."""

from __future__ import annotations

import ctypes
import json
from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any

from .arrow_structs import ArrowArray, ArrowArrayStream, ArrowSchema

ABI_VERSION = 2

# By their numbers; 0 is no kind.
KINDS = [
    "",
    "InvalidArgument",
    "InvalidState",
    "Unsupported",
    "Connection",
    "Authentication",
    "Syntax",
    "Constraint",
    "Data",
    "Transaction",
    "Timeout",
    "Cancelled",
    "Truncated",
    "Limit",
    "Driver",
    "Internal",
]


class Diagnostic(ctypes.Structure):
    _fields_ = [("sqlstate", c_char_p), ("native_code", c_int32), ("message", c_char_p)]


class Error(ctypes.Structure):
    pass


Error._fields_ = [
    ("kind", c_int32),
    ("native_code", c_int32),
    ("sqlstate", c_char * 8),
    ("retryable", c_int32),
    ("row", c_int64),
    ("operation", c_char_p),
    ("message", c_char_p),
    ("column", c_char_p),
    ("records", POINTER(Diagnostic)),
    ("record_count", c_uint64),
    ("release", ctypes.CFUNCTYPE(None, POINTER(Error))),
    ("private_data", c_void_p),
    ("details", c_char_p),
]


class Text(ctypes.Structure):
    pass


Text._fields_ = [
    ("data", c_void_p),
    ("length", c_uint64),
    ("release", ctypes.CFUNCTYPE(None, POINTER(Text))),
    ("private_data", c_void_p),
]


class Progress(ctypes.Structure):
    _fields_ = [("rows", c_uint64), ("bytes", c_uint64), ("elapsed_us", c_uint64)]


class Execution(ctypes.Structure):
    _fields_ = [("affected_rows", c_int64), ("column_count", c_int32), ("warning_count", c_int32)]


# Name and arguments of each fallible function; the error pointer comes behind them.
_TEXT = (c_char_p, c_uint64)
_HANDLE_OUT = POINTER(c_uint64)
_FALLIBLE = {
    "odbc_connection_open": (*_TEXT, *_TEXT, _HANDLE_OUT),
    "odbc_connection_close": (c_uint64,),
    "odbc_connection_set_trace_context": (c_uint64, *_TEXT),
    "odbc_connection_cancel": (c_uint64,),
    "odbc_connection_commit": (c_uint64,),
    "odbc_connection_rollback": (c_uint64,),
    "odbc_connection_begin": (c_uint64, *_TEXT),
    "odbc_connection_savepoint": (c_uint64, *_TEXT),
    "odbc_connection_rollback_to_savepoint": (c_uint64, *_TEXT),
    "odbc_connection_release_savepoint": (c_uint64, *_TEXT),
    "odbc_connection_set_autocommit": (c_uint64, c_int32),
    "odbc_connection_clear_statements": (c_uint64,),
    "odbc_connection_info": (c_uint64, POINTER(Text)),
    "odbc_connection_capabilities": (c_uint64, POINTER(Text)),
    "odbc_connection_string_build": (*_TEXT, POINTER(Text)),
    "odbc_connection_string_parse": (*_TEXT, POINTER(Text)),
    "odbc_connection_string_redact": (*_TEXT, POINTER(Text)),
    "odbc_metrics_read": (POINTER(Text),),
    "odbc_metrics_reset": (),
    "odbc_catalog_open": (c_uint64, *_TEXT, _HANDLE_OUT),
    "odbc_procedure_call": (
        c_uint64,
        *_TEXT,
        *(POINTER(ArrowSchema), POINTER(ArrowArray)) * 2,
        _HANDLE_OUT,
        POINTER(Execution),
    ),
    "odbc_parts_query": (
        c_uint64,
        *_TEXT,
        POINTER(ArrowSchema),
        POINTER(ArrowArray),
        *_TEXT * 2,
        _HANDLE_OUT,
    ),
    "odbc_pages_query": (
        c_uint64,
        *_TEXT,
        POINTER(ArrowSchema),
        POINTER(ArrowArray),
        *_TEXT * 2,
        _HANDLE_OUT,
    ),
    "odbc_bulk_insert": (c_uint64, *_TEXT, POINTER(ArrowArrayStream), *_TEXT, POINTER(Text)),
    "odbc_pool_open": (*_TEXT, *_TEXT, _HANDLE_OUT),
    "odbc_pool_set_trace_context": (c_uint64, *_TEXT),
    "odbc_pool_acquire": (c_uint64, _HANDLE_OUT),
    "odbc_pool_state": (c_uint64, POINTER(Text)),
    "odbc_pool_resize": (c_uint64, *_TEXT),
    "odbc_pool_cancel": (c_uint64,),
    "odbc_pool_close": (c_uint64,),
    "odbc_bulk_insert_parallel": (
        c_uint64,
        *_TEXT,
        POINTER(ArrowArrayStream),
        *_TEXT,
        POINTER(Text),
    ),
    "odbc_statement_open": (c_uint64, *_TEXT, _HANDLE_OUT),
    "odbc_statement_execute": (
        c_uint64,
        POINTER(ArrowSchema),
        POINTER(ArrowArray),
        POINTER(Execution),
    ),
    "odbc_statement_next_result": (c_uint64, POINTER(c_int32), POINTER(Execution)),
    "odbc_statement_warnings": (c_uint64, POINTER(Text)),
    "odbc_statement_cancel": (c_uint64,),
    "odbc_statement_set_query_timeout": (c_uint64, c_uint32),
    "odbc_statement_close": (c_uint64,),
    "odbc_stream_start": (c_uint64, *_TEXT, _HANDLE_OUT),
    "odbc_stream_schema": (c_uint64, POINTER(ArrowSchema)),
    "odbc_stream_fetch": (c_uint64, POINTER(ArrowArray)),
    "odbc_stream_warnings": (c_uint64, POINTER(Text)),
    "odbc_stream_progress": (c_uint64, POINTER(Progress)),
    "odbc_stream_cancel": (c_uint64,),
    "odbc_stream_close": (c_uint64,),
}


class EngineError(Exception):
    """What a call reported, as the protocol spells it."""

    def __init__(
        self, message: str, report: dict[str, Any], bulk: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.report = report
        self.bulk = bulk


def _reported(status: int, error: Error) -> EngineError:
    message = (error.message or b"").decode()
    details = json.loads(error.details) if error.details else {}
    return EngineError(
        message,
        {
            "kind": error.kind,
            "kind_name": KINDS[error.kind] if error.kind == status else f"status {status}",
            "sqlstate": error.sqlstate.decode() or None,
            "native_code": error.native_code if error.record_count else None,
            "operation": (error.operation or b"").decode(),
            "column": None if error.column is None else error.column.decode(),
            "row": None if error.row < 0 else error.row,
            "retryable": bool(error.retryable),
            "record_count": error.record_count,
            "message": message,
        },
        details.get("bulk"),
    )


class Library:
    """The shared library. Every fallible function is a method that raises EngineError."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))
        self._library.odbc_abi_version.restype = c_uint32
        self._library.odbc_engine_version.restype = c_char_p
        for name, arguments in _FALLIBLE.items():
            function = getattr(self._library, name)
            function.argtypes = (*arguments, POINTER(Error))
            function.restype = c_int32
        self._library.odbc_clear_all_statements.argtypes = ()
        self._library.odbc_clear_all_statements.restype = c_int32
        self.abi_version: int = self._library.odbc_abi_version()
        if self.abi_version != ABI_VERSION:
            raise SystemExit(
                f"{path} has ABI {self.abi_version}; this harness speaks {ABI_VERSION}"
            )
        self.version: str = self._library.odbc_engine_version().decode()

    @property
    def exports(self) -> ctypes.CDLL:
        """The library as ctypes has it."""
        return self._library

    def call(self, name: str, *arguments: Any) -> None:
        error = Error()
        status = getattr(self._library, name)(*arguments, byref(error))
        if status == 0:
            return
        try:
            raise _reported(status, error)
        finally:
            if error.release:
                error.release(byref(error))

    def open(self, name: str, *arguments: Any) -> int:
        """Calls a function whose last output is a handle."""
        handle = c_uint64()
        self.call(name, *arguments, byref(handle))
        return handle.value

    def clear_all_statements(self) -> int:
        """The one fallible function that reports by its status alone."""
        status: int = self._library.odbc_clear_all_statements()
        return status

    def text(self, name: str, *arguments: Any) -> str:
        """Calls a function whose last output is text."""
        text = Text()
        self.call(name, *arguments, byref(text))
        try:
            return ctypes.string_at(text.data, text.length).decode()
        finally:
            text.release(byref(text))

    def json(self, name: str, *arguments: Any) -> Any:
        """Calls a function whose last output is JSON text."""
        return json.loads(self.text(name, *arguments))


def utf8(text: str) -> tuple[bytes, int]:
    """Text as the pointer and length that the ABI takes."""
    data = text.encode()
    return data, len(data)


def options(values: dict[str, Any]) -> tuple[bytes | None, int]:
    """Options as JSON; none at all as the NULL pointer."""
    return utf8(json.dumps(values)) if values else (None, 0)
