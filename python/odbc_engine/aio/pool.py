"""The pool of the asyncio API."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Any, Self, Unpack

import odbc_engine.pool
from odbc_engine.aio.connection import Connection, opened
from odbc_engine.aio.waiting import Opening
from odbc_engine.aio.worker import Worker
from odbc_engine.bulk import BulkResult, ColumnTypes, Rows
from odbc_engine.options import BulkParallelOptions, PoolOptions, PoolSizes


class Pool:
    """Connections to one database, lent to one borrower after another.

    The arguments are those of :class:`odbc_engine.Pool`. ``await Pool(...)`` opens it; so does
    ``async with Pool(...) as pool``, which closes it as well.
    """

    def __init__(self, connection_string: str, **options: Unpack[PoolOptions]) -> None:
        self._opening = lambda: odbc_engine.pool.Pool(connection_string, **options)
        self._opened: odbc_engine.pool.Pool | None = None
        self._worker = Worker()

    async def _open(self) -> Self:
        if self._opened is None:
            opening = self._worker.do(self._opening, discard=odbc_engine.pool.Pool.close)
            self._opened = await opening
        return self

    def __await__(self) -> Generator[Any, Any, Self]:
        return self._open().__await__()

    @property
    def _sync(self) -> odbc_engine.pool.Pool:
        if self._opened is None:
            raise RuntimeError("the pool is not open: await it, or use it in an async with")
        return self._opened

    def acquire(self) -> Opening[Connection]:
        """Borrows a connection; ``await`` it, or use it in an ``async with``, which gives it back.

        Others run meanwhile, also where this one has to wait.
        """
        return Opening(opened(self._sync.acquire))

    async def bulk_insert_parallel(
        self,
        table: str,
        data: Rows,
        *,
        columns: Iterable[str] | None = None,
        types: ColumnTypes | None = None,
        **options: Unpack[BulkParallelOptions],
    ) -> BulkResult:
        """Inserts rows over several connections at once: see :class:`odbc_engine.Pool`.

        Cancelling the task stops all such inserts of this pool.
        """
        sync = self._sync
        insert = functools.partial(sync.bulk_insert_parallel, table, data, **options)
        return await Worker().do(lambda: insert(columns=columns, types=types), stop=self.cancel)

    def cancel(self) -> None:
        """Asks all inserts over several connections that run to stop, without waiting."""
        self._sync.cancel()

    @property
    def state(self) -> dict[str, Any]:
        """How many connections there are, idle, in use and waited for, and what became of them."""
        return self._sync.state

    async def resize(self, **sizes: Unpack[PoolSizes]) -> None:
        """Changes the sizes; what is too many is closed when it is given back."""
        sync = self._sync
        await self._worker.do(lambda: sync.resize(**sizes))

    async def close(self) -> None:
        """Lends no more, and waits up to ``acquire_timeout_ms`` for what is lent to come back."""
        await self._closed(odbc_engine.pool.Pool.close)

    async def _closed(self, close: Callable[[odbc_engine.pool.Pool], None]) -> None:
        sync = self._sync
        try:
            await self._worker.do(lambda: close(sync))
        finally:
            self._worker.end()

    async def __aenter__(self) -> Self:
        return await self._open()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._closed(lambda sync: sync.__exit__(exc_type, exc, traceback))
