"""The conformance harness of the asyncio API: the synchronous one, with its calls awaited."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable
from typing import Any, Self

from odbc_engine import aio

from conformance.harness.python import harness

_OBJECTS = (aio.Connection, aio.Cursor, aio.Pool, aio.Stream)


class _Awaited:
    """An object of the asyncio API, used as one of the synchronous API."""

    def __init__(self, runner: asyncio.Runner, wrapped: Any) -> None:
        self.__dict__.update(_runner=runner, _object=wrapped)

    def _plain(self, value: Any) -> Any:
        if inspect.isawaitable(value):
            value = _run(self._runner, value)
        return _Awaited(self._runner, value) if isinstance(value, _OBJECTS) else value

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._object, name)
        if not callable(value):
            return self._plain(value)
        return lambda *args, **kwargs: self._plain(value(*args, **kwargs))

    def __setattr__(self, name: str, value: Any) -> None:
        setter: Callable[[Any], Any] | None = getattr(self._object, f"set_{name}", None)
        if setter is None:
            setattr(self._object, name, value)
        else:
            self._plain(setter(value))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._plain(self._object.__aexit__(*raised))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        try:
            return self._plain(anext(self._object))
        except StopAsyncIteration:
            raise StopIteration from None


async def _result(value: Any) -> Any:
    return await value


def _run(runner: asyncio.Runner, value: Any) -> Any:
    """What is awaited, in the context of the caller and not in that of the runner's making."""
    return runner.run(_result(value), context=contextvars.copy_context())


class Harness(harness.Harness):
    """The same operations, each run by an event loop until it is done."""

    name = "python-aio"

    def __init__(self, runner: asyncio.Runner) -> None:
        super().__init__()
        self._runner = runner

    def connect(self, connection_string: str, **options: Any) -> Any:
        return self._opened(aio.connect(connection_string, **options))

    def pool(self, connection_string: str, **options: Any) -> Any:
        return self._opened(aio.Pool(connection_string, **options))

    def _opened(self, opening: Any) -> _Awaited:
        return _Awaited(self._runner, _run(self._runner, opening))


def main() -> None:
    with asyncio.Runner() as runner:
        harness.run(Harness(runner))


if __name__ == "__main__":
    main()
