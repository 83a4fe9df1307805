"""The thread on which a connection's calls wait, so that the event loop does not."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")

# Seconds between two requests to stop a call: one that comes too early is lost.
_PAUSE = 0.02
# Seconds that a cancelled task waits for its call to end; what cannot be stopped ends by itself.
_PATIENCE = 2.0


class _Job:
    """One call: made by a task, done by the worker."""

    def __init__(
        self,
        work: Callable[[], Any],
        stop: Callable[[], object] | None,
        discard: Callable[[Any], object] | None,
    ) -> None:
        self._work = work
        self._stop = stop
        self._discard = discard
        # Such as the span that is current.
        self._context = contextvars.copy_context()
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self._loop.create_future()
        # Held around each change of what is being done, so that no request to stop comes late.
        self._lock = threading.Lock()
        self._abandoned = False
        self._running = False
        self._done = False
        self._result: Any = None
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Does the work; called by the worker."""
        with self._lock:
            if self._abandoned:
                return
            self._running = True
        try:
            self._result = self._context.run(self._work)
        except BaseException as error:
            self._failure = error
        with self._lock:
            self._running = False
            self._done = True
            abandoned = self._abandoned
        if abandoned:
            # At once, before others work with what nobody has.
            self.discard()
        # A loop that was closed meanwhile has nobody who waits.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if isinstance(self._failure, StopIteration):
            # No future holds one.
            self._failure = RuntimeError("StopIteration was raised")
        if self._failure is None:
            self.future.set_result(self._result)
        else:
            self.future.set_exception(self._failure)

    def discard(self) -> None:
        """Lets go of a result that nobody took; called by the worker."""
        if self._discard is not None and self._failure is None:
            with contextlib.suppress(Exception):
                self._discard(self._result)

    def give_up(self) -> bool:
        """Leaves out what has not begun, unless nothing stops or undoes it; whether it is done."""
        with self._lock:
            self._abandoned = self._stop is not None or self._discard is not None
            return self._done

    async def abandon(self) -> None:
        """Stops the call, and waits for its end for a while."""
        # Nobody else looks at how it ended.
        self.future.add_done_callback(lambda future: future.cancelled() or future.exception())
        end = self._loop.time() + _PATIENCE
        while self._ask_to_stop() and self._loop.time() < end:
            await asyncio.wait([self.future], timeout=_PAUSE)

    def _ask_to_stop(self) -> bool:
        """Whether the call is running, and was asked to stop."""
        with self._lock:
            if not self._running or self._stop is None:
                return False
            # A database that cannot stop a call says so; the call ends by itself.
            with contextlib.suppress(Exception):
                self._stop()
            return True


class Worker:
    """Does one job after another, on a thread of its own."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def do(
        self,
        work: Callable[[], Result],
        *,
        stop: Callable[[], object] | None = None,
        discard: Callable[[Result], object] | None = None,
    ) -> Result:
        """The result of ``work``, called by the worker.

        If the task is cancelled meanwhile, ``stop`` makes the call end, and ``discard`` is given
        the result that comes all the same. With either of them a call that has not begun is not
        made; without them it is made in any case.
        """
        job = _Job(work, stop, discard)
        self._put(job.run)
        try:
            # Cancelling the task must not touch the future, which tells when the call ends.
            result: Result = await asyncio.shield(job.future)
        except asyncio.CancelledError:
            if job.give_up():
                discarding = _Job(job.discard, None, None)
                self._put(discarding.run)
                # What comes next must find it done.
                await asyncio.wait([discarding.future], timeout=_PATIENCE)
            await job.abandon()
            raise
        return result

    def _put(self, work: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=_run, args=(self._jobs,), name="odbc_engine.aio", daemon=True
            )
            self._thread.start()
        self._jobs.put(work)

    def end(self) -> None:
        """Lets the thread end once its jobs are done; another job starts another one."""
        if self._thread is not None:
            self._thread = None
            self._jobs.put(None)

    def __del__(self) -> None:
        self.end()


def _run(jobs: queue.SimpleQueue[Callable[[], None] | None]) -> None:
    while (work := jobs.get()) is not None:
        work()
        # It holds what it worked with.
        del work
