"""Stop signals, handled where a stop is safe."""

from __future__ import annotations

import signal

# They stay blocked and are fetched by sigtimedwait, so none can hit between a fork and its record.
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class Interrupted(Exception):
    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.number = number


def block_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS | {signal.SIGCHLD})


def unblock_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
