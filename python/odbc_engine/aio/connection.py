"""Connections of the asyncio API."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

import odbc_engine.connection
from odbc_engine import errors
from odbc_engine.aio.cursor import Cursor, Stream
from odbc_engine.aio.waiting import Opening, Waiting, awaited
from odbc_engine.aio.worker import Worker
from odbc_engine.errors import Diagnostic
from odbc_engine.options import (
    CatalogFilter,
    ConnectionOptions,
    StreamOptions,
    TransactionOptions,
)
from odbc_engine.retry import is_conflict, is_retryable, pauses

if TYPE_CHECKING:
    from odbc_engine._native import Parameters

Result = TypeVar("Result")
_Sync = odbc_engine.connection.Connection


def connect(connection_string: str, **options: Unpack[ConnectionOptions]) -> Opening[Connection]:
    """Connects; the arguments are those of :func:`odbc_engine.connect`.

    ``await connect(...)`` gives the connection; ``async with connect(...) as connection`` closes it
    as well.
    """
    return Opening(opened(lambda: odbc_engine.connection.connect(connection_string, **options)))


async def opened(opening: Callable[[], _Sync]) -> Connection:
    """The connection that ``opening`` gives, with a worker of its own."""
    worker = Worker()
    try:
        return Connection(await worker.do(opening, discard=_Sync.close), worker)
    except BaseException:
        worker.end()
        raise


class Connection(Waiting[_Sync]):
    """A connection to a database; made by :func:`connect` or a pool.

    Its methods are those of :class:`odbc_engine.Connection`, awaited. They are done one after the
    other by a thread of its own. Cancelling a task that awaits one stops the call on the server;
    the connection is usable afterwards.
    """

    bulk_insert = awaited(_Sync.bulk_insert)
    begin = awaited(_Sync.begin)
    commit = awaited(_Sync.commit)
    rollback = awaited(_Sync.rollback)
    savepoint = awaited(_Sync.savepoint)
    rollback_to_savepoint = awaited(_Sync.rollback_to_savepoint)
    release_savepoint = awaited(_Sync.release_savepoint)
    clear_statements = awaited(_Sync.clear_statements)

    def cancel(self) -> None:
        """Asks everything that runs on this connection to stop, without waiting."""
        self._sync.cancel()

    def _stop(self) -> None:
        self.cancel()

    def cursor(self) -> Cursor:
        """A new cursor."""
        return Cursor(self, self._sync.cursor(), self._worker)

    async def execute(self, sql: str, parameters: Parameters | None = None) -> Cursor:
        """Executes a statement on a new cursor, and returns the cursor."""
        return await self.cursor().execute(sql, parameters)

    async def catalog(self, function: str, **choose: Unpack[CatalogFilter]) -> Cursor:
        """Asks what the database holds; the new cursor has the answer as its result."""
        sync = await self._do(lambda sync: sync.catalog(function, **choose))
        return Cursor(self, sync, self._worker)

    def query_parts(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        partition_on: str | None = None,
        predicates: Iterable[str] = (),
        connections: int | None = None,
        **limits: Unpack[StreamOptions],
    ) -> Stream:
        """Reads a query in parts over connections of their own at once."""
        return Stream(
            lambda: self._sync.query_parts(
                sql,
                parameters,
                partition_on=partition_on,
                predicates=predicates,
                connections=connections,
                **limits,
            ),
            self.cancel,
            self._worker,
        )

    def query_pages(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        key: str,
        page_rows: int = 100_000,
        **limits: Unpack[StreamOptions],
    ) -> Stream:
        """Reads a query page by page in the order of ``key``, in bounded memory on any driver."""
        return Stream(
            lambda: self._sync.query_pages(sql, parameters, key=key, page_rows=page_rows, **limits),
            self.cancel,
            self._worker,
        )

    @contextlib.asynccontextmanager
    async def transaction(self, **options: Unpack[TransactionOptions]) -> AsyncIterator[Self]:
        """A transaction for an ``async with``: committed at its end, rolled back if it raises.

        What was begun in the block and left open ends with it.
        """
        sync = self._sync

        def roll_back(around: int) -> None:
            sync._end(around, sync.rollback)

        def commit(around: int) -> None:
            # One job, so that a task which is cancelled meanwhile waits for neither.
            try:
                sync._end(around, sync.commit)
            except BaseException:
                with contextlib.suppress(errors.Error):
                    roll_back(around)
                raise

        # A task that is cancelled leaves nothing open behind it, and what was to be committed is.
        around = await self._worker.do(lambda: sync._begin(options), discard=roll_back)
        try:
            yield self
        except BaseException:
            # What the block raised says more than a failure to roll back.
            with contextlib.suppress(errors.Error):
                await self._worker.do(lambda: roll_back(around))
            raise
        await self._worker.do(lambda: commit(around))

    async def run_in_transaction(
        self,
        work: Callable[[Self], Awaitable[Result]],
        *,
        attempts: int = 5,
        **options: Unpack[TransactionOptions],
    ) -> Result:
        """Awaits ``work(connection)`` in a transaction, which is committed if it returns.

        A deadlock or a serialization failure is tried again, up to ``attempts`` times in all,
        unless this is within another transaction, which has to be tried again as a whole.
        """
        if await self._do(lambda sync: sync._native.transaction_depth()) > 0:
            attempts = 1

        async def attempt() -> Result:
            async with self.transaction(**options):
                return await work(self)

        return await retry(attempt, attempts=attempts, when=is_conflict)

    @property
    def autocommit(self) -> Coroutine[Any, Any, bool]:
        """Whether each statement commits by itself; awaited."""
        return self._do(lambda sync: sync.autocommit)

    async def set_autocommit(self, on: bool) -> None:
        """Turns autocommit on, which commits what is open, or off."""
        await self._do(lambda sync: setattr(sync, "autocommit", on))

    @property
    def warnings(self) -> list[Diagnostic]:
        """What the driver had to say when autocommit was last set."""
        return self._sync.warnings

    @property
    def info(self) -> dict[str, Any]:
        """The database and the driver, by their own names and versions."""
        return self._sync.info

    def capabilities(self) -> dict[str, Any]:
        """What this connection can do."""
        return self._sync.capabilities()

    @property
    def closed(self) -> bool:
        """Whether ``close()`` was called."""
        return self._sync.closed

    async def close(self) -> None:
        """Rolls back what is not committed, and closes all cursors. Closing again does nothing."""
        await self._closed(_Sync.close)

    async def _closed(self, close: Callable[[_Sync], None]) -> None:
        try:
            # Nothing stops it: what it closes must be closed.
            await self._worker.do(lambda: close(self._sync))
        finally:
            self._worker.end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._closed(lambda sync: sync.__exit__(exc_type, exc, traceback))

    def __repr__(self) -> str:
        return repr(self._sync).replace("odbc_engine.", "odbc_engine.aio.", 1)


async def retry(
    work: Callable[[], Awaitable[Result]],
    *,
    attempts: int = 5,
    when: Callable[[errors.Error], bool] = is_retryable,
) -> Result:
    """Awaits ``work()``, up to ``attempts`` times in all, as :func:`odbc_engine.retry` does."""
    for pause in pauses(attempts):
        try:
            return await work()
        except errors.Error as error:
            if not when(error):
                raise
        await asyncio.sleep(pause)
    return await work()
