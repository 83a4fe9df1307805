"""Typed, exact and stoppable access to databases over ODBC: PEP 249, with Arrow in and out.

>>> import odbc_engine
>>> with odbc_engine.connect("Driver=SQLite3;Database=:memory:") as connection:
...     connection.execute("SELECT 1, 'one'").fetchall()
[(1, 'one')]
"""

from odbc_engine._native import Batch, __version__
from odbc_engine.bulk import BulkResult
from odbc_engine.column import Column
from odbc_engine.connection import Connection, connect
from odbc_engine.cursor import Cursor
from odbc_engine.errors import (
    DatabaseError,
    DataError,
    Diagnostic,
    Error,
    ErrorKind,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from odbc_engine.pool import Pool
from odbc_engine.process import (
    build_connection_string,
    clear_all_statements,
    metrics,
    parse_connection_string,
    redact_connection_string,
    reset_metrics,
)
from odbc_engine.retry import retry
from odbc_engine.stream import Stream
from odbc_engine.types import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    TypeObject,
)

apilevel = "2.0"
#: Threads may share the module and connections, not cursors.
threadsafety = 2
#: A mapping of parameters is taken for :name and @name as well.
paramstyle = "qmark"

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Batch",
    "Binary",
    "BulkResult",
    "Column",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Diagnostic",
    "Error",
    "ErrorKind",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "Pool",
    "ProgrammingError",
    "Stream",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "TypeObject",
    "Warning",
    "__version__",
    "apilevel",
    "build_connection_string",
    "clear_all_statements",
    "connect",
    "metrics",
    "paramstyle",
    "parse_connection_string",
    "redact_connection_string",
    "reset_metrics",
    "retry",
    "threadsafety",
]
