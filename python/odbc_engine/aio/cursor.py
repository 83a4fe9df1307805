"""Cursors and streams of the asyncio API."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, Unpack

import odbc_engine.cursor
import odbc_engine.stream
from odbc_engine import _native
from odbc_engine._native import Batch
from odbc_engine.aio.taking import Read, take, taken
from odbc_engine.aio.waiting import Waiting, awaited, chained
from odbc_engine.aio.worker import Worker
from odbc_engine.column import Column, Description
from odbc_engine.errors import Diagnostic
from odbc_engine.options import StreamOptions
from odbc_engine.stream import Progress

if TYPE_CHECKING:
    from odbc_engine.aio.connection import Connection

Result = TypeVar("Result")
_Sync = odbc_engine.cursor.Cursor


def _closed() -> NoReturn:
    raise _native.invalid_state("fetch", "the stream is closed")


class Stream:
    """What is left of a result, in batches: ``async for batch in stream``.

    The next batch is fetched when it is asked for, or one ahead; a consumer that takes its time
    keeps the driver waiting, and memory bounded.
    """

    def __init__(
        self,
        opening: Callable[[], odbc_engine.stream.Stream],
        stop_opening: Callable[[], object],
        worker: Worker,
    ) -> None:
        self._opening = opening
        self._stop_opening = stop_opening
        self._opened: odbc_engine.stream.Stream | None = None
        self._worker = worker

    def _open(self) -> odbc_engine.stream.Stream:
        if self._opened is None:
            self._opened = self._opening()
        return self._opened

    async def _do(self, work: Callable[[odbc_engine.stream.Stream], Result]) -> Result:
        return await self._worker.do(lambda: work(self._open()), stop=self._stop)

    def _stop(self) -> None:
        if self._opened is None:
            self._stop_opening()
        else:
            self._opened.cancel()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        def read() -> Read[Batch | None]:
            sync = self._open()
            batch = next(sync, None)
            return Read(batch, batch.num_rows if batch else 0, sync)

        batch = await take(self._worker, read, self._stop)
        if batch is None:
            raise StopAsyncIteration
        return batch

    @property
    def columns(self) -> Coroutine[Any, Any, list[Column]]:
        """The columns of the result, with their exact types; awaited."""
        return self._do(lambda sync: sync.columns)

    @property
    def warnings(self) -> list[Diagnostic]:
        """What the driver had to say while rows were fetched, so far."""
        return self._opened.warnings if self._opened else []

    @property
    def progress(self) -> Progress:
        """How far the stream has come."""
        return self._opened.progress if self._opened else Progress(0, 0, 0.0)

    def cancel(self) -> None:
        """Asks the stream to stop, without waiting."""
        self._stop()

    async def close(self) -> None:
        """Lets go of the rest of the result. Closing again does nothing."""
        await self._worker.do(self._close)

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opening = _closed

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class Cursor(Waiting[_Sync]):
    """A statement and its result; made by ``Connection.cursor()``.

    Its methods are those of :class:`odbc_engine.Cursor`, awaited; rows come by ``async for``.
    """

    def __init__(self, connection: Connection, sync: _Sync, worker: Worker) -> None:
        super().__init__(sync, worker)
        self._connection = connection

    prepare = chained(_Sync.prepare)
    execute = chained(_Sync.execute)
    executemany = chained(_Sync.executemany)
    callproc = awaited(_Sync.callproc)
    nextset = awaited(_Sync.nextset)
    fetchone = taken(_Sync.fetchone, lambda row: 0 if row is None else 1)
    fetchmany = taken(_Sync.fetchmany, len)
    fetchall = taken(_Sync.fetchall, len)
    fetch_pyarrow = taken(_Sync.fetch_pyarrow, len)
    fetch_polars = taken(_Sync.fetch_polars, len)
    fetch_pandas = taken(_Sync.fetch_pandas, len)

    async def close(self) -> None:
        """Closes the statement and its result. Closing again does nothing."""
        # Nothing stops it: what it closes must be closed.
        await self._worker.do(self._sync.close)

    def stream(self, **limits: Unpack[StreamOptions]) -> Stream:
        """What is left of the result, in batches of Arrow columns: see ``odbc_engine.Cursor``."""
        result = self._sync._result

        def opening() -> odbc_engine.stream.Stream:
            return self._sync.stream(**limits) if self._sync._result == result else _closed()

        return Stream(opening, self.cancel, self._worker)

    def fetch_arrow(self) -> Stream:
        """What is left of the result, in batches of Arrow columns."""
        return self.stream()

    def cancel(self) -> None:
        """Asks the running call, and the result that is being read, to stop, without waiting."""
        self._sync.cancel()

    def _stop(self) -> None:
        self.cancel()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[Any, ...]:
        row = self._sync._converted() or await self.fetchone()
        if row is None:
            raise StopAsyncIteration
        return row

    @property
    def connection(self) -> Connection:
        """The connection that made this cursor."""
        return self._connection

    @property
    def columns(self) -> Coroutine[Any, Any, list[Column]]:
        """The columns of the result, with their exact types; awaited."""
        return self._do(lambda sync: sync.columns)

    @property
    def description(self) -> Coroutine[Any, Any, list[Description] | None]:
        """The columns of the result by PEP 249; awaited."""
        return self._do(lambda sync: sync.description)

    @property
    def column_count(self) -> int:
        """How many columns the result has; 0 if there is no result."""
        return self._sync.column_count

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed; -1 for a query, or where nobody knows."""
        return self._sync.rowcount

    @property
    def warnings(self) -> list[Diagnostic]:
        """What the driver had to say beside success, so far."""
        return self._sync.warnings

    @property
    def outputs(self) -> dict[str, Any]:
        """What the last ``callproc`` gave back in parameters, by their names."""
        return self._sync.outputs

    @property
    def query_timeout_ms(self) -> int | None:
        """How long an execution, or the fetching of a batch, may take; 0 is no limit."""
        return self._sync.query_timeout_ms

    @query_timeout_ms.setter
    def query_timeout_ms(self, query_timeout_ms: int | None) -> None:
        self._sync.query_timeout_ms = query_timeout_ms

    @property
    def arraysize(self) -> int:
        """How many rows ``fetchmany`` fetches unless told otherwise."""
        return self._sync.arraysize

    @arraysize.setter
    def arraysize(self, rows: int) -> None:
        self._sync.arraysize = rows

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
