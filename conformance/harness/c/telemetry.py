"""The otel functions of odbc_engine.h, called by ctypes."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from ctypes import c_char_p, c_int32, c_int64, c_uint64, c_void_p
from typing import Any

from .abi import KINDS, EngineError, utf8

_TEXT = (c_char_p, c_uint64)
_BUFFER = (c_void_p, c_uint64)


class Telemetry:
    """Telemetry of the process: codes become errors, whose reason the library keeps."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        for name in ("otel_init", "otel_export_trace"):
            self._declare(name, c_int32, _TEXT)
        for name in ("otel_export_trace_to_string", "otel_get_last_error"):
            self._declare(name, c_int64, _BUFFER)
        for name in ("otel_cleanup_strings", "otel_shutdown"):
            self._declare(name, c_int32, ())

    def _declare(self, name: str, result: type, arguments: tuple[Any, ...]) -> None:
        function = getattr(self._library, name)
        function.argtypes = arguments
        function.restype = result

    def init(self, options: dict[str, Any]) -> None:
        self._check("otel_init", self._library.otel_init(*utf8(json.dumps(options))))

    def export(self, spans: Any) -> None:
        code = self._library.otel_export_trace(*utf8(json.dumps(spans)))
        self._check("otel_export_trace", code)

    def finished(self) -> Any:
        name = "otel_export_trace_to_string"
        code, text = self._read(self._library.otel_export_trace_to_string)
        self._check(name, code)
        return json.loads(text)

    def last_error(self) -> str:
        return self._read(self._library.otel_get_last_error)[1]

    def cleanup(self) -> None:
        self._check("otel_cleanup_strings", self._library.otel_cleanup_strings())

    def shutdown(self) -> None:
        self._check("otel_shutdown", self._library.otel_shutdown())

    def _read(self, function: Callable[[Any, int], int]) -> tuple[int, str]:
        """A code, and the text that needs as much room as the function says."""
        length = function(None, 0)
        while length >= 0:
            buffer = ctypes.create_string_buffer(length + 1)
            needed = function(buffer, length + 1)
            if needed <= length:
                return 0, buffer.raw[: max(needed, 0)].decode()
            length = needed
        return -length, ""

    def _check(self, name: str, code: int) -> None:
        if code == 0:
            return
        reason = self.last_error().split("\n")[0]
        message = reason.removeprefix(f"{name}: ")
        kind = KINDS[code]
        raise EngineError(
            message,
            {
                "kind": code,
                "kind_name": kind,
                # As the engine marks what it refuses itself, and what may be tried again.
                "sqlstate": "HYC00" if kind == "Unsupported" else None,
                "native_code": None,
                "operation": name if message != reason else None,
                "column": None,
                "row": None,
                "retryable": kind == "Connection",
                "record_count": 0,
                "message": message,
            },
        )
