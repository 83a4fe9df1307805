"""What a failure says beside its class."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from odbc_engine._native import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)

__all__ = [
    "DataError",
    "DatabaseError",
    "Diagnostic",
    "Error",
    "ErrorKind",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Warning",
]


class ErrorKind(IntEnum):
    """What went wrong. The numbers are the same in every language and never change."""

    INVALID_ARGUMENT = 1
    INVALID_STATE = 2
    UNSUPPORTED = 3
    CONNECTION = 4
    AUTHENTICATION = 5
    SYNTAX = 6
    CONSTRAINT = 7
    DATA = 8
    TRANSACTION = 9
    TIMEOUT = 10
    CANCELLED = 11
    TRUNCATED = 12
    LIMIT = 13
    DRIVER = 14
    INTERNAL = 15


class Diagnostic(NamedTuple):
    """One record of the driver or the driver manager: part of an error, or a warning."""

    sqlstate: str
    native_code: int
    message: str
