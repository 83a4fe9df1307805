"""Fetching for a task that may be cancelled: rows that it does not get are given back."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from odbc_engine.aio.waiting import Waiting
from odbc_engine.aio.worker import Worker
from odbc_engine.cursor import Cursor
from odbc_engine.stream import Stream

Arguments = ParamSpec("Arguments")
Rows = TypeVar("Rows")


class Read(Generic[Rows]):
    """What one fetch has read of a stream."""

    def __init__(self, rows: Rows, count: int, stream: Stream) -> None:
        self.rows = rows
        self._count = count
        self._stream = stream._native
        self._end = self._stream.position()

    def give_back(self) -> None:
        """Lets the next fetch read them again, or raise an error where it cannot."""
        self._stream.give_back(self._end, self._count)


async def take(worker: Worker, read: Callable[[], Read[Rows]], stop: Callable[[], object]) -> Rows:
    """The rows that ``read`` gives, unless the task is cancelled."""
    return (await worker.do(read, stop=stop, discard=Read.give_back)).rows


def taken(
    method: Callable[Concatenate[Cursor, Arguments], Rows], count: Callable[[Rows], int]
) -> Callable[Concatenate[Waiting[Cursor], Arguments], Coroutine[Any, Any, Rows]]:
    """The method that fetches, to be awaited; ``count`` tells how many rows it gave."""

    @functools.wraps(method)
    async def call(
        self: Waiting[Cursor], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Rows:
        def read() -> Read[Rows]:
            rows = method(self._sync, *args, **kwargs)
            return Read(rows, count(rows), self._sync._reading())

        return await take(self._worker, read, self._stop)

    return call
