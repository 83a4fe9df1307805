"""Connections and their transactions."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self, Unpack

from odbc_engine import _native, errors
from odbc_engine.cursor import Cursor
from odbc_engine.errors import Diagnostic
from odbc_engine.options import ConnectionOptions, encode


def connect(connection_string: str, **options: Unpack[ConnectionOptions]) -> Connection:
    """Connects by an ODBC connection string, such as ``Driver=SQLite3;Database=my.db``.

    Options: ``login_timeout_ms`` (1 to 600,000; 15,000), ``read_only`` (False: whether the server
    shall refuse every write) and ``autocommit`` (False, as PEP 249 wants it; in the other languages
    it is on). Without autocommit, end a transaction by ``commit()`` or ``rollback()``, or use the
    connection in a ``with``.
    """
    encoded = encode({"autocommit": False, **options})
    return Connection(_native.Connection.open(connection_string, encoded))


class Connection:
    """A connection to a database; made by :func:`connect`.

    Threads may share it: one call runs at a time, and another waits for it without the GIL. A
    cursor belongs to one thread at a time.

    As a context manager it commits when the block ends, rolls back when the block raises, and
    closes in either case.
    """

    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(self, native: _native.Connection) -> None:
        self._native = native
        #: What the driver had to say when autocommit was last set.
        self.warnings: list[Diagnostic] = []

    def cursor(self) -> Cursor:
        """A new cursor."""
        if self.closed:
            raise _native.invalid_state("statement", "the connection is closed")
        return Cursor(self)

    def execute(self, sql: str, parameters: Iterable[object] | None = None) -> Cursor:
        """Executes a statement on a new cursor, and returns the cursor."""
        return self.cursor().execute(sql, parameters)

    def commit(self) -> None:
        """Makes what the transaction did last."""
        self._native.commit()

    def rollback(self) -> None:
        """Undoes what the transaction did."""
        self._native.rollback()

    @property
    def autocommit(self) -> bool:
        """Whether each statement commits by itself. Turning it on commits what is open."""
        return self._native.autocommit()

    @autocommit.setter
    def autocommit(self, on: bool) -> None:
        self.warnings = self._native.set_autocommit(on)

    @property
    def info(self) -> dict[str, Any]:
        """The database and the driver, by their own names and versions."""
        info: dict[str, Any] = json.loads(self._native.info())
        return info

    def capabilities(self) -> dict[str, Any]:
        """What this connection can do."""
        capabilities: dict[str, Any] = json.loads(self._native.capabilities())
        return capabilities

    @property
    def closed(self) -> bool:
        """Whether ``close()`` was called."""
        return self._native.is_closed()

    def close(self) -> None:
        """Rolls back what is not committed, and closes all cursors. Closing again does nothing."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            # Closing rolls back; should that fail, the block's own exception says more.
            with contextlib.suppress(errors.Error):
                self.close()
            return
        try:
            if not self.closed:
                self.commit()
        finally:
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<odbc_engine.Connection to {self.info.get('dbms_name')}, {state}>"
