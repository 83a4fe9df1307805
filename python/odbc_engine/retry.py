"""Trying again what may succeed then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from odbc_engine.errors import Error, ErrorKind

Result = TypeVar("Result")

# Seconds before the second attempt; each later pause is twice as long, up to the longest.
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 1.0


def is_retryable(error: Error) -> bool:
    """Whether the same may succeed later."""
    return error.retryable


def is_conflict(error: Error) -> bool:
    """Whether a transaction met another one, so that it may succeed anew."""
    return error.retryable and error.kind is ErrorKind.TRANSACTION


def pauses(attempts: int) -> Iterator[float]:
    """How many seconds to wait after each attempt but the last."""
    if attempts < 1:
        raise ValueError(f"attempts must be at least 1, not {attempts}")
    pause = _FIRST_PAUSE
    for _ in range(attempts - 1):
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


def retry(
    work: Callable[[], Result],
    *,
    attempts: int = 5,
    when: Callable[[Error], bool] = is_retryable,
) -> Result:
    """Calls ``work``, up to ``attempts`` times in all while it fails and ``when`` says so.

    By default that is where the error is ``retryable``: a lost connection, a deadlock or a
    serialization failure. ``work`` must connect anew itself where the connection is lost.
    """
    for pause in pauses(attempts):
        try:
            return work()
        except Error as error:
            if not when(error):
                raise
        time.sleep(pause)
    return work()
