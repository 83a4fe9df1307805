"""Objects of the synchronous API, whose calls are awaited."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar

from odbc_engine.aio.worker import Worker

Object = TypeVar("Object")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Waiting(Generic[Object]):
    """An object whose calls are done by a worker, while the event loop goes on."""

    def __init__(self, sync: Object, worker: Worker) -> None:
        self._sync = sync
        self._worker = worker

    def _stop(self) -> object:
        """Makes the running call end; called when its task is cancelled."""
        raise NotImplementedError

    async def _do(self, work: Callable[[Object], Result]) -> Result:
        return await self._worker.do(functools.partial(work, self._sync), stop=self._stop)


Kind = TypeVar("Kind", bound=Waiting[Any])


def awaited(
    method: Callable[Concatenate[Object, Arguments], Result],
) -> Callable[Concatenate[Waiting[Object], Arguments], Coroutine[Any, Any, Result]]:
    """The method, to be awaited."""

    @functools.wraps(method)
    async def call(
        self: Waiting[Object], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        return await self._do(lambda sync: method(sync, *args, **kwargs))

    return call


def chained(
    method: Callable[Concatenate[Any, Arguments], object],
) -> Callable[Concatenate[Kind, Arguments], Coroutine[Any, Any, Kind]]:
    """The method, to be awaited; it returns its object."""

    @functools.wraps(method)
    async def call(self: Kind, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Kind:
        await self._do(lambda sync: method(sync, *args, **kwargs))
        return self

    return call


class Closing(Protocol):
    """What an ``async with`` takes."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


Opened = TypeVar("Opened", bound=Closing)


class Opening(Generic[Opened]):
    """What is being opened: ``await`` it, or use it in an ``async with``, which closes it again."""

    def __init__(self, opening: Coroutine[Any, Any, Opened]) -> None:
        self._opening = opening
        self._opened: Opened | None = None

    def __await__(self) -> Generator[Any, Any, Opened]:
        return self._opening.__await__()

    async def __aenter__(self) -> Opened:
        self._opened = await self._opening
        return await self._opened.__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._opened is not None
        await self._opened.__aexit__(exc_type, exc, traceback)
