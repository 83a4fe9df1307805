"""Connections that are opened once and lent, one borrower after another."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self, Unpack

from odbc_engine import _native, bulk
from odbc_engine.bulk import BulkResult, ColumnTypes, Rows
from odbc_engine.connection import Connection
from odbc_engine.errors import Error
from odbc_engine.options import BulkParallelOptions, PoolOptions, PoolSizes, encode, encode_pool


class Pool:
    """Connections to one database, lent to one borrower after another; any thread may borrow.

    Options are those of a pool (``size_min``, ``size_max``, ``acquire_timeout_ms``,
    ``idle_timeout_ms``, ``lifetime_ms``, ``validation_query``), and those of :func:`connect` for
    its connections. As a context manager it closes when the block ends; where that raises, without
    waiting for what is lent.

    >>> import odbc_engine
    >>> with odbc_engine.Pool("Driver=SQLite3;Database=:memory:", size_max=4) as pool:
    ...     with pool.acquire() as connection:
    ...         connection.execute("SELECT 1").fetchone()
    (1,)
    """

    def __init__(self, connection_string: str, **options: Unpack[PoolOptions]) -> None:
        self._native = _native.Pool.open(connection_string, encode_pool(options))

    def acquire(self) -> Connection:
        """Borrows a connection that works; closing it, or a ``with``, gives it back.

        Waits for one up to ``acquire_timeout_ms``; then it is an error of kind ``TIMEOUT``. What
        the borrower did not commit is rolled back, and what it set is set back, before the next one
        has the connection.
        """
        return Connection(self._native.acquire())

    def bulk_insert_parallel(
        self,
        table: str,
        data: Rows,
        *,
        columns: Iterable[str] | None = None,
        types: ColumnTypes | None = None,
        **options: Unpack[BulkParallelOptions],
    ) -> BulkResult:
        """Inserts rows over several connections at once; ``data`` is as in ``bulk_insert``.

        Each of up to ``parallelism`` connections inserts in a transaction of its own, which it
        commits when there are no more rows, or after ``commit_every_rows``. So a failure may come
        when others have committed already; the exception then tells in ``bulk`` which rows are in
        the table. ``stop_on_error=False`` leaves out only the pieces that fail. SQLite has one
        writer at a time, so one connection inserts there.
        """
        encoded = encode("bulk_insert", options)
        return bulk.insert(
            data,
            columns,
            lambda rows, names: self._native.bulk_insert_parallel(
                table, rows, names, types, encoded
            ),
        )

    def cancel(self) -> None:
        """Asks all inserts over several connections that run to stop, from any thread.

        It never waits. What they have not committed is undone, and each raises an error of kind
        ``CANCELLED``. Other calls are stopped on their connections.
        """
        self._native.cancel()

    @property
    def state(self) -> dict[str, Any]:
        """How many connections there are, idle, in use and waited for, and what became of them."""
        state: dict[str, Any] = json.loads(self._native.state())
        return state

    def resize(self, **sizes: Unpack[PoolSizes]) -> None:
        """Changes the sizes; what is too many is closed when it is given back."""
        self._native.resize(encode("pool_resize", sizes))

    def close(self) -> None:
        """Lends no more, and waits up to ``acquire_timeout_ms`` for what is lent to come back.

        Closing again does nothing but wait for that.
        """
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None:
            self.close()
            return
        # The block's own exception says more, and keeps alive what would be waited for.
        with contextlib.suppress(Error):
            self._native.shut()
